// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

struct error *file_map(const char *path, struct file_map *out)
{
	/* O_NONBLOCK: a FIFO is refused, not waited for. */
	int fd __closefd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	void *p = NULL;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return error_failed("%s: not a regular file", path);
	if (st.st_size) {
		p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
		if (p == MAP_FAILED)
			return error_errno(errno, "mapping %s", path);
	}
	out->bytes = p;
	out->size = (size_t)st.st_size;
	return NULL;
}

void file_unmap(struct file_map *m)
{
	if (m->bytes)
		munmap(m->bytes, m->size);
	*m = (struct file_map){ 0 };
}

struct error *file_compare(const char *a, const char *b, bool *same)
{
	struct file_map x __cleanup_map = { 0 }, y __cleanup_map = { 0 };

	TRY(file_map(a, &x));
	TRY(file_map(b, &y));
	*same = x.size == y.size && (!x.size || !memcmp(x.bytes, y.bytes, x.size));
	return NULL;
}

/* A regular file says its size; what grows under our hands, or has none, is read all the same. */
static struct error *make_room(int fd, struct strbuf *out)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return NULL;
	return strbuf_reserve(out, (size_t)st.st_size);
}

static struct error *read_all(int fd, const char *path, struct strbuf *out)
{
	char block[65536];
	ssize_t n;

	TRY(make_room(fd, out));
	while ((n = read(fd, block, sizeof(block)))) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(errno, "reading %s", path);
		TRY(strbuf_add(out, block, (size_t)n));
	}
	return NULL;
}

struct error *file_read(const char *path, struct strbuf *out)
{
	/* O_NONBLOCK for the opening only: a FIFO that nobody writes to is empty, not waited for.
	 */
	int fd __closefd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return error_errno(errno, "%s", path);
	fcntl(fd, F_SETFL, 0);
	return read_all(fd, path, out);
}

static struct error *write_all(int fd, const char *path, const char *p, size_t n)
{
	while (n) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return error_errno(errno, "writing %s", path);
		p += k;
		n -= (size_t)k;
	}
	return NULL;
}

static struct error *write_whole(const char *path, const void *p, size_t n, unsigned int mode,
				 bool durable)
{
	char *tmp __free = str_printf("%s.new.%d", path, (int)getpid());
	struct error *e;
	int fd;

	if (!tmp)
		return error_nomem();
	/* What stands there was left by a process of our number that died, or was planted. */
	unlink(tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return error_errno(errno, "creating %s", path);
	e = write_all(fd, path, p, n);
	if (!e && durable && fsync(fd) < 0)
		e = error_errno(errno, "writing %s", path);
	/* Some file systems report a full disk only here. */
	if (close(fd) < 0 && !e)
		e = error_errno(errno, "writing %s", path);
	if (!e && rename(tmp, path) < 0)
		e = error_errno(errno, "creating %s", path);
	if (e)
		unlink(tmp);
	return e;
}

struct error *file_write(const char *path, const void *p, size_t n, unsigned int mode)
{
	return write_whole(path, p, n, mode, false);
}

struct error *file_write_durable(const char *path, const void *p, size_t n, unsigned int mode)
{
	return write_whole(path, p, n, mode, true);
}

struct error *file_copy(const char *from, const char *to)
{
	struct file_map m __cleanup_map = { 0 };
	struct stat st;

	TRY(file_map(from, &m));
	if (stat(from, &st) < 0)
		return error_errno(errno, "%s", from);
	return file_write(to, m.bytes, m.size, st.st_mode & 0777);
}

bool file_exists(const char *path)
{
	return !access(path, F_OK);
}

bool file_is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static struct error *make_one(const char *path)
{
	if (!mkdir(path, 0777) || (errno == EEXIST && file_is_dir(path)))
		return NULL;
	return error_errno(errno == EEXIST ? ENOTDIR : errno, "creating folder %s", path);
}

struct error *dir_make(const char *path)
{
	char *copy __free = strdup(path);
	char *p = copy;

	if (!copy)
		return error_nomem();
	while (*p && (p = strchr(p + 1, '/'))) {
		*p = '\0';
		TRY(make_one(copy));
		*p = '/';
	}
	return make_one(copy);
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* What can't be removed does not keep the rest; the first error is returned. */
static struct error *remove_at(int at, const char *name)
{
	DIR *d __cleanup(close_dir) = NULL;
	struct error *first = NULL, *e;
	struct dirent *ent;
	int fd;

	if (!unlinkat(at, name, 0) || errno == ENOENT)
		return NULL;
	if (errno != EISDIR && errno != EPERM)
		return error_errno(errno, "removing %s", name);
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_errno(errno, "removing %s", name);
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return error_nomem();
	}
	while ((ent = readdir(d))) {
		if (str_equal(ent->d_name, ".") || str_equal(ent->d_name, ".."))
			continue;
		e = error_context(remove_at(fd, ent->d_name), "%s", name);
		if (first)
			error_free(&e);
		else
			first = e;
	}
	if (!first && unlinkat(at, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		first = error_errno(errno, "removing %s", name);
	return first;
}

struct error *dir_remove(const char *path)
{
	return remove_at(AT_FDCWD, path);
}

/*
 * Hundreds of small files come and go in a build: on a disk that costs a second (ext4 looks
 * for inodes that were not lately deleted), in memory nothing.
 */
const char *tmpdir_usual(void)
{
	static const char memory[] = "/dev/shm";
	const char *chosen = getenv("TMPDIR");
	struct statfs fs;

	if (chosen && *chosen)
		return chosen;
	if (statfs(memory, &fs) || fs.f_type != TMPFS_MAGIC || access(memory, W_OK) ||
	    (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize < (uint64_t)1 << 30)
		return "/tmp";
	return memory;
}

struct error *tmpdir_make(const char *under, struct tmpdir *out)
{
	char *path __free = str_printf("%s/suture.XXXXXX", under ? under : tmpdir_usual());

	if (!path)
		return error_nomem();
	if (!mkdtemp(path))
		return error_errno(errno, "creating a temporary folder %s", path);
	/* Absolute: programs run in it, and in other folders, are told its name. */
	out->path = realpath(path, NULL);
	if (out->path)
		return NULL;
	rmdir(path);
	return error_errno(errno, "creating a temporary folder %s", path);
}

void tmpdir_remove(struct tmpdir *d)
{
	struct error *e __cleanup_error = NULL;

	if (d->path)
		e = dir_remove(d->path);
	free(d->path);
	d->path = NULL;
}

struct error *cache_dir(char **out)
{
	const char *suture = getenv("SUTURE_CACHE"), *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	char *path __free = NULL;

	if (suture && *suture)
		path = strdup(suture);
	else if (xdg && *xdg)
		path = str_printf("%s/suture", xdg);
	else if (home && *home)
		path = str_printf("%s/.cache/suture", home);
	else
		return error_advise(error_failed("no place for the cache: HOME is not set"),
				    "set SUTURE_CACHE to a folder");
	if (!path)
		return error_nomem();
	TRY_CONTEXT(dir_make(path), "making the cache");
	*out = realpath(path, NULL);
	return *out ? NULL : error_errno(errno, "making the cache: %s", path);
}
