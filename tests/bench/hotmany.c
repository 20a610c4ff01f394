// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hundred processes of one program: found, patched, told of, reverted:
 *
 *	hotmany [PROCESSES [ROUNDS]]
 *
 * Wall time of each, from the library's call to its return; and "look", which is what `suture
 * status --processes` does: find, and read back. Least and middle of the rounds, in milliseconds;
 * and the least CPU time that this program took for it, which a busy machine changes less.
 *
 * Two floors of the same run are beside them. "maps": opening, reading and closing /proc/PID/maps
 * of each. "bare": what no apply can do without, by the shortest way there is, with nothing checked
 * and nothing safe against a kill, by as many threads as there are CPUs: all threads of a process
 * seized, one made to map memory, that and a page of code written to, all stopped (at real-time
 * priority, where that is allowed), their registers read, five bytes written, all let go.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "hotpatch/hotpatch.h"
#include "tests/bench/hot_bench.h"

#define ROUNDS_MOST 1000
#define PROCESSES_MOST 4096

#define THREADS 4 /* of each process */
#define WORKERS_MOST 64
#define START_SECONDS 60
#define WRITTEN 1024 /* bytes, about what an apply writes */

enum act { MAPS, BARE, FIND, APPLY, STATUS, LOOK, REVERT, ACTS };

static struct processes found;
static pid_t pids[PROCESSES_MOST];
static size_t n;

static void read_maps(void)
{
	static char bytes[1 << 16];

	for (size_t i = 0; i < n; i++) {
		int fd __closefd = -1;
		char path[32];

		snprintf(path, sizeof(path), "/proc/%d/maps", pids[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		while (read(fd, bytes, sizeof(bytes)) > 0)
			;
	}
}

/* --- bare ----------------------------------------------------------------------------- */

static void must(bool done, const char *what)
{
	if (!done)
		check(error_errno(errno, "the floor: %s", what));
}

static void trace(int request, pid_t tid, void *data)
{
	must(!ptrace((enum __ptrace_request)request, tid, NULL, data), "ptrace");
}

static void await_stop(pid_t tid)
{
	int status;

	must(waitpid(tid, &status, __WALL) == tid && WIFSTOPPED(status), "waitpid");
}

static size_t seize_all(pid_t pid, pid_t *tids)
{
	struct dirent *ent;
	char path[32];
	size_t k = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	must(d, path);
	while ((ent = readdir(d)) && k < THREADS)
		if (ent->d_name[0] != '.')
			tids[k++] = atoi(ent->d_name);
	closedir(d);
	for (size_t i = 0; i < k; i++)
		trace(PTRACE_SEIZE, tids[i], (void *)PTRACE_O_TRACESYSGOOD);
	return k;
}

/* It waits in a system call: that instruction serves for another. */
static uint64_t map_by(pid_t tid)
{
	struct user_regs_struct was, r;

	trace(PTRACE_INTERRUPT, tid, NULL);
	await_stop(tid);
	trace(PTRACE_GETREGS, tid, &was);
	must((int64_t)was.orig_rax >= 0, "a thread that does not wait");
	r = was;
	r.rip -= 2;
	r.orig_rax = (uint64_t)-1;
	r.rax = SYS_mmap;
	r.rdi = 0;
	r.rsi = WRITTEN;
	r.rdx = PROT_READ | PROT_EXEC;
	r.r10 = MAP_PRIVATE | MAP_ANONYMOUS;
	r.r8 = (uint64_t)-1;
	r.r9 = 0;
	trace(PTRACE_SETREGS, tid, &r);
	for (int i = 0; i < 2; i++) {
		trace(PTRACE_SYSCALL, tid, NULL);
		await_stop(tid);
	}
	trace(PTRACE_GETREGS, tid, &r);
	trace(PTRACE_SETREGS, tid, &was);
	return r.rax;
}

static void bare_one(const struct process *p)
{
	static const struct sched_param lowest = { .sched_priority = 1 }, usual;
	static const uint8_t bytes[WRITTEN] = { 0xcc };
	off_t site = (off_t)(p->bias + object.functions.v[0].old);
	struct user_regs_struct regs[THREADS];
	pid_t tids[THREADS];
	int fd __closefd = -1;
	uint8_t now[8];
	char path[32];
	uint64_t at;
	size_t k;

	snprintf(path, sizeof(path), "/proc/%d/mem", p->pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	must(fd >= 0, path);
	k = seize_all(p->pid, tids);
	/* The last one sleeps long: it is certainly in its call. */
	at = map_by(tids[k - 1]);
	must(pwrite(fd, bytes, sizeof(bytes), (off_t)at) == sizeof(bytes), "new memory");
	must(pread(fd, now, 5, site) == 5 && pwrite(fd, now, 1, site) == 1, "a page of code");
	sched_setscheduler(0, SCHED_FIFO, &lowest);
	for (size_t i = 0; i + 1 < k; i++)
		trace(PTRACE_INTERRUPT, tids[i], NULL);
	for (size_t i = 0; i + 1 < k; i++) {
		await_stop(tids[i]);
		trace(PTRACE_GETREGS, tids[i], &regs[i]);
	}
	must(pwrite(fd, now, 5, site) == 5, "five bytes");
	for (size_t i = 0; i < k; i++)
		trace(PTRACE_DETACH, tids[i], NULL);
	sched_setscheduler(0, SCHED_OTHER, &usual);
}

static void *bare_some(void *arg)
{
	atomic_size_t *next = arg;

	for (size_t i; (i = atomic_fetch_add(next, 1)) < found.v.n;)
		bare_one(&found.v.v[i]);
	return NULL;
}

static void bare(void)
{
	long workers = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t threads[WORKERS_MOST];
	atomic_size_t next = 0;

	workers = workers < 1 ? 1 : workers > WORKERS_MOST ? WORKERS_MOST : workers;
	for (long i = 0; i < workers; i++)
		must(!pthread_create(&threads[i], NULL, bare_some, &next), "pthread_create");
	for (long i = 0; i < workers; i++)
		pthread_join(threads[i], NULL);
}

/* --- acts ----------------------------------------------------------------------------- */

static bool is_ours(pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* A test beside us may run the same program. */
static bool find_all(void)
{
	size_t kept = 0;

	processes_free(&found);
	check(process_find(object.build_id, object.build_id_n, &found));
	vec_for_each(&found.v, it)
		if (is_ours(it->pid))
			found.v.v[kept++] = *it;
	found.v.n = kept;
	return kept == n;
}

static void find(void)
{
	if (!find_all())
		check(error_failed("%zu processes found", found.v.n));
}

static void status(enum hotpatch_state want)
{
	struct hotpatch_lives lives = { 0 };
	size_t live = 0;

	check(hotpatch_status(object.build_id, object.build_id_n, &found, &lives));
	vec_for_each(&lives.v, it)
		live += it->state == want;
	vec_free(&lives.v);
	if (live != n)
		check(error_failed("%zu processes have it", live));
}

static void patch(bool in)
{
	struct hotpatch_options options = { .patience = 5 };
	struct hotpatch_results r __cleanup_hotpatch_results = { 0 };

	check(in ? hotpatch_apply(&object, &found, &options, &r)
		 : hotpatch_revert(object.build_id, object.build_id_n, "bench", &found, &options,
				   &r));
	vec_for_each(&r.v, it)
		check(take(it->error));
}

/* Four threads that sleep for long, but for the first. */
static void start(void)
{
	for (size_t i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (freopen("/dev/null", "w", stdout))
			execl(program, program, "4", "sleep", NULL); /* THREADS */
		_exit(127);
	}
	/* On a busy machine it takes them long to come to their sleep. */
	for (int i = 0; i < START_SECONDS && !find_all(); i++)
		sleep(1);
	sleep(1);
}

static void end(void)
{
	for (size_t i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	for (size_t i = 0; i < n; i++)
		waitpid(pids[i], NULL, 0);
}

struct taken {
	double wall, cpu;
};

static double cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static struct taken act(enum act a)
{
	double began = clock_seconds(), cpu = cpu_seconds();

	switch (a) {
	case MAPS:
		read_maps();
		break;
	case BARE:
		bare();
		break;
	case FIND:
		find();
		break;
	case APPLY:
	case REVERT:
		patch(a == APPLY);
		break;
	case LOOK:
		find();
		__attribute__((fallthrough));
	default:
		status(HOTPATCH_LIVE);
	}
	return (struct taken){ clock_seconds() - began, cpu_seconds() - cpu };
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_act(const char *name, const double *wall, const double *cpu, size_t rounds,
		      double bare)
{
	printf("%-8s %8.1f %8.1f %8.1f %8.2f\n", name, wall[0] * 1e3, wall[rounds / 2] * 1e3,
	       cpu[0] * 1e3, wall[0] / bare);
}

int main(int argc, char **argv)
{
	static const char *const names[ACTS] = { "maps",   "bare", "find",  "apply",
						 "status", "look", "revert" };
	static double wall[ACTS][ROUNDS_MOST], cpu[ACTS][ROUNDS_MOST];
	struct tmpdir dir __cleanup_tmpdir = { 0 };
	size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 7;

	n = argc > 1 ? strtoul(argv[1], NULL, 10) : 100;
	if (!n || n > PROCESSES_MOST || !rounds || rounds > ROUNDS_MOST)
		check(error_usage("hotmany [PROCESSES [ROUNDS]]"));
	check(tmpdir_make(NULL, &dir));
	compile(dir.path, "threads");
	check(fix_object_make(program, fix, "bench", true, &object));
	/* Pages are mapped and copied the first time only: all rounds, and the floor, are first. */
	for (size_t r = 0; r < rounds; r++) {
		start();
		for (enum act a = 0; a < ACTS; a++) {
			struct taken t;

			if (a == BARE)
				find();
			t = act(a);
			wall[a][r] = t.wall;
			cpu[a][r] = t.cpu;
			if (a != BARE)
				continue;
			end();
			start();
		}
		end();
	}
	printf("%zu processes of %d threads, milliseconds; %zu rounds\n\n", n, THREADS, rounds);
	printf("%-8s %8s %8s %8s %8s\n", "", "least", "middle", "CPU", "/bare");
	for (enum act a = 0; a < ACTS; a++) {
		qsort(wall[a], rounds, sizeof(wall[a][0]), by_size);
		qsort(cpu[a], rounds, sizeof(cpu[a][0]), by_size);
	}
	for (enum act a = 0; a < ACTS; a++)
		print_act(names[a], wall[a], cpu[a], rounds, wall[BARE][0]);
	processes_free(&found);
	fix_object_free(&object);
	free(program);
	free(fix);
	return 0;
}
