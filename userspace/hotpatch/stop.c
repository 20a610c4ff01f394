// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/stop.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"

#define SYSCALL_STOP (SIGTRAP | 0x80)
#define RESCANS_MOST 100
#define GRACE_SECONDS 0.5

/* --- the time limit ------------------------------------------------------------------- */

/* Its arrival ends waitpid(2) with EINTR, and does nothing else. */
#define WAKE (SIGRTMAX - 2)

static void wake(int signal)
{
	(void)signal;
}

static void install_wake(void)
{
	struct sigaction a = { .sa_handler = wake };

	sigaction(WAKE, &a, NULL);
}

static struct error *make_timer(struct stop *s)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = WAKE };

	pthread_once(&once, install_wake);
	ev._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	if (timer_create(CLOCK_MONOTONIC, &ev, &s->timer))
		return error_errno(errno, "timer_create");
	s->has_timer = true;
	return NULL;
}

/* It comes again and again: one that comes just before the wait begins would be lost. */
static void limit(struct stop *s, double seconds)
{
	struct itimerspec at = {
		.it_interval = { .tv_nsec = 1000000 },
		.it_value = { .tv_sec = (time_t)seconds,
			      .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9) + 1 }
	};

	timer_settime(s->timer, 0, &at, NULL);
}

static void unlimit(struct stop *s)
{
	static const struct itimerspec never;

	timer_settime(s->timer, 0, &never, NULL);
}

void stop_limit(struct stop *s, double seconds)
{
	if (seconds > 0)
		limit(s, seconds);
	else
		unlimit(s);
}

/* --- threads -------------------------------------------------------------------------- */

struct error *stop_open(const struct memory *m, struct stop *out)
{
	struct stop s __cleanup_stop = { .memory = m };
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/task", m->pid);
	s.tasks = opendir(path);
	if (!s.tasks)
		return error_new(ERROR_NOTHING, "it has ended");
	TRY(make_timer(&s));
	*out = s;
	s = (struct stop)STOP_NONE;
	return NULL;
}

size_t stop_list(struct stop *s, pid_t *tids, size_t most)
{
	struct dirent *ent;
	size_t n = 0;

	rewinddir(s->tasks);
	while (n < most && (ent = readdir(s->tasks)))
		if (ent->d_name[0] != '.')
			tids[n++] = atoi(ent->d_name);
	return n;
}

static struct stopped_thread *thread_of(struct stop *s, pid_t tid)
{
	vec_for_each(&s->threads, t)
		if (t->tid == tid)
			return t;
	return NULL;
}

static void forget(struct stop *s, struct stopped_thread *t)
{
	*t = s->threads.v[--s->threads.n];
}

/* The state letter of proc(5), and who traces it. */
static char look(const struct stop *s, pid_t tid, int *tracer)
{
	char path[64], line[128], state = 0;
	FILE *f __closefile = NULL;

	*tracer = 0;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", s->memory->pid, tid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		sscanf(line, "State: %c", &state);
		if (sscanf(line, "TracerPid: %d", tracer) == 1)
			break;
	}
	return state;
}

static struct error *seize_thread(struct stop *s, pid_t tid)
{
	struct stopped_thread t = { .tid = tid };
	int err, tracer;
	char state;

	TRY(vec_reserve(&s->threads, s->threads.n + 1));
	err = memory_trace(s->memory, PTRACE_SEIZE, tid, 0, PTRACE_O_TRACESYSGOOD);
	if (!err)
		return vec_push(&s->threads, t);
	state = look(s, tid, &tracer);
	if (!state)
		return NULL; /* it has ended */
	if (state == 'Z' || state == 'X') {
		s->dead++;
		return NULL;
	}
	if (tracer)
		return error_refused("thread %d is traced by process %d", tid, tracer);
	return err == ESRCH ? NULL : error_errno(err, "seizing thread %d", tid);
}

/* Those that are listed and not ours yet. */
static struct error *seize_new(struct stop *s, size_t *n)
{
	struct dirent *ent;

	*n = 0;
	s->dead = 0;
	rewinddir(s->tasks);
	while ((ent = readdir(s->tasks))) {
		size_t before = s->threads.n;
		pid_t tid = atoi(ent->d_name);

		if (tid <= 0 || thread_of(s, tid))
			continue;
		TRY(seize_thread(s, tid));
		*n += s->threads.n - before;
	}
	return NULL;
}

struct error *stop_seize(struct stop *s)
{
	size_t n;

	s->took = 0;
	TRY(seize_new(s, &n));
	return s->threads.n ? NULL : error_new(ERROR_NOTHING, "it has ended");
}

