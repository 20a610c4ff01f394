/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs and shared objects as targets, with the source and the commands that they were
 * compiled by.
 *
 *	app:BINARY              a file, with --source DIR, in which compile_commands.json says how
 *	                        it was built
 *	deb:PACKAGE=VERSION     what a distro's package has, built once from its source package;
 *	                        see package.h
 */
#ifndef SUTURE_SOURCE_APP_H
#define SUTURE_SOURCE_APP_H

#include "source/compile_db.h"
#include "source/target.h"

/* A file to be fixed. */
struct app_file {
	const char *path;  /* as it is shipped */
	const char *name;  /* where a system has it: "/usr/bin/redis-server", or the path */
	const char *built; /* our own build of it, with symbols; or NULL */
	/* Our own build is the same, bit for bit but for symbols: it is proven how it was compiled.
	 */
	bool is_proven;
};

struct app {
	struct target *target; /* what a fix's plan needs to know: name, version, .tree */
	char *package;	       /* NULL: of no package */
	struct compile_db db;
	VEC(struct app_file) files;
	struct arena arena;
};

/* Whether a target's name is one of these. */
bool app_is_name(const char *name);

/* app:BINARY; 'source' is its folder, 'database' NULL or where the commands are. */
struct error *app_open(const char *name, const char *source, const char *database,
		       struct app **out) __must_check;
/*
 * deb:PACKAGE=VERSION, a binary package: fetch its source and all that was made of it, unpack in
 * the cache what it is built with, build it, and see whether the same came out. ERROR_NOTHING if
 * it is there already. All or nothing.
 */
struct error *app_add_package(const char *name, struct app **out) __must_check;
struct error *app_remove_package(const char *name) __must_check;
/* The names of those that are there, a line each. */
struct error *app_list_packages(struct strbuf *out) __must_check;
/* deb:PACKAGE=VERSION, which must have been added. */
struct error *app_open_package(const char *name, struct app **out) __must_check;
void app_free(struct app **a);
#define __cleanup_app __cleanup(app_free)

#endif
