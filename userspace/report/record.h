/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was measured while a patch went in ("suture-record/1"): what the judge said, what was
 * seen before and after, what came of it. Written by the flow, read here and checked: what a
 * record_read() lets through can be drawn. What is not known is not 0: see struct figure.
 */
#ifndef SUTURE_REPORT_RECORD_H
#define SUTURE_REPORT_RECORD_H

#include "base/str.h"
#include "report/record_form.h"

/* A record is no larger. */
#define RECORD_BYTES (32 << 20)

struct record_finding {
	const char *metric, *unit, *evidence;
	bool known;
	struct figure effect, low, high, smallest;
};

struct record_verdict {
	const char *word, *reason, *hard, *metric;
	bool controlled;
	struct figure at, watched, odd, seconds_more;
	struct list findings; /* struct record_finding */
};

struct record_event {
	struct figure time;
	const char *event, *text;
};

struct record_blocker {
	struct figure pid, seconds;
	const char *comm, *function;
	struct list stack; /* const char * */
};

struct record_span {
	struct figure seconds, calls, taken, missed;
	struct list classes, quantiles; /* struct record_named */
	struct list buckets;		/* struct record_pair */
};

struct record_function {
	const char *object, *function, *role, *by, *why;
	struct figure sample_every;
	struct record_span before, after;
};

struct record_signal {
	const char *name, *unit, *unknown;
	struct figure before, after;
	bool hard;
};

/* A figure of the policy that was in force, as people write it, and who said so. */
struct record_term {
	const char *key, *value, *by;
};

struct record_terms {
	struct list figures; /* struct record_term */
	struct list notes;   /* const char *: where two differed */
};

struct record_cost {
	const char *unknown, *measured;
	struct figure budget, share, ns_a_call, sample_every;
	struct figure calls, instructions_a_call; /* of BPF, at most */
};

struct record {
	struct arena arena;
	const struct json_value *root;
	const char *schema, *version, *patch, *title, *bundle, *host, *kernel, *of, *begun,
		*outcome;
	bool emulated;
	const struct json_value *policy, *proof; /* NULL if absent */
	struct record_terms terms;		 /* of the policy */
	struct record_verdict verdict;
	struct list events, blockers, functions, signals, series; /* series: struct record_line */
	struct record_cost cost;
};

/* ERROR_FAILED, naming the field, for what is no record. */
struct error *record_read(const char *text, size_t n, struct record *out) __must_check;
void record_free(struct record *r);
#define __cleanup_record __cleanup(record_free)

/* The newest record in the folder whose patch it is, or NULL name: the newest. ERROR_NOTHING. */
struct error *record_find(const char *dir, const char *name, char **out) __must_check;

/* The line of the series, as long as its "time"; NULL if it was not recorded. */
const double *record_series(const struct record *r, const char *name, size_t *n);
/* When it happened first, or a figure that is not known. */
struct figure record_when(const struct record *r, const char *event);
/* A rate a second of this class or of all calls. */
struct figure record_rate(const struct record_span *s, struct figure count);
/* The same of a class, whose calls may be a sample of all. */
struct figure record_class_rate(const struct record_span *s, struct figure count);
struct figure record_named(const struct list *named, const char *name);
bool record_patched(const struct record_function *f);
/* Where the bucket that has this value ends: base/histogram.h. */
double record_bucket_end(double low);

/* Whole reports. */
struct error *record_text(const struct record *r, bool colour, struct strbuf *out) __must_check;
struct error *record_html(const struct record *r, struct strbuf *out) __must_check;
struct error *record_json(const struct record *r, struct strbuf *out) __must_check;
struct error *record_prometheus(const struct record *r, struct strbuf *out) __must_check;

#endif
