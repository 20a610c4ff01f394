// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/perf_map.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

/* Of the child, as its exit status: where it came to its end. */
enum step { DONE, ROOT, RIGHTS, OPEN, KIND, WRITE, STEPS };

static const char *const steps[STEPS] = {
	[ROOT] = "its root can't be entered",
	[RIGHTS] = "its user's rights can't be taken",
	[OPEN] = "it can't be opened with the rights of its user",
	[KIND] = "it is no plain file of its user's",
	[WRITE] = "it can't be written",
};

struct error *perf_map_line(uint64_t address, uint64_t size, const char *name, struct strbuf *out)
{
	return strbuf_printf(out, "%llx %llx %s\n", (unsigned long long)address,
			     (unsigned long long)size, name);
}

/* Who it is, and its number in its own namespace: the last of the list. */
struct owner {
	uid_t uid;
	gid_t gid;
	long number;
};

static struct error *read_owner(const struct process *p, struct owner *out)
{
	char path[48], line[256];
	FILE *f;

	*out = (struct owner){ .uid = (uid_t)-1, .gid = (gid_t)-1 };
	snprintf(path, sizeof(path), "/proc/%d/status", p->pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		unsigned long a, b, c, fs;

		if (sscanf(line, "Uid: %lu %lu %lu %lu", &a, &b, &c, &fs) == 4)
			out->uid = (uid_t)fs;
		else if (sscanf(line, "Gid: %lu %lu %lu %lu", &a, &b, &c, &fs) == 4)
			out->gid = (gid_t)fs;
		else if (!strncmp(line, "NSpid:", 6))
			out->number = atol(strrchr(line, '\t') ? strrchr(line, '\t') : line + 6);
	}
	if (f)
		fclose(f);
	if (out->uid == (uid_t)-1 || out->gid == (gid_t)-1 || out->number <= 0)
		return error_new(ERROR_NOTHING, "it has ended");
	return NULL;
}

/* In a child of our own, which is nobody but the process's user there. */
static enum step append(int root, const struct owner *who, const struct strbuf *lines)
{
	char path[48];
	struct stat st;
	int fd;

	if (fchdir(root) || chroot("."))
		return ROOT;
	if (setgroups(0, NULL) || setresgid(who->gid, who->gid, who->gid) ||
	    setresuid(who->uid, who->uid, who->uid))
		return RIGHTS;
	snprintf(path, sizeof(path), "/tmp/perf-%ld.map", who->number);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
	if (fd < 0)
		return OPEN;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != who->uid)
		return KIND;
	return write(fd, lines->s, lines->n) == (ssize_t)lines->n ? DONE : WRITE;
}

struct error *perf_map_append(const struct process *p, const struct strbuf *lines)
{
	struct owner who;
	char path[48];
	int root __closefd = -1, status = 0;
	pid_t child;

	if (!lines->n)
		return NULL;
	TRY(read_owner(p, &who));
	snprintf(path, sizeof(path), "/proc/%d/root", p->pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_errno(errno, "%s", path);
	child = fork();
	if (!child)
		_exit(append(root, &who, lines));
	if (child < 0 || waitpid(child, &status, 0) != child)
		return error_errno(errno, "writing the profiler's map");
	status = WIFEXITED(status) ? WEXITSTATUS(status) : WRITE;
	return status ? error_failed("/tmp/perf-%ld.map of its root: %s", who.number,
				     steps[status < STEPS ? status : WRITE])
		      : NULL;
}
