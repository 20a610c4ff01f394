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

static struct error *digest(const struct json_value *o, const char *key, struct digest *out)
{
	const char *s = NULL;

	TRY(json_need_string(o, key, &s));
	return error_context(digest_parse(s, out), "\"%s\"", key);
}

static struct error *list(const struct json_value *o, const char *key,
			  const struct json_value **out)
{
	TRY(json_need_list(o, key, out));
	if ((*out)->n > MOST)
		return error_failed("\"%s\" is too long", key);
	return NULL;
}

/* Reads each member of a list and appends it to a vector. */
#define READ_LIST(b, o, key, vec, read)                                            \
	({                                                                         \
		const struct json_value *list_ = NULL;                             \
		struct error *error_ = list(o, key, &list_);                       \
                                                                                   \
		for (size_t i_ = 0; !error_ && i_ < list_->n; i_++) {              \
			__typeof__(*(vec)->v) one_ = { 0 };                        \
                                                                                   \
			error_ = error_context(read(b, &list_->items[i_], &one_),  \
					       "\"%s\", number %zu", key, i_ + 1); \
			if (!error_)                                               \
				error_ = vec_push(vec, one_);                      \
		}                                                                  \
		error_;                                                            \
	})

/* A name that becomes part of a path: no slash, no dot in front, nothing to quote. */
static struct error *harmless(const char *key, const char *s)
{
	size_t n = strlen(s);

	if (!n || n > 100 || s[0] == '.' || s[0] == '-' ||
	    strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+~-") != n)
		return error_failed("\"%s\" can't be part of a file name", key);
	return NULL;
}

static struct error *need_string(const struct json_value *v, const char **out)
{
	if (v->type != JSON_STRING)
		return error_failed("it is not a string");
	*out = v->string;
	return plain("string", v->string);
}

static struct error *boolean(const struct json_value *o, const char *key, bool *out)
{
	const struct json_value *v = json_member(o, key);

	if (!v || v->type != JSON_BOOL)
		return error_failed("\"%s\" is not true or false", key);
	*out = v->truth;
	return NULL;
}

/* --- lists of a payload -------------------------------------------------------- */

static struct error *read_fixes_of(struct bundle *b, const struct json_value *o,
				   struct bundle_function *f)
{
	const struct json_value *fixes = NULL;
	const char **names;

