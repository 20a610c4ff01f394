// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/emulator.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "qemu/accel.h"
#include "qemu/emulator_args.h"
#include "qemu/frame.h"

/* The descriptors by their places in the child; -1: none. */
#define AT(what) ((what)-EMULATOR_FIRST)
#define DESCRIPTORS AT(EMULATOR_END)

static struct error *memory_file(const char *name, int *out)
{
	*out = memfd_create(name, MFD_CLOEXEC);
	return *out < 0 ? error_errno(errno, "memory for the %s", name) : NULL;
}

static struct error *fill(int fd, const struct strbuf *b)
{
	size_t done = 0;

	while (done < b->n) {
		ssize_t k = write(fd, b->s + done, b->n - done);

		if (k < 0 && errno != EINTR)
			return error_errno(errno, "memory for the guest");
		if (k > 0)
			done += (size_t)k;
	}
	return NULL;
}

static struct error *open_console(const char *path, int *out)
{
	if (!path)
		return memory_file("console", out);
	*out = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	return *out < 0 ? error_errno(errno, "%s", path) : NULL;
}

/* In the child; the errno of what failed goes up the pipe. */
static void child_exec(char *const *argv, pid_t parent, const int fd[DESCRIPTORS], int complaints)
{
	int away[DESCRIPTORS], code;
	sigset_t none;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(complaints, 1);
	dup2(complaints, 2);
	/* First to where dup2() cannot step on one that is still needed. */
	for (int i = 0; i < DESCRIPTORS; i++)
		away[i] = fd[i] < 0 ? -1 : fcntl(fd[i], F_DUPFD, 64);
	syscall(SYS_close_range, EMULATOR_FIRST, EMULATOR_END - 1, 0);
	for (int i = 0; i < DESCRIPTORS; i++)
		if (fd[i] >= 0 && dup2(away[i], EMULATOR_FIRST + i) < 0)
			_exit(127);
	fcntl(EMULATOR_FAIL, F_SETFD, FD_CLOEXEC);
	syscall(SYS_close_range, EMULATOR_END, ~0u, 0);
	execvp(argv[0], argv);
	code = errno;
	if (write(EMULATOR_FAIL, &code, sizeof(code)) < 0)
		_exit(126);
	_exit(127);
}

static struct error *start(char *const *argv, int fd[DESCRIPTORS], struct emulator *m)
{
	int pair[2], code = 0;
	pid_t parent = getpid();
	ssize_t n;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return error_errno(errno, "pipe");
	fd[AT(EMULATOR_FAIL)] = pair[1];
	fflush(NULL);
	m->pid = fork();
	if (!m->pid)
		child_exec(argv, parent, fd, m->complaints);
	close(pair[1]);
	if (m->pid < 0) {
		m->pid = 0;
		close(pair[0]);
		return error_errno(errno, "starting %s", QEMU);
	}
	setpgid(m->pid, m->pid);
	do {
		n = read(pair[0], &code, sizeof(code));
	} while (n < 0 && errno == EINTR);
	close(pair[0]);
	if (n != (ssize_t)sizeof(code))
		return NULL;
	if (code == ENOENT)
		return error_advise(error_failed("%s: no such program", QEMU),
				    "install the package qemu-system-x86");
	return error_errno(code, "starting %s", QEMU);
}

static struct error *share_memory(struct emulator *m, int *fd)
{
	void *at;

	TRY(memory_file("guest's shared memory", fd));
	if (ftruncate(*fd, SHARED_SIZE) < 0)
		return error_errno(errno, "memory to share with the guest");
	at = mmap(NULL, SHARED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (at == MAP_FAILED)
		return error_errno(errno, "memory to share with the guest");
	m->shared = at;
	return NULL;
}

/* Ours is not blocking; the other goes to the emulator. */
static struct error *make_line(const char *what, int *ours, int *theirs)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(errno, "making the %s", what);
	*ours = pair[0];
	*theirs = pair[1];
	fcntl(*ours, F_SETFL, O_NONBLOCK);
	return NULL;
}

