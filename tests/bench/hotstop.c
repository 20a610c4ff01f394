// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long a process stands still for a patch, beside the floor: seize, interrupt, read the
 * registers, let go, and nothing else, taken in the same run by the same program:
 *
 *	hotstop [ROUNDS]
 *
 * Programs of 1, 16 and 256 threads that sleep, and of 1, 16 and 256 that are busy. Each round is
 * a floor, an apply and a revert. Least, middle and worst of all rounds, in microseconds. With
 *other work beside it every figure but the least grows.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "hotpatch/hotpatch.h"
#include "hotpatch/stop.h"
#include "tests/bench/hot_bench.h"

#define ROUNDS_MOST 1000

static pid_t start(const char *n, const char *how)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (freopen("/dev/null", "w", stdout))
			execl(program, program, n, how, NULL);
		_exit(127);
	}
	usleep(300000);
	return pid;
}

/* --- one round ------------------------------------------------------------------------ */

struct floor {
	pid_t pid;
	double took;
};

static void *take_floor(void *arg)
{
	struct memory m __cleanup_memory = MEMORY_CLOSED;
	struct stop s __cleanup_stop = STOP_NONE;
	struct floor *f = arg;

	check(memory_open(f->pid, f->pid, NULL, &m));
	check(stop_open(&m, &s));
	stop_hurry(&s);
	check(stop_seize(&s));
	check(stop_all(&s, 5));
	stop_release(&s);
	f->took = s.took;
	return NULL;
}

static double floor_of(pid_t pid)
{
	struct floor f = { .pid = pid };
	pthread_t t;

	if (pthread_create(&t, NULL, take_floor, &f))
		check(error_nomem());
	pthread_join(t, NULL);
	return f.took;
}

static double patch(const struct processes *p, bool in)
{
	struct hotpatch_options options = { .stop_seconds = 5, .patience = 5 };
	struct hotpatch_results r __cleanup_hotpatch_results = { 0 };

	check(in ? hotpatch_apply(&object, p, &options, &r)
		 : hotpatch_revert(object.build_id, object.build_id_n, "bench", p, &options, &r));
	if (r.v.n != 1)
		check(error_failed("the program has ended"));
	check(take(r.v.v[0].error));
	return r.v.v[0].longest_stop;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_row(const double *sorted, size_t rounds)
{
	printf("  %7.1f %7.1f %8.1f", sorted[0] * 1e6, sorted[rounds / 2] * 1e6,
	       sorted[rounds - 1] * 1e6);
}

static void measure(const char *n, const char *how, size_t rounds)
{
	double floor[ROUNDS_MOST], apply[ROUNDS_MOST], revert[ROUNDS_MOST];
	struct processes p __cleanup_processes = { 0 };
	pid_t pid = start(n, how);

	/* A test beside us may run the same program. */
	check(process_find_among(object.build_id, object.build_id_n, &pid, 1, &p));
	for (size_t i = 0; i < rounds; i++) {
		floor[i] = floor_of(pid);
		apply[i] = patch(&p, true);
		revert[i] = patch(&p, false);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	qsort(floor, rounds, sizeof(*floor), by_size);
	qsort(apply, rounds, sizeof(*apply), by_size);
	qsort(revert, rounds, sizeof(*revert), by_size);
	printf("%4s %-6s", n, how);
	print_row(floor, rounds);
	print_row(apply, rounds);
	print_row(revert, rounds);
	printf("  %5.2f %5.2f\n", apply[0] / floor[0], apply[rounds / 2] / floor[rounds / 2]);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const char *const hows[] = { "sleep", "busy" }, *const ns[] = { "1", "16", "256" };
	struct tmpdir dir __cleanup_tmpdir = { 0 };
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 25;

	if (!rounds || rounds > ROUNDS_MOST)
		check(error_usage("hotstop [ROUNDS], at most %d", ROUNDS_MOST));
	check(tmpdir_make(NULL, &dir));
	compile(dir.path, "threads");
	check(fix_object_make(program, fix, "bench", true, &object));
	printf("microseconds; least, middle and worst of %zu rounds; the ratio of the least, and of "
	       "the middle\n\n",
	       rounds);
	printf("%-11s  %24s  %24s  %24s  %11s\n", "threads", "floor", "apply", "revert",
	       "apply/floor");
	fflush(stdout);
	for (size_t h = 0; h < ARRAY_SIZE(hows); h++)
		for (size_t i = 0; i < ARRAY_SIZE(ns); i++)
			measure(ns[i], hows[h], rounds);
	fix_object_free(&object);
	free(program);
	free(fix);
	return 0;
}
