// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/watch_print.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/histogram.h"
#include "probe/latency_class.h"

/* --- functions ------------------------------------------------------------------------ */

/* The kernel's buckets are the judge's, up to the last, which has all that is longer. */
static struct histogram histogram_of(const struct latency_counts *c)
{
	struct histogram h = { 0 };

	for (unsigned int i = 0; i < LATENCY_BUCKETS; i++)
		histogram_add(&h, i, c->buckets[i]);
	return h;
}

static struct error *add_classes(const struct latency_counts *c, struct strbuf *out)
{
	const char *between = "";

	for (size_t i = 0; i < LATENCY_CLASSES; i++) {
		if (!c->classes[i])
			continue;
		TRY(strbuf_printf(out, "%s%s %.4g%%", between, latency_class_name(i),
				  100.0 * (double)c->classes[i] / (double)c->returns));
		between = ", ";
	}
	return NULL;
}

struct error *watch_print_row(const struct watch_row *row, struct strbuf *out)
{
	const struct watch_function *f = row->function;
	const struct latency_plan *plan = row->plan;
	const struct latency_reading *r = &row->reading;
	static const double shares[] = { 0.5, 0.9, 0.99 };
	struct histogram h = histogram_of(&r->counts);
	char name[160];

	snprintf(name, sizeof(name), "%s%s%s", str_equal(f->object, "vmlinux") ? "" : f->object,
		 str_equal(f->object, "vmlinux") ? "" : ":", f->name);
	TRY(strbuf_printf(out, "%-32s %10.1f", name, (double)r->counts.entries / row->seconds));
	for (size_t i = 0; i < ARRAY_SIZE(shares); i++)
		TRY(strbuf_printf(out, " %9s",
				  r->counts.returns
					  ? str_duration(histogram_quantile(&h, shares[i]) / 1e9).s
					  : "-"));
	TRY(strbuf_printf(out, " %8llu  ", (unsigned long long)(r->missed + r->counts.unseen)));
	TRY(add_classes(&r->counts, out));
	TRY(strbuf_puts(out, "\n"));
	if (plan->why)
		TRY(strbuf_printf(out, "    by %s: %s\n", latency_way_name(plan->way), plan->why));
	return row->sampling->sample_every > 1
		       ? strbuf_printf(out, "    one call in %u is timed, by chance\n",
				       row->sampling->sample_every)
		       : NULL;
}

static void add_cost(const struct watch_row *row, struct json *j)
{
	const struct budget_function f = { row->sampling->cost, row->reading.counts };
	double share = budget_share(&f, 1);

	json_object(j, "cost");
	json_u64(j, "instructions_a_call", row->sampling->instructions);
	if (row->unknown) {
		json_string(j, "unknown", row->unknown);
	} else {
		json_double(j, "ns_timed", f.cost.timed);
		json_double(j, "ns_untimed", f.cost.untimed);
		if (share >= 0)
			json_double(j, "share", share);
	}
	json_end(j);
}

struct error *watch_print_json(const struct watch_row *row, struct strbuf *out)
{
	const struct watch_function *f = row->function;
	const struct latency_plan *plan = row->plan;
	const struct latency_reading *r = &row->reading;
	struct json j = json_begin_compact(out);

	json_object(&j, NULL);
	json_string(&j, "schema", "suture-watch/1");
	json_string(&j, "object", f->object);
	json_string(&j, "function", f->name);
	json_string(&j, "by", latency_way_name(plan->way));
	json_string(&j, "why", plan->why);
	json_u64(&j, "sample_every", row->sampling->sample_every);
	json_double(&j, "seconds", row->seconds);
	json_u64(&j, "calls", r->counts.entries);
	json_u64(&j, "taken", r->counts.taken);
	json_u64(&j, "returns", r->counts.returns);
	json_u64(&j, "missed", r->missed + r->counts.unseen);
	json_u64(&j, "nanoseconds", r->counts.nanoseconds);
	json_array(&j, "buckets");
	for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
		if (!r->counts.buckets[i])
			continue;
		json_array(&j, NULL);
		json_u64(&j, NULL, (uint64_t)histogram_floor((unsigned int)i));
		json_u64(&j, NULL, r->counts.buckets[i]);
		json_end(&j);
	}
	json_end(&j);
	json_object(&j, "classes");
	for (size_t i = 0; i < LATENCY_CLASSES; i++)
		if (r->counts.classes[i])
			json_u64(&j, latency_class_name(i), r->counts.classes[i]);
	json_end(&j);
	add_cost(row, &j);
	json_end(&j);
	return json_finish(&j);
}

