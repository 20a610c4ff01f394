// SPDX-License-Identifier: GPL-2.0-or-later
/* From touched files to all that may read them, backwards through the index. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "source/include_index.h"
#include "source/include_survey.h"

void include_reach_free(struct include_reach *r)
{
	free(r->files);
	r->files = NULL;
	vec_free(&r->ways);
	vec_free(&r->inputs);
	arena_free(&r->arena);
}

struct search {
	const struct include_index *index;
	struct include_reach *reach;
	VEC(const char *) todo; /* paths whose includers are not looked up yet */
	const char *const *roots;
	size_t n_roots;
};

static void search_free(struct search *s)
{
	vec_free(&s->todo);
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Is 'name' the path, or its last parts? */
static bool is_end_of(const char *name, const char *path)
{
	size_t n = strlen(name), m = strlen(path);

	return n <= m && str_equal(path + m - n, name) && (n == m || path[m - n - 1] == '/');
}

static struct error *mark(struct search *s, uint32_t number)
{
	if (s->reach->files[number])
		return NULL;
	s->reach->files[number] = true;
	return vec_push(&s->todo, s->index->files.v[number].path);
}

/* What a makefile includes before everything else is part of all that is compiled below it. */
static struct error *mark_below(struct search *s, const char *makefile)
{
	size_t n = (size_t)(base_of(makefile) - makefile);

	if (str_starts(makefile, "scripts/"))
		n = 0;
	for (uint32_t i = 0; i < s->index->files.n; i++) {
		const char *path = s->index->files.v[i].path;

		if (!strncmp(path, makefile, n) && (str_ends(path, ".c") || str_ends(path, ".S")))
			TRY(mark(s, i));
	}
	return NULL;
}

/* The path of a name beside its includer, from the tree's root, as spelled. */
static char *beside(struct search *s, const char *includer, const char *spelled)
{
	return arena_printf(&s->reach->arena, "%.*s%s", (int)(base_of(includer) - includer),
			    includer, spelled);
}

/*
 * Where kbuild lets all kernel code look first, in this order (LINUXINCLUDE in the top makefile,
 * used by scripts/Makefile.lib before the flags of a folder or an object).
 */
static const char *const searched_first[] = {
	"arch/x86/include",	 "arch/x86/include/generated",	    "include",
	"arch/x86/include/uapi", "arch/x86/include/generated/uapi", "include/uapi",
	"include/generated/uapi"
};

static bool exists(const struct search *s, const char *path)
{
	return hash_get(&s->index->by_path, path);
}

/* The file that the name means wherever it is included; NULL in *out: it depends. */
static struct error *found_first(struct search *s, const char *spelled, const char **out)
{
	*out = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(searched_first) && !*out; i++) {
		char *path = arena_printf(&s->reach->arena, "%s/%s", searched_first[i], spelled);

		if (!path)
			return error_nomem();
		path_normalise(path);
		if (exists(s, path))
			*out = path;
	}
	return NULL;
}

/* May this includer mean that path by the name? *way: how it is spelled there. */
static struct error *may_mean(struct search *s, const struct include_name *name,
			      const char *includer, const char *path, bool *out, char **way)
{
	const char *first;
	char *there;

	*out = true;
	*way = NULL;
	if (name->kind != INCLUDE_QUOTED && name->kind != INCLUDE_ANGLED)
		return NULL;
	if (name->kind == INCLUDE_QUOTED) {
		*way = beside(s, includer, name->spelled);
		there = *way ? arena_strdup(&s->reach->arena, *way) : NULL;
		if (!there)
			return error_nomem();
		path_normalise(there);
		*out = str_equal(there, path) || !exists(s, there);
		if (exists(s, there))
			return NULL;
	}
	/* A new file may be found before those that are there. */
	if (!exists(s, path))
		return NULL;
	TRY(found_first(s, name->spelled, &first));
	*out = !first || str_equal(first, path);
	return NULL;
}

/* Generators read the file alone, not what includes it. Lists of headers for userspace only copy.
 */
