// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The text is lines: "KIND NAME" for each name, an empty one, then "PATH N N N..." for each
 * file that has names in it, with their numbers, from 1.
 */
#include "source/include_index.h"

#include <fts.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/progress.h"
#include "source/include_survey.h"

/* Goes with the objects when the tree changes. The number is for what is looked for in files. */
#define FOLDER "objects"
#define FILE_NAME "headers-2"

void include_index_free(struct include_index *x)
{
	vec_free(&x->names);
	vec_free(&x->files);
	vec_free(&x->names_of);
	vec_free(&x->includers);
	hash_free(&x->by_base);
	hash_free(&x->by_path);
	arena_free(&x->arena);
}

/* --- making ---------------------------------------------------------------------- */

struct making {
	struct strbuf names, files;
	struct hash_map known; /* "KIND NAME" -> number */
	struct hash_map here;  /* numbers that the current file has */
	size_t n_names;
	struct arena arena;
};

static void making_free(struct making *m)
{
	strbuf_free(&m->names);
	strbuf_free(&m->files);
	hash_free(&m->known);
	hash_free(&m->here);
	arena_free(&m->arena);
}

static struct error *name_number(struct making *m, enum include_kind kind, const char *name,
				 size_t n, uint64_t *out)
{
	char line[PATH_MAX];
	uint64_t *known;
	char *copy;
	int len;

	len = snprintf(line, sizeof(line), "%c %.*s", kind, (int)n, name);
	if (n > PATH_MAX / 2 || len < 0)
		return error_failed("a name of %zu characters in an #include", n);
	known = hash_get(&m->known, line);
	if (known) {
		*out = *known;
		return NULL;
	}
	copy = arena_strdup(&m->arena, line);
	if (!copy)
		return error_nomem();
	*out = ++m->n_names;
	TRY(strbuf_printf(&m->names, "%s\n", copy));
	return hash_put(&m->known, copy, *out);
}

static struct error *take_name(void *arg, enum include_kind kind, const char *name, size_t n)
{
	struct making *m = arg;
	uint64_t number;

	/* No file's name goes over a line's end or holds one. */
	if (memchr(name, '\n', n))
		return NULL;
	TRY(name_number(m, kind, name, n, &number));
	if (hash_get_u64(&m->here, number))
		return NULL;
	TRY(hash_put_u64(&m->here, number, 1));
	return strbuf_printf(&m->files, " %lu", number);
}

static bool is_makefile(const char *name)
{
	return str_starts(name, "Makefile") || str_starts(name, "Kbuild");
}

/* What no compiler and no makefile reads. */
static bool is_other(const char *name)
{
	static const char *const ends[] = { ".o",   ".ko",  ".a",   ".cmd", ".rst", ".txt",
					    ".so",  ".py",  ".pl",  ".sh",  ".rs",  ".dts",
					    ".png", ".svg", ".gif", ".ppm" };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (str_ends(name, ends[i]))
			return true;
	return str_starts(name, "Kconfig");
}

/* Each file gets its line, also one without names: that it exists counts. */
static struct error *add_file(struct making *m, const char *path, const char *name,
			      const char *real)
{
	struct file_map map __cleanup_map = { 0 };
	const char *text;

	TRY(file_map(real, &map));
	text = (const char *)map.bytes;
	hash_free(&m->here);
	TRY(strbuf_puts(&m->files, path));
	if (map.size)
		TRY_CONTEXT(is_makefile(name) ? include_scan_makefile(text, map.size, take_name, m)
					      : include_scan(text, map.size, take_name, m),
			    "%s", path);
	return strbuf_puts(&m->files, "\n");
}

