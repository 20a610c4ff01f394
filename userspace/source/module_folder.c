// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From scripts/Makefile.build and scripts/Kbuild.include of Linux 6.1, 6.12 and 7.2: beside each
 * object lies .NAME.o.cmd, whose first line is "cmd_PATH := COMMAND" or "savedcmd_PATH := COMMAND".
 * PATH is absolute up to 6.12, and from 6.13 on as seen from the modules' folder.
 */
#include "source/module_folder.h"

#include <ctype.h>
#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "source/module_info.h"

void module_folder_free(struct module_folder *f)
{
	free(f->release);
	free(f->built_at);
	free(f->kernel_at);
	*f = (struct module_folder){ 0 };
}

bool module_folder_is(const char *path)
{
	static const char *const names[] = { "Kbuild", "Makefile" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *makefile __free = str_printf("%s/%s", path, names[i]);
		struct strbuf text __cleanup_strbuf = { 0 };
		struct error *e __cleanup_error = NULL;

		if (!makefile || !file_exists(makefile))
			continue;
		e = file_read(makefile, &text);
		if (!e &&
		    (strstr(strbuf_str(&text), "obj-m") || strstr(strbuf_str(&text), "obj-$(")))
			return true;
	}
	return false;
}

/* --- its name -------------------------------------------------------------------------- */

static bool is_taken(const char *tree, const char *name)
{
	char *path __free = tree ? str_printf("%s/%s", tree, name) : NULL;

	return path && file_exists(path);
}

struct error *module_folder_name(const char *path, const char *tree, char **out)
{
	const char *base = strrchr(path, '/');

	/* It becomes a part of makefiles and of commands. */
	for (const char *p = path; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("/._+-@", *p))
			return error_failed("the kernel's makefiles take no folder with '%c' in "
					    "its name: %s",
					    *p, path);
	base = base ? base + 1 : path;
	if (!isalnum((unsigned char)*base) || is_taken(tree, base))
		base = "module";
	*out = strdup(base);
	return *out ? NULL : error_nomem();
}

/* --- what its files tell --------------------------------------------------------------- */

static struct error *take_module(const char *path, struct module_folder *f)
{
	char *release __free = NULL;

	TRY(module_info(path, "vermagic", &release));
	if (!release)
		return error_failed("%s does not say which kernel it was built for", path);
	release[strcspn(release, " ")] = '\0';
	if (f->release && !str_equal(f->release, release))
		return error_advise(error_refused("%s was built for %s, another module in this "
						  "folder for %s",
						  path, release, f->release),
				    "build all of them for the kernel that they run in");
	if (!f->release)
		f->release = take(release);
	return NULL;
}

/* "savedcmd_x.o := gcc ... -include /usr/src/linux/include/linux/kconfig.h ...". */
static struct error *take_kernel(const char *command, struct module_folder *f)
{
	static const char option[] = "-include ", header[] = "/include/linux/kconfig.h";
	const char *end = strchr(command, '\n');

	for (const char *at = command; (at = strstr(at, option)); at++) {
		const char *path = at + strlen(option);
		size_t n = strcspn(path, " \n");

		if (end && at > end)
			break;
		if (*path != '/' || n <= strlen(header) ||
		    memcmp(path + n - strlen(header), header, strlen(header)))
			continue;
		f->kernel_at = strndup(path, n - strlen(header));
		return f->kernel_at ? NULL : error_nomem();
	}
	return NULL;
}

/*
 * "cmd_/home/me/wound/sub/x.o := ..." of ./sub/.x.o.cmd: it was built in /home/me/wound.
 * "savedcmd_sub/x.o := ..." does not tell, but where the kernel was.
 */
static struct error *take_command(const char *path, const char *relative, struct module_folder *f)
{
	static const char mark[] = "cmd_";
	struct strbuf text __cleanup_strbuf = { 0 };
	const char *slash = strrchr(relative, '/');
	char *object __free =
		str_printf("/%.*s%.*s", slash ? (int)(slash - relative) + 1 : 0, relative,
			   (int)strlen(slash ? slash + 2 : relative + 1) - 4,
			   slash ? slash + 2 : relative + 1);
	const char *at;
	size_t n;

	if (!object)
		return error_nomem();
	TRY(file_read(path, &text));
	at = strstr(strbuf_str(&text), mark);
	if (!at)
		return NULL;
	at += strlen(mark);
	n = strcspn(at, " :\n");
	if (n == strlen(object) - 1 && !memcmp(at, object + 1, n))
		return f->kernel_at ? NULL : take_kernel(at, f);
	if (*at != '/' || n <= strlen(object) ||
	    memcmp(at + n - strlen(object), object, strlen(object)))
		return NULL;
	f->built_at = strndup(at, n - strlen(object));
	return f->built_at ? NULL : error_nomem();
}

static struct error *take_file(const FTSENT *ent, size_t skip, struct module_folder *f)
{
	if (str_ends(ent->fts_name, ".ko"))
		return take_module(ent->fts_path, f);
	if (!f->built_at && *ent->fts_name == '.' && str_ends(ent->fts_name, ".o.cmd") &&
	    !str_ends(ent->fts_name, ".mod.o.cmd"))
		return take_command(ent->fts_path, ent->fts_path + skip, f);
	return NULL;
}

static void close_fts(FTS **f)
{
	if (*f)
		fts_close(*f);
	*f = NULL;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

struct error *module_folder_read(const char *path, struct module_folder *out)
{
	struct module_folder f __cleanup_module_folder = { 0 };
	char *const roots[] = { (char *)path, NULL };
	FTS *walk __cleanup(close_fts) = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	FTSENT *ent;

	if (!walk)
		return error_errno(errno, "reading %s", path);
	while ((ent = fts_read(walk))) {
		if (ent->fts_info == FTS_D && str_equal(ent->fts_name, ".git"))
			fts_set(walk, ent, FTS_SKIP);
		else if (ent->fts_info == FTS_F)
			TRY(take_file(ent, strlen(path) + 1, &f));
		else if (ent->fts_info == FTS_DNR || ent->fts_info == FTS_ERR)
			return error_errno(ent->fts_errno, "reading %s", ent->fts_path);
	}
	if (!f.built_at)
		f.built_at = strdup(path);
	if (!f.built_at)
		return error_nomem();
	*out = f;
	f = (struct module_folder){ 0 };
	return NULL;
}