static struct error *launch(const struct emulator_options *opt, struct emulator *m)
{
	struct emulator_args args __cleanup_emulator_args = { 0 };
	int channel __closefd = -1, initramfs __closefd = -1, shared __closefd = -1;
	int monitor __closefd = -1;

	TRY(emulator_args(opt, &args));
	TRY(make_line("guest's channel", &m->channel, &channel));
	TRY(make_line("emulator's monitor", &m->monitor.fd, &monitor));
	TRY(open_console(opt->console, &m->console));
	if (opt->printed)
		TRY(fill(m->console, opt->printed));
	TRY(memory_file("emulator's output", &m->complaints));
	if (opt->initramfs) {
		TRY(memory_file("initramfs", &initramfs));
		TRY(fill(initramfs, opt->initramfs));
	}
	if (opt->shared)
		TRY(share_memory(m, &shared));
	int fd[DESCRIPTORS] = {
		[AT(EMULATOR_CHANNEL)] = channel,
		[AT(EMULATOR_INITRAMFS)] = initramfs,
		[AT(EMULATOR_CONSOLE)] = m->console,
		[AT(EMULATOR_SHARED)] = shared,
		[AT(EMULATOR_MONITOR)] = monitor,
		[AT(EMULATOR_RAM)] = opt->ram,
		[AT(EMULATOR_STATE)] = opt->initramfs ? -1 : opt->state,
	};
	return start((char *const *)args.words.v, fd, m);
}

struct error *emulator_start(const struct emulator_options *opt, struct emulator *out)
{
	struct error *e;

	*out = EMULATOR_NONE;
	e = launch(opt, out);
	if (e)
		emulator_kill(out);
	return e;
}

struct error *emulator_identity(const struct emulator_options *opt, struct strbuf *out)
{
	struct emulator_args args __cleanup_emulator_args = { 0 };
	struct emulator_options same = *opt;

	/* Where the kernel lies, and what differs between making and using, is of no interest. */
	same.kernel = "";
	same.gdb = NULL;
	same.core = false;
	TRY(emulator_args(&same, &args));
	for (size_t i = 0; i + 1 < args.words.n; i++)
		TRY(strbuf_printf(out, "%s\n", args.words.v[i]));
	TRY(accel_emulator(out));
	return opt->kvm ? accel_host(out) : NULL;
}

bool emulator_ended(struct emulator *m, double seconds)
{
	double until = clock_seconds() + seconds;
	int pidfd __closefd = -1;
	pid_t got;

	if (!m->pid)
		return true;
	pidfd = (int)syscall(SYS_pidfd_open, m->pid, 0);
	for (;;) {
		struct pollfd p = { .fd = pidfd, .events = POLLIN };
		double left = until - clock_seconds();

		got = waitpid(m->pid, NULL, WNOHANG);
		if (got == m->pid || (got < 0 && errno == ECHILD)) {
			m->pid = 0;
			return true;
		}
		if (left <= 0)
			return false;
		poll(&p, 1, (int)(left * 1000) + 1);
	}
}

void emulator_kill(struct emulator *m)
{
	if (m->pid) {
		kill(-m->pid, SIGKILL);
		kill(m->pid, SIGKILL);
		while (waitpid(m->pid, NULL, 0) < 0 && errno == EINTR)
			;
		m->pid = 0;
	}
	if (m->shared)
		munmap(m->shared, SHARED_SIZE);
	m->shared = NULL;
	monitor_close(&m->monitor);
	close_fd(&m->channel);
	close_fd(&m->console);
	close_fd(&m->complaints);
}

struct error *emulator_log(int fd, struct strbuf *out)
{
	char block[16384];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, block, sizeof(block), at)) > 0) {
		TRY(strbuf_add(out, block, (size_t)n));
		at += n;
	}
	return n < 0 ? error_errno(errno, "reading what the guest printed") : NULL;
}
