/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What suture watch shows, as a table or as JSON, an object a line. */
#ifndef SUTURE_CLI_WATCH_PRINT_H
#define SUTURE_CLI_WATCH_PRINT_H

#include "base/str.h"
#include "probe/health.h"
#include "probe/watch.h"

struct error *watch_print_head(struct strbuf *out) __must_check;
struct error *watch_print_row(const struct watch_function *f, const struct latency_plan *plan,
			      const struct latency_reading *r, double seconds,
			      struct strbuf *out) __must_check;
struct error *watch_print_json(const struct watch_function *f, const struct latency_plan *plan,
			       const struct latency_reading *r, double seconds,
			       struct strbuf *out) __must_check;

/* What happened between the two. */
struct error *health_print(const struct health_reading *before, const struct health_reading *after,
			   double seconds, struct strbuf *out) __must_check;
struct error *health_print_json(const struct health_reading *before,
				const struct health_reading *after, double seconds,
				struct strbuf *out) __must_check;

#endif
