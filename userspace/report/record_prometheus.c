// SPDX-License-Identifier: GPL-2.0-or-later
/* A record in Prometheus's text exposition format; base units, a family's samples together. */
#include "report/page.h"
#include "report/record_bars.h"

static void label(struct page *p, const char *s)
{
	for (; *s; s++) {
		char one[] = { *s, '\0' };

		page_puts(p, *s == '\n' ? "\\n" : *s == '"' ? "\\\"" : *s == '\\' ? "\\\\" : one);
	}
}

static void family(struct page *p, const char *name, const char *type, const char *help)
{
	page_printf(p, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* name{patch="...",key="value"...; pairs end with NULL. Left open for the caller. */
static void begin(struct page *p, const char *name, const struct record *r,
		  const char *const *pairs)
{
	page_printf(p, "%s{patch=\"", name);
	label(p, r->patch);
	for (; pairs[0]; pairs += 2) {
		page_printf(p, "\",%s=\"", pairs[0]);
		label(p, pairs[1]);
	}
	page_puts(p, "\"");
}

#define SAMPLE(p, r, name, value, ...)                                                             \
	do {                                                                                       \
		begin(p, name, r, (const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL, NULL }); \
		page_printf(p, "} %s\n", str_exact(value).s);                                      \
	} while (0)

static void verdict(struct page *p, const struct record *r)
{
	static const char *const words[] = { "healthy", "degraded", "failed", "inconclusive" };

	family(p, "suture_verdict", "gauge", "1 for what the judge said of the patch, else 0.");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		SAMPLE(p, r, "suture_verdict", str_equal(words[i], r->verdict.word), "word",
		       words[i]);
	family(p, "suture_outcome_info", "gauge", "What came of the patch.");
	SAMPLE(p, r, "suture_outcome_info", 1, "outcome", r->outcome);
	family(p, "suture_patch_proved", "gauge",
	       "1 if it was proved that the new code runs, 0 if the watch ended without.");
	SAMPLE(p, r, "suture_patch_proved", record_when(r, "proved").known);
	if (r->verdict.at.known) {
		family(p, "suture_verdict_after_seconds", "gauge",
		       "From the beginning of the baseline to the verdict.");
		SAMPLE(p, r, "suture_verdict_after_seconds", r->verdict.at.value);
	}
	if (r->verdict.seconds_more.known) {
		family(p, "suture_verdict_missing_seconds", "gauge",
		       "How long an inconclusive watch would still take.");
		SAMPLE(p, r, "suture_verdict_missing_seconds", r->verdict.seconds_more.value);
	}
}

static void histogram(struct page *p, const struct record *r, const struct record_function *f,
		      const struct record_span *s, const char *when)
{
	const struct record_pair *v = s->buckets.v;
	double n = 0, sum = 0;

#define LABELS "function", f->function, "when", when
	for (size_t i = 0; i < s->buckets.n; i++) {
		double end = record_bucket_end(v[i].low);

		n += v[i].count;
		sum += v[i].count * (v[i].low + end) / 2;
		SAMPLE(p, r, "suture_patched_function_latency_seconds_bucket", n, LABELS, "le",
		       str_exact(end / 1e9).s);
	}
	SAMPLE(p, r, "suture_patched_function_latency_seconds_bucket", n, LABELS, "le", "+Inf");
	SAMPLE(p, r, "suture_patched_function_latency_seconds_sum", sum / 1e9, LABELS);
	SAMPLE(p, r, "suture_patched_function_latency_seconds_count", n, LABELS);
#undef LABELS
}

static void functions(struct page *p, const struct record *r)
{
	const struct record_function *f = r->functions.v;

	family(p, "suture_patched_function_latency_seconds", "histogram",
	       "Measured calls by latency; the sum is of the buckets' middles.");
	for (size_t i = 0; i < r->functions.n; i++)
		if (record_patched(&f[i]) && f[i].by) {
			histogram(p, r, &f[i], &f[i].before, "before");
			histogram(p, r, &f[i], &f[i].after, "after");
		}
	family(p, "suture_function_calls_total", "counter", "Calls that were seen.");
	for (size_t i = 0; i < r->functions.n; i++) {
		const struct record_span *s[] = { &f[i].before, &f[i].after };

		for (size_t k = 0; k < 2; k++)
			if (s[k]->calls.known)
				SAMPLE(p, r, "suture_function_calls_total", s[k]->calls.value,
				       "function", f[i].function, "role", f[i].role, "when",
				       k ? "after" : "before");
	}
	family(p, "suture_function_returns_total", "counter", "Measured returns by class.");
	for (size_t i = 0; i < r->functions.n; i++) {
		const struct record_span *s[] = { &f[i].before, &f[i].after };

		for (size_t k = 0; k < 2; k++) {
			const struct record_named *c = s[k]->classes.v;

			for (size_t m = 0; m < s[k]->classes.n; m++)
				if (c[m].figure.known)
					SAMPLE(p, r, "suture_function_returns_total",
					       c[m].figure.value, "function", f[i].function,
					       "class", c[m].name, "when", k ? "after" : "before");
		}
	}
}

static void signals(struct page *p, const struct record *r)
{
	const struct record_signal *s = r->signals.v;

	family(p, "suture_signal", "gauge", "A signal of the host's health, in its own unit.");
	for (size_t i = 0; i < r->signals.n; i++) {
		const char *unit = s[i].unit ? s[i].unit : "count";

		if (s[i].before.known)
			SAMPLE(p, r, "suture_signal", s[i].before.value, "signal", s[i].name,
			       "unit", unit, "when", "before");
		if (s[i].after.known)
			SAMPLE(p, r, "suture_signal", s[i].after.value, "signal", s[i].name, "unit",
			       unit, "when", "after");
	}
	if (r->cost.budget.known) {
		family(p, "suture_watch_budget_ratio", "gauge",
		       "Share of the functions' time that watching may take.");
		SAMPLE(p, r, "suture_watch_budget_ratio", r->cost.budget.value);
	}
	if (r->cost.share.known) {
		family(p, "suture_watch_cost_ratio", "gauge",
		       "Share of the functions' time that watching took.");
		SAMPLE(p, r, "suture_watch_cost_ratio", r->cost.share.value);
	}
}

struct error *record_prometheus(const struct record *r, struct strbuf *out)
{
	struct page p = { .to = out };

	verdict(&p, r);
	functions(&p, r);
	signals(&p, r);
	return page_finish(&p);
}
