/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scope guards: a variable with __cleanup(fn) is released when it leaves its
 * scope, on every path. What shall outlive the scope is handed out with take().
 *
 * A cleanup function receives the address of the variable, must accept an
 * empty one (NULL, -1), and leaves it empty.
 */
#ifndef SUTURE_BASE_CLEANUP_H
#define SUTURE_BASE_CLEANUP_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define __cleanup(fn) __attribute__((cleanup(fn)))

/* Hand out the pointer and leave NULL behind, so that the guard does nothing. */
#define take(p)                                   \
	({                                        \
		__typeof__(p) *take_at_ = &(p);   \
		__typeof__(p) taken_ = *take_at_; \
		*take_at_ = NULL;                 \
		taken_;                           \
	})

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline void free_pointer(void *at)
{
	void **p = at;

	free(*p);
	*p = NULL;
}

static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void close_file(FILE **f)
{
	if (*f)
		fclose(*f);
	*f = NULL;
}

#define __free __cleanup(free_pointer)
#define __closefd __cleanup(close_fd)
#define __closefile __cleanup(close_file)

#endif
