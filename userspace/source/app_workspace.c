// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/app_workspace.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/str.h"
#include "base/subprocess.h"
#include "source/app_copies.h"

void app_workspace_free(struct app_workspace **at)
{
	struct app_workspace *w = *at;

	if (!w)
		return;
	vec_for_each(&w->units, u) {
		free(u->before);
		free(u->after);
		free(u->exact);
	}
	vec_free(&w->units);
	vec_for_each(&w->ignored, it)
		free(*it);
	vec_free(&w->ignored);
	diff_free(&w->diff);
	strbuf_free(&w->text);
	tmpdir_remove(&w->private);
	free(w->copy);
	arena_free(&w->arena);
	free(w);
	*at = NULL;
}

/* --- the copy ------------------------------------------------------------------------ */

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
	*d = NULL;
}

static bool is_left_out(const char *name)
{
	return str_equal(name, ".") || str_equal(name, "..") || str_equal(name, ".git");
}

/* Folders are made, everything else is a link. */
static struct error *copy_folder(const char *from, const char *to)
{
	DIR *d __cleanup(close_dir) = opendir(from);
	struct dirent *ent;

	if (!d)
		return error_errno(errno, "%s", from);
	if (mkdir(to, 0700) < 0)
		return error_errno(errno, "%s", to);
	while ((ent = readdir(d))) {
		char *source __free = str_printf("%s/%s", from, ent->d_name);
		char *target __free = str_printf("%s/%s", to, ent->d_name);
		struct stat st;

		if (!source || !target)
			return error_nomem();
		if (is_left_out(ent->d_name))
			continue;
		if (lstat(source, &st) < 0)
			return error_errno(errno, "%s", source);
		if (S_ISDIR(st.st_mode))
			TRY(copy_folder(source, target));
		else if (symlink(source, target) < 0)
			return error_errno(errno, "%s", target);
	}
	return interrupt_check();
}

static struct error *read_old(const struct app_workspace *w, const struct diff_file *f,
			      struct strbuf *out)
{
	char *path __free = str_printf("%s/%s", w->app->target->tree, f->path);

	if (!path)
		return error_nomem();
	if (f->created)
		return file_exists(path) ? error_failed("%s is there already", f->path) : NULL;
	return file_read(path, out);
}

/* The touched files as they are, or with the fix. */
static struct error *put_file(const struct app_workspace *w, const struct diff_file *f, bool after)
{
	struct strbuf old __cleanup_strbuf = { 0 }, new __cleanup_strbuf = { 0 };
	char *path __free = str_printf("%s/%s", w->copy, f->path);
	char *folder __free = path ? strdup(path) : NULL;
	const struct strbuf *put = after ? &new : &old;

	if (!path || !folder)
		return error_nomem();
	TRY(read_old(w, f, &old));
	TRY(diff_apply(f, strbuf_str(&old), old.n, &new));
	if (unlink(path) < 0 && errno != ENOENT)
		return error_errno(errno, "%s", path);
	if (after ? f->deleted : f->created)
		return NULL;
	*strrchr(folder, '/') = '\0';
	TRY(dir_make(folder));
	return file_write(path, strbuf_str(put), put->n, 0600);
}

static struct error *put_files(const struct app_workspace *w, bool after)
{
	/* What nothing reads (tests, documents) need not even apply. */
	for (size_t k = 0; k < w->diff.files.n; k++)
		if (w->read[k])
			TRY(put_file(w, &w->diff.files.v[k], after));
	return NULL;
}

/* --- running compilers ------------------------------------------------------------------ */

struct run {
	const char **argv;
	const char *directory, *output;
	struct strbuf said;
};

static struct error *prepare(struct app_workspace *w, const struct compile_entry *e,
			     enum compile_kind kind, const char *place, struct run *out)
{
	const char *output = arena_printf(&w->arena, "%s/%zu.o", w->private.path, w->made++);

	if (!output)
		return error_nomem();
	out->output = output;
	return compile_command(e, kind, w->app->target->tree, place, output, &w->arena, &out->argv,
			       &out->directory);
}

static struct subprocess process_of(struct app_workspace *w, struct run *r)
{
	return (struct subprocess){ .argv = r->argv,
				    .cwd = r->directory,
				    .env = subprocess_words("LC_ALL=C"),
				    .root = target_root(w->app->target),
				    .out = &r->said,
				    .err = &r->said };
}

static struct error *failed(const struct compile_entry *e, const struct run *r)
{
	return error_failed("the compiler refuses %s:\n%s", e->file, strbuf_str(&r->said));
}

