// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/payload.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "qemu/libraries.h"

#define DEPTH_MAX 64

struct error *payload_copy(struct cpio *c, const char *from, const char *to)
{
	struct file_map m __cleanup_map = { 0 };
	struct stat st;

	TRY(file_map(from, &m));
	if (stat(from, &st) < 0)
		return error_errno(errno, "%s", from);
	return cpio_file(c, to, st.st_mode & 0777, m.bytes, m.size);
}

/* The loader looks in its own folders only: the guest has no ld.so.cache. */
static struct error *add_library(struct cpio *c, const char *path)
{
	const char *base = strrchr(path, '/') + 1;
	char *link __free = str_printf("/lib/x86_64-linux-gnu/%s", base);

	if (!link)
		return error_nomem();
	if (!cpio_has(c, path))
		TRY(payload_copy(c, path, path));
	if (strchr(base, '.') && !cpio_has(c, link))
		TRY(cpio_symlink(c, link, path));
	return NULL;
}

struct error *payload_program(struct cpio *c, const char *from, const char *to)
{
	struct library_list libs __cleanup_libraries = { 0 };

	TRY(payload_copy(c, from, to));
	if (access(from, X_OK))
		return NULL;
	TRY(libraries_of(from, &libs));
	vec_for_each(&libs.paths, it)
		TRY(add_library(c, *it));
	return NULL;
}

/* "host path=guest path": the first, allocated, and the second. */
static struct error *split(const char *words, char **from, const char **to)
{
	const char *equals = strrchr(words, '=');

	if (!equals || equals == words || equals[1] != '/')
		return error_usage("'%s': a file for the guest is written HOST-PATH=/GUEST-PATH",
				   words);
	*from = strndup(words, (size_t)(equals - words));
	*to = equals + 1;
	return *from ? NULL : error_nomem();
}

struct error *payload_file(struct cpio *c, const char *words)
{
	char *from __free = NULL;
	const char *to;

	TRY(split(words, &from, &to));
	return error_context(payload_program(c, from, to), "putting %s into the guest", from);
}

static struct error *identify(const char *path, struct strbuf *out)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return error_errno(errno, "%s", path);
	return strbuf_printf(out, "%s %llu %llu %llu %lld.%09ld\n", path,
			     (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
			     (unsigned long long)st.st_size, (long long)st.st_mtim.tv_sec,
			     st.st_mtim.tv_nsec);
}

struct error *payload_identity(const char *words, struct strbuf *out)
{
	struct library_list libs __cleanup_libraries = { 0 };
	char *from __free = NULL;
	const char *to;

	TRY(split(words, &from, &to));
	TRY(strbuf_printf(out, "%s=", to));
	TRY(identify(from, out));
	if (access(from, X_OK))
		return NULL;
	TRY(libraries_of(from, &libs));
	vec_for_each(&libs.paths, it)
		TRY(identify(*it, out));
	return NULL;
}

static struct error *add_link(struct cpio *c, const char *from, const char *to)
{
	char target[4096];
	ssize_t n = readlink(from, target, sizeof(target) - 1);

	if (n < 0)
		return error_errno(errno, "%s", from);
	target[n] = '\0';
	return cpio_symlink(c, to, target);
}

static struct error *tree(struct cpio *c, const char *from, const char *to, unsigned int depth);

static struct error *add_entry(struct cpio *c, const char *from, const char *to, unsigned int depth)
{
	struct stat st;

	if (lstat(from, &st) < 0)
		return error_errno(errno, "%s", from);
	if (S_ISDIR(st.st_mode))
		return tree(c, from, to, depth + 1);
	if (S_ISLNK(st.st_mode))
		return add_link(c, from, to);
	if (S_ISREG(st.st_mode))
		return payload_copy(c, from, to);
	return error_failed("%s is neither a file nor a folder", from);
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

static struct error *tree(struct cpio *c, const char *from, const char *to, unsigned int depth)
{
	DIR *d __cleanup(close_dir) = opendir(from);
	struct dirent *ent;

	if (!d)
		return error_errno(errno, "%s", from);
	if (depth > DEPTH_MAX)
		return error_failed("%s: more than %d folders in one another", from, DEPTH_MAX);
	TRY(interrupt_check());
	TRY(cpio_dir(c, to));
	while ((ent = readdir(d))) {
		char *below __free = str_printf("%s/%s", from, ent->d_name);
		char *there __free = str_printf("%s/%s", to, ent->d_name);

		if (!below || !there)
			return error_nomem();
		if (!str_equal(ent->d_name, ".") && !str_equal(ent->d_name, ".."))
			TRY(add_entry(c, below, there, depth));
	}
	return NULL;
}

struct error *payload_tree(struct cpio *c, const char *from, const char *to)
{
	return tree(c, from, to, 0);
}
