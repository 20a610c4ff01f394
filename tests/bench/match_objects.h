/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects for the matcher's bench: a reproducible choice of a target's units, compiled once and
 * kept beside the targets. The choice is by the SHA-1 of the source's path, in that order, of
 * those that begin with 0 to 7.
 */
#ifndef SUTURE_TESTS_MATCH_OBJECTS_H
#define SUTURE_TESTS_MATCH_OBJECTS_H

#include <openssl/sha.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/subprocess.h"
#include "source/command.h"
#include "source/object_cache.h"
#include "source/target.h"
#include "source/unit_table.h"

struct chosen {
	const struct table_unit *unit;
	unsigned char digest[SHA_DIGEST_LENGTH];
	char *object; /* compiled; NULL if it does not compile */
	char *owner;  /* the module file, or "vmlinux" */
};

struct choice {
	VEC(struct chosen) list;
};

static void choice_free(struct choice *c)
{
	vec_for_each(&c->list, it) {
		free(it->object);
		free(it->owner);
	}
	vec_free(&c->list);
}
#define __cleanup_choice __cleanup(choice_free)

static int compare_digests(const void *a, const void *b)
{
	const struct chosen *x = a, *y = b;

	return memcmp(x->digest, y->digest, sizeof(x->digest));
}

/* Programs of their own: what is compiled there is no part of the running kernel. */
static bool is_elsewhere(const char *source)
{
	return strstr(source, "/vdso/") || strstr(source, "/libstub/") ||
	       strstr(source, "/boot/") || strstr(source, "/realmode/") ||
	       strstr(source, "/purgatory/");
}

/* A part of vmlinux (modfile NULL) or of one module. */
static struct error *choose(const struct target *t, const struct unit_table *table,
			    size_t n_built_in, size_t n_in_modules, struct choice *out)
{
	size_t kept = 0, want[2] = { n_built_in, n_in_modules };

	vec_for_each(&table->units, u) {
		struct chosen c = { .unit = u };

		SHA1((const unsigned char *)u->source, strlen(u->source), c.digest);
		if (c.digest[0] < 0x80 && !is_elsewhere(u->source) &&
		    !(u->modfile && strchr(u->modfile, ' ')))
			TRY(vec_push(&out->list, c));
	}
	vec_sort(&out->list, compare_digests);
	vec_for_each(&out->list, c) {
		bool module = c->unit->modfile;

		if (!want[module])
			continue;
		want[module]--;
		if (module)
			TRY(target_module_file(t->modules, c->unit->modfile, &c->owner));
		else
			c->owner = strdup("vmlinux");
		if (!c->owner)
			return error_failed("%s has no file", module ? c->unit->modfile : "memory");
		out->list.v[kept++] = *c;
	}
	out->list.n = kept;
	return NULL;
}

/* --- compiling --------------------------------------------------------------------------- */

struct compilation {
	struct command command;
	struct arena arena;
	const char **compile, **objtool;
	char *path;
	struct strbuf said;
};

static struct error *prepare(const struct target *t, struct compilation *c, const char *text,
			     const char *flag)
{
	size_t n = 0;

	TRY(command_parse(text, &c->command));
	TRY(command_retarget(&c->command, c->path, "/dev/null", t->tree, &c->arena, &c->compile));
	TRY(command_objtool(&c->command, c->path, &c->arena, &c->objtool));
	if (!flag)
		return NULL;
	while (c->compile[n])
		n++;
	text = (const char *)c->compile;
	c->compile = arena_array(&c->arena, n + 2, sizeof(*c->compile));
	if (!c->compile)
		return error_nomem();
	memcpy(c->compile, text, n * sizeof(*c->compile));
	c->compile[n] = flag;
	return NULL;
}

static struct error *run_step(const struct target *t, struct compilation *c, size_t n, bool objtool)
{
	static const char *const env[] = { "LC_ALL=C", "SRCARCH=x86", NULL };
	struct subprocess *p __free = calloc(n + 1, sizeof(*p));
	size_t *which __free = calloc(n + 1, sizeof(*which)), k = 0;

