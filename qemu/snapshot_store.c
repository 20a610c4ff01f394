// SPDX-License-Identifier: GPL-2.0-or-later
/* The folder of snapshots in the cache: names, one maker at a time, a bound. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/vec.h"
#include "qemu/snapshot.h"
#include "qemu/unnamed.h"

#define PREFIX "snapshot-"
#define DIGITS 32

struct error *snapshot_path(const struct strbuf *identity, char **out)
{
	char *cache __free = NULL, *dir __free = NULL;
	struct digest d;

	TRY(digest_bytes(identity->s, identity->n, &d));
	TRY(cache_dir(&cache));
	dir = str_printf("%s/vm", cache);
	if (!dir)
		return error_nomem();
	TRY(dir_make(dir));
	*out = str_printf("%s/" PREFIX "%.*s", dir, DIGITS, d.hex);
	return *out ? NULL : error_nomem();
}

/* One file for all, a byte of it for each snapshot: nothing has to be tidied up. */
struct error *snapshot_lock(const char *path, double deadline, int *lock)
{
	const char *slash = strrchr(path, '/');
	char *file __free = str_printf("%.*s/lock", (int)(slash - path), path);
	int fd __closefd = -1;
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };

	*lock = -1;
	if (!file)
		return error_nomem();
	l.l_start = (off_t)(strtoull(slash + 1 + strlen(PREFIX) + DIGITS - 8, NULL, 16) >> 1);
	fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return error_errno(errno, "%s", file);
	while (fcntl(fd, F_OFD_SETLK, &l) < 0) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return error_errno(errno, "locking %s", file);
		TRY(interrupt_check());
		if (clock_seconds() > deadline)
			return NULL;
		usleep(100000);
	}
	*lock = take_fd(&fd);
	return NULL;
}

struct entry {
	char *path;
	struct timespec used;
	uint64_t bytes;
};

struct entries {
	VEC(struct entry) list;
};

static void entries_free(struct entries *e)
{
	vec_for_each(&e->list, it)
		free(it->path);
	vec_free(&e->list);
}

static int by_age(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec < y->used.tv_sec ? 1 : -1;
	return (x->used.tv_nsec < y->used.tv_nsec) - (x->used.tv_nsec > y->used.tv_nsec);
}

static struct error *look_at(const char *dir, const char *name, struct entries *out)
{
	char *path __free = str_printf("%s/%s", dir, name);
	struct stat st;

	if (!path)
		return error_nomem();
	if (str_starts(name, UNNAMED_PREFIX))
		unnamed_sweep(path);
	if (!str_starts(name, PREFIX) || stat(path, &st) < 0)
		return NULL;
	TRY(vec_push(&out->list, (struct entry){ .path = path,
						 .used = st.st_mtim,
						 .bytes = (uint64_t)st.st_blocks * 512 }));
	path = NULL;
	return NULL;
}

static struct error *read_dir(const char *dir, struct entries *out)
{
	struct error *e = NULL;
	struct dirent *ent;
	DIR *d = opendir(dir);

	if (!d)
		return error_errno(errno, "%s", dir);
	while (!e && (ent = readdir(d)))
		e = look_at(dir, ent->d_name, out);
	closedir(d);
	return e;
}

struct error *snapshot_prune(const char *dir, const char *keep, size_t most, uint64_t bytes)
{
	struct entries found __cleanup(entries_free) = { 0 };
	uint64_t sum = 0;
	size_t n = 0;

	TRY(read_dir(dir, &found));
	vec_sort(&found.list, by_age);
	vec_for_each(&found.list, it) {
		sum += it->bytes;
		n++;
		if ((n <= most && sum <= bytes) || (keep && str_equal(it->path, keep)))
			continue;
		log_verbose("%s was not used for long and makes room", it->path);
		unlink(it->path);
		sum -= it->bytes;
		n--;
	}
	return NULL;
}
