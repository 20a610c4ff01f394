// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/app.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

#define APP_KIND "app:"
#define DEB_KIND "deb:"

bool app_is_name(const char *name)
{
	return str_starts(name, APP_KIND) || str_starts(name, DEB_KIND);
}

void app_free(struct app **at)
{
	struct app *a = *at;

	if (!a)
		return;
	target_free(&a->target);
	free(a->package);
	compile_db_free(&a->db);
	vec_free(&a->files);
	arena_free(&a->arena);
	free(a);
	*at = NULL;
}

static struct error *absolute(const char *path, char **out)
{
	*out = realpath(path, NULL);
	return *out ? NULL : error_errno(errno, "%s", path);
}

/* What says how it was compiled: in the source, or in the usual folder for builds. */
static struct error *find_database(const char *source, const char *given, char **out)
{
	static const char *const usual[] = { "", "build/", "builddir/", "_build/" };

	if (given) {
		*out = strdup(given);
		return *out ? NULL : error_nomem();
	}
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
		char *path __free = str_printf("%s/%scompile_commands.json", source, usual[i]);

		if (!path)
			return error_nomem();
		if (!file_exists(path))
			continue;
		*out = take(path);
		return NULL;
	}
	return error_advise(error_failed("%s has no compile_commands.json", source),
			    "cmake -DCMAKE_EXPORT_COMPILE_COMMANDS=ON, meson, or bear -- make "
			    "write it");
}

static struct error *fill(struct app *a, const char *name, const char *source)
{
	struct app_file f = { 0 };
	char *binary __free = NULL;

	TRY(absolute(name + strlen(APP_KIND), &binary));
	a->target = calloc(1, sizeof(*a->target));
	if (!a->target)
		return error_nomem();
	TRY(absolute(source, &a->target->tree));
	a->target->name = str_printf(APP_KIND "%s", binary);
	a->target->version = strdup("");
	a->target->compiler_text = strdup("");
	a->target->release = strdup("");
	f.path = f.name = arena_strdup(&a->arena, binary);
	if (!a->target->name || !a->target->version || !a->target->compiler_text ||
	    !a->target->release || !f.path)
		return error_nomem();
	return vec_push(&a->files, f);
}

struct error *app_open(const char *name, const char *source, const char *database, struct app **out)
{
	struct app *a __cleanup_app = calloc(1, sizeof(*a));
	char *path __free = NULL;

	if (!a)
		return error_nomem();
	if (!source)
		return error_usage("%s: --source DIR must say where its source is", name);
	TRY(fill(a, name, source));
	TRY(find_database(a->target->tree, database, &path));
	TRY(compile_db_read(path, &a->db));
	if (!a->db.entries.n)
		return error_failed("%s says of no file how it is compiled", path);
	*out = take(a);
	return NULL;
}
