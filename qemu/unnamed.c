// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/unnamed.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "base/str.h"

static struct error *make_named(const char *dir, struct unnamed *u)
{
	int err;

	u->name = str_printf("%s/" UNNAMED_PREFIX "XXXXXX", dir);
	if (!u->name)
		return error_nomem();
	u->fd = mkostemp(u->name, O_CLOEXEC);
	if (u->fd < 0) {
		err = errno;
		free_pointer(&u->name);
		return error_errno(err, "%s", dir);
	}
	flock(u->fd, LOCK_EX | LOCK_NB);
	return NULL;
}

struct error *unnamed_make(const char *dir, struct unnamed *out)
{
	*out = UNNAMED_NONE;
	out->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (out->fd >= 0)
		return NULL;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return error_errno(errno, "%s", dir);
	return make_named(dir, out);
}

struct error *unnamed_publish(struct unnamed *u, const char *path)
{
	char self[32];
	int failed;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", u->fd);
	failed = u->name ? link(u->name, path)
			 : linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
	return failed && errno != EEXIST ? error_errno(errno, "%s", path) : NULL;
}

void unnamed_close(struct unnamed *u)
{
	if (u->name)
		unlink(u->name);
	free_pointer(&u->name);
	close_fd(&u->fd);
}

void unnamed_sweep(const char *path)
{
	int fd __closefd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB))
		unlink(path);
}
