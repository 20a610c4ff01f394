// SPDX-License-Identifier: GPL-2.0-or-later
/* The list of fixes: five columns a row, and the target and newer source that all share. */
#include <stdlib.h>
#include <string.h>

#include "tests/lab/lab.h"

static char *trim(char *s)
{
	char *end = s + strlen(s);

	while (end > s && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	return s + strspn(s, " \t");
}

static struct error *expectation(const char *words, struct fix *f)
{
	static const struct {
		const char *words;
		enum expectation expect;
	} rows[] = { { "live", LIVE },
		     { "in place", IN_PLACE },
		     { "at load ", AT_LOAD },
		     { "refused ", REFUSED },
		     { "no change", NO_CHANGE } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (str_starts(words, rows[i].words)) {
			f->expect = rows[i].expect;
			f->words = words + strlen(rows[i].words);
			return NULL;
		}
	return error_failed("nothing known is expected: '%s'", words);
}

static struct error *read_row(struct lab *lab, char *line)
{
	const char *column[5] = { 0 };
	struct fix f = { 0 };
	size_t n = 0;
	char *word;

	while (n < 5 && (word = strsep(&line, "|")))
		column[n++] = trim(word);
	if (n != 5 || line)
		return error_failed("a row has five columns");
	f = (struct fix){
		.name = column[0], .files = column[1], .modules = column[2], .exercise = column[3]
	};
	TRY(expectation(column[4], &f));
	return vec_push(&lab->fixes, f);
}

static struct error *read_list(struct lab *lab, const char *path)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	char *rest, *line;

	TRY(file_read(path, &text));
	rest = arena_strdup(&lab->arena, strbuf_str(&text));
	if (!rest)
		return error_nomem();
	while ((line = strsep(&rest, "\n"))) {
		line = trim(line);
		if (str_starts(line, "target "))
			lab->target_name = trim(line + strlen("target "));
		else if (str_starts(line, "newer "))
			lab->newer = trim(line + strlen("newer "));
		else if (*line && *line != '#')
			TRY_CONTEXT(read_row(lab, line), "%s: '%.20s...'", path, line);
	}
	if (!lab->target_name || !lab->newer)
		return error_failed("%s names no target or no newer source", path);
	return NULL;
}

/* Words that a space separates, into a list that ends with NULL. */
struct error *lab_words(struct lab *lab, const char *words, const char **out, size_t *n,
			size_t most)
{
	char *rest = arena_strdup(&lab->arena, words), *word;

	if (!rest)
		return error_nomem();
	while ((word = strsep(&rest, " "))) {
		if (!*word)
			continue;
		if (*n + 1 >= most)
			return error_failed("too many words: %s", words);
		out[(*n)++] = word;
	}
	out[*n] = NULL;
	return NULL;
}

struct error *lab_open(struct lab *lab, const char *list)
{
	const char *b = getenv("B");

	b = b && *b ? b : "build";
	lab->suture = arena_printf(&lab->arena, "%s/suture", b);
	lab->exercise = arena_printf(&lab->arena, "%s/tests/guest/exercise", b);
	if (!lab->suture || !lab->exercise)
		return error_nomem();
	TRY(read_list(lab, list));
	TRY(tmpdir_make(NULL, &lab->dir));
	return NULL;
}

/* Keep only the fixes that are named, in the order of the list. */
void lab_choose(struct lab *lab, char **names)
{
	size_t kept = 0;

	for (size_t i = 0; i < lab->fixes.n; i++)
		for (char **name = names; *name; name++)
			if (str_equal(*name, lab->fixes.v[i].name))
				lab->fixes.v[kept++] = lab->fixes.v[i];
	lab->fixes.n = kept;
}

void lab_close(struct lab *lab)
{
	vm_stop(&lab->vm);
	vec_for_each(&lab->fixes, f)
		vec_free(&f->functions);
	vec_free(&lab->fixes);
	target_free(&lab->target);
	tmpdir_remove(&lab->dir);
	arena_free(&lab->arena);
}
