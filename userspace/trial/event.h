/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Results as lines of JSON, "suture-test/1": what a worker tells its parent, and what
 * suture test --json prints.
 */
#ifndef SUTURE_TRIAL_EVENT_H
#define SUTURE_TRIAL_EVENT_H

#include "base/str.h"
#include "trial/phase.h"

#define EVENT_SCHEMA "suture-test/1"

struct error *event_write(const char *kernel, const struct phase_result *r,
			  struct strbuf *out) __must_check;
/* Strings are allocated from the arena. ERROR_FAILED if it is no such line. */
struct error *event_read(const char *line, size_t n, struct arena *a,
			 struct phase_result *out) __must_check;

#endif
