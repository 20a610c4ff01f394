// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kill_at N COMMAND [ARGUMENT]...: run COMMAND, and end it by SIGKILL right before its Nth system
 * call that changes something outside of it: a file, a module, an attribute of the kernel's. The
 * call itself is not made then. Prints which it was. Exit status: 99 it was killed; else its own:
 * it has fewer such calls, and all of its life is over.
 *
 * What belongs to a process and goes with it (memory, BPF programs, sockets, locks) is not counted.
 * Nor, with KILL_AT_SKIP=WORD, are writes to files with that word in their path, but for the
 * fsync() that follows them.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	long nr;
	const char *name;
	enum { ALWAYS, BY_FD, BY_FLAGS } which;
} changing[] = {
	{ SYS_write, "write", BY_FD },
	{ SYS_pwrite64, "pwrite64", BY_FD },
	{ SYS_writev, "writev", BY_FD },
	{ SYS_ftruncate, "ftruncate", BY_FD },
	{ SYS_fsync, "fsync", BY_FD },
	{ SYS_fdatasync, "fdatasync", BY_FD },
	{ SYS_ioctl, "ioctl", BY_FD },
	{ SYS_openat, "openat", BY_FLAGS },
	{ SYS_mkdir, "mkdir", ALWAYS },
	{ SYS_unlink, "unlink", ALWAYS },
	{ SYS_unlinkat, "unlinkat", ALWAYS },
	{ SYS_rmdir, "rmdir", ALWAYS },
	{ SYS_rename, "rename", ALWAYS },
	{ SYS_ptrace, "ptrace", ALWAYS },
	{ SYS_finit_module, "finit_module", ALWAYS },
	{ SYS_delete_module, "delete_module", ALWAYS },
};

static void path_of(pid_t pid, int fd, char *out, size_t room)
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, fd);
	n = readlink(link, out, room - 1);
	out[n > 0 ? n : 0] = '\0';
}

/* Its name, if the call changes something; with 'path' of the file that it is about. */
static const char *changes(pid_t pid, const struct user_regs_struct *r, char *path, size_t room)
{
	path[0] = '\0';
	for (size_t i = 0; i < sizeof(changing) / sizeof(changing[0]); i++) {
		if (changing[i].nr != (long)r->orig_rax)
			continue;
		if (changing[i].which == BY_FLAGS)
			return r->rdx & (O_CREAT | O_TRUNC) ? changing[i].name : NULL;
		if (changing[i].which == ALWAYS)
			return changing[i].name;
		path_of(pid, (int)r->rdi, path, room);
		/* Not what it prints, nor what is its own. */
		return r->rdi > 2 && path[0] == '/' ? changing[i].name : NULL;
	}
	return NULL;
}

static bool is_skipped(const char *name, const char *path)
{
	const char *word = getenv("KILL_AT_SKIP");

	return word && strstr(path, word) && strcmp(name, "fsync") && strcmp(name, "fdatasync");
}

/* Only these calls stop: to stop at each would take minutes in an emulated machine. */
static int stop_at_changes(void)
{
	enum { N = sizeof(changing) / sizeof(changing[0]) };
	struct sock_filter code[N + 3];
	struct sock_fprog program = { .len = N + 3, .filter = code };

	code[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					       offsetof(struct seccomp_data, nr));
	for (unsigned int i = 0; i < N; i++)
		code[i + 1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							   (unsigned int)changing[i].nr, N - i, 0);
	code[N + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[N + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* Which of the calls it is about to make; NULL: it stopped for something else. */
static const char *call_of(pid_t pid, int status, char *path, size_t room)
{
	struct user_regs_struct r;
	const char *name;

	if (status >> 8 != (SIGTRAP | PTRACE_EVENT_SECCOMP << 8) ||
	    ptrace(PTRACE_GETREGS, pid, 0, &r))
		return NULL;
	name = changes(pid, &r, path, room);
	return name && !is_skipped(name, path) ? name : NULL;
}

static bool is_thread_of(pid_t pid, pid_t tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d", pid, tid);
	return !access(path, F_OK);
}

/* All of its threads have to be waited for; children that it has go on. */
static void end(pid_t pid)
{
	int status;
	pid_t got;

	kill(pid, SIGKILL);
	while ((got = waitpid(-1, &status, __WALL)) > 0) {
		if (got == pid && !WIFSTOPPED(status))
			return;
		if (WIFSTOPPED(status))
			ptrace(PTRACE_CONT, got, 0, 0);
	}
}

/* Its children have the filter as well, and need somebody who lets them go on; they don't count. */
static int follow(pid_t command, long n)
{
	pid_t pid = command;
	char path[256];
	long seen = 0;
	int status;

	for (;;) {
		const char *name;

		ptrace(PTRACE_CONT, pid, 0, 0);
		pid = waitpid(-1, &status, __WALL);
		if (pid < 0)
			return 1;
		if (pid == command && WIFEXITED(status))
			return WEXITSTATUS(status);
		if (pid == command && WIFSIGNALED(status))
			return 128 + WTERMSIG(status);
		if (pid != command || !WIFSTOPPED(status))
			continue;
		name = call_of(pid, status, path, sizeof(path));
		if (!name || ++seen < n)
			continue;
		end(is_thread_of(command, pid) ? command : pid);
		printf("killed before %ld: %s %s\n", n, name, path);
		return 99;
	}
}

int main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc < 3)
		return 2;
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		if (!stop_at_changes())
			execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 ||
	    ptrace(PTRACE_SETOPTIONS, pid, 0,
		   PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			   PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL))
		return 1;
	return follow(pid, atol(argv[1]));
}
