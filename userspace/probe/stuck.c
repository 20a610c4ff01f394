// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/stuck.h"

#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/aside.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/str.h"
#include "probe/hooks.h"

#define PF_KTHREAD 0x00200000
#define LOOK_MS 100
#define TRIES 10
#define AT_LEAST 1.0	  /* seconds that one must go on */
#define CPU_ANSWERS 5.0	  /* seconds */
#define ENTRIES_MS 200	  /* that entries of the kernel are counted */
#define CLOSER_LOOK 10.0  /* seconds */
#define TICKS_OF_KERNEL 2 /* that one must have used meanwhile */

/* --- a look at a task --------------------------------------------------------------- */

bool stuck_parse(const char *stat, const char *status, struct stuck_look *out)
{
	const char *close = strrchr(stat, ')'),
		   *sleeps = strstr(status, "\nvoluntary_ctxt_switches:");
	unsigned long long user, kernel, n;
	unsigned int flags;

	if (!close || !sleeps ||
	    sscanf(close + 1,
		   " %c %*d %*d %*d %*d %*d %u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d "
		   "%*u %*u %*d %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*d %u",
		   &out->state, &flags, &user, &kernel, &out->cpu) != 5 ||
	    sscanf(sleeps, "\nvoluntary_ctxt_switches: %llu", &n) != 1)
		return false;
	out->kernel_thread = flags & PF_KTHREAD;
	out->user = user;
	out->kernel = kernel;
	out->sleeps = n;
	return true;
}

bool stuck_goes_on(const struct stuck_look *first, const struct stuck_look *now)
{
	return now->state == 'R' && now->user == first->user && now->sleeps == first->sleeps;
}

/* A file of a task that may be gone by now: false. */
static bool task_file(pid_t pid, pid_t tid, const char *name, struct strbuf *out)
{
	struct error *e __cleanup_error = NULL;
	char path[80];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, name);
	strbuf_free(out);
	e = file_read(path, out);
	return !e;
}

static bool look(pid_t pid, pid_t tid, struct stuck_look *out, struct strbuf *stat)
{
	struct strbuf status __cleanup_strbuf = { 0 };

	return task_file(pid, tid, "stat", stat) && task_file(pid, tid, "status", &status) &&
	       stuck_parse(strbuf_str(stat), strbuf_str(&status), out);
}

/* --- those that run ------------------------------------------------------------------- */

static struct error *consider(pid_t pid, pid_t tid, struct stuck *out)
{
	struct strbuf stat __cleanup_strbuf = { 0 };
	struct stuck_task t = { .pid = pid, .tid = tid };
	const char *open, *close;

	if (!look(pid, tid, &t.first, &stat) || t.first.state != 'R')
		return NULL;
	open = strchr(stat.s, '(');
	close = strrchr(stat.s, ')');
	t.comm = arena_printf(&out->arena, "%.*s", (int)(close - open - 1), open + 1);
	t.last = t.first;
	return t.comm ? vec_push(&out->v, t) : error_nomem();
}

static struct error *consider_threads(pid_t pid, struct stuck *out)
{
	struct error *e = NULL;
	struct dirent *ent;
	char path[40];
	DIR *d;

	if (pid == getpid())
		return NULL;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	while (d && !e && (ent = readdir(d)))
		if (ent->d_name[0] != '.')
			e = consider(pid, atoi(ent->d_name), out);
	if (d)
		closedir(d);
	return e;
}

static struct error *who_runs(struct stuck *out)
{
	DIR *d = opendir("/proc");
	struct error *e = NULL;
	struct dirent *ent;

	if (!d)
		return error_errno(errno, "/proc");
	while (!e && (ent = readdir(d)))
		if (ent->d_name[0] >= '0' && ent->d_name[0] <= '9')
			e = consider_threads(atoi(ent->d_name), out);
	closedir(d);
	return e;
}

/* Those that have slept, left the kernel or ended are out of it. */
static struct error *look_again(struct stuck *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->v.n; i++) {
		struct strbuf stat __cleanup_strbuf = { 0 };
		struct stuck_task *t = &s->v.v[i];

		if (!look(t->pid, t->tid, &t->last, &stat) || !stuck_goes_on(&t->first, &t->last))
			continue;
		s->v.v[kept++] = *t;
	}
	s->v.n = kept;
	return NULL;
}

/* --- does it enter the kernel anew? --------------------------------------------------- */

