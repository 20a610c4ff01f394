// SPDX-License-Identifier: GPL-2.0-or-later
#include "trial/memory.h"

#include <stdlib.h>

#include "base/vec.h"

#define UNRECLAIMABLE_MIN 256 /* kB */
#define HELD_MIN 2048	      /* kB */

/* --- reading ---------------------------------------------------------------------- */

/* The kB behind "NAME:" at the beginning of a line; 0 if it is not there. */
static uint64_t value(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = text; *at; at = strchrnul(at, '\n'), at += *at == '\n')
		if (!strncmp(at, name, n) && at[n] == ':')
			return strtoull(at + n + 1, NULL, 10);
	return 0;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static struct error *add_slab(const char *line, struct arena *a, struct memory_slab *to)
{
	size_t n = strcspn(line, " \n");

	to->name = arena_printf(a, "%.*s", (int)n, line);
	to->objects = strtoull(line + n, NULL, 10);
	return to->name ? NULL : error_nomem();
}

struct error *memory_parse(const char *text, struct arena *a, struct memory_sample *out)
{
	static const char *const not_kernel[] = { "MemFree",	"Buffers",   "Cached",
						  "SwapCached", "AnonPages", "SReclaimable" };
	size_t slabs = 0;

	*out = (struct memory_sample){ .unreclaimable = value(text, "SUnreclaim"),
				       .held = value(text, "MemTotal") };
	if (!out->held)
		return error_failed("the guest's /proc/meminfo can't be read");
	for (size_t i = 0; i < ARRAY_SIZE(not_kernel); i++)
		out->held = less(out->held, value(text, not_kernel[i]));
	for (const char *at = text; (at = strstr(at, "\nslab ")); at++)
		slabs++;
	out->slabs = arena_array(a, slabs + 1, sizeof(*out->slabs));
	if (!out->slabs)
		return error_nomem();
	for (const char *at = text; out->n < slabs && (at = strstr(at, "\nslab ")); at++)
		TRY(add_slab(at + strlen("\nslab "), a, &out->slabs[out->n++]));
	return NULL;
}

/* --- judging ---------------------------------------------------------------------- */

/* One number of a sample; 'slab' is its place for objects(). */
typedef int64_t quantity(const struct memory_sample *s, const char *slab);

static int64_t unreclaimable(const struct memory_sample *s, const char *slab)
{
	(void)slab;
	return (int64_t)s->unreclaimable;
}

static int64_t held(const struct memory_sample *s, const char *slab)
{
	(void)slab;
	return (int64_t)s->held;
}

static int64_t objects(const struct memory_sample *s, const char *slab)
{
	for (size_t i = 0; i < s->n; i++)
		if (str_equal(s->slabs[i].name, slab))
			return (int64_t)s->slabs[i].objects;
	return 0;
}

struct growth {
	int64_t least, most, total; /* over blocks */
};

static struct growth growth(const struct memory_sample *s, size_t n, quantity *q, const char *slab)
{
	struct growth g = { .least = INT64_MAX, .most = INT64_MIN };

	for (size_t i = 0; i + 1 < n; i++) {
		int64_t by = q(&s[i + 1], slab) - q(&s[i], slab);

		g.least = by < g.least ? by : g.least;
		g.most = by > g.most ? by : g.most;
		g.total += by;
	}
	return g;
}

/* Growth with the patch, above the largest that was seen without it. */
static int64_t excess(const struct memory_series *s, quantity *q, struct growth *with)
{
	struct growth without = growth(s->without, s->n_without, q, NULL);

	*with = growth(s->with, s->n_with, q, NULL);
	return with->total - (int64_t)(s->n_with - 1) * (without.most > 0 ? without.most : 0);
}

static struct error *amount(const struct memory_series *s, quantity *q, const char *name,
			    int64_t threshold, bool *leaks, struct strbuf *words)
{
	struct growth with;
	int64_t above = excess(s, q, &with);
	bool grows = with.least > 0 && above >= threshold;

	*leaks |= grows;
	return strbuf_printf(words, "%s%s %s by %lld kB in %zu runs (threshold %lld kB)",
			     words->n ? "; " : "", name, grows ? "grew" : "changed",
			     (long long)with.total, (s->n_with - 1) * (size_t)s->runs,
			     (long long)threshold);
}

static struct error *slab(const struct memory_series *s, const char *name, bool *leaks,
			  struct strbuf *words)
{
	struct growth with = growth(s->with, s->n_with, objects, name);
	struct growth without = growth(s->without, s->n_without, objects, name);

	if (!s->runs || with.least * 2 < (int64_t)s->runs ||
	    with.total * 5 < (int64_t)(s->n_with - 1) * s->runs * 4 ||
	    without.most * 5 > (int64_t)s->runs)
		return NULL;
	*leaks = true;
	return strbuf_printf(words, "; %s grew by %lld objects in %zu runs", name,
			     (long long)with.total, (s->n_with - 1) * (size_t)s->runs);
}

struct error *memory_leaks(const struct memory_series *s, bool *leaks, struct strbuf *words)
{
	const struct memory_sample *last = &s->with[s->n_with - 1];

	*leaks = false;
	TRY(amount(s, unreclaimable, "unreclaimable slabs", UNRECLAIMABLE_MIN, leaks, words));
	TRY(amount(s, held, "what the kernel holds", HELD_MIN, leaks, words));
	for (size_t i = 0; i < last->n; i++)
		TRY(slab(s, last->slabs[i].name, leaks, words));
	return NULL;
}
