// SPDX-License-Identifier: GPL-2.0-or-later
/* One table of the numbers, for YAML, JSON and the command line alike. */
#include "bundle/watch_terms.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define CONTROLS_MAX 8
#define MARGIN_MOST 100 /* 10000 % */
#define DAY 86400
#define LINE_MOST 200 /* bytes, as base/form.c has it */

const struct watch_number_row watch_numbers[WATCH_NUMBERS] = {
	[WATCH_ALPHA] = { "alpha", WATCH_SHARE, 1e-6, 0.2 },
	[WATCH_LATENCY] = { "latency_margin", WATCH_SHARE, 1e-3, MARGIN_MOST },
	[WATCH_TAIL] = { "tail_margin", WATCH_SHARE, 1e-3, MARGIN_MOST },
	[WATCH_ERRORS] = { "error_margin", WATCH_SHARE, 1e-3, MARGIN_MOST },
	[WATCH_SIGNALS] = { "signal_margin", WATCH_SHARE, 1e-3, MARGIN_MOST },
	[WATCH_LEAK] = { "leak_margin", WATCH_BYTES, 1, 1e12 },
	[WATCH_BASELINE] = { "baseline", WATCH_SECONDS, 1, DAY, true },
	[WATCH_SOAK] = { "soak", WATCH_SECONDS, 1, DAY, true },
};

const char *const watch_hard_names[WATCH_HARD_SIGNALS] = {
	[WATCH_HARD_OOPS] = "oops",	[WATCH_HARD_WARNING] = "warning",
	[WATCH_HARD_LOCKUP] = "lockup", [WATCH_HARD_REDIRECT_LOST] = "redirect-lost",
	[WATCH_HARD_CRASH] = "crash",	[WATCH_HARD_CHECK] = "health-check",
};

static const char *const degraded_names[] = {
	[WATCH_DEGRADED_REVERT] = "revert",
	[WATCH_DEGRADED_KEEP] = "keep",
};

const char *watch_degraded_name(enum watch_degraded d)
{
	return degraded_names[d];
}

/* --- numbers -------------------------------------------------------------------------- */

static const struct {
	const char *form; /* what a value must be like */
	struct {
		const char *name;
		double worth;
	} units[3];
} units[] = {
	[WATCH_SHARE] = { "a share like 15 % or 0.5 %", { { "%", 0.01 } } },
	[WATCH_SECONDS] = { "a time like 30 s, 2 min or 1 h",
			    { { "s", 1 }, { "min", 60 }, { "h", 3600 } } },
	[WATCH_BYTES] = { "a rate like 512 B/s or 4 KiB/s",
			  { { "B/s", 1 }, { "KiB/s", 1024 }, { "MiB/s", 1048576 } } },
};

struct watch_text watch_number_text(enum watch_number n, double value)
{
	static const char *const smallest[] = {
		[WATCH_SHARE] = "%", [WATCH_SECONDS] = "s", [WATCH_BYTES] = "B/s"
	};
	enum watch_unit unit = watch_numbers[n].unit;
	struct watch_text t;

	snprintf(t.s, sizeof(t.s), "%.6g %s", unit == WATCH_SHARE ? value * 100 : value,
		 smallest[unit]);
	return t;
}

/* Digits, a point, blanks, a unit; -1 for anything else. */
static double number_of(enum watch_unit kind, const char *s)
{
	size_t n = strspn(s, "0123456789."), dots = 0;
	const char *unit = s + n + strspn(s + n, " ");
	char *end = NULL;
	double value = strtod(s, &end);

	for (size_t i = 0; i < n; i++)
		dots += s[i] == '.';
	if (!n || n > 16 || dots > 1 || *s == '.' || s[n - 1] == '.' || end != s + n)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(units[kind].units); i++)
		if (units[kind].units[i].name && str_equal(unit, units[kind].units[i].name))
			return value * units[kind].units[i].worth;
	return -1;
}

static struct error *form_number(struct form_reader *r, const struct form_field *f,
				 const struct yaml_value *v, void *at)
{
	const struct watch_number_row *row = f->more;
	enum watch_number which = (enum watch_number)(row - watch_numbers);
	const char *s = NULL;
	double value;

	TRY(form_line(r, f, v, &s));
	value = number_of(row->unit, s);
	if (value < 0)
		return form_wrong(r, v, "'%s' is not %s", s, units[row->unit].form);
	if (!(value >= row->least && value <= row->most))
		return form_wrong(r, v, "'%s' is not between %s and %s", s,
				  watch_number_text(which, row->least).s,
				  watch_number_text(which, row->most).s);
	*(double *)at = value;
	return NULL;
}