static struct error *take_input(struct search *s, const char *path, const char *makefile)
{
	if (str_starts(makefile, "include/") || str_starts(makefile, "tools/"))
		return NULL;
	for (size_t i = 0; i < s->n_roots; i++)
		if (str_equal(s->roots[i], path))
			return vec_push(&s->reach->inputs,
					(struct include_input){ s->roots[i], makefile });
	return NULL;
}

static struct error *take_includer(struct search *s, const struct include_name *name,
				   uint32_t number, const char *path)
{
	const char *includer = s->index->files.v[number].path;
	char *way;
	bool is;

	if (name->kind == INCLUDE_INPUT)
		return take_input(s, path, includer);
	if (name->kind == INCLUDE_PRE)
		return mark_below(s, includer);
	TRY(may_mean(s, name, includer, path, &is, &way));
	if (!is)
		return NULL;
	if (way && strstr(way, "../"))
		TRY(vec_push(&s->reach->ways, way));
	return mark(s, number);
}

static struct error *take_path(struct search *s, const char *path)
{
	const struct include_index *x = s->index;
	uint64_t *first = hash_get(&x->by_base, base_of(path));

	for (uint32_t k = first ? (uint32_t)*first : 0; k; k = x->names.v[k].next) {
		const struct include_name *name = &x->names.v[k];

		if (!strchr("qanpm", (char)name->kind) || !is_end_of(name->plain, path))
			continue;
		for (uint32_t i = 0; i < name->n; i++)
			TRY(take_includer(s, name, x->includers.v[name->first + i], path));
	}
	return NULL;
}

/* Names with a '*', in makefiles. */
static struct error *take_patterns(struct search *s, const char *path)
{
	const struct include_index *x = s->index;
	char *rooted = arena_printf(&s->reach->arena, "/%s", path);

	if (!rooted)
		return error_nomem();
	for (uint32_t k = 1; k < x->names.n; k++) {
		const struct include_name *name = &x->names.v[k];
		char *pattern;

		if (name->kind != INCLUDE_INPUT || !strchr(name->plain, '*'))
			continue;
		pattern = arena_printf(&s->reach->arena, "*/%s", name->plain);
		if (!pattern)
			return error_nomem();
		if (!fnmatch(pattern, rooted, 0))
			TRY(take_includer(s, name, x->includers.v[name->first], path));
	}
	return NULL;
}

/* Is it known what the macro stands for, wherever it is defined? Then that is in the index. */
static bool is_defined(const struct include_index *x, const char *macro)
{
	uint64_t *first = hash_get(&x->by_base, macro);

	for (uint32_t k = first ? (uint32_t)*first : 0; k; k = x->names.v[k].next)
		if (x->names.v[k].kind == INCLUDE_DEFINED)
			return true;
	/* Of the configuration, which is defined in autoconf.h or not at all. */
	return str_starts(macro, "CONFIG_");
}

/* Who includes what nobody knows may include anything. */
static struct error *mark_unknown(struct search *s)
{
	const struct include_index *x = s->index;

	vec_for_each(&x->names, name) {
		if (name->kind != INCLUDE_COMPUTED || is_defined(x, name->spelled))
			continue;
		for (uint32_t i = 0; i < name->n; i++)
			TRY(mark(s, x->includers.v[name->first + i]));
	}
	return NULL;
}

static struct error *search(struct search *s, const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t *number = hash_get(&s->index->by_path, paths[i]);

		if (number)
			TRY(mark(s, (uint32_t)*number));
		else
			TRY(vec_push(&s->todo, paths[i]));
		TRY(take_patterns(s, paths[i]));
	}
	TRY(mark_unknown(s));
	while (s->todo.n)
		TRY(take_path(s, s->todo.v[--s->todo.n]));
	return NULL;
}

struct error *include_index_reach(const struct include_index *x, const char *const *paths, size_t n,
				  struct include_reach *out)
{
	struct include_reach r __cleanup_include_reach = { 0 };
	struct search s __cleanup(
		search_free) = { .index = x, .reach = &r, .roots = paths, .n_roots = n };

	r.files = calloc(x->files.n + 1, sizeof(*r.files));
	if (!r.files)
		return error_nomem();
	TRY(search(&s, paths, n));
	*out = r;
	r = (struct include_reach){ 0 };
	return NULL;
}
