// SPDX-License-Identifier: GPL-2.0-or-later
#include "bundle/statement.h"

#include <string.h>

#include "base/date.h"
#include "base/json_read.h"
#include "base/str.h"

#define SCHEMA "suture-statement/1"
#define LONGEST 200 /* bytes of a line */

static const char *const kinds[] = {
	[STATEMENT_SIGNATURE] = "signature",
	[STATEMENT_APPROVAL] = "approval",
};

const char *statement_kind_name(enum statement_kind k)
{
	return kinds[k];
}

static struct error *check_line(const char *what, const char *s)
{
	if (!*s || strlen(s) > LONGEST)
		return error_failed("%s must have 1 to %d bytes", what, LONGEST);
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return error_failed("%s has control characters", what);
	return NULL;
}

struct error *statement_check(const struct statement *s)
{
	if (s->who)
		TRY(check_line("who signs", s->who));
	if (s->kind != STATEMENT_APPROVAL)
		return NULL;
	TRY(check_line("the reason", s->reason));
	return scope_check(&s->scope);
}

struct error *statement_write(const struct statement *s, struct strbuf *out)
{
	struct json j = json_begin(out);

	json_object(&j, NULL);
	json_string(&j, "schema", SCHEMA);
	json_string(&j, "kind", kinds[s->kind]);
	json_string(&j, "bundle", s->bundle.hex);
	json_string(&j, "key", s->key.hex);
	json_string(&j, "time", date_text(s->time).s);
	json_string(&j, "who", s->who);
	if (s->kind == STATEMENT_APPROVAL) {
		json_array(&j, "scope");
		for (size_t i = 0; i < s->scope.n; i++)
			json_string(&j, NULL, s->scope.patterns[i]);
		json_end(&j);
		json_string(&j, "expires", date_text(s->expires).s);
		json_string(&j, "reason", s->reason);
	}
	json_end(&j);
	return json_finish(&j);
}

/* --- reading --------------------------------------------------------------------- */

static struct error *read_kind(const struct json_value *o, enum statement_kind *out)
{
	const char *s = NULL;

	TRY(json_need_string(o, "kind", &s));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (str_equal(s, kinds[i])) {
			*out = (enum statement_kind)i;
			return NULL;
		}
	}
	return error_failed("its kind is not known");
}

static struct error *read_digest(const struct json_value *o, const char *key, struct digest *out)
{
	const char *s = NULL;

	TRY(json_need_string(o, key, &s));
	return error_context(digest_parse(s, out), "\"%s\"", key);
}

static struct error *read_date(const struct json_value *o, const char *key, int64_t *out)
{
	const char *s = NULL;

	TRY(json_need_string(o, key, &s));
	return error_context(date_parse(s, out), "\"%s\"", key);
}

static struct error *read_scope(const struct json_value *o, struct arena *a, struct scope *out)
{
	const struct json_value *list = NULL;
	const char **patterns;

	TRY(json_need_list(o, "scope", &list));
	patterns = arena_array(a, list->n + 1, sizeof(*patterns));
	if (!patterns)
		return error_nomem();
	for (size_t i = 0; i < list->n; i++) {
		if (list->items[i].type != JSON_STRING)
			return error_failed("\"scope\" has members that are no strings");
		patterns[i] = list->items[i].string;
	}
	*out = (struct scope){ patterns, list->n };
	return NULL;
}

static struct error *read_members(const struct json_value *o, struct arena *a, struct statement *s)
{
	const char *schema = NULL;

	TRY(json_need_string(o, "schema", &schema));
	if (!str_equal(schema, SCHEMA))
		return error_failed("its schema is not " SCHEMA);
	TRY(read_kind(o, &s->kind));
	TRY(read_digest(o, "bundle", &s->bundle));
	TRY(read_digest(o, "key", &s->key));
	TRY(read_date(o, "time", &s->time));
	TRY(json_need_string_or_null(o, "who", &s->who));
	if (s->kind == STATEMENT_APPROVAL) {
		TRY(read_scope(o, a, &s->scope));
		TRY(read_date(o, "expires", &s->expires));
		TRY(json_need_string(o, "reason", &s->reason));
	}
	return statement_check(s);
}

struct error *statement_read(const char *json, size_t n, struct arena *a, struct statement *out)
{
	struct strbuf again __cleanup_strbuf = { 0 };
	const struct json_value *root = NULL;
	struct statement s = { 0 };

	TRY(json_parse(json, n, a, &root));
	TRY(read_members(root, a, &s));
	/* Nothing may be signed that is not understood. */
	TRY(statement_write(&s, &again));
	if (again.n != n || memcmp(again.s, json, n) != 0)
		return error_failed("there is more in it, or in another form, than is understood");
	*out = s;
	return NULL;
}
