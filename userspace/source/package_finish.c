// SPDX-License-Identifier: GPL-2.0-or-later
/* What a package's build came to: the commands that were noted, and whether its files are ours. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/subprocess.h"
#include "image/program.h"
#include "source/manifest.h"
#include "source/package_store.h"

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
	*d = NULL;
}

/* --- commands ----------------------------------------------------------------------- */

static bool is_source(const char *word)
{
	static const char *const ends[] = { ".c", ".cc", ".cpp", ".cxx", ".C", ".c++" };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (*word != '-' && str_ends(word, ends[i]))
			return true;
	return false;
}

/* One command: "N\0FOLDER\0PROGRAM\0WORD\0...", N words. Only those that compile one file. */
static void put_command(struct json *j, const char *const *words, size_t n)
{
	const char *file = NULL;
	size_t files = 0;
	bool compiles = false;

	for (size_t i = 2; i < n; i++) {
		compiles = compiles || str_equal(words[i], "-c");
		if (is_source(words[i]) && !str_equal(words[i - 1], "-MT") &&
		    !str_equal(words[i - 1], "-MF") && !str_equal(words[i - 1], "-o")) {
			file = words[i];
			files++;
		}
	}
	if (!compiles || files != 1)
		return;
	json_object(j, NULL);
	json_string(j, "directory", words[0]);
	json_string(j, "file", file);
	json_array(j, "arguments");
	for (size_t i = 1; i < n; i++)
		json_string(j, NULL, words[i]);
	json_end(j);
	json_end(j);
}

struct words {
	VEC(const char *) v;
};

static void words_free(struct words *w)
{
	vec_free(&w->v);
}

static bool still_there(const char *folder, const char *const *words, size_t n)
{
	for (size_t i = 2; i < n; i++) {
		char *path __free = NULL;

		if (!is_source(words[i]))
			continue;
		path = *words[i] == '/' ? strdup(words[i]) : str_printf("%s/%s", folder, words[i]);
		if (path && file_exists(path))
			return true;
	}
	return false;
}

static struct error *read_log(const struct strbuf *log, struct json *j)
{
	const char *at = log->s, *end = log->s + log->n;

	while (at < end) {
		struct words w __cleanup(words_free) = { 0 };
		uint64_t n;

		TRY(str_u64(at, &n));
		at += strlen(at) + 1;
		for (uint64_t i = 0; i < n + 2; i++) {
			if (at >= end)
				return error_failed("the notes of a compiler are cut off");
			TRY(vec_push(&w.v, at));
			at += strlen(at) + 1;
		}
		/* What configure tried is gone, or the folder that it was tried in. */
		if (file_is_dir(w.v.v[0]) && still_there(w.v.v[0], w.v.v, w.v.n))
			put_command(j, w.v.v, w.v.n);
	}
	return NULL;
}

static int by_text(const void *a, const void *b)
{
	return strverscmp(*(const char *const *)a, *(const char *const *)b);
}

struct names {
	VEC(char *) list;
};

static void names_free(struct names *n)
{
	vec_for_each(&n->list, it)
		free(*it);
	vec_free(&n->list);
}

static struct error *list_folder(const char *dir, struct names *out)
{
	DIR *d __cleanup(close_dir) = opendir(dir);
	struct dirent *ent;

	if (!d)
		return error_errno(errno, "%s", dir);
	while ((ent = readdir(d))) {
		char *name;
		struct error *e;

		if (str_equal(ent->d_name, ".") || str_equal(ent->d_name, ".."))
			continue;
		name = strdup(ent->d_name);
		e = name ? vec_push(&out->list, name) : error_nomem();
		if (e)
			free(name);
		TRY(e);
	}
	vec_sort(&out->list, by_text);
	return NULL;
}

static struct error *write_commands(const char *dir, const char *name)
{
	char *folder __free = str_printf("%s/log", dir);
	char *path __free = str_printf("%s/compile_commands.json", dir);
	struct strbuf text __cleanup_strbuf = { 0 };
	struct names files __cleanup(names_free) = { 0 };
	struct json j = json_begin(&text);

	if (!folder || !path)
		return error_nomem();
	TRY(list_folder(folder, &files));
	if (!files.list.n)
		return error_advise(
			error_refused("the build of %s called no compiler of C or C++", name),
			"a program in another language can't be hotpatched");
	json_array(&j, NULL);
	vec_for_each(&files.list, it) {
		struct strbuf log __cleanup_strbuf = { 0 };
		char *one __free = str_printf("%s/%s", folder, *it);

		if (!one)
			return error_nomem();
		TRY(file_read(one, &log));
		if (log.n)
			TRY_CONTEXT(read_log(&log, &j), "%s", one);
	}
	json_end(&j);
	TRY(json_finish(&j));
	return file_write(path, text.s, text.n, 0644);
}

/* --- files ---------------------------------------------------------------------------- */

struct built {
	char *path; /* below the target's folder */
	struct program *program;
};

struct all_built {
	VEC(struct built) v;
};

