// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel that "suture vm" boots, and where its remains go. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/vm_request.h"
#include "source/bootable.h"
#include "source/store.h"
#include "source/target.h"

#define CRASHES_MOST 10

static char *copy_or_null(const char *s)
{
	return s ? strdup(s) : NULL;
}

/* With symbols, for gdb: of a tree it is there, of a distro kernel if its debug package is. */
static struct error *find_vmlinux(struct vm_request *r, const struct target *t)
{
	const char *build = t->build ? t->build : t->source;
	char *path __free = build ? str_printf("%s/vmlinux", build)
				  : str_printf("/usr/lib/debug/boot/vmlinux-%s", t->release);

	if (!path)
		return error_nomem();
	if (file_exists(path))
		r->vmlinux = take(path);
	return NULL;
}

static struct error *of_target(struct vm_request *r)
{
	struct target *t __cleanup_target = NULL;

	TRY(target_open(r->vm.kernel, &t));
	if (!file_exists(t->vmlinuz))
		return error_advise(error_failed("%s has no built kernel", r->vm.kernel),
				    "build it, then suture build takes it over");
	r->kernel = strdup(t->vmlinuz);
	r->modules = copy_or_null(t->modules);
	if (!r->kernel || (t->modules && !r->modules))
		return error_nomem();
	return find_vmlinux(r, t);
}

/* A distro kernel needs not be a target: then only what boots it is fetched. */
static struct error *of_distro(struct vm_request *r)
{
	char *full __free = NULL, *key __free = NULL, *dir __free = NULL;

	TRY(target_key(r->vm.kernel, &full, &key));
	TRY(store_path(key, &dir));
	return file_is_dir(dir) ? of_target(r)
				: bootable_kernel(r->vm.kernel, &r->kernel, &r->modules);
}

struct error *vm_request_kernel(struct vm_request *r)
{
	if (str_starts(r->vm.kernel, "kernel:"))
		TRY(of_distro(r));
	else if (str_starts(r->vm.kernel, TREE_KIND))
		TRY(of_target(r));
	if (r->kernel)
		r->vm.kernel = r->kernel;
	if (!r->vm.modules)
		r->vm.modules = r->modules;
	r->vm.vmlinux = r->vmlinux;
	if (!r->vm.gdb)
		return NULL;
	/* Symbols are where the linker put them. */
	r->append = str_printf("nokaslr%s%s", r->vm.append ? " " : "",
			       r->vm.append ? r->vm.append : "");
	r->vm.append = r->append;
	return r->append ? NULL : error_nomem();
}

static int by_name_backwards(const void *a, const void *b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

struct names {
	VEC(char *) list;
};

static void names_free(struct names *n)
{
	vec_for_each(&n->list, it)
		free(*it);
	vec_free(&n->list);
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* Names begin with the time, so that their order is that of age. */
static struct error *keep_newest(const char *dir)
{
	struct names names __cleanup(names_free) = { 0 };
	DIR *d __cleanup(close_dir) = opendir(dir);
	struct dirent *ent;

	while (d && (ent = readdir(d))) {
		char *path __free = str_printf("%s/%s", dir, ent->d_name);

		if (!path)
			return error_nomem();
		if (ent->d_name[0] == '.')
			continue;
		TRY(vec_push(&names.list, path));
		path = NULL;
	}
	vec_sort(&names.list, by_name_backwards);
	for (size_t i = CRASHES_MOST - 1; i < names.list.n; i++)
		TRY(dir_remove(names.list.v[i]));
	return NULL;
}

struct error *vm_request_crash(struct vm_request *r)
{
	char *cache __free = NULL, *dir __free = NULL, stamp[32];
	time_t now = time(NULL);
	struct tm tm;

	if (r->vm.keep)
		return NULL;
	TRY(cache_dir(&cache));
	dir = str_printf("%s/vm/crashes", cache);
	if (!dir)
		return error_nomem();
	TRY(keep_newest(dir));
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", localtime_r(&now, &tm));
	r->crash = str_printf("%s/%s-%d", dir, stamp, (int)getpid());
	r->vm.crash = r->crash;
	return r->crash ? NULL : error_nomem();
}
