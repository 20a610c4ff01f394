/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What suture watch shows, as a table or as JSON, an object a line. */
#ifndef SUTURE_CLI_WATCH_PRINT_H
#define SUTURE_CLI_WATCH_PRINT_H

#include "base/str.h"
#include "probe/health.h"
#include "probe/watch.h"

/* One function, and what was seen of it. */
struct watch_row {
	const struct watch_function *function;
	const struct latency_plan *plan;
	const struct watch_sampling *sampling;
	const char *unknown; /* why what that costs is not known; or NULL */
	double seconds;
	struct latency_reading reading;
};

struct error *watch_print_head(struct strbuf *out) __must_check;
struct error *watch_print_row(const struct watch_row *row, struct strbuf *out) __must_check;
struct error *watch_print_json(const struct watch_row *row, struct strbuf *out) __must_check;
/* "the probes took 0.41 % of the functions' time, 130 ns a call" */
struct error *watch_print_cost(const struct budget_function *f, size_t n, const char *unknown,
			       struct strbuf *out) __must_check;

/* What happened between the two. */
struct error *health_print(const struct health_reading *before, const struct health_reading *after,
			   double seconds, struct strbuf *out) __must_check;
struct error *health_print_json(const struct health_reading *before,
				const struct health_reading *after, double seconds,
				struct strbuf *out) __must_check;

#endif
