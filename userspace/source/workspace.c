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
#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/progress.h"
#include "source/build_pair.h"
#include "source/compile.h"
#include "source/object_cache.h"
#include "source/estimate.h"
#include "source/preprocess.h"
#include "source/scope.h"
#include "source/workspace_units.h"

/* How many objects, for each job, are made at a time. */
#define BATCH 8

/* What the steps below hand on to one another. */
struct plan {
	const struct target *target;
	struct workspace *ws;
	const struct workspace_judge *judge;
	unsigned int jobs;
	struct scope scope;
	char **commands;	 /* of the scope's units */
	char **outside_commands; /* of its outside readers; NULL: none */
	bool *differs;		 /* units that may */
	bool *used;		 /* files of the scope that a compiler has read */
	char *shadow, *scratch;
	struct arena arena;
};

static void plan_free(struct plan *p)
{
	for (size_t i = 0; p->commands && i < p->scope.units.list.n; i++)
		free(p->commands[i]);
	free(p->commands);
	for (size_t i = 0; p->outside_commands && i < p->scope.outside.outside.n; i++)
		free(p->outside_commands[i]);
	free(p->outside_commands);
	scope_close(&p->scope);
	free(p->shadow);
	free(p->scratch);
	arena_free(&p->arena);
}

void workspace_free(struct workspace **w)
{
	struct workspace *ws = *w;

	if (!ws)
		return;
	vec_for_each(&ws->units, u)
		workspace_unit_clear(u);
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

static struct error *tell_left_out(struct plan *p)
{
	struct workspace *ws = p->ws;

	for (size_t i = 0; i < p->scope.left.n; i++) {
		char *copy __free = strdup(p->scope.left.v[i].path);

		if (!copy)
			return error_nomem();
		TRY(vec_push(&ws->ignored, copy));
		copy = NULL;
	}
	return NULL;
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
	p->scratch = str_printf("%s/scratch", ws->private->path);
	p->used = arena_array(&p->arena, p->scope.files.n + 1, sizeof(*p->used));
	if (!p->scratch || !p->used)
		return error_nomem();
	return dir_make(p->scratch);
}

/* --- commands ---------------------------------------------------------------------- */

/* An outside reader that kbuild knows no command for is not part of this configuration. */
static struct error *get_outside_command(struct plan *p, const struct outside_reader *r, char **out)
{
	struct error *e __cleanup_error = NULL;

	if (!r->object)
		return NULL;
	e = cached_commands(p->target, p->scratch, &r->object, 1, out);
	if (e && error_kind(e) == ERROR_INTERRUPTED)
		return take(e);
	if (e)
		log_verbose("%s is not compiled here: %s", r->object, error_message(e));
	/* Its objtool, if it has one, does not matter for whether it changes. */
	if (*out && strchr(*out, ';'))
		*strchr(*out, ';') = '\0';
	return NULL;
}

static struct error *get_outside_commands(struct plan *p)
{
	size_t n = p->scope.outside.outside.n;

	p->outside_commands = calloc(n + 1, sizeof(*p->outside_commands));
	if (!p->outside_commands)
		return error_nomem();
	for (size_t i = 0; i < n; i++)
		TRY(get_outside_command(p, p->scope.outside.outside.v[i], &p->outside_commands[i]));
	return NULL;
}

static struct error *get_commands(struct plan *p)
{
	size_t n = p->scope.units.list.n;
	const char **objects = arena_array(&p->arena, n + 1, sizeof(*objects));

	p->commands = calloc(n + 1, sizeof(*p->commands));
	p->differs = arena_array(&p->arena, n + 1, sizeof(*p->differs));
	if (!objects || !p->commands || !p->differs)
		return error_nomem();
	for (size_t i = 0; i < n; i++) {
		objects[i] = p->scope.units.list.v[i]->object;
		p->differs[i] = true;
	}
	progress_step("asking the kernel's makefiles for %zu command%s", n, n == 1 ? "" : "s");
	return cached_commands(p->target, p->scratch, objects, n, p->commands);
}

/* --- the shadow -------------------------------------------------------------------- */

struct ways {
	VEC(const char *) list;
};

static void ways_free(struct ways *w)
{
	vec_free(&w->list);
}

static struct error *add_way(struct ways *w, const char *way)
{
	return strstr(way, "../") ? vec_push(&w->list, way) : NULL;
}

/* Each "-I" of the command with "..": what is found through it is spelled so. */
static struct error *add_command_ways(struct plan *p, struct ways *w, const char *command)
{
	for (const char *at = strstr(command, "-I"); at; at = strstr(at + 2, "-I")) {
		const char *from = at + 2 + strspn(at + 2, " ");
		char *way;

		if (!memmem(from, strcspn(from, " "), "..", 2))
			continue;
		way = arena_printf(&p->arena, "%.*s/x", (int)strcspn(from, " "), from);
		if (!way)
			return error_nomem();
		TRY(add_way(w, way));
	}
	return NULL;
}

/* A new one in p->shadow, for the objects whose commands are known. */
static struct error *make_shadow(struct plan *p, const char *name)
{
	const struct scope *s = &p->scope;
	struct ways ways __cleanup(ways_free) = { 0 };

	free(take(p->shadow));
	p->shadow = str_printf("%s/%s", p->ws->private->path, name);
	if (!p->shadow)
		return error_nomem();
	for (size_t i = 0; i < s->units.list.n && p->commands; i++) {
		TRY(add_way(&ways, s->units.list.v[i]->spelled));
		TRY(add_command_ways(p, &ways, p->commands[i]));
	}
	vec_for_each(&s->reach.ways, it)
		TRY(add_way(&ways, *it));
	return error_context(shadow_make(p->target->tree, p->shadow, s->files.v, s->files.n,
					 ways.list.v, ways.list.n),
			     "making a shadow of the source");
}

/* --- what can differ ---------------------------------------------------------------- */

static struct preprocess_run looking(const struct plan *p)
{
	return (struct preprocess_run){ .scope = &p->scope,
					.shadow = p->shadow,
					.scratch = p->scratch,
					.jobs = p->jobs,
					.used = p->used };
}

static struct error *look_at_units(struct plan *p)
{
	const struct preprocess_run run = looking(p);
	size_t n = p->scope.units.list.n, looked = 0, left = 0;
	struct preprocess *v = arena_array(&p->arena, n + 1, sizeof(*v));
	double started;

	if (!v)
		return error_nomem();
	for (size_t i = 0; i < n; i++) {
		v[i].source = p->scope.units.list.v[i]->source;
		v[i].command = p->commands[i];
	}
	progress_step("looking which of %zu objects can differ", n);
	started = clock_seconds();
	TRY(preprocess_all(&run, v, n, &looked));
	if (looked)
		p->ws->compile_seconds += clock_seconds() - started;
	for (size_t i = 0; i < n; i++) {
		p->differs[i] = v[i].differs;
		left += v[i].differs;
	}
	log_verbose("%zu of %zu objects can differ (%zu texts looked at)", left, n, looked);
	return NULL;
}

/* Any object's command will do: its paths and macros are those of the whole kernel. */
static struct error *any_command(struct plan *p, char **out)
{
	const char *object = p->scope.table.units.n ? p->scope.table.units.v[0].object : NULL;

	if (!object)
		return error_failed("%s has no objects", p->target->name);
	return cached_commands(p->target, p->scratch, &object, 1, out);
}

static struct error *check_text(const struct outside_reader *r, const struct preprocess *p)
{
	if (p->unreadable)
		return error_refused("%s %s, and whether the diff changes it is not known",
				     r->source, r->what);
	return p->differs ? error_refused("%s %s, and the diff changes it", r->source, r->what)
			  : NULL;
}

static struct error *look_at_texts(struct plan *p)
{
	struct preprocess_run run = looking(p);
	const struct scope *s = &p->scope;
	struct preprocess *v = arena_array(&p->arena, s->outside.outside.n + 1, sizeof(*v));
	char *command __free = NULL;
	size_t n = 0, looked = 0;

	if (!v)
		return error_nomem();
	TRY(any_command(p, &command));
	vec_for_each(&s->outside.outside, it)
		if (!(*it)->object)
			v[n++] = (struct preprocess){ .source = (*it)->source,
						      .command = command,
						      .other = true };
	run.always = true;
	if (n)
		TRY(preprocess_all(&run, v, n, &looked));
	n = 0;
	vec_for_each(&s->outside.outside, it)
		if (!(*it)->object)
			TRY(check_text(*it, &v[n++]));
	return NULL;
}

/* --- compiling ---------------------------------------------------------------------- */

/* A pair to compile, and what it is a part of. */
struct job {
	struct build_pair pair;
	const struct table_unit *unit; /* or */
	const struct outside_reader *outside;
	const char *command;
};

static struct error *keep_command(struct plan *p, size_t first, const char *command)
{
	for (size_t i = first; i < p->ws->units.n; i++) {
		p->ws->units.v[i].command = strdup(command);
		if (!p->ws->units.v[i].command)
			return error_nomem();
	}
	return NULL;
}

static struct error *make_pair(struct plan *p, struct job *j)
{
	const struct workspace_place place = { p->target, p->ws };
	size_t first = p->ws->units.n;
	struct unit *own;

	if (j->unit)
		TRY(workspace_add_units(&place, j->unit));
	else
		TRY(workspace_add_outside(&place, j->outside));
	TRY(keep_command(p, first, j->command));
	own = &p->ws->units.v[first];
	j->pair = (struct build_pair){
		.source = j->unit ? j->unit->source : j->outside->source,
		.object = j->unit ? j->unit->object : j->outside->object,
		.command = j->command,
		.before = arena_strdup(&p->arena, own->before),
		.after = arena_strdup(&p->arena, own->after),
		.depfile = arena_printf(&p->arena, "%s.d", own->after),
	};
	return j->pair.before && j->pair.after && j->pair.depfile ? NULL : error_nomem();
}

/* Each compile has read the fixed files and never their originals. */
static struct error *check_inputs(struct plan *p, const struct build_pair *pair)
{
	return error_context(shadow_check(p->target->tree, p->shadow, p->scope.files.v,
					  p->scope.files.n, pair->depfile, p->used),
			     "compiling %s with the fix", pair->source);
}

static struct error *judge_unit(const struct plan *p, const struct unit *u, bool *keep)
{
	*keep = true;
	return p->judge ? p->judge->judge(p->judge->arg, u, keep) : NULL;
}

/* The units from 'first' on are judged; who is kept moves up. */
static struct error *judge(struct plan *p, size_t first)
{
	struct workspace *ws = p->ws;
	size_t k = first;

	for (size_t i = first; i < ws->units.n; i++) {
		bool keep = true;

		TRY(interrupt_check());
		TRY(judge_unit(p, &ws->units.v[i], &keep));
		if (keep) {
			struct unit u = ws->units.v[k];

			ws->units.v[k++] = ws->units.v[i];
			ws->units.v[i] = u;
		}
	}
	for (size_t i = k; i < ws->units.n; i++)
		workspace_unit_clear(&ws->units.v[i]);
	ws->units.n = k;
	return NULL;
}

static bool is_kept(const struct workspace *ws, size_t first, const char *after)
{
	for (size_t i = first; i < ws->units.n; i++)
		if (str_equal(ws->units.v[i].after, after))
			return true;
	return false;
}

/* A few pairs: compile, check, judge, and throw away what is not kept. */
static struct error *build_batch(struct plan *p, const struct job *jobs, size_t n, size_t first)
{
	struct build_pair *pairs = arena_array(&p->arena, n, sizeof(*pairs));
	struct build_result result;

	if (!pairs)
		return error_nomem();
	for (size_t i = 0; i < n; i++)
		pairs[i] = jobs[i].pair;
	TRY(build_pairs(p->target, p->shadow, p->scratch, pairs, n, p->jobs, &result));
	p->ws->compile_seconds += result.compile_seconds;
	p->ws->n_cached += result.n_cached;
	for (size_t i = 0; i < n; i++)
		TRY(check_inputs(p, &pairs[i]));
	TRY(judge(p, first));
	for (size_t i = 0; i < n; i++) {
		if (is_kept(p->ws, first, pairs[i].after))
			continue;
		TRY(dir_remove(pairs[i].before));
		TRY(dir_remove(pairs[i].after));
		TRY(dir_remove(pairs[i].depfile));
	}
	return NULL;
}

static void announce(const struct plan *p, const struct job *jobs, size_t n)
{
	struct compile_cost cost = compile_cost_load(p->target);
	double seconds = compile_estimate(cost, 2 * n, p->jobs);

	if (n > BATCH && p->scope.roots.n)
		log_info("%zu objects to compile before and after: at most %s with %u jobs", n,
			 compile_estimate_text(seconds).s, p->jobs);
	if (n == 1)
		progress_step("compiling %s before and after", jobs[0].unit->source);
	else
		progress_step("compiling %zu objects before and after", n);
}

static struct error *build_jobs(struct plan *p, struct job *jobs, size_t n)
{
	double before = p->ws->compile_seconds;
	size_t cached = p->ws->n_cached, m;

	for (size_t at = 0; at < n; at += m) {
		size_t first = p->ws->units.n;

		m = n - at < (size_t)BATCH * p->jobs ? n - at : (size_t)BATCH * p->jobs;
		for (size_t i = 0; i < m; i++)
			TRY(make_pair(p, &jobs[at + i]));
		if (n > m)
			progress_note("%zu of %zu", at, n);
		TRY(build_batch(p, jobs + at, m, first));
	}
	compile_cost_add(p->target, 2 * n - (p->ws->n_cached - cached),
			 p->ws->compile_seconds - before, p->jobs);
	return NULL;
}

/* What must not change, before all that may. */
static struct error *build_outside(struct plan *p)
{
	size_t all = p->scope.outside.outside.n, n = 0;
	struct job *jobs = arena_array(&p->arena, all + 1, sizeof(*jobs));

	if (!jobs)
		return error_nomem();
	if (!all)
		return NULL;
	progress_step("looking at what runs outside of objects");
	TRY(get_outside_commands(p));
	TRY(make_shadow(p, "outside"));
	TRY(look_at_texts(p));
	for (size_t i = 0; i < all; i++)
		if (p->outside_commands[i])
			jobs[n++] = (struct job){ .outside = p->scope.outside.outside.v[i],
						  .command = p->outside_commands[i] };
	return build_jobs(p, jobs, n);
}

static struct error *build_units(struct plan *p)
{
	size_t all = p->scope.units.list.n, n = 0;
	struct job *jobs = arena_array(&p->arena, all + 1, sizeof(*jobs));

	if (!jobs)
		return error_nomem();
	TRY(get_commands(p));
	TRY(make_shadow(p, "shadow"));
	if (p->scope.roots.n)
		TRY(look_at_units(p));
	for (size_t i = 0; i < all; i++)
		if (p->differs[i])
			jobs[n++] = (struct job){ .unit = p->scope.units.list.v[i],
						  .command = p->commands[i] };
	announce(p, jobs, n);
	return build_jobs(p, jobs, n);
}

static struct error *check_all_read(struct plan *p)
{
	for (size_t i = 0; i < p->scope.files.n; i++)
		if (!p->used[i])
			TRY(scope_unread(&p->scope, i));
	return NULL;
}

static unsigned int job_count(unsigned int jobs)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return jobs ? jobs : n > 0 ? (unsigned int)n : 1;
}

struct error *workspace_build(const struct target *t, const char *patch_path, unsigned int jobs,
			      const struct workspace_judge *judge, struct workspace **out)
{
	struct workspace *ws __cleanup_workspace = calloc(1, sizeof(*ws));
	struct plan p __cleanup(
		plan_free) = { .target = t, .ws = ws, .judge = judge, .jobs = job_count(jobs) };
	struct file_map patch __cleanup_map = { 0 };

	if (!ws)
		return error_nomem();
	progress_step("applying the diff");
	TRY(file_map(patch_path, &patch));
	TRY_CONTEXT(scope_open(t, (const char *)patch.bytes, patch.size, &p.scope), "%s",
		    patch_path);
	TRY(target_check_compiler(t));
	TRY(make_folders(&p));
	TRY(build_outside(&p));
	TRY(build_units(&p));
	TRY(check_all_read(&p));
	TRY(tell_left_out(&p));
	progress_done();
	*out = take(ws);
	return NULL;
}
