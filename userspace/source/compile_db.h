/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The compile commands of a program, as build systems write them down (compile_commands.json,
 * the "JSON Compilation Database" of Clang's documentation): which file is compiled, in which
 * folder, by which words.
 */
#ifndef SUTURE_SOURCE_COMPILE_DB_H
#define SUTURE_SOURCE_COMPILE_DB_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"

struct compile_entry {
	const char *directory; /* absolute */
	const char *file;      /* absolute, without "." and ".." */
	const char *output;    /* absolute; or NULL */
	const char **argv;     /* NULL-terminated; with the compiler */
};

struct compile_db {
	VEC(struct compile_entry) entries;
	struct arena arena;
};

/* ERROR_FAILED where the file is no such list. Entries that do not compile one file are left out.
 */
struct error *compile_db_read(const char *path, struct compile_db *out) __must_check;
struct error *compile_db_parse(const char *text, size_t n, struct compile_db *out) __must_check;
void compile_db_free(struct compile_db *db);
#define __cleanup_compile_db __cleanup(compile_db_free)

/* "src/./a/../b.c" in a folder, as one absolute path. From 'a'; NULL without memory. */
const char *compile_path(struct arena *a, const char *directory, const char *path);

enum compile_kind {
	COMPILE_SAME,	  /* as the program was compiled */
	COMPILE_SECTIONS, /* with a section for each function and variable */
	COMPILE_DEPENDS,  /* only say what is read, to the output */
};

/*
 * The command once more: 'from' (a folder) is 'to' wherever it is named, and stays 'from' in what
 * the compiler writes; the output is another. ERROR_REFUSED for what can't be compared (LTO).
 */
struct error *compile_command(const struct compile_entry *e, enum compile_kind kind,
			      const char *from, const char *to, const char *output, struct arena *a,
			      const char ***argv, const char **directory) __must_check;

#endif
