// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What processes do that makes them hard to change: traps KIND. Each calls version() for as long
 * as it lives, writes what it returned to standard output whenever that changes, and ends with
 * status 3 and a sentence on standard error if anything happened to it that must not.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/hotpatch/apart.h"

int calls;
__thread int own_calls = 7;
static int said;

APART int version(int x)
{
	calls++;
	own_calls++;
	return x + 1;
}

APART int length(const char *s)
{
	return (int)s[0] * 3 + calls;
}

/* Stays on the stack for as long as 'how' does. */
APART int outer(int (*how)(void))
{
	return how() + calls;
}

static void fail(const char *why)
{
	fprintf(stderr, "traps: %s (%s)\n", why, strerror(errno));
	_exit(3);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void say(int v)
{
	char text[16];

	if (v == said)
		return;
	said = v;
	snprintf(text, sizeof(text), "%d\n", v);
	if (write(1, text, strlen(text)) < 0)
		fail("write");
}

static void rest(long us)
{
	struct timespec t = { .tv_nsec = us * 1000 };

	/* No signal of the tests has a handler that may end it. */
	while (syscall(SYS_nanosleep, &t, &t) && errno == EINTR)
		;
}

static int call_on(void)
{
	for (;;) {
		say(version(0));
		rest(2000);
	}
	return 0;
}

static void start(void *(*f)(void *), void *arg)
{
	pthread_t t;

	if (pthread_create(&t, NULL, f, arg))
		fail("pthread_create");
}

/* --- sleeping in calls that a stop must not end ---------------------------------------- */

static void *in_nanosleep(void *arg)
{
	(void)arg;
	for (;;) {
		struct timespec t = { .tv_nsec = 300000000 };
		double from = now();

		if (syscall(SYS_nanosleep, &t, NULL))
			fail("nanosleep was ended");
		if (now() - from < 0.299 || now() - from > 1.5)
			fail("nanosleep took another time");
	}
}

static void *in_poll(void *arg)
{
	(void)arg;
	for (;;) {
		double from = now();

		if (poll(NULL, 0, 300))
			fail("poll was ended");
		if (now() - from < 0.299 || now() - from > 1.5)
			fail("poll took another time");
	}
}

static void *in_epoll(void *arg)
{
	int fd = epoll_create1(0);
	struct epoll_event ev;

	(void)arg;
	for (;;)
		if (epoll_wait(fd, &ev, 1, 250))
			fail("epoll_wait was ended");
}

static void *in_read(void *arg)
{
	int fds[2];
	char c;

	(void)arg;
	if (pipe(fds) || read(fds[0], &c, 1) != 1)
		fail("read was ended");
	return NULL;
}

static void *in_suspend(void *arg)
{
	sigset_t none;

	(void)arg;
	sigemptyset(&none);
	sigsuspend(&none);
	fail("sigsuspend was ended");
	return NULL;
}

static void *in_condition(void *arg)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t c = PTHREAD_COND_INITIALIZER;

	(void)arg;
	for (;;) {
		struct timespec t;

		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_sec++;
		pthread_mutex_lock(&m);
		if (pthread_cond_timedwait(&c, &m, &t) != ETIMEDOUT)
			fail("a condition came that nobody signalled");
		pthread_mutex_unlock(&m);
	}
}

static void sleeping(void)
{
	start(in_nanosleep, NULL);
	start(in_poll, NULL);
	start(in_epoll, NULL);
	start(in_read, NULL);
	start(in_suspend, NULL);
	start(in_condition, NULL);
	call_on();
}

static void in_one(void *(*f)(void *))
{
	start((void *(*)(void *))(void *)call_on, NULL);
	f(NULL);
}

static void sleeping_first(void)
{
	in_one(in_nanosleep);
}

static void epoll_first(void)
{
	in_one(in_epoll);
}

/* --- registers ------------------------------------------------------------------------- */

static void *compute(void *arg)
{
	volatile double three = 3;
	unsigned long n = 0;
	double x = 1;

	(void)arg;
	for (;; n++) {
		double y = x * three + 1;

		x = (y - 1) / three;
		if (x != 1)
			fail("a floating point register changed");
		if ((n & 0xffff) == 0)
			version(0);
	}
}

/* Is almost always in the function itself. */
static void *hurry(void *arg)
{
	(void)arg;
	for (;;)
		version(0);
}

static void hurrying(void)
{
	start(hurry, NULL);
	start(hurry, NULL);
	call_on();
}

static void computing(void)
{
	start(compute, NULL);
	start(compute, NULL);
	call_on();
}

static void computing_first(void)
{
	in_one(compute);
}

/* --- signals --------------------------------------------------------------------------- */

static volatile int sent, got;

static void count_signal(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	if (info->si_value.sival_int != got + 1)
		fail("a signal is missing");
	got = info->si_value.sival_int;
	version(0);
}

/* Each is queued, and must come, in order, with its value. */
static void signals(void)
{
	struct sigaction a = { .sa_sigaction = count_signal, .sa_flags = SA_SIGINFO };

	sigaction(SIGRTMIN, &a, NULL);
	for (;;) {
		union sigval v = { .sival_int = ++sent };

		if (sigqueue(getpid(), SIGRTMIN, v))
			fail("sigqueue");
		say(version(0));
		if (got != sent)
			fail("a signal did not come");
	}
}

static volatile double handled_until;

static void handle_long(int signal)
{
	(void)signal;
	while (now() < handled_until)
		say(version(0)), rest(1000);
}

static int raise_it(void)
{
	handled_until = now() + 1e9;
	raise(SIGUSR1);
	return 0;
}