static int open_counter(pid_t tid)
{
	struct strbuf id __cleanup_strbuf = { 0 };
	struct error *e __cleanup_error = NULL;
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr) };
	const char *tracefs = tracefs_path();
	char path[96];

	snprintf(path, sizeof(path), "%s/events/raw_syscalls/sys_enter/id", tracefs ? tracefs : "");
	e = file_read(path, &id);
	if (e)
		return -1;
	attr.config = strtoull(strbuf_str(&id), NULL, 10);
	return (int)syscall(SYS_perf_event_open, &attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

/* --- where it runs -------------------------------------------------------------------- */

/* The way to the scheduler is not where it is. */
static bool is_way(const char *name)
{
	static const char *const ways[] = { "__cond_resched",
					    "dynamic_cond_resched",
					    "preempt_schedule",
					    "schedule",
					    "__schedule",
					    "irqentry_",
					    "asm_",
					    "sysvec_" };

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		if (str_starts(name, ways[i]))
			return true;
	return false;
}

/* "[<0>] testbed_round+0x10/0x20 [suture_testbed]": the innermost that is of interest. */
static void innermost(const char *stack, char *out, size_t room)
{
	for (const char *line = stack; *line;) {
		const char *end = strchrnul(line, '\n'), *at = strchr(line, ']');

		at = at && at < end ? at + 1 + strspn(at + 1, " ") : end;
		if (at < end && !is_way(at)) {
			snprintf(out, room, "%.*s", (int)strcspn(at, "+ \n"), at);
			return;
		}
		line = *end ? end + 1 : end;
	}
}

static bool go_to_cpu(unsigned int cpu)
{
	cpu_set_t *set = CPU_ALLOC(cpu + 1);
	size_t size = CPU_ALLOC_SIZE(cpu + 1);
	int refused = -1;

	if (set) {
		CPU_ZERO_S(size, set);
		CPU_SET_S(cpu, size, set);
		refused = sched_setaffinity(0, size, set);
	}
	CPU_FREE(set);
	return !refused;
}

/* A task has a stack to look at while it does not run: as long as we do, on its CPU. */
static void name_function(const struct stuck_task *t, char *out, size_t room)
{
	for (int tries = 0; tries < TRIES && !*out; tries++) {
		struct strbuf text __cleanup_strbuf = { 0 };
		struct stuck_look now;

		if (!look(t->pid, t->tid, &now, &text) || !go_to_cpu(now.cpu))
			return;
		if (task_file(t->pid, t->tid, "stack", &text))
			innermost(strbuf_str(&text), out, room);
	}
}

/* --- a closer look, aside: a tracepoint changes the kernel's text, and may wait for that -- */

struct closer_look {
	bool certain, enters;
	char in[64];
};

/* A program that asks the kernel for much, again and again, is not stuck in it. */
static void count_entries(pid_t tid, struct closer_look *out)
{
	int fd __closefd = open_counter(tid);
	uint64_t n = 0;

	if (fd < 0)
		return;
	poll(NULL, 0, ENTRIES_MS);
	out->certain = read(fd, &n, sizeof(n)) == sizeof(n);
	out->enters = n > 0;
}

/* Two answers: the second may never come. */
static void look_closer(int fd, void *arg)
{
	const struct stuck_task *t = arg;
	struct closer_look l = { .certain = true };

	name_function(t, l.in, sizeof(l.in));
	aside_send(fd, &l, sizeof(l));
	l.certain = t->last.kernel_thread;
	if (!t->last.kernel_thread)
		count_entries(t->tid, &l);
	aside_send(fd, &l, sizeof(l));
}

static struct error *is_stuck(struct stuck *s, struct stuck_task *t, bool *stuck)
{
	double until = clock_seconds() + CLOSER_LOOK;
	struct closer_look l = { .certain = true };
	struct error *late __cleanup_error = NULL;
	int fd __closefd = -1;

	TRY(aside_start(look_closer, t, &fd));
	/* That it does not come back is what would happen to the patch. */
	late = aside_receive(fd, until, &l, sizeof(l));
	if (!late)
		late = aside_receive(fd, until, &l, sizeof(l));
	if (late && error_kind(late) == ERROR_INTERRUPTED)
		return take(late);
	*stuck = !l.enters;
	t->certain = l.certain;
	if (l.in[0])
		t->in = arena_strdup(&s->arena, l.in);
	return l.in[0] && !t->in ? error_nomem() : NULL;
}

static struct error *drop_what_enters(struct stuck *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->v.n; i++) {
		struct stuck_task *t = &s->v.v[i];
		bool stuck = false;

		/* Without time of its own it waits for a processor. */
		if (t->last.kernel >= t->first.kernel + TICKS_OF_KERNEL)
			TRY(is_stuck(s, t, &stuck));
		if (stuck)
			s->v.v[kept++] = *t;
	}
	s->v.n = kept;
	return NULL;
}

/* --- CPUs ----------------------------------------------------------------------------- */

/* A turn on each CPU, told before it is waited for. */
static void take_turns(int fd, void *arg)
{
	int n = *(const int *)arg;

	/* One that is offline, or kept from us, refuses. */
	for (int i = 0; i < n; i++)
		if (aside_send(fd, &i, sizeof(i)) && go_to_cpu((unsigned int)i))
			sched_yield();
	aside_send(fd, &n, sizeof(n));
}

static struct error *ask_cpus(int *stuck)
{
	int n = (int)sysconf(_SC_NPROCESSORS_CONF), at = 0;
	struct error *e = NULL;
	int fd __closefd = -1;

	*stuck = -1;
	TRY(aside_start(take_turns, &n, &fd));
	while (!e && at < n)
		e = aside_receive(fd, clock_seconds() + CPU_ANSWERS, &at, sizeof(at));
	if (!e || error_kind(e) != ERROR_PENDING)
		return e;
	error_free(&e);
	*stuck = at;
	return NULL;
}

/* --- all of it ------------------------------------------------------------------------ */

static struct error *find(double seconds, struct stuck *out)
{
	double start = clock_seconds();

	TRY(ask_cpus(&out->cpu));
	TRY(who_runs(out));
	while (out->v.n && clock_seconds() - start < AT_LEAST) {
		TRY(interrupt_check());
		poll(NULL, 0, LOOK_MS);
		TRY(look_again(out));
	}
	/* A closer look waits for all CPUs. */
	if (out->cpu < 0)
		TRY(drop_what_enters(out));
	while (out->v.n && clock_seconds() - start < seconds) {
		TRY(interrupt_check());
		poll(NULL, 0, LOOK_MS);
		TRY(look_again(out));
	}
	return NULL;
}

struct error *stuck_find(double seconds, struct stuck *out)
{
	struct stuck s __cleanup_stuck = { .cpu = -1 };

	TRY(find(seconds, &s));
	*out = s;
	s = (struct stuck){ .cpu = -1 };
	return NULL;
}

void stuck_free(struct stuck *s)
{
	vec_free(&s->v);
	arena_free(&s->arena);
}
