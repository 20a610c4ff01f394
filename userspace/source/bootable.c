// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/bootable.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/str.h"
#include "source/fetch.h"
#include "source/store.h"

#define TEMPORARY "new-"

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* What a killed process left; whoever has the store's lock may remove it. */
static struct error *sweep(const char *dir)
{
	DIR *d __cleanup(close_dir) = opendir(dir);
	struct dirent *ent;

	if (!d)
		return error_errno(errno, "%s", dir);
	while ((ent = readdir(d))) {
		char *path __free = str_printf("%s/%s", dir, ent->d_name);

		if (!path)
			return error_nomem();
		if (str_starts(ent->d_name, TEMPORARY))
			TRY(dir_remove(path));
	}
	return NULL;
}

static struct error *fetch_into(const char *release, const char *new, const char *dir)
{
	struct kernel_packages packages __cleanup_kernel_packages = { 0 };

	TRY(dir_make(new));
	TRY(kernel_packages_find_image(release, &packages));
	TRY(kernel_fetch_image(&packages, release, new));
	if (rename(new, dir) < 0)
		return error_errno(errno, "keeping %s", dir);
	return NULL;
}

static struct error *fetch(const char *all, const char *release, const char *dir)
{
	char *new __free = str_printf("%s/" TEMPORARY "%s", all, release);
	int lock __closefd = -1;
	struct error *e, *later;

	if (!new)
		return error_nomem();
	TRY(store_lock(&lock));
	/* Another one may have fetched it while we waited. */
	if (file_is_dir(dir))
		return NULL;
	TRY(sweep(all));
	e = fetch_into(release, new, dir);
	if (!e) {
		progress_done();
		return NULL;
	}
	progress_abandon();
	later = dir_remove(new);
	error_free(&later);
	return e;
}

struct error *bootable_kernel(const char *name, char **vmlinuz, char **modules)
{
	char *cache __free = NULL, *all __free = NULL, *release __free = NULL, *dir __free = NULL;

	TRY(target_release(name, &release));
	TRY(cache_dir(&cache));
	all = str_printf("%s/boot", cache);
	dir = str_printf("%s/boot/%s", cache, release);
	if (!all || !dir)
		return error_nomem();
	TRY_CONTEXT(dir_make(all), "making the cache");
	if (!file_is_dir(dir))
		TRY_CONTEXT(fetch(all, release, dir), "%s", name);
	*vmlinuz = str_printf("%s/vmlinuz", dir);
	*modules = str_printf("%s/modules", dir);
	return *vmlinuz && *modules ? NULL : error_nomem();
}
