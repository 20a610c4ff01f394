/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's log says from now on: /dev/kmsg (Documentation/ABI/testing/dev-kmsg), for
 * the reason behind an error number.
 */
#ifndef SUTURE_LIVEPATCH_KERNEL_SAID_H
#define SUTURE_LIVEPATCH_KERNEL_SAID_H

#include "base/error.h"
#include "base/str.h"

struct kernel_said {
	int fd; /* -1: the log can't be read */
};

/* From here on. A log that can't be read is no error: nothing is said then. */
struct kernel_said kernel_said_begin(void);
/* The new lines' texts, a line each, appended; once each. */
struct error *kernel_said_read(struct kernel_said *k, struct strbuf *out) __must_check;
void kernel_said_end(struct kernel_said *k);
#define __cleanup_said __cleanup(kernel_said_end)

/* The text of a record "6,339,5140900,-;text\n KEY=VALUE\n"; -1 if it is none. Pure. */
int kernel_said_text(const char *record, size_t n, const char **text);

#endif