	if (!p || !which)
		return error_nomem();
	for (size_t i = 0; i < n; i++) {
		if (!c[i].path || !(objtool ? c[i].objtool : c[i].compile))
			continue;
		which[k] = i;
		p[k++] = (struct subprocess){ .argv = objtool ? c[i].objtool : c[i].compile,
					      .cwd = t->tree,
					      .env = env,
					      .clear_env = true,
					      .out = &c[i].said,
					      .err = &c[i].said };
	}
	TRY(subprocess_run_all(p, k, 0));
	for (size_t i = 0; i < k; i++) {
		struct compilation *one = &c[which[i]];

		if (!p[i].status)
			continue;
		log_warn("%s: %.300s", one->path, strbuf_str(&one->said));
		free(one->path);
		one->path = NULL;
	}
	return NULL;
}

static void compilations_free(struct compilation *c, size_t n)
{
	for (size_t i = 0; c && i < n; i++) {
		command_free(&c[i].command);
		arena_free(&c[i].arena);
		strbuf_free(&c[i].said);
		free(c[i].path);
	}
	free(c);
}

static struct error *compile_missing(const struct target *t, const char *scratch, const char *flag,
				     struct choice *choice, struct compilation *c)
{
	size_t n = choice->list.n;
	const char **objects __free = calloc(n + 1, sizeof(*objects));
	char **commands __free = calloc(n + 1, sizeof(*commands));
	struct error *e = NULL;

	if (!objects || !commands)
		return error_nomem();
	for (size_t i = 0; i < n; i++)
		objects[i] = choice->list.v[i].unit->object;
	TRY(cached_commands(t, scratch, objects, n, commands));
	for (size_t i = 0; !e && i < n; i++) {
		c[i].path = str_printf("%s/%zu.o", scratch, i);
		e = c[i].path ? prepare(t, &c[i], commands[i], flag) : error_nomem();
		free(commands[i]);
	}
	if (!e)
		e = run_step(t, c, n, false);
	return e ? e : run_step(t, c, n, true);
}

/* Compile what is not there yet, with one more flag or none. 'variant' names the folder. */
static struct error *compile_all(const struct target *t, const char *variant, const char *flag,
				 struct choice *choice)
{
	struct choice missing = { 0 };
	struct tmpdir scratch __cleanup_tmpdir = { 0 };
	char *cache __free = NULL, *dir __free = NULL;
	struct compilation *c;
	struct error *e;
	size_t n = 0;

	TRY(cache_dir(&cache));
	dir = str_printf("%s/bench/%s/%s%s", cache, t->release, t->version, variant);
	if (!dir)
		return error_nomem();
	TRY(dir_make(dir));
	vec_for_each(&choice->list, it) {
		it->object = str_printf("%s/%s", dir, it->unit->source);
		if (!it->object)
			return error_nomem();
		for (char *s = it->object + strlen(dir) + 1; *s; s++)
			*s = *s == '/' ? '!' : *s;
		it->object[strlen(it->object) - 1] = 'o';
		if (!file_exists(it->object))
			TRY(vec_push(&missing.list, *it));
	}
	c = calloc(missing.list.n + 1, sizeof(*c));
	if (!c)
		return error_nomem();
	if (missing.list.n)
		progress_step("compiling %zu objects of %s%s", missing.list.n, t->name, variant);
	e = tmpdir_make(dir, &scratch);
	if (!e && missing.list.n)
		e = compile_missing(t, scratch.path, flag, &missing, c);
	for (; !e && n < missing.list.n; n++)
		if (c[n].path && rename(c[n].path, missing.list.v[n].object))
			e = error_failed("%s cannot be kept", missing.list.v[n].object);
	progress_done();
	compilations_free(c, missing.list.n);
	vec_free(&missing.list);
	vec_for_each(&choice->list, it) {
		if (!file_exists(it->object)) {
			free(it->object);
			it->object = NULL;
		}
	}
	return e;
}

#endif
