// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The workspace is one temporary folder: shadow/ (the tree with the fix), before/ and after/
 * (the objects), scratch/ (the compilers' own files). It goes with workspace_free().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/progress.h"
#include "source/build_pair.h"
#include "source/compile.h"
#include "source/extra_header.h"
#include "source/include_survey.h"
#include "source/object_cache.h"
#include "source/touched.h"

/* What the steps below hand on to one another. */
struct plan {
	const struct target *target;
	struct workspace *ws;
	struct diff diff;
	VEC(struct shadow_file) files; /* texts are strbufs' */
	VEC(struct strbuf) texts;
	struct unit_table table;
	struct unit_list list;
	char **commands;
	char *shadow, *scratch;
	struct arena arena;
};

static void plan_free(struct plan *p)
{
	vec_for_each(&p->texts, t)
		strbuf_free(t);
	vec_free(&p->texts);
	vec_free(&p->files);
	for (size_t i = 0; p->commands && i < p->list.list.n; i++)
		free(p->commands[i]);
	free(p->commands);
	vec_free(&p->list.list);
	unit_table_close(&p->table);
	diff_free(&p->diff);
	free(p->shadow);
	free(p->scratch);
	arena_free(&p->arena);
}

static void unit_clear(struct unit *u)
{
	free(u->source);
	free(u->object);
	free(u->module);
	free(u->module_path);
	free(u->before);
	free(u->after);
	free(u->command);
	*u = (struct unit){ 0 };
}

void workspace_free(struct workspace **w)
{
	struct workspace *ws = *w;

	if (!ws)
		return;
	vec_for_each(&ws->units, u)
		unit_clear(u);
	vec_free(&ws->units);
	vec_for_each(&ws->ignored, it)
		free(*it);
	vec_free(&ws->ignored);
	if (ws->private)
		tmpdir_remove(ws->private);
	free(ws->private);
	free(ws);
	*w = NULL;
}

static struct error *ignore(struct workspace *ws, const char *path)
{
	char *copy __free = strdup(path);

	if (!copy)
		return error_nomem();
	log_info("not part of this kernel, left out: %s", path);
	TRY(vec_push(&ws->ignored, copy));
	copy = NULL;
	return NULL;
}

/* One file of the diff: patched in memory, its units noted. */
static struct error *take_file(struct plan *p, const struct diff_file *f)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct shadow_file file = { .path = f->path };

	if (touched_is_ignored(f->path))
		return ignore(p->ws, f->path);
	TRY(touched_check(f));
	TRY(touched_patch(p->target, f, &text));
	TRY(touched_units(p->target, &p->table, f->path, &p->list));
	file.text = strbuf_str(&text);
	file.n = text.n;
	TRY(vec_push(&p->texts, text));
	text = (struct strbuf){ 0 };
	return vec_push(&p->files, file);
}

/* The header for callbacks and shadow variables, where a fixed file wants it. */
static struct error *add_extra_header(struct plan *p)
{
	vec_for_each(&p->files, f)
		if (extra_header_wanted(f->text, f->n))
			return vec_push(&p->files, extra_header());
	return NULL;
}

static struct error *read_diff(struct plan *p, const struct file_map *patch)
{
	TRY(diff_parse((const char *)patch->bytes, patch->size, &p->diff));
	TRY(unit_table_open(p->target, &p->table));
	vec_for_each(&p->diff.files, f)
		TRY(take_file(p, f));
	if (!p->list.list.n)
		return error_new(ERROR_NOTHING, "the diff touches nothing that is part of %s",
				 p->target->name);
	return add_extra_header(p);
}

static struct error *make_folders(struct plan *p)
{
	struct workspace *ws = p->ws;
	struct tmpdir raw __cleanup_tmpdir = { 0 };

