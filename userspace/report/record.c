// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables of suture-record/1, what they can't say about it, and questions to a record. */
#include <math.h>

#include "base/histogram.h"
#include "base/json_copy.h"
#include "report/record.h"

#define FORM(name, type)                                                                          \
	static const struct record_form name##_form = { name##_fields, ARRAY_SIZE(name##_fields), \
							sizeof(type) }
#define F(type, member, kind, ...)                                          \
	{                                                                   \
#member, RECORD_##kind, offsetof(type, member), __VA_ARGS__ \
	}

static const struct record_field finding_fields[] = {
#define T struct record_finding
	F(T, metric, TEXT, true), F(T, unit, TEXT),  F(T, evidence, TEXT), F(T, known, TRUTH),
	F(T, effect, SIGNED),	  F(T, low, SIGNED), F(T, high, SIGNED),   F(T, smallest, COUNT),
#undef T
};
FORM(finding, struct record_finding);

static const struct record_field verdict_fields[] = {
#define T struct record_verdict
	F(T, word, TEXT, true),	   F(T, reason, TEXT, true),
	F(T, hard, TEXT),	   F(T, metric, TEXT),
	F(T, controlled, TRUTH),   F(T, at, COUNT),
	F(T, watched, COUNT),	   F(T, odd, COUNT),
	F(T, seconds_more, COUNT), F(T, findings, LIST, false, &finding_form),
#undef T
};
FORM(verdict, struct record_verdict);

static const struct record_field event_fields[] = {
	F(struct record_event, time, COUNT, true),
	F(struct record_event, event, TEXT, true),
	F(struct record_event, text, TEXT),
};
FORM(event, struct record_event);

static const struct record_field blocker_fields[] = {
#define T struct record_blocker
	F(T, pid, COUNT),     F(T, seconds, COUNT), F(T, comm, TEXT),
	F(T, function, TEXT), F(T, stack, TEXTS),
#undef T
};
FORM(blocker, struct record_blocker);

static const struct record_field span_fields[] = {
#define T struct record_span
	F(T, seconds, COUNT),	F(T, calls, COUNT),	  F(T, taken, COUNT),	F(T, missed, COUNT),
	F(T, classes, FIGURES), F(T, quantiles, FIGURES), F(T, buckets, PAIRS),
#undef T
};
FORM(span, struct record_span);

static const struct record_field function_fields[] = {
#define T struct record_function
	F(T, object, TEXT),
	F(T, function, TEXT, true),
	F(T, role, TEXT, true),
	F(T, by, TEXT),
	F(T, why, TEXT),
	F(T, sample_every, COUNT),
	F(T, before, OBJECT, false, &span_form),
	F(T, after, OBJECT, false, &span_form),
#undef T
};
FORM(function, struct record_function);

static const struct record_field signal_fields[] = {
#define T struct record_signal
	F(T, unit, TEXT),   F(T, unknown, TEXT), F(T, before, COUNT),
	F(T, after, COUNT), F(T, hard, TRUTH),
#undef T
};
FORM(signal, struct record_signal);

static const struct record_field cost_fields[] = {
#define T struct record_cost
	F(T, unknown, TEXT),	F(T, measured, TEXT),
	F(T, budget, COUNT),	F(T, share, COUNT),
	F(T, ns_a_call, COUNT), F(T, sample_every, COUNT),
	F(T, calls, COUNT),	F(T, instructions_a_call, COUNT),
#undef T
};
FORM(cost, struct record_cost);

static const struct record_field term_fields[] = {
#define T struct record_term
	F(T, key, TEXT, true),
	F(T, value, TEXT, true),
	F(T, by, TEXT, true),
#undef T
};
FORM(term, struct record_term);

static const struct record_field terms_fields[] = {
	F(struct record_terms, figures, LIST, false, &term_form),
	F(struct record_terms, notes, TEXTS),
};
FORM(terms, struct record_terms);

static const struct record_field record_fields[] = {
#define T struct record
	F(T, schema, TEXT, true),
	F(T, version, TEXT),
	F(T, patch, TEXT, true),
	F(T, title, TEXT),
	F(T, bundle, TEXT),
	F(T, host, TEXT),
	F(T, kernel, TEXT),
	F(T, of, TEXT, true),
	F(T, begun, TEXT, true),
	F(T, outcome, TEXT, true),
	F(T, emulated, TRUTH),
	F(T, policy, RAW),
	{ "policy", RECORD_OBJECT, offsetof(T, terms), false, &terms_form },
	F(T, proof, RAW),
	F(T, verdict, OBJECT, true, &verdict_form),
	F(T, events, LIST, false, &event_form),
	F(T, blockers, LIST, false, &blocker_form),
	F(T, functions, LIST, false, &function_form),
	F(T, signals, MAP, false, &signal_form),
	F(T, series, SERIES),
	F(T, cost, OBJECT, false, &cost_form),
#undef T
};
FORM(record, struct record);

