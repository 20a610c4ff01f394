// SPDX-License-Identifier: GPL-2.0-or-later
/* From modules.dep(5), "PATH: PATH...", and what modpost writes into .modinfo: "depends=a,b". */
#include "source/module_info.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "base/vec.h"
#include "elf/object.h"

struct error *module_info(const char *path, const char *key, char **out)
{
	struct object *o __cleanup_object = NULL;
	const struct section *s;
	size_t k = strlen(key);

	*out = NULL;
	TRY(object_read(path, &o));
	s = object_section(o, ".modinfo");
	for (uint64_t at = 0, n; s && s->bytes && at < s->size; at += n + 1) {
		const char *entry = (const char *)s->bytes + at;

		n = strnlen(entry, s->size - at);
		if (n <= k || memcmp(entry, key, k) != 0 || entry[k] != '=')
			continue;
		*out = strndup(entry + k + 1, n - k - 1);
		return *out ? NULL : error_nomem();
	}
	return NULL;
}

/* --- modules.dep ----------------------------------------------------------------------- */

struct modules {
	struct strbuf others; /* lines of modules.dep */
	VEC(char *) own;      /* paths below dir */
};

static void modules_free(struct modules *m)
{
	strbuf_free(&m->others);
	vec_for_each(&m->own, it)
		free(*it);
	vec_free(&m->own);
}

/* Is "kernel/x/dm-mod.ko.xz" (n characters) the module "dm_mod"? */
static bool is_module(const char *path, size_t n, const char *name, size_t length)
{
	const char *slash = memrchr(path, '/', n), *base = slash ? slash + 1 : path;
	size_t left = n - (size_t)(base - path);

	if (left < length + 3 || strncmp(base + length, ".ko", 3) != 0)
		return false;
	for (size_t i = 0; i < length; i++)
		if (base[i] != name[i] && !(base[i] == '-' && name[i] == '_'))
			return false;
	return true;
}

/* The module's path, NULL if it is in none of them: then it is a part of vmlinux. */
static const char *find(const struct modules *m, const char *name, size_t length, size_t *n)
{
	for (const char *l = strbuf_str(&m->others); *l; l += strcspn(l, "\n"), l += *l == '\n') {
		*n = strcspn(l, ":\n");
		if (is_module(l, *n, name, length))
			return l;
	}
	vec_for_each(&m->own, it) {
		*n = strlen(*it);
		if (is_module(*it, *n, name, length))
			return *it;
	}
	return NULL;
}

static struct error *add_line(const struct modules *m, const char *dir, const char *path,
			      struct strbuf *out)
{
	char *file __free = str_printf("%s/%s", dir, path), *depends __free = NULL;
	size_t k;

	if (!file)
		return error_nomem();
	TRY(module_info(file, "depends", &depends));
	TRY(strbuf_printf(out, "%s:", path));
	for (const char *name = depends ? depends : ""; *name; name += k + (name[k] == ',')) {
		const char *found;
		size_t n;

		k = strcspn(name, ",");
		found = find(m, name, k, &n);
		if (found)
			TRY(strbuf_printf(out, " %.*s", (int)n, found));
	}
	return strbuf_puts(out, "\n");
}

static void close_fts(FTS **f)
{
	if (*f)
		fts_close(*f);
	*f = NULL;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static struct error *find_own(const char *dir, const char *folder, struct modules *m)
{
	char *top __free = str_printf("%s/kernel/%s", dir, folder);
	char *const roots[] = { top, NULL };
	FTS *walk __cleanup(close_fts) = NULL;
	FTSENT *ent;

	if (!top)
		return error_nomem();
	walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	if (!walk)
		return error_errno(errno, "reading %s", top);
	while ((ent = fts_read(walk))) {
		char *path __free = NULL;

		if (ent->fts_info != FTS_F || !str_ends(ent->fts_name, ".ko"))
			continue;
		path = strdup(ent->fts_path + strlen(dir) + 1);
		if (!path)
			return error_nomem();
		TRY(vec_push(&m->own, path));
		path = NULL;
	}
	return NULL;
}

struct error *module_info_index(const char *dir, const char *folder, const char *others)
{
	struct modules m __cleanup(modules_free) = { 0 };
	struct strbuf out __cleanup_strbuf = { 0 };
	char *path __free = str_printf("%s/modules.dep", dir);

	if (!path)
		return error_nomem();
	if (file_exists(others))
		TRY(file_read(others, &m.others));
	TRY(find_own(dir, folder, &m));
	TRY(strbuf_puts(&out, strbuf_str(&m.others)));
	vec_for_each(&m.own, it)
		TRY(add_line(&m, dir, *it, &out));
	return file_write(path, strbuf_str(&out), out.n, 0644);
}
