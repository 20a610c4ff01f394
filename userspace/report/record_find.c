// SPDX-License-Identifier: GPL-2.0-or-later
/* Which of the records of a folder is meant. */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "report/record.h"

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
	*d = NULL;
}

static bool newer(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* A file that can't be read is no record of any patch. */
static bool is_of(const char *path, const char *name)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct record r __cleanup_record = { 0 };
	struct error *e __cleanup_error = file_read(path, &text);

	if (!e)
		e = record_read(strbuf_str(&text), text.n, &r);
	return !e && str_equal(r.patch, name);
}

struct error *record_find(const char *dir, const char *name, char **out)
{
	DIR *d __cleanup(close_dir) = opendir(dir);
	char *best __free = NULL;
	struct timespec when = { 0 };
	struct dirent *entry;

	if (!d && errno != ENOENT)
		return error_errno(errno, "opening %s", dir);
	while (d && (entry = readdir(d))) {
		char *path __free = str_printf("%s/%s", dir, entry->d_name);
		struct stat st;

		if (!path)
			return error_nomem();
		if (!str_ends(path, ".json") || stat(path, &st) || !S_ISREG(st.st_mode) ||
		    st.st_size > RECORD_BYTES || (best && !newer(&st.st_mtim, &when)) ||
		    (name && !is_of(path, name)))
			continue;
		free(best);
		best = take(path);
		when = st.st_mtim;
	}
	if (!best)
		return error_advise(
			error_new(ERROR_NOTHING, "there is no record of %s in %s",
				  name ? name : "any patch", dir),
			"a patch that is watched while it goes in leaves one; --file reads one from elsewhere");
	*out = take(best);
	return NULL;
}
