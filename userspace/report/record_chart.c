// SPDX-License-Identifier: GPL-2.0-or-later
/* Scales, axes, areas and lines. */
#include <math.h>

#include "report/record_bars.h"
#include "report/record_chart.h"

#define WIDTH 860.0
#define LEFT 64.0
#define RIGHT 28.0

struct scale {
	double from, to, at, length; /* a value from..to lies at..at + length */
	bool log;
};

static double place(const struct scale *s, double v)
{
	double a = s->log ? log(s->from) : s->from, b = s->log ? log(s->to) : s->to;
	double x = s->log ? log(fmax(v, s->from)) : v;

	return s->at + (b > a ? (fmin(fmax(x, a), b) - a) / (b - a) : 0.5) * s->length;
}

static void open_svg(struct page *p, const char *id, double height, const char *title,
		     const char *name, const char *desc)
{
	page_printf(p,
		    "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-labelledby=\"%s-t %s-d\">"
		    "<title id=\"%s-t\">%s",
		    WIDTH, height, id, id, id, title);
	page_html(p, name);
	page_printf(p, "</title><desc id=\"%s-d\">%s</desc>\n", id, desc);
}

/* 1, 10, 100 ...; where that is too few, 2 and 5 in between, too. */
static void log_ticks(struct page *p, const struct scale *s, double top, double bottom,
		      bool horizontal)
{
	bool fine = log10(s->to / s->from) < 2.5;

	for (double decade = pow(10, floor(log10(s->from))); decade <= s->to; decade *= 10) {
		static const double in[] = { 1, 2, 5 };

		for (size_t i = 0; i < (fine ? 3 : 1); i++) {
			double v = decade * in[i], at = place(s, v);

			if (v < s->from * 0.999 || v > s->to * 1.001)
				continue;
			if (horizontal)
				page_printf(p,
					    "<path class=grid d=\"M%.1f %.1fV%.1f\"/><text x=%.1f "
					    "y=%.1f text-anchor=middle>%s</text>\n",
					    at, top, bottom, at, bottom + 16,
					    page_nanoseconds(v).s);
			else
				page_printf(p,
					    "<path class=grid d=\"M%.1f %.1fH%.1f\"/><text x=%.1f "
					    "y=%.1f text-anchor=end>%s</text>\n",
					    top, at, bottom, top - 6, at + 4,
					    page_nanoseconds(v).s);
		}
	}
}

/* The share of calls in an octave, at a bucket. */
static double density(const struct record_span *s, size_t i, double total)
{
	const struct record_pair *v = s->buckets.v;
	double low = fmax(v[i].low, 1), end = fmax(record_bucket_end(v[i].low), low + 1e-9);

	return v[i].count / total / fmax(log2(end / low), 0.125);
}

static double sum(const struct record_span *s)
{
	const struct record_pair *v = s->buckets.v;
	double n = 0;

	for (size_t i = 0; i < s->buckets.n; i++)
		n += v[i].count;
	return n;
}

static void area(struct page *p, const struct record_span *s, const struct scale *x,
		 const struct scale *y, const char *class)
{
	const struct record_pair *v = s->buckets.v;
	double total = sum(s), base = place(y, 0), end = 0;

	if (total <= 0)
		return;
	page_printf(p, "<path class=\"area %s\" d=\"M%.1f %.1f", class, place(x, v[0].low), base);
	for (size_t i = 0; i < s->buckets.n; i++) {
		double at = place(y, density(s, i, total));

		if (i && v[i].low > end * (1 + 1e-9))
			page_printf(p, "V%.1fH%.1f", base, place(x, v[i].low));
		end = record_bucket_end(v[i].low);
		page_printf(p, "V%.1fH%.1f", at, place(x, end));
	}
	page_printf(p, "V%.1fZ\"/>\n", base);
}

