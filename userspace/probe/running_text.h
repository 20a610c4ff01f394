/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's memory as it is now, read through /proc/kcore (an ELF core file). */
#ifndef SUTURE_PROBE_RUNNING_TEXT_H
#define SUTURE_PROBE_RUNNING_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct running_text {
	int fd; /* -1: closed */
};

/* An error where the kernel has no /proc/kcore or keeps it closed (lockdown, no root). */
struct error *running_text_open(struct running_text *out) __must_check;
struct error *running_text_read(const struct running_text *t, uint64_t address, void *to,
				size_t n) __must_check;
void running_text_close(struct running_text *t);

#endif
