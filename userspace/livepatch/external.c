// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/external.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/subprocess.h"

/* The folder it is compiled in has another name each time, which is to be in nothing that is made.
 */
#define PLACE "/suture"
#define FLAGS "KCFLAGS=-ffile-prefix-map=%s=" PLACE

/* A new suture or another compiler has another one. */
static struct error *cache_folder(const struct target *t, const struct external *x, char **out)
{
	struct strbuf all __cleanup_strbuf = { 0 };
	struct digest d;

	TRY(strbuf_printf(&all, "%s%c" FLAGS, t->compiler_text ? t->compiler_text : "", 0, ""));
	for (size_t i = 0; i < x->n; i++)
		TRY(strbuf_printf(&all, "%c%s%c%s", 0, x->sources[i].name, 0, x->sources[i].text));
	TRY(digest_bytes(all.s, all.n, &d));
	*out = str_printf("%s/%s/%.16s", t->dir, x->kind, d.hex);
	return *out ? NULL : error_nomem();
}

static struct error *write_source(const char *folder, const struct external_source *s)
{
	char *path __free = str_printf("%s/%s", folder, s->name);

	if (!path)
		return error_nomem();
	return file_write(path, s->text, strlen(s->text), 0644);
}

static struct error *compile(const struct target *t, const struct external *x, const char *folder,
			     const char *goal)
{
	char *m __free = str_printf("M=%s", folder);
	char *tmp __free = str_printf("TMPDIR=%s", folder);
	char *flags __free = str_printf(FLAGS, folder);
	/* A distro's tree names its compiler itself. */
	char *cc __free = t->source ? str_printf("CC=%s", t->compiler) : strdup("KBUILD_VERBOSE=0");
	struct strbuf output __cleanup_strbuf = { 0 };
	struct subprocess make = {
		.argv = subprocess_words("make", "--no-print-directory", "-s", "-C", t->tree, m, cc,
					 flags, goal),
		/* Nothing of the caller's environment (KCFLAGS, ...) may reach the compiler. */
		.env = subprocess_words("LC_ALL=C", tmp),
		.clear_env = true,
		.root = target_root(t),
		.timeout = 600,
		.out = &output,
		.err = &output,
	};

	if (!m || !tmp || !flags || !cc)
		return error_nomem();
	for (size_t i = 0; i < x->n; i++)
		TRY(write_source(folder, &x->sources[i]));
	return subprocess_check(&make);
}

struct error *external_make(const struct target *t, const struct external *x, const char *goal,
			    const char *file, char **path)
{
	struct tmpdir work __cleanup_tmpdir = { 0 };
	char *folder __free = NULL, *made __free = NULL, *kept __free = NULL;

	TRY(cache_folder(t, x, &folder));
	kept = str_printf("%s/%s", folder, file);
	if (!kept)
		return error_nomem();
	if (!file_exists(kept)) {
		TRY(tmpdir_make(NULL, &work));
		TRY_CONTEXT(compile(t, x, work.path, goal), "compiling %s for %s", x->what,
			    t->name);
		made = str_printf("%s/%s", work.path, file);
		if (!made)
			return error_nomem();
		TRY(dir_make(folder));
		TRY(file_copy(made, kept));
	}
	*path = take(kept);
	return NULL;
}
