// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/watch_settle.h"

#include <math.h>
#include <string.h>

#include "base/str.h"
#include "judge/hard.h"

#define LEAST_BATCHES 10

static const char *const by_names[] = {
	[WATCH_BY_USUAL] = "usual",
	[WATCH_BY_FIX] = "the fix",
	[WATCH_BY_COMMAND] = "the command line",
	[WATCH_BY_HOST] = "this host",
};

static const enum hard_signal hards[] = {
	[WATCH_HARD_OOPS] = HARD_OOPS,	   [WATCH_HARD_WARNING] = HARD_WARNING,
	[WATCH_HARD_LOCKUP] = HARD_LOCKUP, [WATCH_HARD_REDIRECT_LOST] = HARD_REDIRECT_LOST,
	[WATCH_HARD_CRASH] = HARD_CRASH,   [WATCH_HARD_CHECK] = HARD_CHECK,
};
_Static_assert((int)ARRAY_SIZE(hards) == (int)HARD_SIGNALS,
	       "each signal of the judge's has a word of its own");
#define ALL_HARD ((1u << WATCH_HARD_SIGNALS) - 1)

void watch_settled_free(struct watch_settled *s)
{
	vec_free(&s->notes);
	arena_free(&s->arena);
	*s = (struct watch_settled){ 0 };
}

static struct error *note(struct watch_settled *out, const struct strbuf *text)
{
	const char *kept = arena_strdup(&out->arena, strbuf_str(text));

	return kept ? vec_push(&out->notes, kept) : error_nomem();
}

/* --- numbers -------------------------------------------------------------------------- */

/* The margins of the judge, by the number that moves all three. */
static struct margin *margin_of(struct judge_policy *p, enum watch_number n)
{
	switch (n) {
	case WATCH_LATENCY:
		return &p->latency;
	case WATCH_TAIL:
		return &p->tail;
	case WATCH_ERRORS:
		return &p->errors;
	case WATCH_SIGNALS:
		return &p->signals;
	default:
		return NULL;
	}
}

static double usual(enum watch_number n, double watch)
{
	struct judge_policy p = judge_policy_usual();
	const struct margin *m = margin_of(&p, n);

	if (m)
		return m->equal - 1;
	return n == WATCH_ALPHA	     ? p.alpha
	       : n == WATCH_LEAK     ? p.leak
	       : n == WATCH_BASELINE ? p.baseline
				     : fmin(p.soak, watch);
}

static bool is_stricter(enum watch_number n, double a, double b)
{
	return watch_numbers[n].more_is_stricter ? a > b : a < b;
}

static struct error *say(struct strbuf *to, const char *who, enum watch_number n, double value)
{
	return value > 0 ? strbuf_printf(to, "%s%s says %s", to->n ? ", " : "", who,
					 watch_number_text(n, value).s)
			 : NULL;
}

/* "latency-margin: the fix says 30 %, this host allows at most 15 %, which counts". */
static struct error *note_number(const struct watch_sides *s, enum watch_number n,
				 struct watch_settled *out)
{
	struct strbuf text __cleanup_strbuf = { 0 }, sides __cleanup_strbuf = { 0 };

	TRY(say(&sides, by_names[WATCH_BY_FIX], n, s->fix->number[n]));
	TRY(say(&sides, by_names[WATCH_BY_COMMAND], n, s->command->number[n]));
	if (out->number[n] == WATCH_BY_HOST)
		TRY(strbuf_printf(&sides, ", %s allows %s %s", by_names[WATCH_BY_HOST],
				  watch_numbers[n].more_is_stricter ? "no less than" : "at most",
				  watch_number_text(n, s->host->number[n]).s));
	TRY(strbuf_printf(&text, "%s: %s, which counts", watch_number_key(n), strbuf_str(&sides)));
	return note(out, &text);
}

static struct error *settle_number(const struct watch_sides *s, enum watch_number n,
				   struct watch_settled *out)
{
	double command = s->command->number[n], fix = s->fix->number[n], host = s->host->number[n];
	double value = command > 0 ? command : fix > 0 ? fix : usual(n, s->watch);
	enum watch_by by = command > 0 ? WATCH_BY_COMMAND : fix > 0 ? WATCH_BY_FIX : WATCH_BY_USUAL;
	bool bounded = host > 0 && is_stricter(n, host, value);
	bool differ =
		(command > 0 && fix > 0 && command != fix) || (bounded && by != WATCH_BY_USUAL);

	out->terms.number[n] = bounded ? host : value;
	out->number[n] = bounded ? WATCH_BY_HOST : by;
	return differ ? note_number(s, n, out) : NULL;
}

/* --- times ------------------------------------------------------------------------------ */

