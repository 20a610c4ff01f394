// SPDX-License-Identifier: GPL-2.0-or-later
/* A record for a terminal of 80 columns: the answer, the reason, then what was measured. */
#include <math.h>
#include <stdio.h>

#include "report/page.h"
#include "report/record_bars.h"

#define WIDTH 80
#define BAR 24

static const char *or_unknown(const char *s)
{
	return s && *s ? s : "unknown";
}

static void colour(struct page *p, const char *code)
{
	if (p->colour)
		page_printf(p, "\033[%sm", code);
}

static const char *colour_of(const char *word)
{
	static const struct {
		const char *word, *code;
	} codes[] = { { "healthy", "1;32" }, { "degraded", "1;33" }, { "failed", "1;31" } };

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (str_equal(codes[i].word, word))
			return codes[i].code;
	return "1;36";
}

static void heading(struct page *p, const char *text)
{
	page_puts(p, "\n");
	colour(p, "1");
	page_safe(p, text);
	colour(p, "0");
	page_puts(p, "\n");
}

/* What came of it, and of what: two paragraphs. */
static void outcome(struct page *p, const struct record *r)
{
	struct figure live = record_when(r, "live"), at = r->verdict.at;
	char *after __free =
		at.known ? str_printf("; the verdict came after %s", str_duration(at.value).s)
			 : strdup("");
	char *since __free = at.known && live.known && at.value >= live.value
				     ? str_printf(", %s after the patch went live",
						  str_duration(at.value - live.value).s)
				     : strdup("");
	char *first __free =
		str_printf("%s%s%s", r->outcome, after ? after : "", since ? since : "");
	char *second __free =
		str_printf("%s in %s %s of %s, begun %s", r->patch,
			   str_equal(r->of, "kernel") ? "the kernel" : "processes on the kernel",
			   or_unknown(r->kernel), or_unknown(r->host), r->begun);

	if (!p->error && (!after || !since || !first || !second))
		p->error = error_nomem();
	page_wrap(p, first ? first : "", 0, 2, WIDTH);
	page_wrap(p, second ? second : "", 0, 2, WIDTH);
}

static void answer(struct page *p, const struct record *r)
{
	const struct record_verdict *v = &r->verdict;

	colour(p, colour_of(v->word));
	page_safe(p, v->word);
	colour(p, "0");
	page_puts(p, ": ");
	page_wrap(p, v->reason, strlen(v->word) + 2, 2, WIDTH);
	outcome(p, r);
	if (r->title)
		page_wrap(p, r->title, 0, 2, WIDTH);
	if (r->emulated)
		page_puts(p, "under an emulator: shares of time mean nothing here\n");
}

static void figure(struct page *p, struct figure f, const char *unit)
{
	page_puts(p, f.known ? page_number(f.value).s : "unknown");
	page_puts(p, f.known && *unit ? " " : "");
	page_safe(p, f.known ? unit : "");
}

static void finding(struct page *p, const struct record_finding *f)
{
	const char *unit = f->unit && !str_equal(f->unit, "ratio") ? f->unit : "";

	page_puts(p, "  ");
	page_safe(p, f->metric);
	page_printf(p, "%*s", (int)strlen(f->metric) < 12 ? 12 - (int)strlen(f->metric) : 1, "");
	if (!f->known) {
		page_puts(p, "not known");
	} else {
		figure(p, f->effect, unit);
		if (f->unit && str_equal(f->unit, "ratio"))
			page_puts(p, " times");
		if (f->low.known || f->high.known) {
			page_puts(p, " (");
			figure(p, f->low, "");
			page_puts(p, " to ");
			figure(p, f->high, "");
			page_puts(p, ")");
		}
	}
	if (f->smallest.known) {
		page_puts(p, "; the smallest that could be seen: ");
		figure(p, f->smallest, unit);
	}
	page_puts(p, "\n");
	if (f->evidence) {
		page_puts(p, "    ");
		page_wrap(p, f->evidence, 4, 4, WIDTH);
	}
}

static void findings(struct page *p, const struct record_verdict *v)
{
	const struct record_finding *f = v->findings.v;

	if (v->findings.n)
		heading(p, "What the judge found");
	for (size_t i = 0; i < v->findings.n; i++)
		finding(p, &f[i]);
	if (v->seconds_more.known && v->seconds_more.value > 0)
		page_printf(p, "  it would still take %s to know\n",
			    str_duration(v->seconds_more.value).s);
	if (!v->controlled)
		page_puts(p, "  no control function moved along: a change of load is not "
			     "told from the patch\n");
}

static void change(struct page *p, struct figure before, struct figure after)
{
	if (before.known && after.known && before.value > 0)
		page_printf(p, "  %+9.1f %%", (after.value / before.value - 1) * 100);
	page_puts(p, "\n");
}

