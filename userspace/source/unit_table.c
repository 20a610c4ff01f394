// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/unit_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "source/include_survey.h"

/* C files include C files include C files; deeper than this is a circle. */
#define DEPTH 8

void unit_table_close(struct unit_table *t)
{
	vec_free(&t->units);
	vec_free(&t->includes);
	arena_free(&t->arena);
}

/* Cut a line into n words in place, the last of which is the rest; true if all are there. */
static bool cut(char *line, char **words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *blank = i + 1 < n ? strchr(line, ' ') : NULL;

		if (!*line || (i + 1 < n && !blank))
			return false;
		words[i] = line;
		if (!blank)
			return true;
		*blank = '\0';
		line = blank + 1;
	}
	return true;
}

static struct error *plain(struct arena *a, const char *spelled, const char **out)
{
	char *copy;

	*out = spelled;
	if (!strstr(spelled, "./"))
		return NULL;
	copy = arena_strdup(a, spelled);
	if (!copy)
		return error_nomem();
	path_normalise(copy);
	*out = copy;
	return NULL;
}

static struct error *take_unit(struct unit_table *t, char *line)
{
	struct table_unit u = { 0 };
	char *words[3];

	if (!cut(line, words, 3))
		return error_failed("a line of the table of units is not OBJECT SOURCE OWNER");
	u.object = words[0];
	u.spelled = words[1];
	if (!str_equal(words[2], "-"))
		u.modfile = words[2];
	TRY(plain(&t->arena, u.spelled, &u.source));
	return vec_push(&t->units, u);
}

static struct error *take_include(struct unit_table *t, char *line)
{
	char *words[2];

	if (!cut(line, words, 2))
		return error_failed("a line of the table of includes is not FILE INCLUDED");
	return vec_push(&t->includes, (struct table_include){ words[0], words[1] });
}

static struct error *take_lines(struct unit_table *t, const char *text,
				struct error *(*take_line)(struct unit_table *, char *))
{
	char *copy = arena_strdup(&t->arena, text), *save = NULL;

	if (!copy)
		return error_nomem();
	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		TRY(take_line(t, l));
	return NULL;
}

struct error *unit_table_read(const char *units, const char *includes, struct unit_table *out)
{
	struct unit_table t __cleanup_unit_table = { 0 };

	TRY(take_lines(&t, units, take_unit));
	TRY(take_lines(&t, includes, take_include));
	*out = t;
	t = (struct unit_table){ 0 };
	return NULL;
}

static struct error *read_part(const struct target *t, const char *name, struct strbuf *out)
{
	char *path __free = str_printf("%s/%s", t->dir, name);

	return path ? file_read(path, out) : error_nomem();
}

struct error *unit_table_open(const struct target *t, struct unit_table *out)
{
	struct strbuf units __cleanup_strbuf = { 0 }, includes __cleanup_strbuf = { 0 };

	TRY(read_part(t, "units", &units));
	TRY(read_part(t, "includes", &includes));
	return error_context(unit_table_read(strbuf_str(&units), strbuf_str(&includes), out),
			     "the target %s", t->name);
}

static struct error *add_once(struct unit_list *out, const struct table_unit *u)
{
	vec_for_each(&out->list, it)
		if (*it == u)
			return NULL;
	return vec_push(&out->list, u);
}

/* What is mapped into every process is not reached by a patch of the kernel. */
static struct error *check_vdso(const char *includer, const char *source, size_t n_units)
{
	if (n_units || !str_starts(includer, "arch/x86/entry/vdso/"))
		return NULL;
	return error_refused("%s is part of the vdso, through %s", source, includer);
}

static struct error *find(const struct unit_table *t, const char *source, struct unit_list *out,
			  unsigned int depth)
{
	size_t n;

	if (depth > DEPTH)
		return error_refused("%s includes itself", source);
	if (depth && !str_ends(source, ".c"))
		return error_refused("%s includes the file: a change would reach whatever includes "
				     "that header",
				     source);
	vec_for_each(&t->units, u)
		if (str_equal(u->source, source))
			TRY(add_once(out, u));
	vec_for_each(&t->includes, i) {
		if (!str_equal(i->included, source))
			continue;
		n = out->list.n;
		TRY(find(t, i->file, out, depth + 1));
		TRY(check_vdso(i->file, source, out->list.n - n));
	}
	return NULL;
}

struct error *unit_table_find(const struct unit_table *t, const char *source, struct unit_list *out)
{
	return find(t, source, out, 0);
}