static void median(struct page *p, const struct record_span *s, const struct scale *x, double top,
		   double bottom, const char *class)
{
	struct figure f = record_named(&s->quantiles, "0.5");

	if (f.known && f.value >= x->from && f.value <= x->to)
		page_printf(p, "<path class=\"median %s\" d=\"M%.1f %.1fV%.1f\"/>\n", class,
			    place(x, f.value), top, bottom);
}

void record_chart_density(struct page *p, const struct record_function *f, size_t id)
{
	const struct record_span *spans[] = { &f->before, &f->after };
	struct scale x = { .from = INFINITY, .to = 0, LEFT, WIDTH - LEFT - RIGHT, true };
	struct scale y = { .from = 0, .to = 0, 210, -190, false };
	char *name __free = str_printf("density-%zu", id);

	for (size_t s = 0; s < 2; s++) {
		const struct record_pair *v = spans[s]->buckets.v;
		double total = sum(spans[s]);

		for (size_t i = 0; total > 0 && i < spans[s]->buckets.n; i++) {
			x.from = fmin(x.from, fmax(v[i].low, 1));
			x.to = fmax(x.to, record_bucket_end(v[i].low));
			y.to = fmax(y.to, density(spans[s], i, total));
		}
	}
	if (y.to <= 0 || !name) {
		page_puts(p, "<p class=none>No call was measured.</p>\n");
		return;
	}
	open_svg(
		p, name, 250, "Latency of ", f->function,
		"Share of calls an octave of latency, before and after the patch; dashed: medians. "
		"The figures are in the table below.");
	log_ticks(p, &x, 20, 210, true);
	area(p, &f->before, &x, &y, "before");
	area(p, &f->after, &x, &y, "after");
	median(p, &f->before, &x, 14, 210, "before");
	median(p, &f->after, &x, 14, 210, "after");
	page_printf(p,
		    "<path class=axis d=\"M%.0f 210H%.0f\"/><text class=name x=%.0f y=246 "
		    "text-anchor=middle>latency of a call</text>"
		    "<text class=name x=14 y=115 text-anchor=middle "
		    "transform=\"rotate(-90 14 115)\">share of calls</text></svg>\n",
		    LEFT, WIDTH - RIGHT, (LEFT + WIDTH - RIGHT) / 2);
}

/* --- over time ------------------------------------------------------------------- */

static void line(struct page *p, const double *t, const double *v, size_t n, const struct scale *x,
		 const struct scale *y, const char *class)
{
	bool pen = false;

	page_printf(p, "<path class=\"line %s\" d=\"", class);
	for (size_t i = 0; i < n; i++) {
		bool known = !isnan(v[i]) && (v[i] > 0 || !y->log);

		if (known)
			page_printf(p, "%s%.1f %.1f", pen ? "L" : "M", place(x, t[i]),
				    place(y, v[i]));
		pen = known;
	}
	page_puts(p, "\"/>\n");
}

static bool range(const double *v, size_t n, struct scale *y)
{
	bool any = false;

	for (size_t i = 0; i < n; i++)
		if (!isnan(v[i]) && (v[i] > 0 || !y->log)) {
			y->from = y->log ? fmin(y->from, v[i]) : 0;
			y->to = fmax(y->to, v[i]);
			any = true;
		}
	return any;
}

