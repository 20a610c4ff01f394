// SPDX-License-Identifier: GPL-2.0-or-later
/* Knowledge: CVE IDs as https://www.cve.org has them: the year, then four digits or more. */
#include "bundle/facts.h"

#include <ctype.h>
#include <string.h>

#include "base/str.h"

#define MOST 1000	 /* names of a kind */
#define LONGEST_TEXT 200 /* bytes of a title or version */

static bool is_cve(const char *s)
{
	size_t year, number;

	if (!str_starts(s, "CVE-"))
		return false;
	year = strspn(s + 4, "0123456789");
	if (year != 4 || s[8] != '-')
		return false;
	number = strspn(s + 9, "0123456789");
	return number >= 4 && number <= 19 && !s[9 + number];
}

/* As build_name() makes them. */
static bool is_name(const char *s)
{
	size_t n = strlen(s);

	return n && n <= 48 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

/* One line of text, in any language. */
static bool is_text(const char *s)
{
	size_t n = strlen(s);

	for (const char *c = s; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	return n && n <= LONGEST_TEXT;
}

static bool is_version(const char *s)
{
	for (const char *c = s; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr(".+-~:_", *c))
			return false;
	return *s && strlen(s) <= LONGEST_TEXT;
}

static bool is_severity(const char *s)
{
	static const char *const all[] = { "low", "medium", "high", "critical" };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (str_equal(s, all[i]))
			return true;
	return false;
}

const struct bundle_form bundle_form_title = { is_text, "one line of at most 200 bytes" };
const struct bundle_form bundle_form_severity = { is_severity, "low, medium, high or critical" };
const struct bundle_form bundle_form_cve = { is_cve, "a CVE ID: CVE-YEAR-NUMBER" };
const struct bundle_form bundle_form_name = { is_name, "a fix's name: 1 to 48 of a-z, 0-9 and _" };
const struct bundle_form bundle_form_version = { is_version, "a version" };

static struct error *check_one(const char *what, const char *s, const struct bundle_form *f)
{
	return s && !f->fits(s) ? error_failed("%s: '%s' is not %s", what, s, f->form) : NULL;
}

bool bundle_names_have(const struct bundle_names *names, const char *name)
{
	vec_for_each(&names->v, it)
		if (str_equal(*it, name))
			return true;
	return false;
}

static const char *find(const struct bundle_names *in, const char *name, size_t end)
{
	for (size_t i = 0; i < end; i++)
		if (str_equal(in->v.v[i], name))
			return in->v.v[i];
	return NULL;
}

static struct error *check_names(const char *what, const struct bundle_names *n,
				 const struct bundle_form *form)
{
	if (n->v.n > MOST)
		return error_failed("%s: more than %d", what, MOST);
	for (size_t i = 0; i < n->v.n; i++) {
		TRY(check_one(what, n->v.v[i], form));
		if (find(n, n->v.v[i], i))
			return error_failed("%s: %s is named twice", what, n->v.v[i]);
	}
	return NULL;
}

static struct error *check_fixes(const char *what, const struct bundle_names *n, const char *name)
{
	TRY(check_names(what, n, &bundle_form_name));
	if (find(n, name, n->v.n))
		return error_failed("%s: %s is its own name", what, name);
	return NULL;
}

struct error *bundle_facts_check(const struct bundle_facts *f, const char *name)
{
	TRY(check_one("name", name, &bundle_form_name));
	if (f->title && !is_text(f->title)) /* which may be no text for a terminal */
		return error_failed("title: it must be %s", bundle_form_title.form);
	TRY(check_one("severity", f->severity, &bundle_form_severity));
	TRY(check_one("fixed-in", f->fixed_in, &bundle_form_version));
	TRY(check_names("cve", &f->cves, &bundle_form_cve));
	TRY(check_fixes("requires", &f->requires, name));
	TRY(check_fixes("conflicts", &f->conflicts, name));
	TRY(check_fixes("supersedes", &f->supersedes, name));
	vec_for_each(&f->requires.v, it)
		if (find(&f->conflicts, *it, f->conflicts.v.n) ||
		    find(&f->supersedes, *it, f->supersedes.v.n))
			return error_failed("requires: %s is also to be absent", *it);
	return NULL;
}

static void write_names(struct json *j, const char *key, const struct bundle_names *n)
{
	json_array(j, key);
	vec_for_each(&n->v, it)
		json_string(j, NULL, *it);
	json_end(j);
}

void bundle_facts_write(const struct bundle_facts *f, struct json *j)
{
	json_string(j, "title", f->title);
	json_string(j, "severity", f->severity);
	write_names(j, "cves", &f->cves);
	write_names(j, "requires", &f->requires);
	write_names(j, "conflicts", &f->conflicts);
	write_names(j, "supersedes", &f->supersedes);
	json_string(j, "fixed_in", f->fixed_in);
	json_u64(j, "serial", f->serial);
}

static struct error *read_names(const struct json_value *o, const char *key,
				struct bundle_names *out)
{
	const struct json_value *list = NULL;

	TRY(json_need_list(o, key, &list));
	if (list->n > MOST)
		return error_failed("\"%s\" is too long", key);
	for (size_t i = 0; i < list->n; i++) {
		if (list->items[i].type != JSON_STRING)
			return error_failed("\"%s\" has members that are no strings", key);
		TRY(vec_push(&out->v, list->items[i].string));
	}
	return NULL;
}

struct error *bundle_facts_read(const struct json_value *o, struct bundle_facts *f)
{
	TRY(json_need_string_or_null(o, "title", &f->title));
	TRY(json_need_string_or_null(o, "severity", &f->severity));
	TRY(read_names(o, "cves", &f->cves));
	TRY(read_names(o, "requires", &f->requires));
	TRY(read_names(o, "conflicts", &f->conflicts));
	TRY(read_names(o, "supersedes", &f->supersedes));
	TRY(json_need_string_or_null(o, "fixed_in", &f->fixed_in));
	if (!json_member(o, "serial")) /* older bundles have none */
		return NULL;
	return json_need_u64(o, "serial", BUNDLE_SERIAL_MAX, &f->serial);
}

void bundle_facts_clear(struct bundle_facts *f)
{
	vec_free(&f->cves.v);
	vec_free(&f->requires.v);
	vec_free(&f->conflicts.v);
	vec_free(&f->supersedes.v);
}
