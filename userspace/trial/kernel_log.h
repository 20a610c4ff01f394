/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a kernel's log, and of its taint, is more than livepatching itself brings. Pure. */
#ifndef SUTURE_TRIAL_KERNEL_LOG_H
#define SUTURE_TRIAL_KERNEL_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

/*
 * The first complaint at or behind 'text': its line (to the newline) begins at *line. Lines that
 * hold one of 'allowed' (n texts) are none. False if there is no complaint.
 */
bool kernel_log_complains(const char *text, const char *const *allowed, size_t n,
			  const char **line);

/* Append the names ("warning (W)") of the bits that are new and no part of livepatching. */
struct error *kernel_taint_new(uint64_t before, uint64_t after, struct strbuf *out) __must_check;

#endif
