// SPDX-License-Identifier: GPL-2.0-or-later
/* Exercises of the virtual file system: mounts, mount contexts, core dumps, attributes. */
#include <fcntl.h>
#include <linux/mount.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exercise.h"

static int pick_contexts(unsigned int times)
{
	while (times--) {
		int fd = (int)syscall(SYS_fspick, AT_FDCWD, "/", FSPICK_CLOEXEC);

		if (fd < 0)
			return failed("fspick");
		close(fd);
	}
	return 0;
}

static int mount_often(const char *type, unsigned int times)
{
	char dir[] = "/tmp/mount.XXXXXX";
	int status = 0;

	if (!mkdtemp(dir))
		return failed(dir);
	while (times-- && !status) {
		if (mount("none", dir, type, 0, NULL))
			status = failed(type);
		else if (umount2(dir, 0))
			status = failed("umount");
	}
	rmdir(dir);
	return status;
}

static int mount_tmpfs(unsigned int times)
{
	return mount_often("tmpfs", times);
}

static int mount_hugetlbfs(unsigned int times)
{
	return mount_often("hugetlbfs", times);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ssize_t n;

	if (fd < 0)
		return failed(path);
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text) ? 0 : failed(path);
}

/* A child that crashes in a folder of its own and leaves its core there. */
static void crash(const char *dir)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	if (chdir(dir) || setrlimit(RLIMIT_CORE, &all))
		_exit(1);
	signal(SIGABRT, SIG_DFL);
	abort();
}

static int dump_cores(unsigned int times)
{
	char dir[] = "/tmp/core.XXXXXX", core[64];
	int status = 0;

	if (!mkdtemp(dir) || write_file("/proc/sys/kernel/core_pattern", "core"))
		return failed(dir);
	snprintf(core, sizeof(core), "%s/core", dir);
	while (times-- && !status) {
		pid_t pid = fork();

		if (pid < 0)
			return failed("fork");
		if (!pid)
			crash(dir);
		if (waitpid(pid, &status, 0) != pid)
			return failed("waitpid");
		status = WCOREDUMP(status) ? 0 : failed("no core was dumped");
		unlink(core);
	}
	rmdir(dir);
	return status;
}

static int read_attributes(unsigned int times)
{
	char text[256];

	while (times--) {
		int fd = open("/proc/self/attr/apparmor/current", O_RDONLY);
		ssize_t n;

		if (fd < 0)
			return failed("/proc/self/attr/apparmor/current");
		n = read(fd, text, sizeof(text));
		close(fd);
		if (n <= 0)
			return failed("reading the attribute");
	}
	return 0;
}

/* To be unconfined, where one is: the name is parsed into a label. */
static int change_profile(unsigned int times)
{
	static const char text[] = "changeprofile unconfined";

	while (times--) {
		int fd = open("/proc/self/attr/apparmor/current", O_WRONLY);
		ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

		if (fd >= 0)
			close(fd);
		if (n != (ssize_t)strlen(text))
			return failed("changing the profile");
	}
	return 0;
}

/* Two files of one overlay; the copy goes through the overlay's own copy operation. */
static int copy_on_overlay(unsigned int times)
{
	static const char *const dirs[] = { "/tmp/ovl", "/tmp/ovl/lower", "/tmp/ovl/upper",
					    "/tmp/ovl/work", "/tmp/ovl/all" };
	int in, out, status = 0;

	mkdir(dirs[0], 0755);
	if (mount("none", dirs[0], "tmpfs", 0, NULL))
		return failed("tmpfs");
	for (size_t i = 1; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (mkdir(dirs[i], 0755))
			return failed(dirs[i]);
	if (mount("none", dirs[4], "overlay", 0,
		  "lowerdir=/tmp/ovl/lower,upperdir=/tmp/ovl/upper,workdir=/tmp/ovl/work"))
		return failed("overlay");
	if (write_file("/tmp/ovl/all/from", "some text"))
		return -1;
	in = open("/tmp/ovl/all/from", O_RDONLY);
	out = open("/tmp/ovl/all/to", O_WRONLY | O_CREAT, 0644);
	if (in < 0 || out < 0)
		return failed("a file on the overlay");
	while (times-- && !status) {
		loff_t from = 0, to = 0;

		if (copy_file_range(in, &from, out, &to, 9, 0) != 9)
			status = failed("copy_file_range");
	}
	close(in);
	close(out);
	umount2(dirs[4], 0);
	umount2(dirs[0], 0);
	rmdir(dirs[0]);
	return status;
}

static int hint_writes(unsigned int times)
{
	char path[] = "/tmp/hint.XXXXXX";
	uint64_t hint = RWH_WRITE_LIFE_SHORT;
	int fd = mkstemp(path), status = 0;

	if (fd < 0)
		return failed(path);
	while (!status && times--)
		if (fcntl(fd, F_SET_RW_HINT, &hint))
			status = failed("F_SET_RW_HINT");
	close(fd);
	unlink(path);
	return status;
}

const struct exercise exercises_files[] = {
	{ "hint-writes", hint_writes },
	{ "pick-contexts", pick_contexts },
	{ "mount-tmpfs", mount_tmpfs },
	{ "mount-hugetlbfs", mount_hugetlbfs },
	{ "dump-cores", dump_cores },
	{ "read-attributes", read_attributes },
	{ "change-profile", change_profile },
	{ "copy-on-overlay", copy_on_overlay },
	{ 0 },
};