static void all_built_free(struct all_built *all)
{
	vec_for_each(&all->v, it) {
		free(it->path);
		program_free(&it->program);
	}
	vec_free(&all->v);
}

typedef struct error *on_file(const char *dir, const char *path, void *arg);

/* Each file below dir/path. */
static struct error *walk(const char *dir, const char *path, on_file *f, void *arg)
{
	char *full __free = str_printf("%s/%s", dir, path);
	struct names names __cleanup(names_free) = { 0 };

	if (!full)
		return error_nomem();
	TRY(list_folder(full, &names));
	vec_for_each(&names.list, it) {
		char *one __free = str_printf("%s/%s", path, *it);
		char *there __free = str_printf("%s/%s/%s", dir, path, *it);
		struct stat st;

		if (!one || !there)
			return error_nomem();
		if (lstat(there, &st) < 0)
			return error_errno(errno, "%s", there);
		if (S_ISDIR(st.st_mode))
			TRY(walk(dir, one, f, arg));
		else if (S_ISREG(st.st_mode) && st.st_size > 64)
			TRY(f(dir, one, arg));
	}
	return NULL;
}

/* NULL in *out: it is no linked file. */
static void open_if_linked(const char *dir, const char *path, struct program **out)
{
	char *full __free = str_printf("%s/%s", dir, path);
	struct error *e __cleanup_error = full ? program_open(full, out) : error_nomem();

	if (e)
		*out = NULL;
}

static struct error *note_built(const char *dir, const char *path, void *arg)
{
	struct all_built *all = arg;
	struct built b = { 0 };
	struct error *e;

	open_if_linked(dir, path, &b.program);
	if (!b.program || !b.program->build_id_n) {
		program_free(&b.program);
		return NULL;
	}
	b.path = strdup(path);
	e = b.path ? vec_push(&all->v, b) : error_nomem();
	if (e) {
		program_free(&b.program);
		free(b.path);
	}
	return e;
}

struct writing {
	struct json *j;
	const struct all_built *all;
	size_t files;
};

static const struct built *same_id(const struct all_built *all, const struct program *p)
{
	vec_for_each(&all->v, b)
		if (b->program->build_id_n == p->build_id_n &&
		    !memcmp(b->program->build_id, p->build_id, p->build_id_n))
			return b;
	return NULL;
}

/* Of those with another build-id, one that is the same nevertheless. */
static const struct built *same_loaded(const struct all_built *all, const struct program *p)
{
	const char *where = NULL;

	vec_for_each(&all->v, b)
		if (program_same_loaded(p, b->program, &where))
			return b;
	return NULL;
}

static struct error *write_file(const char *dir, const char *path, void *arg)
{
	struct writing *w = arg;
	struct program *p __cleanup_program = NULL;
	const struct built *b;
	const char *where = NULL;
	bool same;

	open_if_linked(dir, path, &p);
	if (!p)
		return NULL;
	b = same_id(w->all, p);
	if (!b)
		b = same_loaded(w->all, p);
	same = b && program_same_loaded(p, b->program, &where);
	json_object(w->j, NULL);
	json_string(w->j, "name", path + strlen("shipped"));
	json_string(w->j, "built", b ? b->path : NULL);
	json_bool(w->j, "proven", same);
	json_string(w->j, "differs", b && !same ? where : NULL);
	json_end(w->j);
	w->files++;
	return NULL;
}

static struct error *compiler_of(const char *dir, struct strbuf *out)
{
	struct toolchain *t __cleanup_toolchain = NULL;
	struct subprocess p = { .argv = subprocess_words("gcc", "--version"), .out = out };

	TRY(package_root(dir, false, &t));
	p.root = &t->root;
	TRY(subprocess_run(&p));
	if (out->n)
		out->s[strcspn(out->s, "\n")] = '\0';
	return NULL;
}

struct error *package_finish(const char *name, const char *dir,
			     const struct target_packages *packages, double seconds)
{
	char *package __free = NULL, *version __free = NULL;
	char *path __free = str_printf("%s/package.json", dir);
	struct strbuf text __cleanup_strbuf = { 0 }, compiler __cleanup_strbuf = { 0 };
	struct all_built all __cleanup(all_built_free) = { 0 };
	struct json j = json_begin(&text);
	struct writing w = { .j = &j, .all = &all };

	if (!path)
		return error_nomem();
	TRY(package_name(name, &package, &version));
	TRY(write_commands(dir, name));
	TRY(compiler_of(dir, &compiler));
	TRY(walk(dir, "tree", note_built, &all));
	json_object(&j, NULL);
	json_u64(&j, "schema", 1);
	json_string(&j, "target", name);
	json_string(&j, "package", package);
	json_string(&j, "version", version);
	json_string(&j, "compiler", strbuf_str(&compiler));
	target_packages_json(packages, &j, "packages");
	json_array(&j, "files");
	TRY(walk(dir, "shipped", write_file, &w));
	json_end(&j);
	json_double(&j, "seconds", seconds);
	json_end(&j);
	TRY(json_finish(&j));
	if (!w.files)
		return error_refused("%s has no program and no shared object", name);
	return file_write(path, text.s, text.n, 0644);
}
