// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/vec.h"

/* The build folder in debug information, whatever it really was. */
#define PLACE "/usr/src/linux"

struct words {
	VEC(const char *) list;
};

static void words_free(struct words *w)
{
	vec_free(&w->list);
}

void command_free(struct command *c)
{
	arena_free(&c->arena);
	*c = (struct command){ 0 };
}

static struct error *unknown(const char *at)
{
	return error_refused("a compile command has a form that is not known, at '%.40s'", at);
}

/*
 * One word of shell text: plain characters, 'quoted' and "quoted" parts and \-escapes. A lone
 * ';' is a word. Whatever a shell would expand is refused.
 */
static struct error *read_word(const char **at, char *to)
{
	const char *s = *at;
	char quote = '\0';

	for (; *s && (quote || !strchr(" \t;", *s)); s++) {
		if (!quote && strchr("$`|&<>(){}*?[]~#!\n", *s))
			return unknown(s);
		if (quote == '"' && strchr("$`\\", *s))
			return unknown(s);
		if (!quote && *s == '\\') {
			if (!s[1])
				return unknown(s);
			*to++ = *++s;
		} else if (quote ? *s == quote : *s == '\'' || *s == '"') {
			quote = quote ? '\0' : *s;
		} else {
			*to++ = *s;
		}
	}
	if (quote)
		return unknown(*at);
	if (s == *at && *s == ';')
		*to++ = *s++;
	*to = '\0';
	*at = s;
	return NULL;
}

static struct error *split(const char *text, struct arena *a, struct words *out)
{
	while (*(text += strspn(text, " \t"))) {
		char *word = arena_alloc(a, strlen(text) + 1);

		if (!word)
			return error_nomem();
		TRY(read_word(&text, word));
		TRY(vec_push(&out->list, word));
	}
	return NULL;
}

/* The next program's words, up to ';'; NULL in *out if there are none. */
static struct error *take_program(const struct words *w, size_t *at, struct arena *a,
				  const char ***out)
{
	size_t n = 0;

	while (*at + n < w->list.n && !str_equal(w->list.v[*at + n], ";"))
		n++;
	*out = NULL;
	if (n) {
		*out = arena_array(a, n + 1, sizeof(**out));
		if (!*out)
			return error_nomem();
		memcpy(*out, w->list.v + *at, n * sizeof(**out));
	}
	*at += n + (*at + n < w->list.n);
	return NULL;
}

static size_t count(const char *const *argv)
{
	size_t n = 0;

	while (argv[n])
		n++;
	return n;
}

/* ... -c -o OBJECT SOURCE */
static bool is_compile(const char *const *argv)
{
	size_t n = argv ? count(argv) : 0;

	return n > 5 && str_equal(argv[n - 4], "-c") && str_equal(argv[n - 3], "-o") &&
	       str_ends(argv[n - 2], ".o") && str_ends(argv[n - 1], ".c");
}

static bool is_objtool(const char *const *argv, const char *object)
{
	return str_ends(argv[0], "/objtool") && str_equal(argv[count(argv) - 1], object);
}

struct error *command_parse(const char *text, struct command *out)
{
	struct command c __cleanup_command = { 0 };
	struct words w __cleanup(words_free) = { 0 };
	const char **rest;
	size_t at = 0;

	TRY(split(text, &c.arena, &w));
	TRY(take_program(&w, &at, &c.arena, &c.compile));
	if (!is_compile(c.compile))
		return unknown(text);
	TRY(take_program(&w, &at, &c.arena, &c.objtool));
	if (c.objtool && !is_objtool(c.objtool, c.compile[count(c.compile) - 2]))
		return unknown(c.objtool[0]);
	TRY(take_program(&w, &at, &c.arena, &rest));
	if (rest)
		return unknown(rest[0]);
	*out = c;
	c = (struct command){ 0 };
	return NULL;
}

/*
 * Layouts are compared through debug information, so all of it is wanted, in the object: not
 * reduced, split off or compressed. Code does not depend on it.
 */
static bool hides_types(const char *word)
{
	return str_equal(word, "-g0") || str_equal(word, "-gsplit-dwarf") ||
	       str_starts(word, "-gz") || str_starts(word, "-Wa,--compress-debug") ||
	       str_starts(word, "-femit-struct-debug-") ||
	       str_equal(word, "-fno-standalone-debug") || str_equal(word, "-flimit-debug-info");
}

