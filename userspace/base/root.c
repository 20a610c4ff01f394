// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mount_namespaces(7), user_namespaces(7), mount_setattr(2) (Linux 5.12). A file system of its
 * own in memory is the new root; everything else is bound into it.
 */
#include "base/root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

#define SPACES (CLONE_NEWNS | CLONE_NEWNET)

/* 0, or an errno. */
static int put(const char *path, const char *text)
{
	int fd __closefd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return errno;
	return 0;
}

static int map_ids(uid_t uid, gid_t gid)
{
	char map[64];
	int e;

	snprintf(map, sizeof(map), "%u %u 1\n", uid, uid);
	e = put("/proc/self/uid_map", map);
	if (e)
		return e;
	e = put("/proc/self/setgroups", "deny");
	if (e && e != ENOENT)
		return e;
	snprintf(map, sizeof(map), "%u %u 1\n", gid, gid);
	return put("/proc/self/gid_map", map);
}

static int leave_host(const char **step)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int e = 0;

	*step = "making namespaces";
	if (unshare(SPACES)) {
		if (errno != EPERM || unshare(CLONE_NEWUSER | SPACES))
			return errno;
		e = map_ids(uid, gid);
	}
	if (!e && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		e = errno;
	return e;
}

/* mkdir -p. 'path' is changed and changed back. */
static int make_folders(char *path)
{
	struct stat st;

	for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
	if (!mkdir(path, 0755) || (!stat(path, &st) && S_ISDIR(st.st_mode)))
		return 0;
	return errno;
}

static int bind_at(const char *from, char *to, bool writable)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	int e = make_folders(to);

	if (e)
		return e;
	if (mount(from, to, NULL, MS_BIND | MS_REC, NULL))
		return errno;
	if (!writable && mount_setattr(AT_FDCWD, to, AT_RECURSIVE, &attr, sizeof(attr)))
		return errno;
	return 0;
}

/* A path too long for the buffer is an errno too. */
#define FILL(buffer, ...) \
	((size_t)snprintf(buffer, sizeof(buffer), __VA_ARGS__) < sizeof(buffer) ? 0 : ENAMETOOLONG)

static int add_system(const struct root *r, const char **step)
{
	static const char *const ours[] = { "usr", "etc" }, *const hosts[] = { "proc", "dev" };
	static const char *const links[] = { "bin", "sbin", "lib", "lib32", "lib64" };
	char from[PATH_MAX], to[PATH_MAX];
	int e = 0;

	*step = "laying out the system";
	for (size_t i = 0; !e && i < ARRAY_SIZE(ours); i++) {
		e = FILL(from, "%s/root/%s", r->dir, ours[i]);
		if (!e)
			e = FILL(to, "%s/enter/%s", r->dir, ours[i]);
		if (!e)
			e = bind_at(from, to, false);
	}
	for (size_t i = 0; !e && i < ARRAY_SIZE(hosts); i++) {
		e = FILL(from, "/%s", hosts[i]);
		if (!e)
			e = FILL(to, "%s/enter/%s", r->dir, hosts[i]);
		if (!e)
			e = bind_at(from, to, true);
	}
	for (size_t i = 0; !e && i < ARRAY_SIZE(links); i++) {
		e = FILL(from, "usr/%s", links[i]);
		if (!e)
			e = FILL(to, "%s/enter/%s", r->dir, links[i]);
		if (!e && symlink(from, to))
			e = errno;
	}
	return e;
}

static int add_binds(const struct root *r, const char **step)
{
	char to[PATH_MAX];
	int e = 0;

	for (size_t i = 0; !e && i < r->n; i++) {
		*step = r->binds[i].path;
		e = FILL(to, "%s/enter%s", r->dir, r->binds[i].path);
		if (!e)
			e = bind_at(r->binds[i].path, to, r->binds[i].writable);
	}
	return e;
}

static int make_tmp(const struct root *r)
{
	char to[PATH_MAX];
	int e = FILL(to, "%s/enter/tmp", r->dir);

	if (!e && (mkdir(to, 01777) || chmod(to, 01777)))
		e = errno;
	return e;
}

int root_enter(const struct root *r, const char **step)
{
	char enter[PATH_MAX];
	int e = leave_host(step);

	if (!e)
		e = FILL(enter, "%s/enter", r->dir);
	if (e)
		return e;
	*step = "a file system in memory";
	if (mount("none", enter, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"))
		return errno;
	e = make_tmp(r);
	if (!e)
		e = add_system(r, step);
	if (!e)
		e = add_binds(r, step);
	if (e)
		return e;
	*step = "entering it";
	return chdir(enter) || chroot(".") ? errno : 0;
}

struct error *root_check(void)
{
	const char *step = "";
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		_exit(leave_host(&step));
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid > 0 && WIFEXITED(status) && !WEXITSTATUS(status))
		return NULL;
	return error_advise(error_errno(pid > 0 ? WEXITSTATUS(status) : errno,
					"another distro's compiler runs in namespaces of its own, "
					"which this system forbids"),
			    "run as root, or allow user namespaces: "
			    "sysctl kernel.unprivileged_userns_clone=1");
}