static void runs_free(struct run *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		strbuf_free(&r[i].said);
	free(r);
}

static struct error *run_all(struct app_workspace *w, const struct compile_entry *const *entries,
			     size_t n, enum compile_kind kind, const char *place, struct run *runs)
{
	struct subprocess *p __free = calloc(n ? n : 1, sizeof(*p));
	double start = clock_seconds();

	if (!p)
		return error_nomem();
	for (size_t i = 0; i < n; i++) {
		TRY(prepare(w, entries[i], kind, place, &runs[i]));
		p[i] = process_of(w, &runs[i]);
	}
	TRY(subprocess_run_all(p, n, w->jobs));
	if (kind != COMPILE_DEPENDS)
		w->compile_seconds += clock_seconds() - start;
	for (size_t i = 0; i < n; i++)
		if (p[i].status)
			return failed(entries[i], &runs[i]);
	return NULL;
}

struct error *app_workspace_compile(struct app_workspace *w, const struct compile_entry *e,
				    enum compile_kind kind, const char **path)
{
	struct run *r = calloc(1, sizeof(*r));
	struct error *error;

	if (!r)
		return error_nomem();
	error = run_all(w, &e, 1, kind, w->copy, r);
	*path = r->output;
	runs_free(r, 1);
	return error;
}

struct error *app_workspace_exact(struct app_workspace *w, struct app_unit *u)
{
	const char *path = NULL;

	if (u->exact)
		return NULL;
	TRY(put_files(w, false));
	TRY(app_workspace_compile(w, u->entry, COMPILE_SAME, &path));
	u->exact = strdup(path);
	return u->exact ? NULL : error_nomem();
}

/* --- which units --------------------------------------------------------------------------- */

/* Files that say how things are built: what they change can't be followed. */
static bool is_recipe(const char *path)
{
	static const char *const names[] = { "Makefile",       "makefile",    "GNUmakefile",
					     "CMakeLists.txt", "meson.build", "configure",
					     "configure.ac",   "config.h.in", "Makefile.am",
					     "Makefile.in",    "BUILD",	      "SConstruct" };
	const char *slash = strrchr(path, '/');

	path = slash ? slash + 1 : path;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_equal(path, names[i]))
			return true;
	return str_ends(path, ".cmake") || str_ends(path, ".mk");
}

static bool is_assembly(const char *path)
{
	return str_ends(path, ".S") || str_ends(path, ".s") || str_ends(path, ".asm");
}

static bool is_unit(const char *path)
{
	static const char *const ends[] = { ".c", ".cc", ".cpp", ".cxx", ".C", ".c++" };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (str_ends(path, ends[i]))
			return true;
	return false;
}

/* Below a folder of tests or documents nothing of a program is built. */
static bool is_beside(const char *path)
{
	static const char *const names[] = { "test", "tests", "testsuite", "testdata", "t",
					     "doc",  "docs",  "examples",  "fuzz",     "fuzzing" };

	for (const char *slash; (slash = strchr(path, '/')); path = slash + 1)
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (strlen(names[i]) == (size_t)(slash - path) &&
			    !strncmp(names[i], path, (size_t)(slash - path)))
				return true;
	return false;
}

static struct error *refuse_files(const struct app_workspace *w)
{
	vec_for_each(&w->diff.files, f) {
		if (is_recipe(f->path) && !is_beside(f->path))
			return error_refused("%s says how the program is built: what it changes "
					     "can't be followed",
					     f->path);
		if (is_assembly(f->path))
			return error_refused("%s is assembly", f->path);
	}
	return NULL;
}

/* Does the compiler's list ("a.o: x.c y.h \") name the file? Names are as it was called. */
static struct error *list_names(const char *list, const char *directory, const char *full,
				bool *yes)
{
	struct arena a __cleanup(arena_free) = { 0 };
	const char *base = strrchr(full, '/') + 1;
	size_t n = strlen(base);

	*yes = false;
	for (const char *at = list; !*yes && (at = strstr(at, base)); at += n) {
		const char *start = at, *path;
		char *word __free = NULL;

		if (!strchr(" \t\n", at[n]) || (at > list && !strchr("/ \t\n", at[-1])))
			continue;
		while (start > list && !strchr(" \t\n", start[-1]))
			start--;
		word = strndup(start, (size_t)(at + n - start));
		path = word ? compile_path(&a, directory, word) : NULL;
		if (!path)
			return error_nomem();
		*yes = str_equal(path, full);
	}
	return NULL;
}