/* A link reads what it leads to, under another name. */
static struct error *add_link(struct making *m, const char *tree, const char *path,
			      const char *link)
{
	char *root __free = realpath(tree, NULL), *to __free = realpath(link, NULL);
	size_t n = root ? strlen(root) : 0;

	if (!root || !to || strncmp(to, root, n) || to[n] != '/' || file_is_dir(to))
		return NULL;
	hash_free(&m->here);
	TRY(strbuf_puts(&m->files, path));
	TRY(take_name(m, INCLUDE_NEXT, to + n + 1, strlen(to + n + 1)));
	return strbuf_puts(&m->files, "\n");
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

/*
 * Tools and their headers, many of them copies of the kernel's, and what userspace gets: no
 * kernel code is compiled with an -I that leads there.
 */
static bool is_outside(const char *path)
{
	static const char *const folders[] = { "tools", "samples", "Documentation",
					       "usr",	"rust",	   "arch/x86/um" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (str_equal(path, folders[i]))
			return true;
	return false;
}

struct error *include_index_make(const char *tree, struct strbuf *out)
{
	char *const roots[] = { (char *)tree, NULL };
	struct making m __cleanup(making_free) = { 0 };
	FTS *walk __cleanup(close_fts) = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	size_t n = strlen(tree) + 1;
	FTSENT *ent;

	if (!walk)
		return error_errno(errno, "reading %s", tree);
	while ((ent = fts_read(walk))) {
		const char *path = ent->fts_path + n;

		if (ent->fts_info == FTS_D) {
			TRY(interrupt_check());
			if (ent->fts_level && is_outside(path))
				fts_set(walk, ent, FTS_SKIP);
		}
		if (ent->fts_level < 1 || is_other(ent->fts_name) || strpbrk(path, " \n"))
			continue;
		if (ent->fts_info == FTS_F)
			TRY(add_file(&m, path, ent->fts_name, ent->fts_accpath));
		else if (ent->fts_info == FTS_SL)
			TRY(add_link(&m, tree, path, ent->fts_accpath));
	}
	TRY(strbuf_puts(out, strbuf_str(&m.names)));
	TRY(strbuf_puts(out, "\n"));
	return strbuf_puts(out, strbuf_str(&m.files));
}

/* --- reading --------------------------------------------------------------------- */

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "../../a/./b.h" -> "a/b.h": in plain form, behind what leads out of it. */
static struct error *plain_name(struct include_index *x, const char *spelled, const char **out)
{
	char *copy;

	*out = spelled;
	if (!strstr(spelled, "./") && !strstr(spelled, "//"))
		return NULL;
	while (str_starts(spelled, "./") || str_starts(spelled, "../"))
		spelled = strchr(spelled, '/') + 1;
	copy = arena_strdup(&x->arena, spelled);
	if (!copy)
		return error_nomem();
	path_normalise(copy);
	/* It leaves a folder that it did not enter: its last part is all that is sure. */
	*out = *copy ? copy : base_of(spelled);
	return NULL;
}

static struct error *read_name(struct include_index *x, char *line)
{
	struct include_name name = { .kind = (enum include_kind)line[0], .spelled = line + 2 };
	uint32_t number = (uint32_t)x->names.n;
	uint64_t *first;

	if (!line[0] || line[1] != ' ' || !line[2] || !strchr("qancdpm", line[0]))
		return error_failed("the index of headers is damaged");
	TRY(plain_name(x, name.spelled, &name.plain));
	first = hash_get(&x->by_base, base_of(name.plain));
	if (first) {
		name.next = (uint32_t)*first;
		*first = number;
	} else {
		TRY(hash_put(&x->by_base, base_of(name.plain), number));
	}
	return vec_push(&x->names, name);
}

static struct error *read_file(struct include_index *x, char *line)
{
	struct include_file f = { .path = line, .first = (uint32_t)x->names_of.n };
	char *at = strchr(line, ' ');

	while (at && *at) {
		unsigned long number;

		*at = '\0';
		number = strtoul(at + 1, &at, 10);
		if (!number || number >= x->names.n || (*at && *at != ' '))
			return error_failed("the index of headers is damaged");
		x->names.v[number].n++;
		TRY(vec_push(&x->names_of, (uint32_t)number));
		f.n++;
	}
	TRY(hash_put(&x->by_path, f.path, x->files.n));
	return vec_push(&x->files, f);
}

/* From "who has which names" to "who has this name". */
static struct error *turn_around(struct include_index *x)
{
	uint32_t at = 0;

	TRY(vec_reserve(&x->includers, x->names_of.n));
	vec_for_each(&x->names, name) {
		name->first = at;
		at += name->n;
		name->n = 0;
	}
	for (uint32_t i = 0; i < x->files.n; i++) {
		const struct include_file *f = &x->files.v[i];

		for (uint32_t k = 0; k < f->n; k++) {
			struct include_name *name = &x->names.v[x->names_of.v[f->first + k]];

			x->includers.v[name->first + name->n++] = i;
		}
	}
	x->includers.n = x->names_of.n;
	return NULL;
}

struct error *include_index_read(const char *text, struct include_index *out)
{
	struct include_index x __cleanup_include_index = { 0 };
	char *line = arena_strdup(&x.arena, text), *end;
	bool names = true;

	if (!line)
		return error_nomem();
	TRY(vec_push(&x.names, (struct include_name){ .spelled = "", .plain = "" }));
	for (; *line; line = end + 1) {
		end = strchr(line, '\n');
		if (!end)
			return error_failed("the index of headers is cut off");
		*end = '\0';
		if (names && end == line) {
			names = false;
			continue;
		}
		TRY(names ? read_name(&x, line) : read_file(&x, line));
	}
	TRY(turn_around(&x));
	*out = x;
	x = (struct include_index){ 0 };
	return NULL;
}

static struct error *make_and_keep(const char *dir, const char *path, struct strbuf *text)
{
	char *tree __free = str_printf("%s/tree", dir);
	char *folder __free = str_printf("%s/" FOLDER, dir);
	struct error *e __cleanup_error = NULL;

	if (!tree || !folder)
		return error_nomem();
	progress_step("reading who includes what, once for this target");
	TRY(include_index_make(tree, text));
	e = dir_make(folder);
	if (!e)
		e = file_write(path, strbuf_str(text), text->n, 0644);
	if (e)
		log_verbose("not kept: %s", error_message(e));
	return NULL;
}

struct error *include_index_open(const char *dir, struct include_index *out)
{
	char *path __free = str_printf("%s/" FOLDER "/" FILE_NAME, dir);
	struct strbuf text __cleanup_strbuf = { 0 };

	if (!path)
		return error_nomem();
	if (file_exists(path))
		TRY(file_read(path, &text));
	else
		TRY(make_and_keep(dir, path, &text));
	return error_context(include_index_read(strbuf_str(&text), out), "%s", path);
}
