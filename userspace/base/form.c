// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/form.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define LINE_MAX_BYTES 200
#define BLOCK_MAX_BYTES 8000
#define SECONDS_MAX 86400
#define STARS_MAX 4 /* of a pattern: fnmatch(3) tries all ways to spread a text over them */

/* --- what is wrong ------------------------------------------------------------------ */

static struct error *add_where(const struct form_reader *r, unsigned int line, struct strbuf *to)
{
	if (r->path)
		TRY(strbuf_printf(to, "%s:%u: ", r->path, line));
	for (unsigned int i = 0; i < r->depth; i++)
		TRY(strbuf_printf(to, "%s%s", i ? "." : "", r->keys[i]));
	return r->depth ? strbuf_puts(to, ": ") : NULL;
}

struct error *form_wrong(const struct form_reader *r, const struct yaml_value *v, const char *fmt,
			 ...)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct error *e = add_where(r, v->line, &text);
	va_list ap;

	va_start(ap, fmt);
	if (!e)
		e = strbuf_vprintf(&text, fmt, ap);
	va_end(ap);
	return e ? e : error_usage("%s", strbuf_str(&text));
}

struct error *form_need(const struct form_reader *r, const struct yaml_value *v,
			enum yaml_kind kind)
{
	if (v->kind == kind)
		return NULL;
	return form_wrong(r, v, "it is %s, and must be %s", yaml_kind_name(v->kind),
			  yaml_kind_name(kind));
}

static struct error *allowed_keys(const struct form *f, struct error *e)
{
	struct strbuf list __cleanup_strbuf = { 0 };

	for (size_t i = 0; i < f->n; i++) {
		struct error *bad __cleanup_error =
			strbuf_printf(&list, "%s%s", i ? ", " : "", f->fields[i].key);
		if (bad)
			return e;
	}
	return error_advise(e, "allowed here: %s", strbuf_str(&list));
}

/* --- a map --------------------------------------------------------------------------- */

static const struct form_field *field_of(const struct form *f, const char *key)
{
	for (size_t i = 0; i < f->n; i++)
		if (str_equal(f->fields[i].key, key))
			return &f->fields[i];
	return NULL;
}

struct error *form_read(struct form_reader *r, const struct form *f, const struct yaml_value *v,
			void *base)
{
	TRY(form_need(r, v, YAML_MAP));
	for (size_t i = 0; i < v->n; i++) {
		const struct yaml_value *m = &v->items[i];
		const struct form_field *field = field_of(f, m->key);

		if (!field)
			return allowed_keys(f, form_wrong(r, m, "'%.60s' is no key here", m->key));
		if (r->depth == YAML_DEPTH_MAX)
			return form_wrong(r, m, "too deep");
		r->keys[r->depth++] = field->key;
		TRY(field->read(r, field, m, (char *)base + field->offset));
		r->depth--;
	}
	return NULL;
}

struct error *form_map(struct form_reader *r, const struct form_field *f,
		       const struct yaml_value *v, void *at)
{
	return form_read(r, f->more, v, at);
}

/* --- texts --------------------------------------------------------------------------- */

/* UTF-8 is libyaml's to check. */
static bool is_plain(const char *s, const char *besides)
{
	for (; *s; s++)
		if (((unsigned char)*s < 0x20 || *s == 0x7f) && !strchr(besides, *s))
			return false;
	return true;
}

static struct error *text_of(struct form_reader *r, const struct yaml_value *v, size_t most,
			     const char *besides, const char **out)
{
	TRY(form_need(r, v, YAML_TEXT));
	if (!*v->text)
		return form_wrong(r, v, "it is empty");
	if (strlen(v->text) > most)
		return form_wrong(r, v, "it is longer than %zu bytes", most);
	if (!is_plain(v->text, besides))
		return form_wrong(r, v, "it has control characters%s",
				  *besides ? "" : ", or more than one line");
	*out = v->text;
	return NULL;
}

struct error *form_line(struct form_reader *r, const struct form_field *f,
			const struct yaml_value *v, void *at)
{
	(void)f;
	return text_of(r, v, LINE_MAX_BYTES, "", at);
}

struct error *form_block(struct form_reader *r, const struct form_field *f,
			 const struct yaml_value *v, void *at)
{
	(void)f;
	return text_of(r, v, BLOCK_MAX_BYTES, "\n\t", at);
}