struct error *watch_print_head(struct strbuf *out)
{
	return strbuf_printf(out, "%-32s %10s %9s %9s %9s %8s  %s\n", "FUNCTION", "CALLS/S", "P50",
			     "P90", "P99", "MISSED", "RETURNS");
}

struct error *watch_print_cost(const struct budget_function *f, size_t n, const char *unknown,
			       struct strbuf *out)
{
	struct budget_sum sum = budget_sum(f, n);

	if (unknown)
		return strbuf_printf(out, "what the probes cost is not known: %s\n", unknown);
	if (!(sum.own > 0))
		return NULL;
	return strbuf_printf(out,
			     "the probes took %.3g %% of the functions' time, %.0f ns a call\n",
			     100 * sum.probes / sum.own, sum.probes / sum.calls);
}

/* --- the host ------------------------------------------------------------------------- */

static struct error *add_last(const struct health_last *last, struct strbuf *out)
{
	if (!last->when)
		return NULL;
	return strbuf_printf(out, "  last: %.16s (process %d)", last->comm, last->pid);
}

static struct error *add_signal(enum health_signal s, const struct health_value *before,
				const struct health_value *after, double seconds,
				struct strbuf *out)
{
	uint64_t n = after->value - before->value;

	if (!after->known || !before->known)
		return strbuf_printf(out, "  %-40s -  %s\n", health_signal_words(s),
				     after->known ? before->why : after->why);
	if (health_signal_is_time(s))
		return strbuf_printf(out, "  %-40s %.1f %% of the time\n", health_signal_words(s),
				     (double)n / seconds / 1e4);
	TRY(strbuf_printf(out, "  %-40s %llu", health_signal_words(s), (unsigned long long)n));
	if (n)
		TRY(add_last(&after->last, out));
	return strbuf_puts(out, "\n");
}

struct error *health_print(const struct health_reading *before, const struct health_reading *after,
			   double seconds, struct strbuf *out)
{
	TRY(strbuf_puts(out, "the host meanwhile:\n"));
	for (size_t i = 0; i < HEALTH_SIGNALS; i++)
		TRY(add_signal((enum health_signal)i, &before->v[i], &after->v[i], seconds, out));
	return NULL;
}

static void signal_json(enum health_signal s, const struct health_value *before,
			const struct health_value *after, struct json *j)
{
	const struct health_last *last = &after->last;
	uint64_t n = after->value - before->value;

	json_object(j, health_signal_name(s));
	if (before->known && after->known)
		json_u64(j, "count", n);
	else
		json_string(j, "unknown", after->known ? before->why : after->why);
	json_bool(j, "hard", health_signal_is_hard(s));
	if (n && last->when) {
		json_object(j, "last");
		json_i64(j, "pid", last->pid);
		json_stringf(j, "comm", "%.16s", last->comm);
		json_i64(j, "code", last->code);
		json_end(j);
	}
	json_end(j);
}

struct error *health_print_json(const struct health_reading *before,
				const struct health_reading *after, double seconds,
				struct strbuf *out)
{
	struct json j = json_begin_compact(out);

	json_object(&j, NULL);
	json_string(&j, "schema", "suture-health/1");
	json_double(&j, "seconds", seconds);
	for (size_t i = 0; i < HEALTH_SIGNALS; i++)
		signal_json((enum health_signal)i, &before->v[i], &after->v[i], &j);
	json_end(&j);
	return json_finish(&j);
}