/* What --watch leaves time for. A fix asks; a host does not. */
static struct error *fit_soak(const struct watch_sides *s, struct watch_settled *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	double *soak = &out->terms.number[WATCH_SOAK];

	if (*soak <= s->watch)
		return NULL;
	if (s->host->number[WATCH_SOAK] > s->watch)
		return error_advise(
			error_new(ERROR_POLICY,
				  "this host calls no patch healthy before it was watched for %s, "
				  "and --watch is %s",
				  str_duration(s->host->number[WATCH_SOAK]).s,
				  str_duration(s->watch).s),
			"a longer --watch");
	if (out->number[WATCH_SOAK] == WATCH_BY_COMMAND)
		return error_usage("the soak of %s is longer than --watch", str_duration(*soak).s);
	TRY(strbuf_printf(&text,
			  "soak: the fix says %s, the command line watches for %s, which "
			  "counts",
			  watch_number_text(WATCH_SOAK, *soak).s,
			  watch_number_text(WATCH_SOAK, s->watch).s));
	*soak = s->watch;
	out->number[WATCH_SOAK] = WATCH_BY_COMMAND;
	return note(out, &text);
}

static struct error *check_times(const struct watch_sides *s, const struct watch_settled *out)
{
	double baseline = out->terms.number[WATCH_BASELINE];

	if (baseline / s->interval >= LEAST_BATCHES && s->watch / s->interval >= LEAST_BATCHES)
		return NULL;
	return error_usage("the baseline (%s) and --watch (%s) must be %d times the interval (%s) "
			   "at least",
			   str_duration(baseline).s, str_duration(s->watch).s, LEAST_BATCHES,
			   str_duration(s->interval).s);
}

/* --- the rest --------------------------------------------------------------------------- */

static struct error *add_hard(struct strbuf *to, unsigned int set)
{
	const char *between = "";

	for (unsigned int i = 0; i < WATCH_HARD_SIGNALS; i++)
		if (set & 1u << i) {
			TRY(strbuf_printf(to, "%s%s", between, watch_hard_names[i]));
			between = ", ";
		}
	return NULL;
}

static struct error *settle_hard(const struct watch_sides *s, struct watch_settled *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	unsigned int command = s->command->hard, fix = s->fix->hard;
	unsigned int chosen = command ? command : fix ? fix : ALL_HARD;
	unsigned int added = s->host->hard & ~chosen;

	out->terms.hard = chosen | added;
	out->hard = added     ? WATCH_BY_HOST
		    : command ? WATCH_BY_COMMAND
		    : fix     ? WATCH_BY_FIX
			      : WATCH_BY_USUAL;
	if (!added && !(command && fix && command != fix))
		return NULL;
	TRY(strbuf_printf(&text, "hard: %s says ",
			  by_names[command ? WATCH_BY_COMMAND : WATCH_BY_FIX]));
	TRY(add_hard(&text, chosen));
	if (added) {
		TRY(strbuf_printf(&text, "; %s adds ", by_names[WATCH_BY_HOST]));
		TRY(add_hard(&text, added));
	} else {
		TRY(strbuf_puts(&text, ", which counts, and not what the fix says"));
	}
	return note(out, &text);
}

static struct error *settle_degraded(const struct watch_sides *s, struct watch_settled *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	enum watch_degraded command = s->command->on_degraded, fix = s->fix->on_degraded;
	enum watch_degraded value = command ? command : fix ? fix : WATCH_DEGRADED_REVERT;
	bool bounded =
		s->host->on_degraded == WATCH_DEGRADED_REVERT && value != WATCH_DEGRADED_REVERT;

	out->terms.on_degraded = bounded ? WATCH_DEGRADED_REVERT : value;
	out->on_degraded = bounded   ? WATCH_BY_HOST
			   : command ? WATCH_BY_COMMAND
			   : fix     ? WATCH_BY_FIX
				     : WATCH_BY_USUAL;
	if (!bounded && !(command && fix && command != fix))
		return NULL;
	TRY(strbuf_puts(&text, "on-degraded: "));
	if (fix)
		TRY(strbuf_printf(&text, "the fix says %s, ", watch_degraded_name(fix)));
	if (command)
		TRY(strbuf_printf(&text, "the command line says %s, ",
				  watch_degraded_name(command)));
	if (bounded)
		TRY(strbuf_puts(&text, "this host says revert, "));
	TRY(strbuf_puts(&text, "which counts"));
	return note(out, &text);
}

static struct error *settle_texts(const struct watch_sides *s, struct watch_settled *out)
{
	static const struct strbuf controls = { .s = (char *)"controls: those of the command line "
							     "count, and not those of the fix" };
	static const struct strbuf check = { .s = (char *)"health-check: that of the command line "
							  "is run, and not that of the fix" };
	bool command = s->command->controls.n;

	out->terms.controls = command ? s->command->controls : s->fix->controls;
	out->controls = command		     ? WATCH_BY_COMMAND
			: s->fix->controls.n ? WATCH_BY_FIX
					     : WATCH_BY_USUAL;
	if (command && s->fix->controls.n)
		TRY(note(out, &controls));
	command = s->command->health_check;
	out->terms.health_check = command ? s->command->health_check : s->fix->health_check;
	out->health_check = command		   ? WATCH_BY_COMMAND
			    : s->fix->health_check ? WATCH_BY_FIX
						   : WATCH_BY_USUAL;
	if (s->host->health_check) {
		out->host_check = arena_strdup(&out->arena, s->host->health_check);
		if (!out->host_check)
			return error_nomem();
	}
	return command && s->fix->health_check ? note(out, &check) : NULL;
}

