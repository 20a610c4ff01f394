// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/store.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/str.h"

#define KIND "kernel:"
#define TEMPORARY ".new-"

struct error *target_release(const char *name, char **out)
{
	const char *release = name + sizeof(KIND) - 1;
	bool fits = str_starts(name, KIND) && isdigit((unsigned char)*release);

	/* It becomes the name of folders and packages: only what is allowed in Debian's. */
	for (const char *p = release; fits && *p; p++)
		fits = isalnum((unsigned char)*p) || strchr("+-.~_", *p);
	if (!fits)
		return error_advise(error_usage("'%s' is not a kernel target", name),
				    "write kernel:RELEASE as uname -r prints it, for instance "
				    "kernel:6.1.0-56-amd64, or tree:PATH for a kernel tree");
	*out = strdup(release);
	return *out ? NULL : error_nomem();
}

static struct error *tree_key(const char *path, char **full, char **key)
{
	char *plain __free = realpath(path, NULL);
	struct digest d;

	if (!plain && *path != '/')
		return error_errno(errno, "%s", path);
	if (!plain)
		plain = strdup(path);
	if (!plain)
		return error_nomem();
	TRY(digest_bytes(plain, strlen(plain), &d));
	*full = str_printf(TREE_KIND "%s", plain);
	*key = str_printf("tree-%.16s", d.hex);
	return *full && *key ? NULL : error_nomem();
}

struct error *target_key(const char *name, char **full, char **key)
{
	if (str_starts(name, TREE_KIND) && name[sizeof(TREE_KIND) - 1])
		return tree_key(name + sizeof(TREE_KIND) - 1, full, key);
	TRY(target_release(name, key));
	*full = strdup(name);
	return *full ? NULL : error_nomem();
}

struct error *store_dir(char **out)
{
	char *cache __free = NULL, *dir __free = NULL, *real __free = NULL;

	TRY(cache_dir(&cache));
	dir = str_printf("%s/targets/kernel", cache);
	if (!dir)
		return error_nomem();
	TRY_CONTEXT(dir_make(dir), "making the cache");
	real = realpath(dir, NULL);
	if (!real)
		return error_errno(errno, "%s", dir);
	if (strpbrk(real, ": \t\n"))
		return error_advise(error_failed("the kernel's makefiles take no folder with a "
						 "blank or colon in its name: %s",
						 real),
				    "set SUTURE_CACHE to another folder");
	*out = take(real);
	return NULL;
}

struct error *store_path(const char *key, char **out)
{
	char *dir __free = NULL;

	TRY(store_dir(&dir));
	*out = str_printf("%s/%s", dir, key);
	return *out ? NULL : error_nomem();
}

struct error *store_temporary(const char *key, char **out)
{
	char *dir __free = NULL;

	TRY(store_dir(&dir));
	*out = str_printf("%s/" TEMPORARY "%s.%d", dir, key, (int)getpid());
	return *out ? NULL : error_nomem();
}

bool store_is_temporary(const char *file)
{
	return str_starts(file, TEMPORARY);
}

/* Does the descriptor still lead to what has this name? */
static bool is_still(int fd, const char *dir)
{
	struct stat own, named;

	return !fstat(fd, &own) && !stat(dir, &named) && own.st_dev == named.st_dev &&
	       own.st_ino == named.st_ino;
}

struct error *store_lock_target(const char *dir, int *fd)
{
	static const struct timespec pause = { .tv_nsec = 200 * 1000 * 1000 };
	int lock __closefd = -1;
	bool told = false;

	lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0)
		return error_errno(errno, "%s", dir);
	while (flock(lock, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_errno(errno, "locking %s", dir);
		if (!told)
			log_info("waiting for another suture that is preparing a target");
		told = true;
		nanosleep(&pause, NULL);
		TRY(interrupt_check());
	}
	if (!is_still(lock, dir))
		return error_failed("%s was removed meanwhile", dir);
	*fd = take_fd(&lock);
	return NULL;
}

struct error *store_lock(int *fd)
{
	char *dir __free = NULL;

	TRY(store_dir(&dir));
	return store_lock_target(dir, fd);
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
	*d = NULL;
}

struct error *store_sweep(void)
{
	DIR *d __cleanup(close_dir) = NULL;
	char *dir __free = NULL;
	struct dirent *ent;

	TRY(store_dir(&dir));
	d = opendir(dir);
	if (!d)
		return error_errno(errno, "%s", dir);
	while ((ent = readdir(d))) {
		char *path __free = NULL;

		if (!store_is_temporary(ent->d_name))
			continue;
		path = str_printf("%s/%s", dir, ent->d_name);
		if (!path)
			return error_nomem();
		TRY(dir_remove(path));
	}
	return NULL;
}
