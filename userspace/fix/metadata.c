// SPDX-License-Identifier: GPL-2.0-or-later
#include "fix/metadata.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/yaml_read.h"
#include "fix/fields.h"

void fix_metadata_free(struct fix_metadata **at)
{
	struct fix_metadata *m = *at;

	if (!m)
		return;
	bundle_facts_clear(&m->facts);
	arena_free(&m->arena);
	free(m);
	*at = NULL;
}

struct error *fix_metadata_parse(const char *text, size_t n, const char *path,
				 struct fix_metadata **out)
{
	struct fix_metadata *m __cleanup_fix_metadata = calloc(1, sizeof(*m));
	const struct yaml_value *root = NULL;
	struct form_reader r = { 0 };
	struct error *e;

	if (!m)
		return error_nomem();
	m->dir = "";
	m->path = arena_strdup(&m->arena, path);
	if (!m->path)
		return error_nomem();
	r.path = m->path;
	r.arena = &m->arena;
	fix_fields_begin(m);
	e = yaml_parse(text, n, &m->arena, &root);
	if (e)
		return error_with_kind(error_context(e, "%s", path), ERROR_USAGE);
	TRY(fix_fields_read(&r, root, m));
	*out = take(m);
	return NULL;
}

/* --- the folder --------------------------------------------------------------------------- */

bool fix_metadata_is_at(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *inside __free = NULL;

	if (!file_is_dir(path))
		return str_equal(slash ? slash + 1 : path, FIX_METADATA_NAME);
	inside = str_printf("%s/%s", path, FIX_METADATA_NAME);
	return inside && file_exists(inside);
}

char *fix_path(const struct fix_metadata *m, const char *file)
{
	return str_printf("%s/%s", *m->dir ? m->dir : ".", file);
}

/* A plain file whose true place is in the folder, however its links go. */
static struct error *check_file(const struct fix_metadata *m, const char *key, const char *file)
{
	char *path __free = fix_path(m, file), *dir __free = realpath(m->dir, NULL);
	char *place __free = NULL;
	struct stat st;
	size_t n;

	if (!path)
		return error_nomem();
	place = realpath(path, NULL);
	if (!dir || !place || stat(place, &st) < 0)
		return error_usage("%s: %s: %s: %s", m->path, key, file, strerror(errno));
	n = strlen(dir);
	if (strncmp(place, dir, n) != 0 || (place[n] != '/' && n > 1))
		return error_usage("%s: %s: %s leads out of the folder", m->path, key, file);
	if (!S_ISREG(st.st_mode))
		return error_usage("%s: %s: %s is not a file", m->path, key, file);
	return NULL;
}

static struct error *check_files(const struct fix_metadata *m)
{
	for (size_t i = 0; i < m->n_diffs; i++)
		TRY(check_file(m, "diffs", m->diffs[i].file));
	return m->reproducer.file ? check_file(m, "reproducer.file", m->reproducer.file) : NULL;
}

/* Before all of it is read. */
static struct error *check_size(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return error_errno(errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return error_usage("%s: not a regular file", path);
	if (st.st_size > YAML_SIZE_MAX)
		return error_usage("%s: it has %lld bytes; at most %d are read", path,
				   (long long)st.st_size, YAML_SIZE_MAX);
	return NULL;
}

/* The folder of a file; one that ends in "." or ".." by its true name, after which a fix is named.
 */
static char *folder_of(const char *file)
{
	const char *slash = strrchr(file, '/');
	char *dir __free =
		slash ? strndup(file, (size_t)(slash - file) + (slash == file)) : strdup(".");
	const char *last;

	if (!dir)
		return NULL;
	last = strrchr(dir, '/');
	last = last ? last + 1 : dir;
	return str_equal(last, ".") || str_equal(last, "..") ? realpath(dir, NULL) : take(dir);
}

struct error *fix_metadata_read(const char *path, struct fix_metadata **out)
{
	char *file __free =
		file_is_dir(path) ? str_printf("%s/%s", path, FIX_METADATA_NAME) : strdup(path);
	struct fix_metadata *m __cleanup_fix_metadata = NULL;
	struct strbuf text __cleanup_strbuf = { 0 };
	char *dir __free = NULL;

	if (!file)
		return error_nomem();
	TRY(check_size(file));
	TRY(file_read(file, &text));
	TRY(fix_metadata_parse(strbuf_str(&text), text.n, file, &m));
	dir = folder_of(file);
	if (!dir)
		return error_errno(errno, "%s", path);
	m->dir = arena_strdup(&m->arena, dir);
	if (!m->dir)
		return error_nomem();
	TRY(check_files(m));
	*out = take(m);
	return NULL;
}

bool fix_fits(const struct form_texts *patterns, const char *target)
{
	for (size_t i = 0; i < patterns->n; i++)
		if (!fnmatch(patterns->v[i], target, 0))
			return true;
	return !patterns->n;
}