	TRY(list(o, "fixes", &fixes));
	names = arena_array(&b->arena, fixes->n ? fixes->n : 1, sizeof(*names));
	if (!names)
		return error_nomem();
	for (size_t i = 0; i < fixes->n; i++)
		TRY_CONTEXT(need_string(&fixes->items[i], &names[i]), "\"fixes\"");
	f->fixes = names;
	f->n_fixes = fixes->n;
	return NULL;
}

/* As long as the old code, of hex digits and dots. */
static struct error *read_code(const struct json_value *o, struct bundle_function *f)
{
	if (!json_member(o, "code"))
		return NULL; /* from before bundles had it */
	TRY(json_need_string_or_null(o, "code", &f->code));
	if (f->code && (strlen(f->code) != 2 * f->old_size ||
			strspn(f->code, "0123456789abcdef.") != 2 * f->old_size))
		return error_failed("\"code\" is not the old code's hex digits");
	for (uint64_t i = 0; f->code && i < 2 * f->old_size; i += 2)
		if ((f->code[i] == '.') != (f->code[i + 1] == '.'))
			return error_failed("\"code\" has half a byte");
	return NULL;
}

static struct error *read_function(struct bundle *b, const struct json_value *o,
				   struct bundle_function *f)
{
	TRY(text(o, "object", &f->object));
	TRY(text(o, "name", &f->name));
	TRY(number(o, "sympos", &f->sympos));
	TRY(text_or_null(o, "file", &f->file));
	TRY(number(o, "line", &f->line));
	TRY(text_or_null(o, "reason", &f->reason));
	TRY(json_need_u64(o, "old_size", INT32_MAX, &f->old_size));
	TRY(json_need_u64(o, "new_size", INT32_MAX, &f->new_size));
	TRY(read_code(o, f));
	return read_fixes_of(b, o, f);
}

static struct error *read_reference(struct bundle *b, const struct json_value *o,
				    struct bundle_reference *r)
{
	(void)b;
	TRY(text(o, "object", &r->object));
	TRY(text(o, "name", &r->name));
	TRY(number(o, "sympos", &r->sympos));
	TRY(text(o, "named", &r->named));
	TRY(hex(o, "address", &r->address));
	TRY(text(o, "proof", &r->proof));
	return number(o, "witnesses", &r->witnesses);
}

static struct error *read_callback(struct bundle *b, const struct json_value *o,
				   struct bundle_callback *c)
{
	(void)b;
	TRY(text(o, "object", &c->object));
	TRY(text(o, "when", &c->when));
	return text(o, "function", &c->function);
}

static struct error *read_state(struct bundle *b, const struct json_value *o,
				struct bundle_state *s)
{
	(void)b;
	TRY(hex(o, "id", &s->id));
	return number(o, "version", &s->version);
}

static struct error *read_override(struct bundle *b, const struct json_value *o,
				   struct bundle_override *v)
{
	(void)b;
	TRY(text(o, "code", &v->code));
	TRY(text(o, "where", &v->where));
	TRY(text(o, "what", &v->what));
	TRY(text(o, "left", &v->left));
	TRY(text(o, "reason", &v->reason));
	TRY(text_or_null(o, "file", &v->file));
	return number(o, "line", &v->line);
}

static struct error *read_name(struct bundle *b, const struct json_value *v, const char **out)
{
	(void)b;
	return need_string(v, out);
}

/* --- provenance ----------------------------------------------------------------- */

static struct error *read_package(struct bundle *b, const struct json_value *o,
				  struct bundle_package *p)
{
	(void)b;
	TRY(text(o, "name", &p->name));
	TRY(text(o, "version", &p->version));
	return text(o, "sha256", &p->sha256);
}

static struct error *read_source(struct bundle *b, const struct json_value *o,
				 struct bundle_source *s)
{
	(void)b;
	TRY(text(o, "path", &s->path));
	TRY(digest(o, "before", &s->before));
	return digest(o, "after", &s->after);
}

static struct error *read_provenance(struct bundle *b, const struct json_value *payload,
				     struct bundle_provenance *p)
{
	const struct json_value *o = NULL;

	TRY(json_need_object(payload, "provenance", &o));
	TRY(digest(o, "config", &p->config));
	TRY(READ_LIST(b, o, "packages", &p->packages, read_package));
	return READ_LIST(b, o, "sources", &p->sources, read_source);
}

/* --- payloads --------------------------------------------------------------------- */

/* Takes the path. */
static struct error *expect_path(const struct json_value *o, char *path)
{
	char *want __free = path;
	const char *said = NULL;

	if (!want)
		return error_nomem();
	TRY(text(o, "path", &said));
	return str_equal(want, said) ? NULL : error_failed("\"path\" is not %s", want);
}

/* One that may be missing: null. Its content is only marked as wanted. */
static struct error *read_file(const struct json_value *payload, const char *key, char *path,
			       struct bundle_file *f)
{
	static const struct strbuf wanted;
	const struct json_value *o = json_member(payload, key);

	if (o && o->type == JSON_NULL) {
		free(path);
		return NULL;
	}
	TRY_CONTEXT(expect_path(o, path), "\"%s\"", key);
	f->content = &wanted;
	return error_context(digest(o, "sha256", &f->digest), "\"%s\"", key);
}

static struct error *read_files(const struct json_value *o, struct bundle_payload *p)
{
	TRY(digest(o, "sha256", &p->digest));
	TRY(expect_path(o, bundle_payload_path(p)));
	TRY(read_file(o, "debug", bundle_debug_path(p), &p->debug));
	return read_file(o, "guard", bundle_guard_path(p), &p->guard);
}

/* Bundles for kernels alone do not say so. */
static struct error *read_kind(const struct json_value *o, struct bundle_payload *p)
{
	const char *kind = NULL;