/* On the alternate stack for ever, while outer() waits on the usual one. */
static void alternate(void)
{
	stack_t s = { .ss_size = 1 << 16 };
	struct sigaction a = { .sa_handler = handle_long, .sa_flags = SA_ONSTACK };

	s.ss_sp = mmap(NULL, s.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigaltstack(&s, NULL);
	sigaction(SIGUSR1, &a, NULL);
	outer(raise_it);
}

static void on_stack(void)
{
	outer(call_on);
}

/* A stack that still has the trace of a call, and is not in it: the array is never written. */
APART static void wait_over(void)
{
	volatile char rest_of_it[4096];

	for (;;) {
		asm volatile("" ::"m"(rest_of_it));
		rest(2000);
		said = -1;
		say(own_calls > 100000 ? 0 : 1);
	}
}

static int deep(void)
{
	volatile char filler[256];

	filler[0] = 1;
	return filler[0] + (int)now() * 0;
}

static void traces(void)
{
	outer(deep);
	wait_over();
}

/* --- threads and processes ------------------------------------------------------------- */

static void *short_life(void *arg)
{
	(void)arg;
	version(0);
	return NULL;
}

static void *breed(void *arg)
{
	(void)arg;
	for (;;) {
		pthread_t t[4];

		for (int i = 0; i < 4; i++)
			if (pthread_create(&t[i], NULL, short_life, NULL))
				fail("pthread_create");
		for (int i = 0; i < 4; i++)
			pthread_join(t[i], NULL);
	}
}

static void breeding(void)
{
	start(breed, NULL);
	start(breed, NULL);
	call_on();
}

static void *leave_first(void *arg)
{
	(void)arg;
	call_on();
	return NULL;
}

static void headless(void)
{
	start(leave_first, NULL);
	pthread_exit(NULL);
}

static void forking(void)
{
	for (;;) {
		int before = version(0), status;
		pid_t pid = fork();

		if (!pid) {
			int v = version(0);

			_exit(v == before || v == 42 || v == 1 ? 0 : 1);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			fail("a child ended badly");
		say(version(0));
	}
}

/* Its child has its memory, and it waits for it. */
static void vforking(void)
{
	for (;;) {
		pid_t pid = vfork();

		if (!pid) {
			rest(150000);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		say(version(0));
		rest(1000);
	}
}

static int share(void *arg)
{
	(void)arg;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		version(0);
		rest(1000);
	}
	return 0;
}

static void sharing(void)
{
	static char stack[65536] __attribute__((aligned(16)));

	if (clone(share, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL) < 0)
		fail("clone");
	call_on();
}

static void execing(const char *self)
{
	say(version(0));
	rest(3000);
	execl(self, self, "execing", NULL);
	fail("exec");
}

/* --- traced ---------------------------------------------------------------------------- */

static void traced(void)
{
	pid_t parent = getpid(), pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (ptrace(PTRACE_SEIZE, parent, 0, 0))
			fail("seize");
		for (;;)
			pause();
	}
	call_on();
}

/* --- policies -------------------------------------------------------------------------- */

static void strict(void)
{
	say(version(0));
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		fail("seccomp");
	for (volatile long i = 0;; i++)
		if (i % 100000000 == 0)
			version(0);
}

/* Kills the process at an mmap that asks for PROT_EXEC, or allows everything. */
static void filter(int action)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, (unsigned int)action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = { sizeof(f) / sizeof(f[0]), f };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, 2, &p))
		fail("seccomp");
	call_on();
}

static void filter_kills(void)
{
	filter((int)SECCOMP_RET_KILL_PROCESS);
}

static void filter_allows(void)
{
	filter((int)SECCOMP_RET_ALLOW);
}

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif

static void no_write_and_execute(void)
{
	if (prctl(PR_SET_MDWE, 1, 0, 0, 0))
		_exit(77);
	call_on();
}

static void sealed(void)
{
	uintptr_t page = (uintptr_t)version & ~4095ul;

	if (syscall(462 /* mseal */, page, 4096, 0))
		_exit(77);
	call_on();
}

/* Its code is no longer what the file has. */
static void changed(void)
{
	uintptr_t page = (uintptr_t)version & ~4095ul;

	if (mprotect((void *)page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC))
		fail("mprotect");
	((volatile unsigned char *)version)[9] ^= 0x40;
	for (;;)
		rest(10000);
}

/* A page that looks like a header of suture's, and is none. */
static void forged(void)
{
	char *p = mmap((void *)(((uintptr_t)version & ~0xffffful) - 0x200000), 8192,
		       PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(p, 0xff, 8192);
	memcpy(p, "SUTUREH1", 8);
	mprotect(p, 8192, PROT_READ);
	call_on();
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} kinds[] = {
		{ "hurrying", hurrying },
		{ "sleeping", sleeping },
		{ "sleeping-first", sleeping_first },
		{ "epoll-first", epoll_first },
		{ "computing", computing },
		{ "computing-first", computing_first },
		{ "signals", signals },
		{ "alternate", alternate },
		{ "on-stack", on_stack },
		{ "traces", traces },
		{ "breeding", breeding },
		{ "headless", headless },
		{ "forking", forking },
		{ "vforking", vforking },
		{ "sharing", sharing },
		{ "traced", traced },
		{ "strict", strict },
		{ "filter-kills", filter_kills },
		{ "filter-allows", filter_allows },
		{ "mdwe", no_write_and_execute },
		{ "sealed", sealed },
		{ "changed", changed },
		{ "forged", forged },
	};
	const char *kind = argc > 1 ? argv[1] : "";

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	length("");
	if (!strcmp(kind, "execing"))
		execing("/proc/self/exe");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kind, kinds[i].name))
			kinds[i].run();
	call_on();
	return 0;
}