static struct error *one_of(const char *what, const char *value, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_starts(value, words[i]))
			return NULL;
	return error_failed("%s is \"%s\", which this suture does not know", what, value);
}

static struct error *check_series(const struct record *r)
{
	const struct record_line *lines = r->series.v, *time = NULL;

	for (size_t i = 0; i < r->series.n; i++)
		if (str_equal(lines[i].name, "time"))
			time = &lines[i];
	for (size_t i = 0; i < r->series.n; i++)
		if (lines[i].numbers.n && (!time || lines[i].numbers.n != time->numbers.n))
			return error_failed("series.%s has %zu numbers, and time %zu",
					    lines[i].name, lines[i].numbers.n,
					    time ? time->numbers.n : 0);
	for (size_t i = 0; time && i < time->numbers.n; i++) {
		const double *t = time->numbers.v;

		if (isnan(t[i]) || (i && t[i] < t[i - 1]))
			return error_failed(
				"series.time[%zu] does not come after what is before it", i);
	}
	return NULL;
}

static struct error *check(const struct record *r)
{
	static const char *const words[] = { "healthy", "degraded", "failed", "inconclusive" };
	static const char *const outcomes[] = { "confirmed", "reverted", "rolled back", "kept",
						"pending" };
	static const char *const kinds[] = { "kernel", "processes" };

	if (!str_equal(r->schema, "suture-record/1"))
		return error_failed("schema is \"%s\", not suture-record/1", r->schema);
	TRY(one_of("verdict.word", r->verdict.word, words, ARRAY_SIZE(words)));
	TRY(one_of("outcome", r->outcome, outcomes, ARRAY_SIZE(outcomes)));
	TRY(one_of("of", r->of, kinds, ARRAY_SIZE(kinds)));
	return check_series(r);
}

static struct error *read_into(const char *text, size_t n, struct record *r)
{
	struct error *e;

	if (n > RECORD_BYTES)
		return error_failed("it has %zu bytes, more than %d", n, RECORD_BYTES);
	TRY(json_parse(text, n, &r->arena, &r->root));
	e = record_form_read(r->root, &record_form, &r->arena, r);
	if (e && *error_message(e) == '.') {
		struct error *named = error_new(error_kind(e), "%s", error_message(e) + 1);

		error_free(&e);
		return named;
	}
	TRY(e);
	return check(r);
}

struct error *record_read(const char *text, size_t n, struct record *out)
{
	struct record r __cleanup_record = { 0 };

	TRY_CONTEXT(read_into(text, n, &r), "it is no record");
	*out = r;
	r = (struct record){ 0 };
	return NULL;
}

void record_free(struct record *r)
{
	arena_free(&r->arena);
	*r = (struct record){ 0 };
}

const double *record_series(const struct record *r, const char *name, size_t *n)
{
	const struct record_line *lines = r->series.v;

	for (size_t i = 0; i < r->series.n; i++)
		if (str_equal(lines[i].name, name) && lines[i].numbers.n) {
			*n = lines[i].numbers.n;
			return lines[i].numbers.v;
		}
	*n = 0;
	return NULL;
}

struct figure record_when(const struct record *r, const char *event)
{
	const struct record_event *events = r->events.v;

	for (size_t i = 0; i < r->events.n; i++)
		if (str_equal(events[i].event, event))
			return events[i].time;
	return (struct figure){ 0 };
}

struct figure record_rate(const struct record_span *s, struct figure count)
{
	if (!count.known || !s->seconds.known || s->seconds.value <= 0)
		return (struct figure){ 0 };
	return (struct figure){ .known = true, .value = count.value / s->seconds.value };
}

struct figure record_class_rate(const struct record_span *s, struct figure count)
{
	struct figure rate = record_rate(s, count);

	if (s->calls.known && s->taken.known && s->taken.value > 0)
		rate.value *= s->calls.value / s->taken.value;
	return rate;
}

struct figure record_named(const struct list *named, const char *name)
{
	const struct record_named *v = named->v;

	for (size_t i = 0; i < named->n; i++)
		if (str_equal(v[i].name, name))
			return v[i].figure;
	return (struct figure){ 0 };
}

bool record_patched(const struct record_function *f)
{
	return str_equal(f->role, "patched");
}

double record_bucket_end(double low)
{
	return histogram_floor(histogram_bucket((uint64_t)low) + 1);
}

struct error *record_json(const struct record *r, struct strbuf *out)
{
	struct json j = json_begin(out);

	json_copy(&j, NULL, r->root);
	return json_finish(&j);
}