static enum stop_event wait_for(struct stop *s, struct stopped_thread *t)
{
	int status;

	while (waitpid(t->tid, &status, __WALL) != t->tid) {
		if (errno != EINTR)
			return STOP_GONE;
		return STOP_LATE;
	}
	if (!WIFSTOPPED(status))
		return STOP_GONE;
	(void)s;
	t->stopped = true;
	t->group = status >> 16 == PTRACE_EVENT_STOP && WSTOPSIG(status) != SIGTRAP;
	if (status >> 16 == PTRACE_EVENT_STOP)
		return STOP_TRAPPED;
	if (WSTOPSIG(status) == SYSCALL_STOP)
		return STOP_SYSCALL;
	t->signal = WSTOPSIG(status);
	return STOP_SIGNAL;
}

/* Why this one does not stop. */
static struct error *late(struct stop *s, pid_t tid)
{
	int tracer;
	char state = look(s, tid, &tracer);

	if (state == 'D')
		return error_new(ERROR_PENDING,
				 "thread %d waits in the kernel and can't be interrupted "
				 "(a device, or its vfork child)",
				 tid);
	return error_new(ERROR_PENDING, "thread %d did not stop in time (state %c)", tid,
			 state ? state : '?');
}

static void interrupt_from(struct stop *s, size_t first)
{
	for (size_t i = first; i < s->threads.n; i++)
		memory_trace(s->memory, PTRACE_INTERRUPT, s->threads.v[i].tid, 0, 0);
}

/* Wait for all from 'first' on; those that have ended are forgotten. */
static struct error *gather_from(struct stop *s, size_t first)
{
	for (size_t i = first; i < s->threads.n;) {
		struct stopped_thread *t = &s->threads.v[i];

		switch (wait_for(s, t)) {
		case STOP_GONE:
			forget(s, t);
			continue;
		case STOP_LATE:
			return late(s, t->tid);
		default:
			i++;
		}
	}
	return NULL;
}

/* The kernel counts a process's threads in the links of its folder: one call tells. */
static bool is_complete(struct stop *s)
{
	struct stat st;

	return !fstat(dirfd(s->tasks), &st) && st.st_nlink == s->threads.n + s->dead + 2;
}

static struct error *gather_all(struct stop *s)
{
	interrupt_from(s, 0);
	TRY(gather_from(s, 0));
	/* A thread that was not stopped yet may have made others. */
	for (int i = 0; !is_complete(s); i++) {
		size_t first = s->threads.n, n;

		TRY(seize_new(s, &n));
		if (!n)
			break;
		if (i == RESCANS_MOST)
			return error_new(ERROR_PENDING, "it makes threads faster than they stop");
		interrupt_from(s, first);
		TRY(gather_from(s, first));
	}
	if (!s->threads.n)
		return error_new(ERROR_NOTHING, "it has ended");
	vec_for_each(&s->threads, t) {
		int err = memory_trace(s->memory, PTRACE_GETREGS, t->tid, 0, (uintptr_t)&t->regs);

		if (err)
			return error_errno(err, "the registers of thread %d", t->tid);
	}
	return NULL;
}

struct error *stop_all(struct stop *s, double seconds)
{
	struct error *e;

	limit(s, seconds);
	s->began = clock_seconds();
	e = gather_all(s);
	unlimit(s);
	return e;
}

struct error *stop_one(struct stop *s, pid_t tid, double seconds)
{
	struct error *e;
	int err;

	s->took = 0;
	TRY(seize_thread(s, tid));
	if (!s->threads.n)
		return error_new(ERROR_NOTHING, "thread %d has ended", tid);
	s->began = clock_seconds();
	limit(s, seconds);
	interrupt_from(s, 0);
	e = gather_from(s, 0);
	unlimit(s);
	if (e)
		return e;
	if (!s->threads.n)
		return error_new(ERROR_NOTHING, "thread %d has ended", tid);
	err = memory_trace(s->memory, PTRACE_GETREGS, tid, 0, (uintptr_t)&s->threads.v[0].regs);
	return err ? error_errno(err, "the registers of thread %d", tid) : NULL;
}

enum stop_event stop_step_on(struct stop *s, struct stopped_thread *t, int request)
{
	t->stopped = false;
	if (memory_trace(s->memory, request, t->tid, 0, (uint64_t)t->signal))
		return STOP_GONE;
	t->signal = 0;
	return wait_for(s, t);
}

enum stop_event stop_step(struct stop *s, struct stopped_thread *t, int request, double seconds)
{
	enum stop_event event;

