/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Large files that are written whole or not at all, also where the process is killed: a file has
 * no name until it is published. Where the file system has no such files it is called new-* and
 * locked while its writer lives, so that whoever tidies up can tell.
 */
#ifndef SUTURE_QEMU_UNNAMED_H
#define SUTURE_QEMU_UNNAMED_H

#include "base/cleanup.h"
#include "base/error.h"

#define UNNAMED_PREFIX "new-"

struct unnamed {
	int fd;	    /* -1: none */
	char *name; /* NULL: it really has none */
};
#define UNNAMED_NONE ((struct unnamed){ .fd = -1 })

struct error *unnamed_make(const char *dir, struct unnamed *out) __must_check;
/* Give it this name, in the same folder; a file that has it already stays. */
struct error *unnamed_publish(struct unnamed *u, const char *path) __must_check;
/* Closes it; what was not published is gone. */
void unnamed_close(struct unnamed *u);
#define __cleanup_unnamed __cleanup(unnamed_close)

/* Remove a file called new-* if its writer is dead. */
void unnamed_sweep(const char *path);

#endif
