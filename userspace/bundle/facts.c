// SPDX-License-Identifier: GPL-2.0-or-later
/* Knowledge: CVE IDs as https://www.cve.org has them: the year, then four digits or more. */
#include "bundle/facts.h"

#include <ctype.h>
#include <string.h>

#include "base/str.h"

#define MOST 1000	 /* names of a kind */
#define LONGEST_TEXT 200 /* characters of a title or version */

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

static const char *find(const struct bundle_names *in, const char *name, size_t end)
{
	for (size_t i = 0; i < end; i++)
		if (str_equal(in->v.v[i], name))
			return in->v.v[i];
	return NULL;
}

static struct error *check_names(const char *what, const struct bundle_names *n,
				 bool (*is_one)(const char *s), const char *form)
{
	if (n->v.n > MOST)
		return error_failed("%s: more than %d", what, MOST);
	for (size_t i = 0; i < n->v.n; i++) {
		if (!is_one(n->v.v[i]))
			return error_failed("%s: '%s' is not %s", what, n->v.v[i], form);
		if (find(n, n->v.v[i], i))
			return error_failed("%s: %s is named twice", what, n->v.v[i]);
	}
	return NULL;
}

static struct error *check_fixes(const char *what, const struct bundle_names *n, const char *name)
{
	TRY(check_names(what, n, is_name, "a fix's name: 1 to 48 of a-z, 0-9 and _"));
	if (find(n, name, n->v.n))
		return error_failed("%s: %s is its own name", what, name);
	return NULL;
}

struct error *bundle_facts_check(const struct bundle_facts *f, const char *name)
{
	if (!is_name(name))
		return error_failed("'%s' is not a fix's name: 1 to 48 of a-z, 0-9 and _", name);
	if (f->title && !is_text(f->title))
		return error_failed("title: it must be one line of at most %d bytes", LONGEST_TEXT);
	if (f->fixed_in && !is_version(f->fixed_in))
		return error_failed("fixed-in: '%s' is no version", f->fixed_in);
	TRY(check_names("cve", &f->cves, is_cve, "a CVE ID: CVE-YEAR-NUMBER"));
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
	write_names(j, "cves", &f->cves);
	write_names(j, "requires", &f->requires);
	write_names(j, "conflicts", &f->conflicts);
	write_names(j, "supersedes", &f->supersedes);
	json_string(j, "fixed_in", f->fixed_in);
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
	TRY(read_names(o, "cves", &f->cves));
	TRY(read_names(o, "requires", &f->requires));
	TRY(read_names(o, "conflicts", &f->conflicts));
	TRY(read_names(o, "supersedes", &f->supersedes));
	return json_need_string_or_null(o, "fixed_in", &f->fixed_in);
}

void bundle_facts_clear(struct bundle_facts *f)
{
	vec_free(&f->cves.v);
	vec_free(&f->requires.v);
	vec_free(&f->conflicts.v);
	vec_free(&f->supersedes.v);
}