struct reading {
	size_t n;
	bool *touched; /* by entry */
	bool *read;    /* by file of the diff */
};

static void reading_free(struct reading *r)
{
	free(r->touched);
	free(r->read);
}

static struct error *judge_list(const struct app_workspace *w, struct reading *r, size_t i,
				const char *root, const char *directory, const char *list)
{
	for (size_t k = 0; k < w->diff.files.n; k++) {
		char *full __free = str_printf("%s/%s", root, w->diff.files.v[k].path);
		bool yes = false;

		if (!full)
			return error_nomem();
		TRY(list_names(list, directory, full, &yes));
		r->touched[i] = r->touched[i] || yes;
		r->read[k] = r->read[k] || yes;
	}
	return NULL;
}

/* What each entry reads in the tree as it is: a list for each, ended by a zero. */
static struct error *depends_of(struct app_workspace *w, struct strbuf *out)
{
	const struct compile_db *db = &w->app->db;
	size_t n = db->entries.n;
	const struct compile_entry **entries __free = calloc(n ? n : 1, sizeof(*entries));
	struct run *runs = calloc(n ? n : 1, sizeof(*runs));
	struct error *e = entries && runs ? NULL : error_nomem();

	for (size_t i = 0; !e && i < n; i++)
		entries[i] = &db->entries.v[i];
	if (!e)
		e = run_all(w, entries, n, COMPILE_DEPENDS, w->app->target->tree, runs);
	for (size_t i = 0; !e && i < n; i++) {
		e = file_read(runs[i].output, out);
		if (!e)
			e = strbuf_add(out, "", 1);
		unlink(runs[i].output);
	}
	runs_free(runs, runs ? n : 0);
	return e;
}

/* A package's tree never changes: once is enough. */
static struct error *known_depends(struct app_workspace *w, struct strbuf *out)
{
	const struct target *t = w->app->target;
	char *path __free = t->dir ? str_printf("%s/depends", t->dir) : NULL;
	struct error *e __cleanup_error = NULL;

	if (!path)
		return depends_of(w, out);
	if (file_exists(path))
		return file_read(path, out);
	TRY(depends_of(w, out));
	e = file_write(path, out->s, out->n, 0644);
	return NULL;
}

static struct error *add_unit(struct app_workspace *w, const struct compile_entry *e)
{
	const char *tree = w->app->target->tree;
	size_t n = strlen(tree);
	struct app_unit u = { .entry = e, .source = e->file };

	if (!strncmp(e->file, tree, n) && e->file[n] == '/')
		u.source = e->file + n + 1;
	/* The same file, compiled once more for the same object, is the same unit. */
	vec_for_each(&w->units, other)
		if (str_equal(other->entry->file, e->file) && other->entry->output && e->output &&
		    str_equal(other->entry->output, e->output)) {
			other->entry = e;
			return NULL;
		}
	return vec_push(&w->units, u);
}

static struct error *ignore_rest(struct app_workspace *w, const struct reading *r)
{
	for (size_t k = 0; k < w->diff.files.n; k++) {
		const char *path = w->diff.files.v[k].path;
		char *copy;
		struct error *e;

		if (r->read[k])
			continue;
		if (is_unit(path) && !w->diff.files.v[k].deleted)
			log_info("%s is compiled by no known command", path);
		copy = strdup(path);
		e = copy ? vec_push(&w->ignored, copy) : error_nomem();
		if (e)
			free(copy);
		TRY(e);
	}
	return NULL;
}

/* What the touched units read with the fix: new files among it. */
static struct error *read_after(struct app_workspace *w, struct reading *r)
{
	size_t n = w->units.n;
	const struct compile_entry **entries __free = calloc(n ? n : 1, sizeof(*entries));
	struct run *runs = calloc(n ? n : 1, sizeof(*runs));
	struct error *e = entries && runs ? NULL : error_nomem();

	for (size_t i = 0; !e && i < n; i++)
		entries[i] = w->units.v[i].entry;
	if (!e)
		e = run_all(w, entries, n, COMPILE_DEPENDS, w->copy, runs);
	for (size_t i = 0; !e && i < n; i++) {
		struct strbuf list __cleanup_strbuf = { 0 };

		e = file_read(runs[i].output, &list);
		if (!e)
			e = judge_list(w, r, i, w->copy, runs[i].directory, strbuf_str(&list));
	}
	runs_free(runs, runs ? n : 0);
	return e;
}