	if (!json_member(o, "kind"))
		return NULL;
	TRY(text(o, "kind", &kind));
	if (!str_equal(kind, "process"))
		return error_failed("\"kind\" is not known");
	p->process = true;
	TRY(text(o, "file", &p->file));
	TRY(text_or_null(o, "package", &p->package));
	return str_equal(p->release, p->build_id)
		       ? NULL
		       : error_failed("\"release\" is not the file's build-id");
}

static struct error *read_payload(struct bundle *b, const struct json_value *o,
				  struct bundle_payload *p)
{
	TRY(text(o, "target", &p->target));
	TRY(text(o, "release", &p->release));
	TRY(harmless("release", p->release));
	TRY(text(o, "version", &p->version));
	TRY(text(o, "compiler", &p->compiler));
	TRY(text(o, "module", &p->module));
	TRY(harmless("module", p->module));
	TRY(text(o, "build_id", &p->build_id));
	TRY(read_kind(o, p));
	TRY(boolean(o, "replace", &p->replace));
	TRY(read_files(o, p));
	TRY(READ_LIST(b, o, "functions", &p->functions, read_function));
	TRY(READ_LIST(b, o, "references", &p->references, read_reference));
	TRY(READ_LIST(b, o, "callbacks", &p->callbacks, read_callback));
	TRY(READ_LIST(b, o, "states", &p->states, read_state));
	if (json_member(o, "at_load")) /* older bundles have none */
		TRY(READ_LIST(b, o, "at_load", &p->at_load, read_name));
	TRY(READ_LIST(b, o, "overrides", &p->overrides, read_override));
	TRY(READ_LIST(b, o, "notes", &p->notes, read_name));
	return read_provenance(b, o, &p->provenance);
}

/* Into the bundle at once, so that what was read is released with it. */
static struct error *read_payloads(const struct json_value *root, struct bundle *b)
{
	const struct json_value *payloads = NULL;

	TRY(list(root, "payloads", &payloads));
	for (size_t i = 0; i < payloads->n; i++) {
		TRY(vec_push(&b->payloads, (struct bundle_payload){ 0 }));
		TRY_CONTEXT(read_payload(b, &payloads->items[i], &b->payloads.v[i]), "payload %zu",
			    i + 1);
	}
	return NULL;
}

static struct error *read_fix(struct bundle *b, const struct json_value *o, struct bundle_fix *f)
{
	TRY(text(o, "name", &f->name));
	TRY(harmless("name", f->name));
	vec_for_each(&b->fixes, other)
		if (str_equal(other->name, f->name))
			return error_failed("there are two fixes named %s", f->name);
	TRY(text_or_null(o, "title", &f->title));
	TRY(digest(o, "sha256", &f->digest));
	return expect_path(o, bundle_fix_path(f));
}

/* That the name leads nowhere else is the archive's to check: it is looked for there only. */
static struct error *read_part(struct bundle *b, const struct json_value *o, struct bundle_part *p)
{
	TRY(text(o, "name", &p->name));
	vec_for_each(&b->metadata, other)
		if (str_equal(other->name, p->name))
			return error_failed("%s is named twice", p->name);
	return digest(o, "sha256", &p->digest);
}

static struct error *read_root(const struct json_value *root, struct bundle *b)
{
	const char *schema = NULL;

	TRY(text(root, "schema", &schema));
	if (!str_equal(schema, MANIFEST_SCHEMA))
		return error_failed("its schema is not " MANIFEST_SCHEMA);
	TRY(text(root, "name", &b->name));
	TRY(text(root, "tool", &b->tool));
	TRY(bundle_facts_read(root, &b->facts));
	TRY(bundle_facts_check(&b->facts, b->name));
	TRY(watch_terms_read(root, "watch", &b->arena, &b->watch));
	TRY(READ_LIST(b, root, "fixes", &b->fixes, read_fix));
	TRY(READ_LIST(b, root, "metadata", &b->metadata, read_part));
	return read_payloads(root, b);
}

struct error *bundle_manifest_read(const char *json, size_t n, struct bundle *b)
{
	const struct json_value *root = NULL;

	TRY_CONTEXT(json_parse(json, n, &b->arena, &root), MANIFEST_NAME);
	return error_context(read_root(root, b), MANIFEST_NAME);
}
