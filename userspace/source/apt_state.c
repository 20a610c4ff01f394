// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A state of our own for apt, in the cache: apt.conf(5) is told to us by suites.c. apt itself
 * verifies signatures and digests, and keeps no list that it could not verify.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/subprocess.h"
#include "source/apt.h"

#define HOUR 3600

/* --- the host's places --------------------------------------------------------------- */

/* VERSION_CODENAME of os-release(5); "" if there is none. */
static struct error *host_codename(char **out)
{
	static const char key[] = "\nVERSION_CODENAME=";
	struct strbuf text __cleanup_strbuf = { 0 };
	const char *at;

	TRY(strbuf_puts(&text, "\n"));
	if (file_exists("/etc/os-release"))
		TRY(file_read("/etc/os-release", &text));
	at = strstr(strbuf_str(&text), key);
	at = at ? at + sizeof(key) - 1 : "";
	at += *at == '"';
	*out = strndup(at, strcspn(at, "\"\n"));
	return *out ? NULL : error_nomem();
}

/* "FILE:N" of the host's configuration. */
static struct error *read_key(struct suite_place *p)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	char *file __free = p->entry ? strdup(p->entry) : NULL;
	char *colon = file ? strrchr(file, ':') : NULL;

	if (!colon)
		return NULL;
	*colon = '\0';
	TRY_CONTEXT(file_read(file, &text), "apt's sources");
	return suite_signed_by(strbuf_str(&text), str_ends(file, ".sources"),
			       (unsigned int)strtoul(colon + 1, NULL, 10), &p->signed_by);
}

struct error *apt_places(struct suite_host *out)
{
	struct suite_host h __cleanup_suite_host = { 0 };
	struct strbuf text __cleanup_strbuf = { 0 };
	struct subprocess p = { .argv = subprocess_words("apt-get", "indextargets", "--format",
							 suites_format),
				.env = subprocess_words("LC_ALL=C"),
				.out = &text };
	char *codename __free = NULL;

	TRY(host_codename(&codename));
	TRY(error_context(subprocess_run(&p), "asking apt for its sources"));
	TRY(suite_host_read(strbuf_str(&text), codename, &h));
	TRY(read_key(&h.main));
	TRY(read_key(&h.security));
	*out = h;
	h = (struct suite_host){ 0 };
	return NULL;
}

/* --- a state of our own ---------------------------------------------------------------- */

static struct error *make_folder(const char *dir, const char *name)
{
	char *path __free = str_printf("%s/%s", dir, name);

	return path ? dir_make(path) : error_nomem();
}

static struct error *write_in(const char *dir, const char *name, const struct strbuf *text)
{
	char *path __free = str_printf("%s/%s", dir, name);

	return path ? file_write(path, strbuf_str(text), text->n, 0644) : error_nomem();
}

static struct error *lay_out(const char *dir, const struct strbuf *sources, bool with_sources)
{
	static const char *const folders[] = { "lists/partial", "cache/archives/partial",
					       "sources" };
	struct strbuf conf __cleanup_strbuf = { 0 }, empty __cleanup_strbuf = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		TRY(make_folder(dir, folders[i]));
	TRY(suites_apt_conf(dir, &conf));
	if (with_sources)
		TRY(suites_apt_conf_of_sources(&conf));
	TRY(write_in(dir, "apt.conf", &conf));
	TRY(write_in(dir, "status", &empty));
	return write_in(dir, "sources/suites.sources", sources);
}

/* Lists of these very sources, fetched lately and without trouble. */
static struct error *is_fresh(const char *dir, const struct strbuf *sources, bool *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	char *stamp __free = str_printf("%s/fetched", dir);
	struct stat st;

	*out = false;
	if (!stamp)
		return error_nomem();
	if (stat(stamp, &st) || time(NULL) - st.st_mtime > HOUR || st.st_mtime > time(NULL))
		return NULL;
	TRY(file_read(stamp, &text));
	*out = str_equal(strbuf_str(&text), strbuf_str(sources));
	return NULL;
}

/* The lines of apt's that begin so, indented; "" if there are none. */
static struct error *pick_lines(const char *text, const char *prefix, struct strbuf *out)
{
	for (size_t n; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		if (str_starts(text, prefix))
			TRY(strbuf_printf(out, "%s  %.*s", out->n ? "\n" : "", (int)n, text));
	}
	return NULL;
}

static struct error *fetch_lists(struct apt *a)
{
	struct strbuf said __cleanup_strbuf = { 0 }, lines __cleanup_strbuf = { 0 };
	struct subprocess p = { .argv = subprocess_words("apt-get", "update", a->option, "-q"),
				.env = subprocess_words("LC_ALL=C"),
				.out = &said,
				.err = &said };

	TRY_CONTEXT(subprocess_run(&p), "fetching the package lists of %s", a->suite);
	TRY(pick_lines(strbuf_str(&said), "E:", &lines));
	if (!lines.n)
		TRY(pick_lines(strbuf_str(&said), "W:", &lines));
	if (!lines.n && p.status)
		TRY(strbuf_printf(&lines, "  apt-get ended with status %d", p.status));
	if (lines.n)
		a->trouble = take(lines.s);
	return NULL;
}

static struct error *open_group(const struct suite_host *h, const struct suite_group *g,
				bool with_sources, struct apt *out)
{
	struct apt a __cleanup_apt = { .suite = g->name };
	struct strbuf plain __cleanup_strbuf = { 0 }, sources __cleanup_strbuf = { 0 };
	char *cache __free = NULL, *dir __free = NULL;
	bool fresh = false;

	TRY(cache_dir(&cache));
	dir = str_printf("%s/apt/%s%s", cache, g->name, with_sources ? "-src" : "");
	a.option = dir ? str_printf("-c=%s/apt.conf", dir) : NULL;
	if (!a.option)
		return error_nomem();
	TRY(suites_sources(h, g, &plain));
	TRY(with_sources ? suites_with_sources(strbuf_str(&plain), &sources)
			 : strbuf_puts(&sources, strbuf_str(&plain)));
	TRY(is_fresh(dir, &sources, &fresh));
	if (!fresh) {
		TRY(lay_out(dir, &sources, with_sources));
		progress_step("fetching the package lists of %s", g->name);
		TRY(fetch_lists(&a));
		if (!a.trouble)
			TRY(write_in(dir, "fetched", &sources));
	}
	*out = a;
	a = (struct apt){ 0 };
	return NULL;
}

struct error *apt_group(const struct suite_host *h, const struct suite_group *g, struct apt *out)
{
	return open_group(h, g, false, out);
}

struct error *apt_group_of_sources(const struct suite_host *h, const struct suite_group *g,
				   struct apt *out)
{
	return open_group(h, g, true, out);
}