/* 32-bit programs are no files of the target. */
static bool is_other_machine(const struct compile_entry *e)
{
	for (const char **w = e->argv; *w; w++)
		if (str_equal(*w, "-m32") || str_equal(*w, "-mx32") || str_equal(*w, "-m16"))
			return true;
	return false;
}

/* The compiler itself says what it reads. */
static struct error *find_units(struct app_workspace *w)
{
	struct reading r __cleanup(reading_free) = { .n = w->app->db.entries.n };
	struct strbuf lists __cleanup_strbuf = { 0 };
	const char *at, *end;

	TRY(known_depends(w, &lists));
	TRY(app_copies_add(w->app->target->tree, &w->app->db, strbuf_str(&lists), lists.n,
			   &w->diff));
	r.touched = calloc(r.n + 1, sizeof(*r.touched));
	r.read = calloc(w->diff.files.n + 1, sizeof(*r.read));
	w->read = arena_array(&w->arena, w->diff.files.n + 1, sizeof(*w->read));
	if (!r.touched || !r.read || !w->read)
		return error_nomem();
	at = strbuf_str(&lists);
	end = at + lists.n;
	for (size_t i = 0; i < r.n && at < end; i++) {
		const struct compile_entry *e = &w->app->db.entries.v[i];

		TRY(judge_list(w, &r, i, w->app->target->tree, e->directory, at));
		at += strlen(at) + 1;
		if (r.touched[i] && is_other_machine(e))
			progress_step("%s for another kind of machine is left out", e->file);
		else if (r.touched[i])
			TRY(add_unit(w, e));
	}
	memcpy(w->read, r.read, w->diff.files.n * sizeof(*w->read));
	for (size_t k = 0; k < w->diff.files.n; k++)
		w->read[k] = w->read[k] || w->diff.files.v[k].created;
	TRY(put_files(w, true));
	TRY(read_after(w, &r));
	return ignore_rest(w, &r);
}

/* --- the whole ---------------------------------------------------------------------------- */

static struct error *compile_units(struct app_workspace *w, bool after)
{
	size_t n = w->units.n;
	const struct compile_entry **entries __free = calloc(n, sizeof(*entries));
	struct run *runs = calloc(n, sizeof(*runs));
	struct error *e = entries && runs ? put_files(w, after) : error_nomem();

	for (size_t i = 0; !e && i < n; i++)
		entries[i] = w->units.v[i].entry;
	if (!e)
		e = run_all(w, entries, n, COMPILE_SECTIONS, w->copy, runs);
	for (size_t i = 0; !e && i < n; i++) {
		char *path = strdup(runs[i].output);

		*(after ? &w->units.v[i].after : &w->units.v[i].before) = path;
		e = path ? NULL : error_nomem();
	}
	runs_free(runs, runs ? n : 0);
	return e;
}

static struct error *nothing(const struct app_workspace *w)
{
	struct error *e =
		error_new(ERROR_NOTHING, "nothing that the diff touches is compiled into %s",
			  w->app->target->name);

	vec_for_each(&w->diff.files, f)
		if (is_unit(f->path) && !is_beside(f->path))
			return error_advise(
				e,
				"%s is compiled by no known command: it was left out when "
				"the program was configured, or what is compiled was "
				"made of it",
				f->path);
	return e;
}

static struct error *make(struct app_workspace *w, const char *patch_path)
{
	TRY(file_read(patch_path, &w->text));
	TRY_CONTEXT(diff_parse(strbuf_str(&w->text), w->text.n, &w->diff), "%s", patch_path);
	TRY(refuse_files(w));
	TRY(tmpdir_make(NULL, &w->private));
	w->copy = str_printf("%s/tree", w->private.path);
	if (!w->copy)
		return error_nomem();
	TRY(copy_folder(w->app->target->tree, w->copy));
	progress_step("find what the diff touches");
	TRY_CONTEXT(find_units(w), "%s", patch_path);
	if (!w->units.n)
		return nothing(w);
	progress_step("compile %zu file%s, before and after", w->units.n,
		      w->units.n == 1 ? "" : "s");
	TRY(compile_units(w, false));
	return compile_units(w, true);
}

struct error *app_workspace_make(const struct app *a, const char *patch_path, unsigned int jobs,
				 struct app_workspace **out)
{
	struct app_workspace *w __cleanup_app_workspace = calloc(1, sizeof(*w));

	if (!w)
		return error_nomem();
	w->app = a;
	w->jobs = jobs;
	TRY(make(w, patch_path));
	*out = take(w);
	return NULL;
}
