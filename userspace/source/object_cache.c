// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files are named by the digest of their key; an object's name is the digest of the command,
 * of the compiler's version, and of SCHEMA, which changes when suture's own flags do.
 */
#include "source/object_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "source/kbuild.h"

#define SCHEMA "1"

static struct error *entry(const struct target *t, const char *folder, const char *key,
			   const char *suffix, char **out)
{
	struct strbuf all __cleanup_strbuf = { 0 };
	struct digest d;

	TRY(strbuf_printf(&all, "%s\n%s\n%s\n", SCHEMA, t->compiler_text, key));
	TRY(digest_bytes(all.s, all.n, &d));
	*out = str_printf("%s/%s/%.32s%s", t->dir, folder, d.hex, suffix);
	return *out ? NULL : error_nomem();
}

static struct error *make_folder(const struct target *t, const char *folder)
{
	char *path __free = str_printf("%s/%s", t->dir, folder);

	return path ? dir_make(path) : error_nomem();
}

static struct error *store_command(const struct target *t, const char *object, const char *command)
{
	char *path __free = NULL;

	TRY(make_folder(t, "commands"));
	TRY(entry(t, "commands", object, "", &path));
	return file_write(path, command, strlen(command), 0644);
}

static struct error *load_command(const struct target *t, const char *object, char **out)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	char *path __free = NULL;

	TRY(entry(t, "commands", object, "", &path));
	if (!file_exists(path))
		return NULL;
	TRY(file_read(path, &text));
	*out = strdup(strbuf_str(&text));
	return *out ? NULL : error_nomem();
}

/* What went wrong in writing the cache is worth no more than a note. */
static void note(struct error *e)
{
	if (e)
		log_verbose("not cached: %s", error_message(e));
	error_free(&e);
}

struct error *cached_commands(const struct target *t, const char *scratch,
			      const char *const *objects, size_t n, char **commands)
{
	const char **missing __free = calloc(n, sizeof(*missing));
	char **found __free = calloc(n, sizeof(*found));
	size_t n_missing = 0, k = 0;
	struct error *e;

	if (!missing || !found)
		return error_nomem();
	for (size_t i = 0; i < n; i++) {
		TRY(load_command(t, objects[i], &commands[i]));
		if (!commands[i])
			missing[n_missing++] = objects[i];
	}
	if (!n_missing)
		return NULL;
	e = kbuild_commands(t, scratch, missing, n_missing, found);
	for (size_t i = 0; e && i < n_missing; i++)
		free(found[i]);
	if (e)
		return e;
	for (size_t i = 0; i < n; i++) {
		if (commands[i])
			continue;
		commands[i] = found[k++];
		note(store_command(t, objects[i], commands[i]));
	}
	return NULL;
}

struct error *cached_object_get(const struct target *t, const char *command, const char *path,
				bool *found)
{
	char *from __free = NULL;

	*found = false;
	TRY(entry(t, "objects", command, ".o", &from));
	if (!file_exists(from))
		return NULL;
	*found = true;
	return file_copy(from, path);
}

static struct error *put(const struct target *t, const char *command, const char *path)
{
	char *to __free = NULL;

	TRY(make_folder(t, "objects"));
	TRY(entry(t, "objects", command, ".o", &to));
	return file_copy(path, to);
}

void cached_object_put(const struct target *t, const char *command, const char *path)
{
	note(put(t, command, path));
}
