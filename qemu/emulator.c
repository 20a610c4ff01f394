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
#include "qemu/frame.h"

#define QEMU "qemu-system-x86_64"

/*
 * panic=-1 and -no-reboot: a panic ends the emulator at once. The console gets warnings and
 * worse (a panic raises that to everything by itself); the whole log comes through the channel.
 */
#define COMMAND_LINE                                                                         \
	"console=ttyS0,115200 loglevel=5 panic=-1 8250.nr_uarts=2 rcupdate.rcu_expedited=1 " \
	"tsc=reliable no_timer_check cryptomgr.notests random.trust_cpu=on"

/* What the child gets, in the order of its file descriptors from FIRST on. */
#define FIRST 3
enum { CHANNEL, INITRAMFS, CONSOLE, SHARED, FAIL, DESCRIPTORS };

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
			return error_errno(errno, "writing the initramfs");
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
		away[i] = fcntl(fd[i], F_DUPFD, 64);
	for (int i = 0; i < DESCRIPTORS; i++)
		if (dup2(away[i], FIRST + i) < 0)
			_exit(127);
	fcntl(FIRST + FAIL, F_SETFD, FD_CLOEXEC);
	syscall(SYS_close_range, FIRST + DESCRIPTORS, ~0u, 0);
	execvp(argv[0], argv);
	code = errno;
	if (write(FIRST + FAIL, &code, sizeof(code)) < 0)
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
	fd[FAIL] = pair[1];
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

static struct error *make_channel(struct emulator *m, int *fd)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(errno, "making the guest's channel");
	m->channel = pair[0];
	*fd = pair[1];
	fcntl(m->channel, F_SETFL, O_NONBLOCK);
	return NULL;
}

static struct error *launch(const struct emulator_options *opt, struct emulator *m)
{
	int channel __closefd = -1, initramfs __closefd = -1, shared __closefd = -1;
	char *append __free = str_printf("%s%s%s", COMMAND_LINE, opt->append ? " " : "",
					 opt->append ? opt->append : "");
	char *cpus __free = str_printf("%u", opt->cpus);
	char *memory __free = str_printf("%u", opt->memory);

	if (!append || !cpus || !memory)
		return error_nomem();
	TRY(make_channel(m, &channel));
	TRY(open_console(opt->console, &m->console));
	TRY(memory_file("emulator's output", &m->complaints));
	TRY(memory_file("initramfs", &initramfs));
	TRY(fill(initramfs, opt->initramfs));
	TRY(share_memory(m, &shared));
	/* clang-format off: an option and its value a line */
	char *const argv[] = {
		QEMU,
		"-nodefaults",
		"-no-user-config",
		"-no-reboot",
		"-display",
		"none",
		"-machine",
		opt->kvm ? "pc,accel=kvm,usb=off,vmport=off" : "pc,accel=tcg,usb=off,vmport=off",
		"-cpu",
		opt->kvm ? "host" : "max",
		"-smp",
		cpus,
		"-m",
		memory,
		"-kernel",
		(char *)opt->kernel,
		"-initrd",
		"/proc/self/fd/4",
		"-append",
		append,
		"-chardev",
		"file,id=console,path=/proc/self/fd/5,append=on",
		"-serial",
		"chardev:console",
		"-chardev",
		"socket,id=channel,fd=3",
		"-serial",
		"chardev:channel",
		"-object",
		"memory-backend-file,id=shared,mem-path=/proc/self/fd/6,size=4M,share=on",
		"-device",
		"ivshmem-plain,memdev=shared",
		NULL,
	};
	/* clang-format on */
	_Static_assert(SHARED_SIZE == 4 << 20, "the size in the arguments");
	int fd[DESCRIPTORS] = { channel, initramfs, m->console, shared, -1 };
	return start(argv, fd, m);
}

struct error *emulator_start(const struct emulator_options *opt, struct emulator *out)
{
	struct error *e;

	*out = (struct emulator){ .channel = -1, .console = -1, .complaints = -1 };
	e = launch(opt, out);
	if (e)
		emulator_kill(out);
	return e;
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