static void row(struct page *p, const char *name, struct figure before, struct figure after,
		bool time)
{
	const struct figure *both[] = { &before, &after };

	page_puts(p, "  ");
	page_safe(p, name);
	page_printf(p, "%*s", strlen(name) < 18 ? 18 - (int)strlen(name) : 1, "");
	for (size_t i = 0; i < 2; i++) {
		struct text32 t =
			time ? page_nanoseconds(both[i]->value) : page_number(both[i]->value);

		page_printf(p, " %10s%s", both[i]->known ? t.s : "unknown",
			    both[i]->known && !time ? "/s" : "  ");
	}
	change(p, before, after);
}

static void bars(struct page *p, const struct record_function *f)
{
	struct record_bars b = record_bars(f);

	if (!b.n)
		return;
	page_printf(p, "  %8s %8s %*s|%-*s %8s\n", "from", "calls/s", BAR, "before ", BAR, " after",
		    "calls/s");
	for (size_t i = 0; i < b.n; i++) {
		int left = (int)lround(b.row[i].before / b.most * BAR);
		int right = (int)lround(b.row[i].after / b.most * BAR);
		bool thin_left = !left && b.row[i].before > 0;
		bool thin_right = !right && b.row[i].after > 0;

		page_printf(p, "  %8s %8s %*s", page_nanoseconds(b.row[i].low).s,
			    b.row[i].before > 0 ? page_number(b.row[i].before).s : "",
			    BAR - left - thin_left, "");
		for (int k = 0; k < left; k++)
			page_puts(p, "█");
		page_printf(p, "%s|%s", thin_left ? "▕" : "", thin_right ? "▏" : "");
		for (int k = 0; k < right; k++)
			page_puts(p, "█");
		page_printf(p, "%*s %8s\n", BAR - right - thin_right, "",
			    b.row[i].after > 0 ? page_number(b.row[i].after).s : "");
	}
}

static void function(struct page *p, const struct record_function *f)
{
	static const char *const quantiles[][2] = {
		{ "0.5", "p50" }, { "0.9", "p90" }, { "0.99", "p99" }, { "0.999", "p99.9" }
	};
	const struct record_named *c = f->after.classes.v;
	char *title __free = str_printf("%s: %s, %s", f->function, or_unknown(f->object),
					record_patched(f) ? "patched" : f->role);

	heading(p, title ? title : f->function);
	page_puts(p, f->by ? "  measured by " : "  not measured: ");
	page_safe(p, f->by ? f->by : or_unknown(f->why));
	if (f->sample_every.known && f->sample_every.value > 1)
		page_printf(p, ", one call in %.0f, by chance", f->sample_every.value);
	page_puts(p, "\n");
	if (!f->by)
		return;
	page_printf(p, "  %-18s %10s   %10s    %9s\n", "", "before", "after", "difference");
	row(p, "calls", record_rate(&f->before, f->before.calls),
	    record_rate(&f->after, f->after.calls), false);
	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++)
		row(p, quantiles[i][1], record_named(&f->before.quantiles, quantiles[i][0]),
		    record_named(&f->after.quantiles, quantiles[i][0]), true);
	for (size_t i = 0; i < f->after.classes.n; i++) {
		struct figure before = record_named(&f->before.classes, c[i].name);
		char *name __free = str_printf("returns %s", c[i].name);

		if (before.value > 0 || c[i].figure.value > 0)
			row(p, name ? name : c[i].name, record_class_rate(&f->before, before),
			    record_class_rate(&f->after, c[i].figure), false);
	}
	if (record_patched(f))
		bars(p, f);
}

static void signals(struct page *p, const struct record *r)
{
	const struct record_signal *s = r->signals.v;

	if (r->signals.n)
		heading(p, "Signals");
	for (size_t i = 0; i < r->signals.n; i++) {
		page_puts(p, "  ");
		page_safe(p, s[i].name);
		page_printf(p, "%*s", strlen(s[i].name) < 24 ? 24 - (int)strlen(s[i].name) : 1, "");
		if (s[i].unknown) {
			page_puts(p, "unknown: ");
			page_wrap(p, s[i].unknown, 35, 26, WIDTH);
			continue;
		}
		figure(p, s[i].before, s[i].unit ? s[i].unit : "");
		page_puts(p, " → ");
		figure(p, s[i].after, s[i].unit ? s[i].unit : "");
		page_puts(p, s[i].hard ? "  (decides at once)\n" : "\n");
	}
}

