// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/unit_table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "source/include_survey.h"

void unit_table_close(struct unit_table *t)
{
	vec_free(&t->units);
	vec_free(&t->includes);
	hash_free(&t->by_source);
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
	uint64_t *first;
	char *words[3];

	if (!cut(line, words, 3))
		return error_failed("a line of the table of units is not OBJECT SOURCE OWNER");
	u.object = words[0];
	u.spelled = words[1];
	if (!str_equal(words[2], "-"))
		u.modfile = words[2];
	TRY(plain(&t->arena, u.spelled, &u.source));
	first = hash_get(&t->by_source, u.source);
	u.next = first ? *first : SIZE_MAX;
	TRY(hash_put(&t->by_source, u.source, t->units.n));
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
	if (hash_get_u64(&out->known, (uintptr_t)u))
		return NULL;
	TRY(hash_put_u64(&out->known, (uintptr_t)u, 1));
	return vec_push(&out->list, u);
}

void unit_list_free(struct unit_list *l)
{
	vec_free(&l->list);
	hash_free(&l->known);
}

/* Objects of the EFI stub are in a library that only boot code is linked from. */
static bool is_boot(const struct table_unit *u)
{
	return str_starts(u->object, "drivers/firmware/efi/libstub/");
}

struct error *unit_table_find(const struct unit_table *t, const char *source, struct unit_list *out)
{
	uint64_t *first = hash_get(&t->by_source, source);

	for (size_t i = first ? *first : t->units.n; i < t->units.n; i = t->units.v[i].next)
		if (!is_boot(&t->units.v[i]))
			TRY(add_once(out, &t->units.v[i]));
	return NULL;
}

bool unit_table_is_included(const struct unit_table *t, const char *path)
{
	vec_for_each(&t->includes, i)
		if (str_equal(i->included, path))
			return true;
	return false;
}