struct error *command_retarget(const struct command *c, const char *object, const char *depfile,
			       const char *root, struct arena *a, const char ***out)
{
	size_t n = count(c->compile), k = 0;
	const char **argv = arena_array(a, n + 5, sizeof(*argv));
	const char *dep = arena_printf(a, "-Wp,-MMD,%s", depfile);
	const char *map = arena_printf(a, "-fdebug-prefix-map=%s=" PLACE, root);
	bool has_dep = false, has_debug = false;

	if (!argv || !dep || !map)
		return error_nomem();
	for (size_t i = 0; i < n - 4; i++) {
		bool is_dep = str_starts(c->compile[i], "-Wp,-MMD,") ||
			      str_starts(c->compile[i], "-Wp,-MD,");

		if (hides_types(c->compile[i]))
			continue;
		argv[k++] = is_dep ? dep : c->compile[i];
		has_dep = has_dep || is_dep;
		has_debug = has_debug || str_equal(c->compile[i], "-g") ||
			    str_starts(c->compile[i], "-gdwarf");
	}
	if (!has_dep)
		return unknown(c->compile[0]);
	if (!has_debug)
		argv[k++] = "-g";
	argv[k++] = "-ffunction-sections";
	argv[k++] = "-fdata-sections";
	argv[k++] = map;
	argv[k++] = "-c";
	argv[k++] = "-o";
	argv[k++] = object;
	argv[k++] = c->compile[n - 1];
	*out = argv;
	return NULL;
}

struct error *command_first_include(const char *folder, const char *as, struct arena *a,
				    const char ***argv)
{
	size_t n = count(*argv);
	const char **longer = arena_array(a, n + 3, sizeof(*longer));

	if (!longer)
		return error_nomem();
	longer[0] = (*argv)[0];
	longer[1] = arena_printf(a, "-I%s", folder);
	longer[2] = arena_printf(a, "-ffile-prefix-map=%s=./%s", folder, as);
	memcpy(longer + 3, *argv + 1, (n - 1) * sizeof(*longer));
	if (!longer[1] || !longer[2])
		return error_nomem();
	*argv = longer;
	return NULL;
}

struct error *command_objtool(const struct command *c, const char *object, struct arena *a,
			      const char ***out)
{
	size_t n;

	*out = NULL;
	if (!c->objtool)
		return NULL;
	n = count(c->objtool);
	*out = arena_array(a, n + 1, sizeof(**out));
	if (!*out)
		return error_nomem();
	memcpy(*out, c->objtool, n * sizeof(**out));
	(*out)[n - 1] = object;
	return NULL;
}

static bool is_depfile(const char *word)
{
	return str_starts(word, "-Wp,-MMD,") || str_starts(word, "-Wp,-MD,");
}

struct error *command_preprocess(const struct command *c, const char *text, const char *depfile,
				 struct arena *a, const char ***out)
{
	size_t n = count(c->compile), k = 0;
	const char **argv = arena_array(a, n + 4, sizeof(*argv));
	const char *dep = arena_printf(a, "-Wp,-MD,%s", depfile);

	if (!argv || !dep)
		return error_nomem();
	for (size_t i = 0; i < n - 4; i++)
		if (!is_depfile(c->compile[i]))
			argv[k++] = c->compile[i];
	argv[k++] = dep;
	argv[k++] = "-E";
	argv[k++] = "-P";
	argv[k++] = "-o";
	argv[k++] = text;
	argv[k++] = c->compile[n - 1];
	*out = argv;
	return NULL;
}

/*
 * What kbuild gives the assembler of the compiler's flags: a_flags in scripts/Makefile.lib; and
 * REALMODE_CFLAGS in arch/x86/Makefile.
 */
static bool is_for_assembly(const char *word)
{
	return str_starts(word, "-I") || (str_starts(word, "-D") && !strstr(word, "KBUILD_")) ||
	       str_starts(word, "-m") || str_equal(word, "-fno-PIE") ||
	       str_equal(word, "-nostdinc") || str_starts(word, "-fmacro-prefix-map=");
}

struct error *command_preprocess_other(const struct command *c, const char *source,
				       const char *generated, const char *text, const char *depfile,
				       struct arena *a, const char ***out)
{
	size_t n = count(c->compile), k = 0;
	const char **argv = arena_array(a, n + 20, sizeof(*argv));
	const char *dep = arena_printf(a, "-Wp,-MD,%s", depfile);
	bool assembly = str_ends(source, ".S");
	const char *slash = strrchr(source, '/');
	const char *beside =
		arena_printf(a, "-I%.*s", slash ? (int)(slash - source) : 1, slash ? source : ".");

	if (!argv || !dep || !beside)
		return error_nomem();
	argv[k++] = c->compile[0];
	for (size_t i = 1; i < n - 4; i++) {
		const char *word = c->compile[i];

		if (is_for_assembly(word))
			argv[k++] = word;
		if (!str_equal(word, "-include") ||
		    (assembly && str_ends(c->compile[i + 1], "compiler_types.h")))
			continue;
		argv[k++] = word;
		argv[k++] = c->compile[++i];
	}
	if (assembly)
		argv[k++] = "-D__ASSEMBLY__";
	argv[k++] = "-iquote";
	argv[k++] = generated;
	if (str_starts(source, "arch/x86/realmode/")) {
		argv[k++] = "-Iarch/x86/boot";
		argv[k++] = "-D_SETUP";
		argv[k++] = "-D_WAKEUP";
	}
	argv[k++] = beside;
	argv[k++] = dep;
	argv[k++] = "-E";
	argv[k++] = "-P";
	argv[k++] = "-o";
	argv[k++] = text;
	argv[k++] = source;
	*out = argv;
	return NULL;
}