/* --- the rest --------------------------------------------------------------------------- */

static bool hard_of(const char *name, unsigned int *to)
{
	for (unsigned int i = 0; i < WATCH_HARD_SIGNALS; i++)
		if (str_equal(name, watch_hard_names[i])) {
			*to |= 1u << i;
			return true;
		}
	return false;
}

static struct error *unknown_hard(struct error *e)
{
	struct strbuf list __cleanup_strbuf = { 0 };

	for (unsigned int i = 0; i < WATCH_HARD_SIGNALS; i++) {
		struct error *bad __cleanup_error =
			strbuf_printf(&list, "%s%s", i ? ", " : "", watch_hard_names[i]);
		if (bad)
			return e;
	}
	return error_advise(e, "allowed: %s", strbuf_str(&list));
}

static struct error *form_hard(struct form_reader *r, const struct form_field *f,
			       const struct yaml_value *v, void *at)
{
	struct form_texts texts = { 0 };
	unsigned int *to = at;

	*to = WATCH_HARD_ALWAYS;
	TRY(form_lines(r, f, v, &texts));
	for (size_t i = 0; i < texts.n; i++)
		if (!hard_of(texts.v[i], to))
			return unknown_hard(
				form_wrong(r, v, "'%s' is no signal that can decide", texts.v[i]));
	return NULL;
}

/* [OBJECT:]FUNCTION[,POS], as far as its letters tell; what it names is looked for by the watch. */
static bool is_control(const char *s)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_.-";
	size_t n = strspn(s, name);

	if (n && s[n] == ':') {
		s += n + 1;
		n = strspn(s, name);
	}
	if (!n)
		return false;
	s += n;
	if (!*s)
		return true;
	n = strspn(s + 1, "0123456789");
	return *s == ',' && n && n < 6 && !s[1 + n] && s[1] != '0';
}

static struct error *form_controls(struct form_reader *r, const struct form_field *f,
				   const struct yaml_value *v, void *at)
{
	struct form_texts *to = at;

	TRY(form_lines(r, f, v, to));
	if (to->n > CONTROLS_MAX)
		return form_wrong(r, v, "more than %d functions", CONTROLS_MAX);
	for (size_t i = 0; i < to->n; i++)
		if (!is_control(to->v[i]))
			return form_wrong(r, v, "'%s' is not [OBJECT:]FUNCTION[,POS]", to->v[i]);
	return NULL;
}

static struct error *form_required(struct form_reader *r, const struct form_field *f,
				   const struct yaml_value *v, void *at)
{
	const char *s = NULL;

	TRY(form_line(r, f, v, &s));
	if (!str_equal(s, "required") && !str_equal(s, "optional"))
		return form_wrong(r, v, "'%s' is neither required nor optional", s);
	*(bool *)at = str_equal(s, "required");
	return NULL;
}

static const struct form_names degraded_form = { degraded_names, ARRAY_SIZE(degraded_names) };
_Static_assert(sizeof(enum watch_degraded) == sizeof(unsigned int), "form_choice() writes enums");