/* One panel: lines on one scale, the names of them at its upper edge. */
static void panel(struct page *p, const struct record *r, const struct scale *x, double top,
		  const char *const *names, size_t n, bool log)
{
	struct scale y = { .from = log ? INFINITY : 0, .to = 0, top + 90, -80, log };
	size_t length;
	const double *t = record_series(r, "time", &length), *v;
	bool any = false;

	for (size_t i = 0; i < n; i++)
		if ((v = record_series(r, names[i], &length)))
			any |= range(v, length, &y);
	if (log && any) {
		y.from = fmax(y.from / 1.3, 0.001);
		y.to = fmax(y.to * 1.3, y.from * 2);
		log_ticks(p, &y, LEFT, WIDTH - RIGHT, false);
	} else if (any) {
		y.to = y.to > 0 ? y.to : 1;
		page_printf(p,
			    "<text x=%.0f y=%.1f text-anchor=end>0</text><text x=%.0f y=%.1f "
			    "text-anchor=end>%s</text>\n",
			    LEFT - 6, top + 94, LEFT - 6, top + 14, page_number(y.to).s);
	}
	page_printf(p, "<path class=axis d=\"M%.0f %.0fH%.0f\"/>\n", LEFT, top + 90, WIDTH - RIGHT);
	for (size_t i = 0; i < n; i++) {
		v = record_series(r, names[i], &length);
		page_printf(p, "<text class=\"key %s\" x=%.0f y=%.0f>%s%s</text>\n", names[i],
			    LEFT + 6 + 60.0 * (double)i, top + 6, names[i],
			    v ? "" : " (not recorded)");
		if (v)
			line(p, t, v, length, x, &y, names[i]);
	}
}

/* A line at each event; its name steps down so that neighbours can be read. */
static void marks(struct page *p, const struct record *r, const struct scale *x, double bottom)
{
	const struct record_event *e = r->events.v;
	size_t shown = 0;

	for (size_t i = 0; i < r->events.n && shown < 40; i++) {
		static const struct {
			const char *event, *class;
		} known[] = { { "live", "went" },
			      { "verdict", "judged" },
			      { "reverted", "back" },
			      { "confirmed", "went" },
			      { "rolled back", "back" } };
		double at = place(x, e[i].time.value);

		for (size_t k = 0; k < ARRAY_SIZE(known); k++) {
			if (!str_equal(known[k].event, e[i].event))
				continue;
			bool right = at > WIDTH - 130;

			page_printf(p,
				    "<path class=\"mark %s\" d=\"M%.1f %.0fV%.0f\"/><text "
				    "class=\"flag %s\" x=%.1f y=%zu%s>%s</text>\n",
				    known[k].class, at, 14.0 + 14.0 * (double)(shown % 3), bottom,
				    known[k].class, right ? at - 4 : at + 4, 12 + 14 * (shown % 3),
				    right ? " text-anchor=end" : "", known[k].event);
			shown++;
		}
	}
}

void record_chart_course(struct page *p, const struct record *r)
{
	static const char *const latency[] = { "p50", "p99" };
	static const char *const calls[] = { "calls" }, *const errors[] = { "errors" };
	const struct record_event *e = r->events.v;
	struct scale x = { .from = 0, .to = 0, LEFT, WIDTH - LEFT - RIGHT, false };
	size_t n;
	const double *t = record_series(r, "time", &n);

	if (!n) {
		page_puts(p, "<p class=none>No course was recorded.</p>\n");
		return;
	}
	x.to = t[n - 1];
	for (size_t i = 0; i < r->events.n; i++)
		x.to = fmax(x.to, e[i].time.value);
	x.to = x.to > 0 ? x.to : 1;
	open_svg(
		p, "course", 420, "Course of ", r->patch,
		"Latency, calls and errors over time, with the moments at which the patch went "
		"live, the verdict came and the patch was taken back. The moments are in the table "
		"of events.");
	panel(p, r, &x, 54, latency, 2, true);
	panel(p, r, &x, 168, calls, 1, false);
	panel(p, r, &x, 282, errors, 1, false);
	for (int i = 0; i <= 6; i++)
		page_printf(p, "<text x=%.1f y=390 text-anchor=middle>%s</text>\n",
			    place(&x, x.to * i / 6), str_duration(x.to * i / 6).s);
	marks(p, r, &x, 372);
	page_printf(p,
		    "<text class=name x=%.0f y=412 text-anchor=middle>since the beginning</text>"
		    "</svg>\n",
		    (LEFT + WIDTH - RIGHT) / 2);
}
