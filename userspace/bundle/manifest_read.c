// SPDX-License-Identifier: GPL-2.0-or-later
/* Each member by its name and type; what is missing or of another type is said by its name. */
#include "bundle/manifest.h"

#include <string.h>

#include "base/json_read.h"

#define MOST 65536 /* members of any list */

/* Strings are shown to people: nothing in them may speak to the terminal instead. */
static struct error *plain(const char *key, const char *s)
{
	for (; s && *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return error_failed("\"%s\" has control characters in it", key);
	return NULL;
}

static struct error *text(const struct json_value *o, const char *key, const char **out)
{
	TRY(json_need_string(o, key, out));
	return plain(key, *out);
}

static struct error *text_or_null(const struct json_value *o, const char *key, const char **out)
{
	TRY(json_need_string_or_null(o, key, out));
	return plain(key, *out);
}

static struct error *number(const struct json_value *o, const char *key, unsigned int *out)
{
	uint64_t v = 0;

	TRY(json_need_u64(o, key, INT32_MAX, &v));
	*out = (unsigned int)v;
	return NULL;
}

static struct error *hex(const struct json_value *o, const char *key, uint64_t *out)
{
	const char *s = NULL;

	TRY(json_need_string(o, key, &s));
	if (!str_starts(s, "0x"))
		return error_failed("\"%s\" is no hexadecimal number", key);
	return error_context(str_u64(s, out), "\"%s\"", key);
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct error *digest(const struct json_value *o, const char *key, struct digest *out)
{
	const char *s = NULL;

	TRY(json_need_string(o, key, &s));
	if (strlen(s) != 2 * DIGEST_BYTES)
		return error_failed("\"%s\" is no SHA-256 digest", key);
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		int high = nibble(s[2 * i]), low = nibble(s[2 * i + 1]);

		if (high < 0 || low < 0)
			return error_failed("\"%s\" is no SHA-256 digest", key);
		out->bytes[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(out->hex, s, sizeof(out->hex));
	return NULL;
}

static struct error *list(const struct json_value *o, const char *key,
			  const struct json_value **out)
{
	TRY(json_need_list(o, key, out));
	if ((*out)->n > MOST)
		return error_failed("\"%s\" is too long", key);
	return NULL;
}

/* A name that becomes part of a path: no slash, no dot in front, nothing to quote. */
static struct error *harmless(const char *key, const char *s)
{
	size_t n = strlen(s);

	if (!n || n > 100 || s[0] == '.' || s[0] == '-' ||
	    strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+~-") != n)
		return error_failed("\"%s\" can't be part of a file name", key);
	return NULL;
}

static struct error *read_function(const struct json_value *o, struct bundle_function *f)
{
	TRY(text(o, "object", &f->object));
	TRY(text(o, "name", &f->name));
	TRY(number(o, "sympos", &f->sympos));
	TRY(text_or_null(o, "file", &f->file));
	TRY(number(o, "line", &f->line));
	return text_or_null(o, "reason", &f->reason);
}

static struct error *read_reference(const struct json_value *o, struct bundle_reference *r)
{
	TRY(text(o, "object", &r->object));
	TRY(text(o, "name", &r->name));
	TRY(number(o, "sympos", &r->sympos));
	TRY(text(o, "named", &r->named));
	TRY(hex(o, "address", &r->address));
	TRY(text(o, "proof", &r->proof));
	return number(o, "witnesses", &r->witnesses);
}

static struct error *read_override(const struct json_value *o, struct bundle_override *v)
{
	TRY(text(o, "code", &v->code));
	TRY(text(o, "where", &v->where));
	TRY(text(o, "what", &v->what));
	TRY(text(o, "left", &v->left));
	TRY(text(o, "reason", &v->reason));
	TRY(text_or_null(o, "file", &v->file));
	return number(o, "line", &v->line);
}

/* Bundles from before there were overrides have no list of them. */
static struct error *read_overrides(const struct json_value *o, struct bundle_payload *p)
{
	const struct json_value *overrides = NULL;

	if (!json_member(o, "overrides"))
		return NULL;
	TRY(list(o, "overrides", &overrides));
	for (size_t i = 0; i < overrides->n; i++) {
		struct bundle_override v = { 0 };

		TRY_CONTEXT(read_override(&overrides->items[i], &v), "override %zu", i + 1);
		TRY(vec_push(&p->overrides, v));
	}
	return NULL;
}

static struct error *read_lists(const struct json_value *o, struct bundle_payload *p)
{
	const struct json_value *functions = NULL, *references = NULL, *notes = NULL;

	TRY(list(o, "functions", &functions));
	for (size_t i = 0; i < functions->n; i++) {
		struct bundle_function f = { 0 };

		TRY_CONTEXT(read_function(&functions->items[i], &f), "function %zu", i + 1);
		TRY(vec_push(&p->functions, f));
	}
	TRY(list(o, "references", &references));
	for (size_t i = 0; i < references->n; i++) {
		struct bundle_reference r = { 0 };

		TRY_CONTEXT(read_reference(&references->items[i], &r), "reference %zu", i + 1);
		TRY(vec_push(&p->references, r));
	}
	TRY(read_overrides(o, p));
	TRY(list(o, "notes", &notes));
	for (size_t i = 0; i < notes->n; i++) {
		if (notes->items[i].type != JSON_STRING)
			return error_failed("note %zu is not a string", i + 1);
		TRY(plain("notes", notes->items[i].string));
		TRY(vec_push(&p->notes, notes->items[i].string));
	}
	return NULL;
}

static struct error *read_payload(const struct json_value *o, struct bundle_payload *p)
{
	char *path __free = NULL;
	const char *said = NULL;

	TRY(text(o, "target", &p->target));
	TRY(text(o, "release", &p->release));
	TRY(harmless("release", p->release));
	TRY(text(o, "version", &p->version));
	TRY(text(o, "compiler", &p->compiler));
	TRY(text(o, "module", &p->module));
	TRY(harmless("module", p->module));
	TRY(text(o, "build_id", &p->build_id));
	TRY(digest(o, "sha256", &p->digest));
	TRY(text(o, "path", &said));
	path = bundle_payload_path(p);
	if (!path)
		return error_nomem();
	if (!str_equal(path, said))
		return error_failed("\"path\" is not %s", path);
	return read_lists(o, p);
}

static struct error *read_payloads(const struct json_value *root, struct bundle *b)
{
	const struct json_value *payloads = NULL;

	TRY(list(root, "payloads", &payloads));
	for (size_t i = 0; i < payloads->n; i++) {
		TRY(vec_push(&b->payloads, (struct bundle_payload){ 0 }));
		TRY_CONTEXT(read_payload(&payloads->items[i], &b->payloads.v[b->payloads.n - 1]),
			    "payload %zu", i + 1);
	}
	return NULL;
}

static struct error *read_root(const struct json_value *root, struct bundle *b)
{
	const struct json_value *patch = NULL;
	const char *schema = NULL;

	TRY(text(root, "schema", &schema));
	if (!str_equal(schema, MANIFEST_SCHEMA))
		return error_failed("its schema is not " MANIFEST_SCHEMA);
	TRY(text(root, "name", &b->name));
	TRY(text(root, "tool", &b->tool));
	TRY(json_need_object(root, "patch", &patch));
	TRY_CONTEXT(digest(patch, "sha256", &b->patch_digest), "patch");
	return read_payloads(root, b);
}

struct error *bundle_manifest_read(const char *json, size_t n, struct bundle *b)
{
	const struct json_value *root = NULL;

	TRY_CONTEXT(json_parse(json, n, &b->arena, &root), MANIFEST_NAME);
	return error_context(read_root(root, b), MANIFEST_NAME);
}