struct error *form_lines(struct form_reader *r, const struct form_field *f,
			 const struct yaml_value *v, void *at)
{
	struct form_texts *to = at;
	const struct yaml_value *from = v->kind == YAML_LIST ? v->items : v;
	size_t n = v->kind == YAML_LIST ? v->n : 1;
	const char **texts = arena_array(r->arena, n + 1, sizeof(*texts));

	if (!texts)
		return error_nomem();
	for (size_t i = 0; i < n; i++)
		TRY(form_line(r, f, &from[i], &texts[i]));
	to->v = texts;
	to->n = n;
	return NULL;
}

struct error *form_patterns(struct form_reader *r, const struct form_field *f,
			    const struct yaml_value *v, void *at)
{
	struct form_texts *to = at;

	TRY(form_lines(r, f, v, to));
	for (size_t i = 0; i < to->n; i++) {
		size_t stars = 0;

		for (const char *c = to->v[i]; *c; c++)
			stars += *c == '*';
		if (stars > STARS_MAX)
			return form_wrong(r, v, "'%s' has more than %d stars", to->v[i], STARS_MAX);
	}
	return NULL;
}

/* --- choices and numbers ---------------------------------------------------------------- */

struct error *form_truth(struct form_reader *r, const struct form_field *f,
			 const struct yaml_value *v, void *at)
{
	const char *s = NULL;

	TRY(form_line(r, f, v, &s));
	if (!str_equal(s, "true") && !str_equal(s, "false"))
		return form_wrong(r, v, "'%s' is not true or false", s);
	*(bool *)at = str_equal(s, "true");
	return NULL;
}

static struct error *allowed_names(const struct form_names *names, struct error *e)
{
	struct strbuf list __cleanup_strbuf = { 0 };

	for (size_t i = 0; i < names->n; i++) {
		struct error *bad __cleanup_error = NULL;

		if (names->names[i])
			bad = strbuf_printf(&list, "%s%s", list.n ? ", " : "", names->names[i]);
		if (bad)
			return e;
	}
	return error_advise(e, "allowed: %s", strbuf_str(&list));
}

struct error *form_choice(struct form_reader *r, const struct form_field *f,
			  const struct yaml_value *v, void *at)
{
	const struct form_names *names = f->more;
	const char *s = NULL;

	TRY(form_line(r, f, v, &s));
	for (size_t i = 0; i < names->n; i++) {
		if (names->names[i] && str_equal(names->names[i], s)) {
			*(unsigned int *)at = (unsigned int)i;
			return NULL;
		}
	}
	return allowed_names(names, form_wrong(r, v, "'%s' is not known", s));
}

struct error *form_status(struct form_reader *r, const struct form_field *f,
			  const struct yaml_value *v, void *at)
{
	const char *s = NULL;
	struct error *e __cleanup_error = NULL;
	uint64_t n = 0;

	TRY(form_line(r, f, v, &s));
	e = str_u64(s, &n);
	if (e || n > 255)
		return form_wrong(r, v, "'%s' is not an exit status: 0 to 255", s);
	*(unsigned int *)at = (unsigned int)n;
	return NULL;
}

/* A number, blanks, a unit: the seconds of it, or 0. */
static uint64_t seconds_of(const char *s)
{
	static const struct {
		const char *unit;
		unsigned int seconds;
	} units[] = { { "s", 1 }, { "min", 60 }, { "h", 3600 } };
	size_t n = strspn(s, "0123456789");
	const char *unit = s + n + strspn(s + n, " ");

	if (!n || n > 6)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (str_equal(unit, units[i].unit))
			return strtoull(s, NULL, 10) * units[i].seconds;
	return 0;
}

struct error *form_seconds(struct form_reader *r, const struct form_field *f,
			   const struct yaml_value *v, void *at)
{
	const char *s = NULL;
	uint64_t n;

	TRY(form_line(r, f, v, &s));
	n = seconds_of(s);
	if (!n || n > SECONDS_MAX)
		return form_wrong(r, v, "'%s' is not a time like 30 s, 2 min or 1 h, up to a day",
				  s);
	*(unsigned int *)at = (unsigned int)n;
	return NULL;
}