struct error *watch_settle(const struct watch_sides *s, struct watch_settled *out)
{
	struct watch_settled w __cleanup_watch_settled = { .interval = s->interval };

	for (size_t i = 0; i < WATCH_NUMBERS; i++)
		TRY(settle_number(s, (enum watch_number)i, &w));
	TRY(fit_soak(s, &w));
	TRY(check_times(s, &w));
	TRY(settle_hard(s, &w));
	TRY(settle_degraded(s, &w));
	TRY(settle_texts(s, &w));
	*out = w;
	w = (struct watch_settled){ 0 };
	return NULL;
}

/* --- what becomes of it ------------------------------------------------------------------ */

/* The other two lie in proportion, as the usual ones do. */
static void scale(struct margin *m, double equal)
{
	double factor = equal / (m->equal - 1);

	m->harm = 1 + (m->harm - 1) * factor;
	m->fail = 1 + (m->fail - 1) * factor;
	m->equal = 1 + equal;
}

struct judge_policy watch_settled_policy(const struct watch_settled *s)
{
	struct judge_policy p = judge_policy_usual();
	const double *number = s->terms.number;

	for (size_t i = 0; i < WATCH_NUMBERS; i++) {
		struct margin *m = margin_of(&p, (enum watch_number)i);

		/* What is usual stays as it is, to the last digit. */
		if (m && s->number[i] != WATCH_BY_USUAL)
			scale(m, number[i]);
	}
	p.alpha = number[WATCH_ALPHA];
	p.leak = number[WATCH_LEAK];
	p.baseline = (unsigned int)ceil(number[WATCH_BASELINE]);
	p.soak = (unsigned int)ceil(number[WATCH_SOAK]);
	p.hard = 0;
	for (unsigned int i = 0; i < WATCH_HARD_SIGNALS; i++)
		if (s->terms.hard & 1u << i)
			p.hard |= 1u << hards[i];
	return p;
}

static void add_margin(struct json *j, const char *name, const struct margin *m)
{
	json_object(j, name);
	json_double(j, "harm", m->harm);
	json_double(j, "equal", m->equal);
	json_double(j, "fail", m->fail);
	json_end(j);
}

static void add_figure(struct json *j, const char *key, const char *value, enum watch_by by)
{
	json_object(j, NULL);
	json_string(j, "key", key);
	json_string(j, "value", value);
	json_string(j, "by", by_names[by]);
	json_end(j);
}

/* Texts with commas between. */
static void add_list(struct json *j, const char *key, const char *const *v, size_t n,
		     enum watch_by by)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	for (size_t i = 0; i < n && !j->error; i++)
		j->error = strbuf_printf(&text, "%s%s", i ? ", " : "", v[i]);
	add_figure(j, key, strbuf_str(&text), by);
}

static void add_figures(const struct watch_settled *s, struct json *j)
{
	const char *names[WATCH_HARD_SIGNALS];
	size_t n = 0;

	for (unsigned int i = 0; i < WATCH_HARD_SIGNALS; i++)
		if (s->terms.hard & 1u << i)
			names[n++] = watch_hard_names[i];
	json_array(j, "figures");
	for (size_t i = 0; i < WATCH_NUMBERS; i++)
		add_figure(j, watch_number_key((enum watch_number)i),
			   watch_number_text((enum watch_number)i, s->terms.number[i]).s,
			   s->number[i]);
	add_list(j, "hard", names, n, s->hard);
	add_figure(j, "on-degraded", watch_degraded_name(s->terms.on_degraded), s->on_degraded);
	if (s->terms.controls.n)
		add_list(j, "controls", s->terms.controls.v, s->terms.controls.n, s->controls);
	if (s->terms.health_check)
		add_figure(j, "health-check", s->terms.health_check, s->health_check);
	if (s->host_check)
		add_figure(j, "health-check", s->host_check, WATCH_BY_HOST);
	json_end(j);
}

void watch_settled_json(const struct watch_settled *s, struct json *j)
{
	struct judge_policy p = watch_settled_policy(s);

	json_object(j, "policy");
	json_double(j, "alpha", p.alpha);
	json_double(j, "baseline", s->terms.number[WATCH_BASELINE]);
	json_double(j, "soak", s->terms.number[WATCH_SOAK]);
	json_double(j, "interval", s->interval);
	add_margin(j, "latency", &p.latency);
	add_margin(j, "tail", &p.tail);
	add_margin(j, "errors", &p.errors);
	add_margin(j, "signals", &p.signals);
	json_double(j, "leak", p.leak);
	json_array(j, "hard");
	for (unsigned int i = 0; i < WATCH_HARD_SIGNALS; i++)
		if (s->terms.hard & 1u << i)
			json_string(j, NULL, watch_hard_names[i]);
	json_end(j);
	json_string(j, "on_degraded", watch_degraded_name(s->terms.on_degraded));
	add_figures(s, j);
	json_array(j, "notes");
	vec_for_each(&s->notes, n)
		json_string(j, NULL, *n);
	json_end(j);
	json_end(j);
}
