// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/live.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"

#define LIVEPATCH "/sys/kernel/livepatch"

/* One character of an attribute; 0 where the patch goes while we look, or has no such. */
static struct error *read_flag(const char *patch, const char *name, char *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	char *path __free = str_printf(LIVEPATCH "/%s/%s", patch, name);
	struct error *e;

	*out = '\0';
	if (!path)
		return error_nomem();
	e = file_read(path, &text);
	if (error_code(e) == ENOENT || error_code(e) == ENODEV)
		error_free(&e);
	*out = strbuf_str(&text)[0];
	return e;
}

struct error *live_flags_read(const char *patch, struct live_flags *out)
{
	char *dir __free = str_printf(LIVEPATCH "/%s", patch);
	char enabled, transition;

	*out = (struct live_flags){ 0 };
	if (!dir)
		return error_nomem();
	if (!file_is_dir(dir))
		return NULL;
	TRY(read_flag(patch, "enabled", &enabled));
	TRY(read_flag(patch, "transition", &transition));
	*out = (struct live_flags){ enabled != '\0', enabled == '1', transition == '1' };
	return NULL;
}

/* "NAME,POS" */
static struct error *add_function(struct live_patches *l, struct live_patch *p, const char *object,
				  const char *entry)
{
	const char *comma = strrchr(entry, ',');
	struct live_function f = { .object = object };

	if (!comma)
		return NULL;
	f.name = arena_printf(&l->arena, "%.*s", (int)(comma - entry), entry);
	f.sympos = (unsigned int)strtoul(comma + 1, NULL, 10);
	return f.name ? vec_push(&p->functions, f) : error_nomem();
}

static struct error *read_object(struct live_patches *l, struct live_patch *p, const char *name)
{
	char *path __free = str_printf(LIVEPATCH "/%s/%s", p->name, name);
	const char *object = arena_strdup(&l->arena, name);
	struct error *e = NULL;
	struct dirent *ent;
	DIR *d;

	if (!path || !object)
		return error_nomem();
	d = opendir(path);
	while (d && !e && (ent = readdir(d)))
		if (ent->d_type == DT_DIR && ent->d_name[0] != '.')
			e = add_function(l, p, object, ent->d_name);
	if (d)
		closedir(d);
	return e;
}

static struct error *read_objects(struct live_patches *l, struct live_patch *p)
{
	char *path __free = str_printf(LIVEPATCH "/%s", p->name);
	struct error *e = NULL;
	struct dirent *ent;
	DIR *d;

	if (!path)
		return error_nomem();
	d = opendir(path);
	while (d && !e && (ent = readdir(d)))
		if (ent->d_type == DT_DIR && ent->d_name[0] != '.')
			e = read_object(l, p, ent->d_name);
	if (d)
		closedir(d);
	return e;
}

static struct error *add_patch(struct live_patches *l, const char *name)
{
	struct live_patch p = { .name = arena_strdup(&l->arena, name) };
	char enabled, transition, replace;
	struct error *e;

	if (!p.name)
		return error_nomem();
	TRY(read_flag(name, "enabled", &enabled));
	if (!enabled)
		return NULL; /* it went */
	TRY(read_flag(name, "transition", &transition));
	TRY(read_flag(name, "replace", &replace));
	p.enabled = enabled == '1';
	p.transition = transition == '1';
	p.replace_known = replace != '\0';
	p.replace = replace == '1';
	e = read_objects(l, &p);
	if (!e)
		e = vec_push(&l->patches, p);
	if (e)
		vec_free(&p.functions);
	return e;
}

static int by_order(const void *a, const void *b)
{
	const struct live_patch *p = a, *q = b;

	return p->order != q->order ? (p->order < q->order ? -1 : 1) : strcmp(p->name, q->name);
}

struct error *live_modules_parse(const char *text, struct arena *a, struct live_names *out)
{
	/* The kernel puts the newest at the head of its list. */
	while (*text) {
		const char *end = strchrnul(text, '\n'), *name;

		name = arena_printf(a, "%.*s", (int)strcspn(text, " \n"), text);
		if (!name)
			return error_nomem();
		if (*name)
			TRY(vec_push(&out->v, name));
		text = *end ? end + 1 : end;
	}
	for (size_t i = 0; i < out->v.n / 2; i++) {
		const char *first = out->v.v[i];

		out->v.v[i] = out->v.v[out->v.n - 1 - i];
		out->v.v[out->v.n - 1 - i] = first;
	}
	return NULL;
}

static struct error *put_in_order(struct live_patches *l)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct live_names names = { 0 };
	struct error *e;

	TRY(file_read("/proc/modules", &text));
	e = live_modules_parse(strbuf_str(&text), &l->arena, &names);
	for (size_t i = 0; !e && i < names.v.n; i++)
		vec_for_each(&l->patches, p)
			if (str_equal(p->name, names.v.v[i]))
				p->order = (unsigned int)i + 1;
	vec_free(&names.v);
	vec_sort(&l->patches, by_order);
	for (size_t i = 0; i < l->patches.n; i++)
		l->patches.v[i].order = l->patches.v[i].order ? (unsigned int)i + 1 : 0;
	return e;
}

struct error *live_patches_read(struct live_patches *out)
{
	struct live_patches l __cleanup_live = { 0 };
	struct error *e = NULL;
	struct dirent *ent;
	DIR *d = opendir(LIVEPATCH);

	if (!d && errno != ENOENT)
		return error_errno(errno, LIVEPATCH);
	l.supported = d;
	while (d && !e && (ent = readdir(d)))
		if (ent->d_name[0] != '.')
			e = add_patch(&l, ent->d_name);
	if (d)
		closedir(d);
	if (!e && l.patches.n)
		e = put_in_order(&l);
	if (e)
		return error_context(e, "reading the kernel's livepatches");
	*out = l;
	l = (struct live_patches){ 0 };
	return NULL;
}

void live_patches_free(struct live_patches *l)
{
	vec_for_each(&l->patches, p)
		vec_free(&p->functions);
	vec_free(&l->patches);
	arena_free(&l->arena);
}

const struct live_patch *live_patch_find(const struct live_patches *l, const char *name)
{
	vec_for_each(&l->patches, p)
		if (str_equal(p->name, name))
			return p;
	return NULL;
}

bool live_patch_has(const struct live_patch *p, const char *object, const char *name,
		    unsigned int sympos)
{
	vec_for_each(&p->functions, f)
		if (f->sympos == (sympos ? sympos : 1) && str_equal(f->name, name) &&
		    str_equal(f->object, object))
			return true;
	return false;
}

const struct live_patch *live_patch_in_transition(const struct live_patches *l)
{
	vec_for_each(&l->patches, p)
		if (p->transition)
			return p;
	return NULL;
}

bool live_module_present(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", name);
	return file_exists(path);
}

int live_module_users(const char *name)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct error *e __cleanup_error = NULL;
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	e = file_read(path, &text);
	return e ? -1 : atoi(strbuf_str(&text));
}
