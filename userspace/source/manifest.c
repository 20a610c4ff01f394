// SPDX-License-Identifier: GPL-2.0-or-later
/* target.json: written last, so a target that has one is whole. */
#include "source/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/json_read.h"
#include "source/toolchain.h"

#define MOST (1ull << 53)

static struct error *get_string(const struct json_value *o, const char *key, char **out)
{
	const char *s;

	TRY(json_need_string(o, key, &s));
	*out = strdup(s);
	return *out ? NULL : error_nomem();
}

static struct error *get_optional(const struct json_value *o, const char *key, char **out)
{
	return json_member(o, key) ? get_string(o, key, out) : NULL;
}

static void target_package_free(struct target_package *p)
{
	free(p->name);
	free(p->version);
	free(p->sha256);
	*p = (struct target_package){ 0 };
}

void target_packages_free(struct target_packages *list)
{
	vec_for_each(list, it)
		target_package_free(it);
	vec_free(list);
}

struct error *target_packages_add(struct target_packages *list, const struct package *p)
{
	struct target_package r __cleanup(target_package_free) = { strdup(p->name),
								   strdup(p->version),
								   strdup(p->sha256), p->size };

	if (!r.name || !r.version || !r.sha256)
		return error_nomem();
	TRY(vec_push(list, r));
	r = (struct target_package){ 0 };
	return NULL;
}

static struct error *get_package(const struct json_value *o, struct target_packages *list)
{
	struct target_package p __cleanup(target_package_free) = { 0 };

	TRY(get_string(o, "name", &p.name));
	TRY(get_string(o, "version", &p.version));
	TRY(get_string(o, "sha256", &p.sha256));
	TRY(json_need_u64(o, "size", MOST, &p.size));
	TRY(vec_push(list, p));
	p = (struct target_package){ 0 };
	return NULL;
}

struct error *target_packages_read(const struct json_value *o, struct target_packages *out)
{
	const struct json_value *packages;

	TRY(json_need_list(o, "packages", &packages));
	for (size_t i = 0; i < packages->n; i++)
		TRY(get_package(&packages->items[i], out));
	return NULL;
}

void target_packages_json(const struct target_packages *list, struct json *j, const char *key)
{
	json_array(j, key);
	vec_for_each(list, p) {
		json_object(j, NULL);
		json_string(j, "name", p->name);
		json_string(j, "version", p->version);
		json_string(j, "sha256", p->sha256);
		json_u64(j, "size", p->size);
		json_end(j);
	}
	json_end(j);
}

/* The toolchain of its own, if it has one. */
static struct error *get_toolchain(const struct json_value *o, struct target *t)
{
	const struct json_value *toolchain = json_member(o, "toolchain");
	const char *name;

	if (!toolchain)
		return NULL;
	TRY(json_need_string(toolchain, "name", &name));
	TRY(toolchain_open(name, t->dir, false, &t->toolchain));
	return t->kernel ? toolchain_see(t->toolchain, t->kernel) : NULL;
}

static struct error *get_all(const struct json_value *o, struct target *t)
{
	const struct json_value *seconds = json_member(o, "seconds");
	uint64_t schema;

	TRY(json_need_u64(o, "schema", MOST, &schema));
	if (schema != MANIFEST_SCHEMA)
		return error_failed("it was made by another version of suture (schema %llu)",
				    (unsigned long long)schema);
	TRY(get_string(o, "target", &t->name));
	TRY(get_string(o, "release", &t->release));
	TRY(get_string(o, "version", &t->version));
	TRY(get_optional(o, "source", &t->source));
	TRY(get_optional(o, "build", &t->build));
	TRY(get_optional(o, "kernel", &t->kernel));
	TRY(get_optional(o, "folder", &t->folder));
	TRY(get_string(o, "compiler", &t->compiler));
	TRY(get_string(o, "compiler_version", &t->compiler_text));
	TRY(json_need_u64(o, "symbols", MOST, &t->n_symbols));
	TRY(json_need_u64(o, "modules", MOST, &t->n_modules));
	TRY(json_need_u64(o, "units", MOST, &t->n_units));
	TRY(json_need_u64(o, "bytes", MOST, &t->bytes));
	t->seconds = seconds ? seconds->number : 0;
	TRY(get_toolchain(o, t));
	return target_packages_read(o, &t->packages);
}

static struct error *make_path(const char *dir, const char *name, char **out)
{
	*out = str_printf("%s/%s", dir, name);
	return *out ? NULL : error_nomem();
}

struct error *manifest_read(struct target *t)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct arena arena __cleanup(arena_free) = { 0 };
	const struct json_value *o;
	char *path __free = NULL;

	TRY(make_path(t->dir, "target.json", &path));
	TRY(file_read(path, &text));
	TRY_CONTEXT(json_parse(strbuf_str(&text), text.n, &arena, &o), "%s", path);
	TRY_CONTEXT(get_all(o, t), "%s", path);
	TRY(make_path(t->dir, "tree", &t->tree));
	TRY(make_path(t->dir, "image", &t->image));
	TRY(make_path(t->dir, "vmlinuz", &t->vmlinuz));
	return make_path(t->dir, "modules", &t->modules);
}

void target_json(const struct target *t, struct json *j, const char *key)
{
	json_object(j, key);
	json_u64(j, "schema", MANIFEST_SCHEMA);
	json_string(j, "target", t->name);
	json_string(j, "release", t->release);
	json_string(j, "version", t->version);
	if (t->source)
		json_string(j, "source", t->source);
	if (t->build)
		json_string(j, "build", t->build);
	if (t->kernel)
		json_string(j, "kernel", t->kernel);
	if (t->folder)
		json_string(j, "folder", t->folder);
	json_string(j, "compiler", t->compiler);
	json_string(j, "compiler_version", t->compiler_text);
	json_u64(j, "symbols", t->n_symbols);
	json_u64(j, "modules", t->n_modules);
	json_u64(j, "units", t->n_units);
	json_u64(j, "bytes", t->bytes);
	json_double(j, "seconds", t->seconds);
	json_string(j, "path", t->dir);
	target_packages_json(&t->packages, j, "packages");
	if (t->toolchain) {
		json_object(j, "toolchain");
		json_string(j, "name", t->toolchain->name);
		target_packages_json(&t->toolchain->packages, j, "packages");
		json_end(j);
	}
	json_end(j);
}

struct error *manifest_write(const struct target *t, const char *dir)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct json j = json_begin(&text);
	char *path __free = NULL;

	target_json(t, &j, NULL);
	TRY(json_finish(&j));
	TRY(make_path(dir, "target.json", &path));
	return file_write(path, text.s, text.n, 0644);
}
