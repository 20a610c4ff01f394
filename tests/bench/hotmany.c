// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hundred processes of one program: found, patched, told of, reverted:
 *
 *	hotmany [PROCESSES [ROUNDS]]
 *
 * Wall time of each, from the library's call to its return; and "look", which is what `suture
 * status --processes` does: find, and read back. Least and middle of the rounds, in milliseconds;
 * beside them a floor of the same run: opening, reading and closing /proc/PID/maps of each.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "hotpatch/hotpatch.h"
#include "tests/bench/hot_bench.h"

#define ROUNDS_MOST 1000
#define PROCESSES_MOST 4096

enum act { FLOOR, FIND, APPLY, STATUS, LOOK, REVERT, ACTS };

static struct processes found;
static pid_t pids[PROCESSES_MOST];
static size_t n;

/* Four threads that sleep for long, but for the first. */
static void start(void)
{
	for (size_t i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (freopen("/dev/null", "w", stdout))
			execl(program, program, "4", "sleep", NULL);
		_exit(127);
	}
	sleep(1);
}

static void end(void)
{
	for (size_t i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	for (size_t i = 0; i < n; i++)
		waitpid(pids[i], NULL, 0);
}

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

static void find(void)
{
	processes_free(&found);
	check(process_find(object.build_id, object.build_id_n, &found));
	if (found.v.n != n)
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

static double act(enum act a)
{
	double began = clock_seconds();

	switch (a) {
	case FLOOR:
		read_maps();
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
	return clock_seconds() - began;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	static const char *const names[ACTS] = { "floor",  "find", "apply",
						 "status", "look", "revert" };
	static double took[ACTS][ROUNDS_MOST];
	struct tmpdir dir __cleanup_tmpdir = { 0 };
	size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 7;

	n = argc > 1 ? strtoul(argv[1], NULL, 10) : 100;
	if (!n || n > PROCESSES_MOST || !rounds || rounds > ROUNDS_MOST)
		check(error_usage("hotmany [PROCESSES [ROUNDS]]"));
	check(tmpdir_make(NULL, &dir));
	compile(dir.path, "threads");
	check(fix_object_make(program, fix, "bench", true, &object));
	/* The first time pages are mapped, later they serve again: all rounds are first ones. */
	for (size_t r = 0; r < rounds; r++) {
		start();
		for (enum act a = 0; a < ACTS; a++)
			took[a][r] = act(a);
		end();
	}
	printf("%zu processes of 4 threads, milliseconds; %zu rounds\n\n", n, rounds);
	printf("%-8s %8s %8s %8s\n", "", "least", "middle", "/floor");
	for (enum act a = 0; a < ACTS; a++)
		qsort(took[a], rounds, sizeof(took[a][0]), by_size);
	for (enum act a = 0; a < ACTS; a++)
		printf("%-8s %8.1f %8.1f %8.2f\n", names[a], took[a][0] * 1e3,
		       took[a][rounds / 2] * 1e3, took[a][0] / took[FLOOR][0]);
	processes_free(&found);
	fix_object_free(&object);
	free(program);
	free(fix);
	return 0;
}
