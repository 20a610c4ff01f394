// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/modules.h"

#include "base/cleanup.h"
#include "base/str.h"

/* A chain of dependencies longer than this goes round. */
#define DEPTH_MAX 64

struct line {
	const char *path, *needs; /* 'needs' runs to 'end' */
	size_t path_length;
	const char *end;
};

static bool same_letter(char a, char b)
{
	return (a == '-' ? '_' : a) == (b == '-' ? '_' : b);
}

/* Is the file "kernel/x/dm-mod.ko.xz" the module "dm_mod"? */
static bool is_module(const char *path, size_t n, const char *name)
{
	const char *base = memrchr(path, '/', n);
	size_t i = 0, left;

	base = base ? base + 1 : path;
	left = n - (size_t)(base - path);
	while (i < left && name[i] && same_letter(base[i], name[i]))
		i++;
	return !name[i] && left - i >= 3 && !memcmp(base + i, ".ko", 3);
}

/* Take the next line off *text. */
static bool next_line(const char **text, struct line *l)
{
	while (**text) {
		const char *at = *text, *end = strchrnul(at, '\n');
		const char *colon = memchr(at, ':', (size_t)(end - at));

		*text = *end ? end + 1 : end;
		if (!colon)
			continue;
		*l = (struct line){ .path = at,
				    .path_length = (size_t)(colon - at),
				    .needs = colon + 1,
				    .end = end };
		return true;
	}
	return false;
}

static bool find_path(const char *dep, const char *path, size_t n, struct line *l)
{
	while (next_line(&dep, l))
		if (l->path_length == n && !memcmp(l->path, path, n))
			return true;
	return false;
}

static bool find_name(const char *dep, const char *name, struct line *l)
{
	while (next_line(&dep, l))
		if (is_module(l->path, l->path_length, name))
			return true;
	return false;
}

static bool listed(const struct module_list *list, const char *path, size_t n)
{
	for (size_t i = 0; i < list->paths.n; i++)
		if (strlen(list->paths.v[i]) == n && !memcmp(list->paths.v[i], path, n))
			return true;
	return false;
}

static struct error *add(const char *dep, const struct line *l, struct module_list *list,
			 unsigned int depth)
{
	const char *at = l->needs;
	char *path;

	if (listed(list, l->path, l->path_length))
		return NULL;
	if (depth > DEPTH_MAX)
		return error_failed("modules.dep: %.*s needs itself", (int)l->path_length, l->path);
	while (at < l->end) {
		size_t n = strcspn(at, " \t\n");
		struct line needed;

		if (!n) {
			at++;
			continue;
		}
		if (!find_path(dep, at, n, &needed))
			return error_failed("modules.dep: %.*s needs %.*s, which has no line",
					    (int)l->path_length, l->path, (int)n, at);
		TRY(add(dep, &needed, list, depth + 1));
		at += n;
	}
	path = arena_alloc(&list->arena, l->path_length + 1);
	if (!path)
		return error_nomem();
	memcpy(path, l->path, l->path_length);
	return vec_push(&list->paths, path);
}

struct error *modules_order(const char *dep, const char *name, struct module_list *list)
{
	struct line l;

	if (!find_name(dep, name, &l))
		return error_failed("the kernel has no module %s", name);
	return add(dep, &l, list, 0);
}

void module_list_free(struct module_list *list)
{
	vec_free(&list->paths);
	arena_free(&list->arena);
}
