// SPDX-License-Identifier: GPL-2.0-or-later
/* A file is the digest of the text, a newline, and the numbers as they are in memory. */
#include "source/read_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "source/include_survey.h"

/* Goes with the objects when the tree changes. With the number of the index, whose numbers these
 * are. */
#define FOLDER "objects/reads-2"

void read_set_free(struct read_set *r)
{
	vec_free(&r->files);
}

static struct error *entry(const struct target *t, const char *command, char **out)
{
	struct strbuf key __cleanup_strbuf = { 0 };
	struct digest d;

	TRY(strbuf_printf(&key, "%s\n%s\n", t->compiler_text, command));
	TRY(digest_bytes(key.s, key.n, &d));
	*out = str_printf("%s/" FOLDER "/%.32s", t->dir, d.hex);
	return *out ? NULL : error_nomem();
}

struct error *read_cache_get(const struct target *t, const char *command, struct read_set *out,
			     bool *found)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	char *path __free = NULL;
	size_t head = sizeof(out->text);

	*found = false;
	TRY(entry(t, command, &path));
	if (!file_exists(path))
		return NULL;
	TRY(file_read(path, &text));
	if (text.n < head || text.s[head - 1] != '\n' || (text.n - head) % sizeof(uint32_t))
		return NULL;
	TRY(vec_reserve(&out->files, (text.n - head) / sizeof(uint32_t)));
	memcpy(out->text, text.s, head - 1);
	out->text[head - 1] = '\0';
	out->files.n = (text.n - head) / sizeof(uint32_t);
	if (out->files.n)
		memcpy(out->files.v, text.s + head, text.n - head);
	*found = true;
	return NULL;
}

static struct error *put(const struct target *t, const char *command, const struct read_set *r)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	char *path __free = NULL, *folder __free = str_printf("%s/" FOLDER, t->dir);

	if (!folder)
		return error_nomem();
	TRY(dir_make(folder));
	TRY(entry(t, command, &path));
	TRY(strbuf_printf(&text, "%s\n", r->text));
	if (r->files.n)
		TRY(strbuf_add(&text, r->files.v, r->files.n * sizeof(uint32_t)));
	return file_write(path, text.s, text.n, 0644);
}

void read_cache_put(const struct target *t, const char *command, const struct read_set *r)
{
	struct error *e __cleanup_error = put(t, command, r);

	if (e)
		log_verbose("not cached: %s", error_message(e));
}

struct error *read_set_parse(const struct include_index *x, char *depfile_text,
			     struct read_set *out, bool *known)
{
	char *rule = strchr(depfile_text, ':'), *save = NULL;

	*known = true;
	if (!rule)
		return error_failed("the compiler has written no dependencies");
	for (char *w = strtok_r(rule + 1, " \t\n\\", &save); w;
	     w = strtok_r(NULL, " \t\n\\", &save)) {
		uint64_t *number;

		if (*w == '/')
			continue;
		path_normalise(w);
		number = hash_get(&x->by_path, w);
		if (number)
			TRY(vec_push(&out->files, (uint32_t)*number));
		else
			*known = false;
	}
	return NULL;
}
