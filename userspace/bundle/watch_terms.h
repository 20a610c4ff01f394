/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is asked of the watch over a patch while it goes in: by its fix ("watch" in fix.yaml, then
 * in the bundle's manifest), within what the host allows ("verdict" in its policy). Whatever is not
 * said is left to others: flow/watch_settle.h puts them together. suture-fix(5) and suture-trust(5)
 * have the keys.
 */
#ifndef SUTURE_BUNDLE_WATCH_TERMS_H
#define SUTURE_BUNDLE_WATCH_TERMS_H

#include <stdbool.h>

#include "base/form.h"
#include "base/json.h"
#include "base/json_read.h"
#include "base/str.h"

enum watch_number {
	WATCH_ALPHA,	/* chance of one false verdict */
	WATCH_LATENCY,	/* the most that healthy may hide: 0.15 is a rise by 15 % */
	WATCH_TAIL,	/* the same of the share of slow calls */
	WATCH_ERRORS,	/* of the rate of errors */
	WATCH_SIGNALS,	/* of the host's signals */
	WATCH_LEAK,	/* bytes a second */
	WATCH_BASELINE, /* seconds before the patch */
	WATCH_SOAK,	/* seconds since, before it may be called healthy */
	WATCH_NUMBERS
};

/* Signals that decide at once, as judge/hard.h has them. */
enum watch_hard {
	WATCH_HARD_OOPS,
	WATCH_HARD_WARNING,
	WATCH_HARD_LOCKUP,
	WATCH_HARD_REDIRECT_LOST,
	WATCH_HARD_CRASH,
	WATCH_HARD_CHECK,
	WATCH_HARD_SIGNALS
};

/* What can't be left out: a patch that does not run is not healthy, nor is a service that says so.
 */
#define WATCH_HARD_ALWAYS (1u << WATCH_HARD_REDIRECT_LOST | 1u << WATCH_HARD_CHECK)

enum watch_degraded { WATCH_DEGRADED_UNSAID, WATCH_DEGRADED_REVERT, WATCH_DEGRADED_KEEP };

struct watch_terms {
	double number[WATCH_NUMBERS]; /* 0: unsaid */
	unsigned int hard;	      /* 1 << enum watch_hard, those above among them; 0: unsaid */
	enum watch_degraded on_degraded; /* what becomes of a degraded one */
	struct form_texts controls;	 /* "[OBJECT:]FUNCTION[,POS]"; the host has none */
	const char *health_check;	 /* a command for sh -c; or NULL */
	bool required;			 /* the host's: nothing goes in without a verdict */
};

/* One number: how it is written, and which one is the stricter of two. */
struct watch_number_row {
	const char *json; /* "latency_margin" */
	enum watch_unit { WATCH_SHARE, WATCH_SECONDS, WATCH_BYTES } unit;
	double least, most;
	bool more_is_stricter;
};
extern const struct watch_number_row watch_numbers[WATCH_NUMBERS];
/* "latency-margin"; "oops", "redirect-lost"; "revert". */
const char *watch_number_key(enum watch_number n);
extern const char *const watch_hard_names[WATCH_HARD_SIGNALS];
const char *watch_degraded_name(enum watch_degraded d);

struct watch_text {
	char s[32];
};
/* As the files have it: "15 %", "60 s", "4096 B/s". */
struct watch_text watch_number_text(enum watch_number n, double value);

/* The maps of both files, into a struct watch_terms. */
extern const struct form watch_form_fix, watch_form_host;

/*
 * One key of watch_form_fix from "KEY=VALUE" of a command line; lists are of words with commas.
 * ERROR_USAGE. What is kept belongs to the arena.
 */
struct error *watch_terms_set(struct watch_terms *t, const char *words,
			      struct arena *a) __must_check;

bool watch_terms_said(const struct watch_terms *t);
/* "latency-margin 30 %; soak 300 s; hard oops, crash": what is said. */
struct error *watch_terms_print(const struct watch_terms *t, struct strbuf *out) __must_check;

/* What is said as an object, null if nothing is; and back, from hands that are not trusted. */
void watch_terms_json(const struct watch_terms *t, struct json *j, const char *key);
struct error *watch_terms_read(const struct json_value *o, const char *key, struct arena *a,
			       struct watch_terms *t) __must_check;

#endif
