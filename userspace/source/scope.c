// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/scope.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "source/config_symbol.h"
#include "source/extra_header.h"
#include "source/touched.h"

void scope_close(struct scope *s)
{
	vec_for_each(&s->texts, t)
		strbuf_free(t);
	vec_free(&s->texts);
	vec_free(&s->files);
	vec_free(&s->left);
	vec_free(&s->roots);
	unit_list_free(&s->units);
	readers_free(&s->outside);
	include_reach_free(&s->reach);
	include_index_free(&s->index);
	unit_table_close(&s->table);
	diff_free(&s->diff);
	arena_free(&s->arena);
}

static struct error *leave_out(struct scope *s, const char *path, const char *why)
{
	struct left_out l = { path, arena_strdup(&s->arena, why) };

	if (!l.why)
		return error_nomem();
	log_info("left out: %s %s", path, why);
	return vec_push(&s->left, l);
}

struct error *scope_nothing(const struct scope *s)
{
	struct strbuf all __cleanup_strbuf = { 0 };

	vec_for_each(&s->left, l)
		TRY(strbuf_printf(&all, "%s\n  %s %s", all.n ? "" : ":", l->path, l->why));
	return error_new(ERROR_NOTHING, "nothing of the diff is part of %s%s", s->target->name,
			 strbuf_str(&all));
}

/* --- each file alone --------------------------------------------------------------- */

static bool is_unit(const struct scope *s, const char *path)
{
	return hash_get(&s->table.by_source, path);
}

/* May other files include it? A C file only where one is known to, or if it is new. */
static bool is_root(const struct scope *s, const struct diff_file *f)
{
	return !str_ends(f->path, ".c") || f->created || f->deleted ||
	       unit_table_is_included(&s->table, f->path);
}

static struct error *add_outside(struct scope *s, const char *path)
{
	struct outside_reader r, *copy;

	if (!outside_reader(path, &r))
		return NULL;
	copy = arena_dup(&s->arena, &r, sizeof(r));
	return copy ? vec_push(&s->outside.outside, copy) : error_nomem();
}

static struct error *take_file(struct scope *s, const struct diff_file *f)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct shadow_file file = { .path = f->path };

	if (touched_is_ignored(f->path))
		return leave_out(s, f->path, "is no part of an x86-64 kernel");
	TRY(touched_check(f));
	TRY(touched_patch(s->target, f, &text));
	if (f->deleted && is_unit(s, f->path))
		return error_refused("%s is deleted by the diff: its object would be gone from "
				     "what is linked",
				     f->path);
	TRY(unit_table_find(&s->table, f->path, &s->units));
	TRY(add_outside(s, f->path));
	if (is_root(s, f))
		TRY(vec_push(&s->roots, f->path));
	s->moves = s->moves || f->created || f->deleted;
	if (!f->deleted) {
		file.text = strbuf_str(&text);
		file.n = text.n;
	}
	TRY(vec_push(&s->texts, text));
	text = (struct strbuf){ 0 };
	return vec_push(&s->files, file);
}

/* The header for callbacks and shadow variables, where a fixed file wants it. */
static struct error *add_extra_header(struct scope *s)
{
	vec_for_each(&s->files, f)
		if (f->text && extra_header_wanted(f->text, f->n))
			return vec_push(&s->files, extra_header());
	return NULL;
}

/* --- all together ------------------------------------------------------------------ */

static struct error *find_readers(struct scope *s)
{
	struct readers found __cleanup_readers = { 0 };

	TRY(include_index_open(s->target->dir, &s->index));
	TRY(include_index_reach(&s->index, s->roots.v, s->roots.n, &s->reach));
	TRY(readers_find(&s->index, &s->reach, &s->table, s->roots.v, s->roots.n, &s->units,
			 &found));
	vec_for_each(&found.outside, it) {
		struct outside_reader *copy = arena_dup(&s->arena, *it, sizeof(**it));

		if (!copy)
			return error_nomem();
		TRY(vec_push(&s->outside.outside, copy));
	}
	if (found.boot)
		log_verbose("boot code reads what the diff touches, too; it has run");
	return NULL;
}

static bool is_outside(const struct scope *s, const char *path)
{
	vec_for_each(&s->outside.outside, it)
		if (str_equal((*it)->source, path))
			return true;
	return false;
}

/* Is it compiled, or can something that is compiled include it? */
static bool plays_a_part(const struct scope *s, const char *path)
{
	struct unit_list own __cleanup_unit_list = { 0 };
	struct error *e __cleanup_error = unit_table_find(&s->table, path, &own);

	if (e || own.list.n || is_outside(s, path))
		return true;
	/* Whether a root is read shows when the readers are compiled. */
	vec_for_each(&s->roots, it)
		if (str_equal(*it, path))
			return s->units.list.n || s->outside.outside.n;
	return false;
}

static struct error *why_not_compiled(struct scope *s, const char *path)
{
	char *symbol __free = NULL, *why __free = NULL;
	bool runs = false;
	const char *outside = touched_outside(path, &runs);

	if (outside && runs)
		return error_refused("%s %s", path, outside);
	if (outside)
		return leave_out(s, path, outside);
	if (!str_ends(path, ".c"))
		return leave_out(s, path, "is read by nothing that is compiled");
	TRY(config_symbol(s->target->tree, path, &symbol));
	why = symbol ? str_printf("is not compiled in this configuration (%s is not set)", symbol)
		     : strdup("is not compiled in this configuration");
	return why ? leave_out(s, path, why) : error_nomem();
}

/* After all files are taken and readers are known. */
static struct error *sort_out(struct scope *s)
{
	for (size_t i = 0; i < s->files.n; i++)
		if (!plays_a_part(s, s->files.v[i].path))
			TRY(why_not_compiled(s, s->files.v[i].path));
	return NULL;
}

struct error *scope_unread(struct scope *s, size_t i)
{
	const char *path = s->files.v[i].path;

	/* A deleted file can't be read; those that name it would not have compiled. */
	if (!s->files.v[i].text)
		return NULL;
	vec_for_each(&s->left, l)
		if (str_equal(l->path, path))
			return NULL;
	if (is_unit(s, path) || is_outside(s, path))
		return error_refused("%s was not read by the compiler of any object", path);
	return why_not_compiled(s, path);
}

static void tell(const struct scope *s)
{
	if (s->roots.n == 1)
		log_info("%s may be included by %zu objects of this kernel", s->roots.v[0],
			 s->units.list.n);
	else if (s->roots.n)
		log_info("%zu of the diff's files may be included by %zu objects of this kernel",
			 s->roots.n, s->units.list.n);
}

struct error *scope_open(const struct target *t, const char *patch, size_t n, struct scope *out)
{
	struct scope s __cleanup_scope = { .target = t };

	TRY(diff_parse(patch, n, &s.diff));
	TRY(unit_table_open(t, &s.table));
	vec_for_each(&s.diff.files, f)
		TRY(take_file(&s, f));
	if (s.roots.n)
		TRY(find_readers(&s));
	TRY(sort_out(&s));
	if (!s.units.list.n && !s.outside.outside.n)
		return scope_nothing(&s);
	tell(&s);
	TRY(add_extra_header(&s));
	*out = s;
	s = (struct scope){ 0 };
	return NULL;
}