static void sparkline(struct page *p, const struct record *r, const char *name)
{
	static const char *const steps[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	size_t n, m, width = 60;
	const double *v = record_series(r, name, &n), *since = record_series(r, "since", &m);
	double low = INFINITY, high = 0;
	bool live = false;

	for (size_t i = 0; i < n; i++)
		if (!isnan(v[i]) && v[i] > 0)
			low = fmin(low, log(v[i])), high = fmax(high, v[i]);
	if (high <= 0)
		return;
	page_printf(p, "  %-5s ", name);
	width = n < width ? n : width;
	for (size_t x = 0; x < width; x++) {
		size_t from = x * n / width, to = (x + 1) * n / width;
		double most = NAN;
		bool now = live;

		for (size_t i = from; i < to; i++) {
			most = isnan(most) || v[i] > most ? v[i] : most;
			now = now || (since && since[i] > 0);
		}
		if (now && !live)
			page_puts(p, "|");
		live = now;
		page_puts(p, isnan(most) || most <= 0 ? " "
			     : log(high) <= low
				     ? steps[3]
				     : steps[(int)((log(most) - low) / (log(high) - low) * 7.999)]);
	}
	page_printf(p, " %s", page_nanoseconds(exp(low)).s);
	page_printf(p, "…%s\n", page_nanoseconds(high).s);
}

static void course(struct page *p, const struct record *r)
{
	const struct record_event *e = r->events.v;
	size_t n;

	heading(p, "Course");
	if (record_series(r, "p50", &n) || record_series(r, "p99", &n)) {
		sparkline(p, r, "p50");
		sparkline(p, r, "p99");
		page_puts(p, "        | the patch is live\n");
	}
	for (size_t i = 0; i < r->events.n; i++) {
		page_printf(p, "  %9.1f s  ", e[i].time.value);
		page_safe(p, e[i].event);
		if (e[i].text) {
			page_puts(p, ": ");
			page_wrap(p, e[i].text, 15 + strlen(e[i].event), 13, WIDTH);
		} else {
			page_puts(p, "\n");
		}
	}
}

static void blockers(struct page *p, const struct record *r)
{
	const struct record_blocker *b = r->blockers.v;

	if (r->blockers.n)
		heading(p, "Who held it up");
	for (size_t i = 0; i < r->blockers.n; i++) {
		page_puts(p, "  process ");
		if (b[i].pid.known)
			page_printf(p, "%.0f ", b[i].pid.value);
		page_safe(p, or_unknown(b[i].comm));
		page_puts(p, " in ");
		page_safe(p, or_unknown(b[i].function));
		if (b[i].seconds.known)
			page_printf(p, " for %s", str_duration(b[i].seconds.value).s);
		page_puts(p, "\n");
	}
}

/* Where time means nothing: what was done, by its number. */
static void events(struct page *p, const struct record_cost *c)
{
	if (c->calls.known && c->instructions_a_call.known)
		page_printf(p, "  %.0f calls; each runs at most %.0f instructions of BPF\n",
			    c->calls.value, c->instructions_a_call.value);
}

static void policy(struct page *p, const struct record_terms *t)
{
	const struct record_term *figures = t->figures.v;
	const char *const *notes = (const char *const *)t->notes.v;

	if (t->figures.n)
		heading(p, "The policy that was in force");
	for (size_t i = 0; i < t->figures.n; i++) {
		size_t n = strlen(figures[i].key), m = strlen(figures[i].value);

		page_puts(p, "  ");
		page_safe(p, figures[i].key);
		page_printf(p, "%*s", n < 16 ? 16 - (int)n : 1, "");
		if (m > 30) {
			page_wrap(p, figures[i].value, n < 16 ? 18 : 3 + n, 18, WIDTH);
			page_printf(p, "%18s", "");
			m = 0;
		} else {
			page_safe(p, figures[i].value);
		}
		page_printf(p, "%*s", 32 - (int)m, "");
		page_wrap(p, figures[i].by, 50, 18, WIDTH);
	}
	for (size_t i = 0; i < t->notes.n; i++) {
		page_puts(p, "  ");
		page_wrap(p, notes[i], 2, 4, WIDTH);
	}
}

static void cost(struct page *p, const struct record_cost *c)
{
	heading(p, "What watching cost");
	page_puts(p, "  ");
	if (c->unknown || !(c->share.known || c->ns_a_call.known)) {
		page_puts(p, "unknown: ");
		page_wrap(p, c->unknown ? c->unknown : "it was not recorded", 11, 4, WIDTH);
		events(p, c);
		return;
	}
	if (c->share.known)
		page_printf(p, "%.2f %% of the functions' time", c->share.value * 100);
	if (c->budget.known)
		page_printf(p, " (budget %.2f %%)", c->budget.value * 100);
	if (c->ns_a_call.known)
		page_printf(p, "%s%s a call", c->share.known ? ", " : "",
			    page_nanoseconds(c->ns_a_call.value).s);
	page_puts(p, "\n");
	if (c->share.known && c->budget.known && c->share.value > c->budget.value)
		page_puts(p, "  more than the budget: counting alone takes so long, or fewer timed "
			     "calls\n  would be too few to judge by\n");
}

struct error *record_text(const struct record *r, bool coloured, struct strbuf *out)
{
	struct page p = { .to = out, .colour = coloured };
	const struct record_function *f = r->functions.v;

	answer(&p, r);
	findings(&p, &r->verdict);
	for (size_t i = 0; i < r->functions.n; i++)
		function(&p, &f[i]);
	signals(&p, r);
	blockers(&p, r);
	policy(&p, &r->terms);
	cost(&p, &r->cost);
	course(&p, r);
	return page_finish(&p);
}