#define NUMBER(key, which)                                                                         \
	[WATCH_##which] = { key, form_number, offsetof(struct watch_terms, number[WATCH_##which]), \
			    &watch_numbers[WATCH_##which] }
#define NUMBERS                                                                                 \
	NUMBER("alpha", ALPHA), NUMBER("latency-margin", LATENCY), NUMBER("tail-margin", TAIL), \
		NUMBER("error-margin", ERRORS), NUMBER("signal-margin", SIGNALS),               \
		NUMBER("leak-margin", LEAK), NUMBER("baseline", BASELINE), NUMBER("soak", SOAK)
#define OTHERS                                                                           \
	{ "hard", form_hard, offsetof(struct watch_terms, hard) },                       \
		{ "on-degraded", form_choice, offsetof(struct watch_terms, on_degraded), \
		  &degraded_form },                                                      \
	{                                                                                \
		"health-check", form_line, offsetof(struct watch_terms, health_check)    \
	}

static const struct form_field fix_fields[] = {
	NUMBERS,
	OTHERS,
	{ "controls", form_controls, offsetof(struct watch_terms, controls) },
};
const struct form watch_form_fix = FORM(fix_fields);

static const struct form_field host_fields[] = {
	NUMBERS,
	OTHERS,
	{ "watch", form_required, offsetof(struct watch_terms, required) },
};
const struct form watch_form_host = FORM(host_fields);

const char *watch_number_key(enum watch_number n)
{
	return fix_fields[n].key;
}

/* --- the command line ------------------------------------------------------------------ */

/* One text, or those between commas. */
static struct error *value_of(char *text, bool list, struct arena *a, struct yaml_value *out)
{
	size_t n = 1;

	*out = (struct yaml_value){ .kind = YAML_TEXT, .text = text };
	if (!list)
		return NULL;
	for (const char *c = text; *c; c++)
		n += *c == ',';
	out->kind = YAML_LIST;
	out->items = arena_array(a, n, sizeof(*out->items));
	if (!out->items)
		return error_nomem();
	for (char *word = text; word; out->n++) {
		char *comma = strchr(word, ',');

		if (comma)
			*comma++ = '\0';
		out->items[out->n] = (struct yaml_value){ .kind = YAML_TEXT, .text = word };
		word = comma;
	}
	return NULL;
}

struct error *watch_terms_set(struct watch_terms *t, const char *words, struct arena *a)
{
	struct form_reader r = { .arena = a };
	struct yaml_value map = { .kind = YAML_MAP, .n = 1 }, member;
	char *key = arena_strdup(a, words), *text;

	if (!key)
		return error_nomem();
	text = strchr(key, '=');
	if (!text)
		return error_usage("'%s' is not KEY=VALUE", words);
	*text++ = '\0';
	TRY(value_of(text, str_equal(key, "hard"), a, &member));
	member.key = key;
	map.items = &member;
	return form_read(&r, &watch_form_fix, &map, t);
}

/* --- JSON --------------------------------------------------------------------------------- */

bool watch_terms_said(const struct watch_terms *t)
{
	for (size_t i = 0; i < WATCH_NUMBERS; i++)
		if (t->number[i] > 0)
			return true;
	return t->hard || t->on_degraded || t->controls.n || t->health_check;
}

static struct error *add_key(struct strbuf *to, const char *key, const char *value)
{
	return strbuf_printf(to, "%s%s %s", to->n ? "; " : "", key, value);
}

static struct error *add_hard(struct strbuf *to, unsigned int set)
{
	struct strbuf list __cleanup_strbuf = { 0 };

	for (unsigned int i = 0; i < WATCH_HARD_SIGNALS; i++)
		if (set & 1u << i)
			TRY(strbuf_printf(&list, "%s%s", list.n ? ", " : "", watch_hard_names[i]));
	return set ? add_key(to, "hard", strbuf_str(&list)) : NULL;
}

struct error *watch_terms_print(const struct watch_terms *t, struct strbuf *out)
{
	struct strbuf list __cleanup_strbuf = { 0 };

	for (size_t i = 0; i < WATCH_NUMBERS; i++)
		if (t->number[i] > 0)
			TRY(add_key(out, watch_number_key((enum watch_number)i),
				    watch_number_text((enum watch_number)i, t->number[i]).s));
	TRY(add_hard(out, t->hard));
	if (t->on_degraded)
		TRY(add_key(out, "on-degraded", watch_degraded_name(t->on_degraded)));
	for (size_t i = 0; i < t->controls.n; i++)
		TRY(strbuf_printf(&list, "%s%s", i ? ", " : "", t->controls.v[i]));
	if (t->controls.n)
		TRY(add_key(out, "controls", strbuf_str(&list)));
	return t->health_check ? add_key(out, "health-check", t->health_check) : NULL;
}

void watch_terms_json(const struct watch_terms *t, struct json *j, const char *key)
{
	if (!watch_terms_said(t)) {
		json_null(j, key);
		return;
	}
	json_object(j, key);
	for (size_t i = 0; i < WATCH_NUMBERS; i++)
		if (t->number[i] > 0)
			json_exact(j, watch_numbers[i].json, t->number[i]);
	if (t->hard) {
		json_array(j, "hard");
		for (unsigned int i = 0; i < WATCH_HARD_SIGNALS; i++)
			if (t->hard & 1u << i)
				json_string(j, NULL, watch_hard_names[i]);
		json_end(j);
	}
	if (t->on_degraded)
		json_string(j, "on_degraded", watch_degraded_name(t->on_degraded));
	if (t->controls.n) {
		json_array(j, "controls");
		for (size_t i = 0; i < t->controls.n; i++)
			json_string(j, NULL, t->controls.v[i]);
		json_end(j);
	}
	if (t->health_check)
		json_string(j, "health_check", t->health_check);
	json_end(j);
}

/* One line that may be shown, no longer than fix.yaml allows. */
static struct error *read_line(const char *key, const struct json_value *v, const char **out)
{
	size_t n = 0;

	if (v->type != JSON_STRING)
		return error_failed("\"%s\" is no text", key);
	for (const char *c = v->string; *c; c++, n++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return error_failed("\"%s\" has control characters in it", key);
	if (!n || n > LINE_MOST)
		return error_failed("\"%s\" is empty or too long", key);
	*out = v->string;
	return NULL;
}

static struct error *read_lines(const char *key, const struct json_value *v, size_t most,
				struct arena *a, struct form_texts *out)
{
	const char **texts;

	if (v->type != JSON_LIST || v->n > most)
		return error_failed("\"%s\" is no list of at most %zu texts", key, most);
	texts = arena_array(a, v->n + 1, sizeof(*texts));
	if (!texts)
		return error_nomem();
	for (size_t i = 0; i < v->n; i++)
		TRY(read_line(key, &v->items[i], &texts[i]));
	*out = (struct form_texts){ texts, v->n };
	return NULL;
}

static struct error *read_hard(const struct json_value *v, struct arena *a, unsigned int *out)
{
	struct form_texts texts = { 0 };

	TRY(read_lines("hard", v, WATCH_HARD_SIGNALS, a, &texts));
	*out = WATCH_HARD_ALWAYS;
	for (size_t i = 0; i < texts.n; i++)
		if (!hard_of(texts.v[i], out))
			return error_failed("\"hard\": '%s' is no signal that can decide",
					    texts.v[i]);
	return NULL;
}

static struct error *read_degraded(const struct json_value *v, enum watch_degraded *out)
{
	const char *s = NULL;

	TRY(read_line("on_degraded", v, &s));
	for (size_t i = WATCH_DEGRADED_REVERT; i < ARRAY_SIZE(degraded_names); i++)
		if (str_equal(s, degraded_names[i])) {
			*out = (enum watch_degraded)i;
			return NULL;
		}
	return error_failed("\"on_degraded\": '%s' is not known", s);
}

static struct error *read_controls(const struct json_value *v, struct arena *a,
				   struct form_texts *out)
{
	TRY(read_lines("controls", v, CONTROLS_MAX, a, out));
	for (size_t i = 0; i < out->n; i++)
		if (!is_control(out->v[i]))
			return error_failed("\"controls\": '%s' is not [OBJECT:]FUNCTION[,POS]",
					    out->v[i]);
	return NULL;
}

static struct error *read_number(const struct watch_number_row *row, const struct json_value *v,
				 double *out)
{
	if (v->type != JSON_NUMBER || !(v->number >= row->least && v->number <= row->most))
		return error_failed("\"%s\" is no number from %g to %g", row->json, row->least,
				    row->most);
	*out = v->number;
	return NULL;
}

static struct error *read_member(const struct json_value *v, struct arena *a, struct watch_terms *t)
{
	for (size_t i = 0; i < WATCH_NUMBERS; i++)
		if (str_equal(v->key, watch_numbers[i].json))
			return read_number(&watch_numbers[i], v, &t->number[i]);
	if (str_equal(v->key, "hard"))
		return read_hard(v, a, &t->hard);
	if (str_equal(v->key, "on_degraded"))
		return read_degraded(v, &t->on_degraded);
	if (str_equal(v->key, "controls"))
		return read_controls(v, a, &t->controls);
	if (str_equal(v->key, "health_check"))
		return read_line(v->key, v, &t->health_check);
	/* What this suture does not know may be stricter than what it does. */
	return error_failed("'%.60s' is not known: a newer suture made it", v->key);
}

struct error *watch_terms_read(const struct json_value *o, const char *key, struct arena *a,
			       struct watch_terms *t)
{
	const struct json_value *v = json_member(o, key);

	if (!v || v->type == JSON_NULL) /* older bundles have none */
		return NULL;
	if (v->type != JSON_OBJECT)
		return error_failed("\"%s\" is no object", key);
	for (size_t i = 0; i < v->n; i++)
		TRY_CONTEXT(read_member(&v->items[i], a, t), "\"%s\"", key);
	return NULL;
}