	ws->private = calloc(1, sizeof(*ws->private));
	if (!ws->private)
		return error_nomem();
	TRY(tmpdir_make(NULL, &raw));
	/* Plain, for the compiler writes its folder's real name into debug information. */
	ws->private->path = realpath(raw.path, NULL);
	if (!ws->private->path)
		return error_errno(errno, "%s", raw.path);
	free(take(raw.path));
	p->shadow = str_printf("%s/shadow", ws->private->path);
	p->scratch = str_printf("%s/scratch", ws->private->path);
	if (!p->shadow || !p->scratch)
		return error_nomem();
	return dir_make(p->scratch);
}

static struct error *get_commands(struct plan *p)
{
	size_t n = p->list.list.n;
	const char **objects = arena_array(&p->arena, n, sizeof(*objects));

	p->commands = calloc(n, sizeof(*p->commands));
	if (!objects || !p->commands)
		return error_nomem();
	for (size_t i = 0; i < n; i++)
		objects[i] = p->list.list.v[i]->object;
	return cached_commands(p->target, p->scratch, objects, n, p->commands);
}

static struct error *make_shadow(struct plan *p)
{
	size_t n = p->list.list.n;
	const char **ways = arena_array(&p->arena, n, sizeof(*ways));

	if (!ways)
		return error_nomem();
	for (size_t i = 0; i < n; i++)
		ways[i] = p->list.list.v[i]->spelled;
	return error_context(
		shadow_make(p->target->tree, p->shadow, p->files.v, p->files.n, ways, n),
		"making a shadow of the source");
}

/* "fs/proc/cmdline.o" in a folder of the workspace, which is made. */
static struct error *object_path(const struct plan *p, const char *folder, const char *source,
				 char **out)
{
	char *path __free = str_printf("%s/%s/%.*s.o", p->ws->private->path, folder,
				       (int)strlen(source) - 2, source);
	char *slash;

	if (!path)
		return error_nomem();
	slash = strrchr(path, '/');
	*slash = '\0';
	TRY(dir_make(path));
	*slash = '/';
	*out = take(path);
	return NULL;
}

/* The module's name as livepatch and lsmod know it. */
static char *module_name(const char *file)
{
	char *name = strdup(file);

	for (char *c = name; c && *c; c++)
		if (*c == '-')
			*c = '_';
	return name;
}

/* 'modfile' is where kbuild puts the module, without suffix: "fs/xfs/xfs". */
static struct error *find_module(const struct plan *p, const char *modfile, struct unit *u)
{
	char *plain __free = strdup(modfile);
	const char *slash;

	if (!plain)
		return error_nomem();
	path_normalise(plain);
	slash = strrchr(plain, '/');
	u->module = module_name(slash ? slash + 1 : plain);
	u->module_path = str_printf("%s/kernel/%s.ko", p->target->modules, plain);
	if (!u->module || !u->module_path)
		return error_nomem();
	if (file_exists(u->module_path))
		return NULL;
	return error_refused("%s belongs to the module %s, which %s does not ship", u->source,
			     u->module, p->target->name);
}

/* One unit of the workspace: a part of vmlinux (no modfile) or of one module. */
static struct error *add_unit(struct plan *p, const struct table_unit *from, const char *modfile)
{
	struct unit u __cleanup(unit_clear) = { 0 };

	u.source = strdup(from->source);
	u.object = str_printf("%.*s.o", (int)strlen(from->source) - 2, from->source);
	if (!u.source || !u.object)
		return error_nomem();
	TRY(object_path(p, "before", from->source, &u.before));
	TRY(object_path(p, "after", from->source, &u.after));
	if (modfile)
		TRY(find_module(p, modfile, &u));
	else
		u.module = strdup("vmlinux");
	if (!u.module)
		return error_nomem();
	TRY(vec_push(&p->ws->units, u));
	u = (struct unit){ 0 };
	return NULL;
}

/* An object that is part of several modules is a unit of each. */
static struct error *add_units(struct plan *p, const struct table_unit *from)
{
	char *modfiles = arena_strdup(&p->arena, from->modfile ? from->modfile : "");
	char *save = NULL;

	if (!modfiles)
		return error_nomem();
	if (!from->modfile)
		return add_unit(p, from, NULL);
	for (char *m = strtok_r(modfiles, " ", &save); m; m = strtok_r(NULL, " ", &save))
		TRY(add_unit(p, from, m));
	return NULL;
}