	limit(s, seconds);
	event = stop_step_on(s, t, request);
	unlimit(s);
	return event;
}

static bool may_run(const struct stopped_thread *t)
{
	return !t->group && !t->signal && (int64_t)t->regs.orig_rax < 0;
}

/* Those that run; the registers of those that stop again are read. */
static bool gather_running(struct stop *s)
{
	for (size_t i = 0; i < s->threads.n;) {
		struct stopped_thread *t = &s->threads.v[i];

		if (!t->stopped) {
			switch (wait_for(s, t)) {
			case STOP_GONE:
				forget(s, t);
				continue;
			case STOP_LATE:
				return false;
			default:
				if (memory_trace(s->memory, PTRACE_GETREGS, t->tid, 0,
						 (uintptr_t)&t->regs))
					return false;
			}
		}
		i++;
	}
	return s->threads.n;
}

bool stop_nudge(struct stop *s, bool (*chosen)(const struct stopped_thread *t, void *arg),
		void *arg, unsigned int us, double seconds)
{
	struct timespec moment = { .tv_nsec = (long)us * 1000 };
	bool all;

	vec_for_each(&s->threads, t)
		if (chosen(t, arg) && !may_run(t))
			return false;
	vec_for_each(&s->threads, t)
		if (chosen(t, arg) && !memory_trace(s->memory, PTRACE_CONT, t->tid, 0, 0))
			t->stopped = t->settled = false;
	nanosleep(&moment, NULL);
	vec_for_each(&s->threads, t)
		if (!t->stopped)
			memory_trace(s->memory, PTRACE_INTERRUPT, t->tid, 0, 0);
	limit(s, seconds);
	all = gather_running(s);
	unlimit(s);
	return all;
}

/* --- letting go ----------------------------------------------------------------------- */

/*
 * Calls that end with EINTR at any stop, signal or not, and have done nothing then (signal(7),
 * "Interruption of system calls and library functions by stop signals").
 */
bool stop_cut_short(const struct user_regs_struct *regs)
{
	static const unsigned short calls[] = {
		SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_pwait2, SYS_semop,
		SYS_semtimedop, SYS_msgrcv,	 SYS_msgsnd,	   SYS_rt_sigtimedwait,
	};

	if ((int64_t)regs->rax != -EINTR)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (regs->orig_rax == calls[i])
			return true;
	return false;
}

/* What the kernel calls ERESTARTNOHAND: anew, unless a signal's handler runs. */
#define ANEW_UNLESS_HANDLED 514

static void let_go(struct stop *s, struct stopped_thread *t)
{
	/* A stop that failed half way has not read them. */
	if (!t->regs.cs && memory_trace(s->memory, PTRACE_GETREGS, t->tid, 0, (uintptr_t)&t->regs))
		t->regs.rax = 0;
	if (stop_cut_short(&t->regs)) {
		t->regs.rax = (uint64_t)-ANEW_UNLESS_HANDLED;
		memory_trace(s->memory, PTRACE_SETREGS, t->tid, 0, (uintptr_t)&t->regs);
	}
	memory_trace(s->memory, PTRACE_DETACH, t->tid, 0, (uint64_t)t->signal);
}

static void release_late(struct stop *s)
{
	bool any = false;

	vec_for_each(&s->threads, t)
		any |= !t->stopped;
	if (!any)
		return;
	limit(s, GRACE_SECONDS);
	vec_for_each(&s->threads, t) {
		enum stop_event event = t->stopped ? STOP_GONE : wait_for(s, t);

		s->left |= event == STOP_LATE;
		if (event != STOP_LATE && event != STOP_GONE)
			let_go(s, t);
	}
	unlimit(s);
}

void stop_release(struct stop *s)
{
	static const struct sched_param usual;

	vec_for_each(&s->threads, t)
		if (t->stopped)
			let_go(s, t);
	if (s->began)
		s->took = clock_seconds() - s->began;
	s->began = 0;
	if (s->fifo)
		sched_setscheduler(0, SCHED_OTHER, &usual);
	s->fifo = false;
	release_late(s);
	s->threads.n = 0;
}

void stop_close(struct stop *s)
{
	stop_release(s);
	if (s->has_timer)
		timer_delete(s->timer);
	s->has_timer = false;
	if (s->tasks)
		closedir(s->tasks);
	s->tasks = NULL;
	vec_free(&s->threads);
}

void stop_hurry(struct stop *s)
{
	struct sched_param lowest = { .sched_priority = 1 };

	s->fifo = !sched_setscheduler(0, SCHED_FIFO, &lowest);
}