/* Two objects from one source, in one folder, would be one file here. */
static struct error *check_distinct(const struct plan *p)
{
	for (size_t i = 0; i < p->list.list.n; i++)
		for (size_t j = 0; j < i; j++)
			if (str_equal(p->list.list.v[i]->source, p->list.list.v[j]->source))
				return error_refused("%s is compiled twice, as %s and %s",
						     p->list.list.v[i]->source,
						     p->list.list.v[j]->object,
						     p->list.list.v[i]->object);
	return NULL;
}

static struct error *keep_command(struct plan *p, size_t first, const char *command)
{
	for (size_t i = first; i < p->ws->units.n; i++) {
		p->ws->units.v[i].command = strdup(command);
		if (!p->ws->units.v[i].command)
			return error_nomem();
	}
	return NULL;
}

static struct error *make_pairs(struct plan *p, struct build_pair *pairs)
{
	for (size_t i = 0; i < p->list.list.n; i++) {
		const struct table_unit *u = p->list.list.v[i];
		size_t first = p->ws->units.n;
		struct unit *own;

		TRY(add_units(p, u));
		TRY(keep_command(p, first, p->commands[i]));
		own = &p->ws->units.v[first];
		pairs[i] = (struct build_pair){
			.source = u->source,
			.object = u->object,
			.command = p->commands[i],
			.before = arena_strdup(&p->arena, own->before),
			.after = arena_strdup(&p->arena, own->after),
			.depfile = arena_printf(&p->arena, "%s.d", own->after),
		};
		if (!pairs[i].before || !pairs[i].after || !pairs[i].depfile)
			return error_nomem();
	}
	return NULL;
}

/* Each compile has read the fixed files and never their originals; each fixed file was read. */
static struct error *check_inputs(struct plan *p, const struct build_pair *pairs)
{
	bool *used = arena_array(&p->arena, p->files.n, sizeof(*used));

	if (!used)
		return error_nomem();
	for (size_t i = 0; i < p->list.list.n; i++)
		TRY_CONTEXT(shadow_check(p->target->tree, p->shadow, p->files.v, p->files.n,
					 pairs[i].depfile, used),
			    "compiling %s with the fix", pairs[i].source);
	for (size_t i = 0; i < p->files.n; i++)
		if (!used[i])
			return error_refused("%s was not read by the compiler of any object",
					     p->files.v[i].path);
	return NULL;
}

static struct error *build(struct plan *p, unsigned int jobs)
{
	size_t n = p->list.list.n;
	struct build_pair *pairs = arena_array(&p->arena, n, sizeof(*pairs));
	struct build_result result;

	if (!pairs)
		return error_nomem();
	TRY(check_distinct(p));
	TRY(make_pairs(p, pairs));
	if (n == 1)
		progress_step("compiling %s before and after", pairs[0].source);
	else
		progress_step("compiling %zu objects before and after", n);
	TRY(build_pairs(p->target, p->shadow, p->scratch, pairs, n, jobs, &result));
	p->ws->compile_seconds = result.compile_seconds;
	p->ws->n_cached = result.n_cached;
	return check_inputs(p, pairs);
}

struct error *workspace_build(const struct target *t, const char *patch_path, unsigned int jobs,
			      struct workspace **out)
{
	struct workspace *ws __cleanup_workspace = calloc(1, sizeof(*ws));
	struct plan p __cleanup(plan_free) = { .target = t, .ws = ws };
	struct file_map patch __cleanup_map = { 0 };

	if (!ws)
		return error_nomem();
	progress_step("applying the diff");
	TRY(file_map(patch_path, &patch));
	TRY_CONTEXT(read_diff(&p, &patch), "%s", patch_path);
	TRY(target_check_compiler(t));
	TRY(make_folders(&p));
	TRY(get_commands(&p));
	TRY(make_shadow(&p));
	TRY(build(&p, jobs));
	progress_done();
	*out = take(ws);
	return NULL;
}
