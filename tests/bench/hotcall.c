// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a call of a redirected function costs more than a plain call: hotcall [MILLIONS [ROUNDS]]
 *
 * A program calls a function and prints the time of so many calls and of the same loop without the
 * call, one after the other, for ever; it is patched with the very same function, so that the one
 * jump is all that is different, and reverted, in turn. In one run: loop, plain call, redirected
 * call, in nanoseconds; the least of each, which other work beside it does not change.
 */
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

static FILE *start(const char *millions, pid_t *pid)
{
	int pipes[2];

	if (pipe(pipes))
		check(error_failed("no pipe"));
	*pid = fork();
	if (!*pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (dup2(pipes[1], 1) == 1)
			execl(program, program, millions, NULL);
		_exit(127);
	}
	close(pipes[1]);
	return fdopen(pipes[0], "r");
}

/* The least of some lines, of which the first may have begun before the patch. */
static void read_lines(FILE *f, double *loop, double *call)
{
	for (int i = 0; i < 4; i++) {
		double one_loop, one_call;

		if (fscanf(f, "%lf %lf", &one_loop, &one_call) != 2)
			check(error_failed("the program has ended"));
		if (!i)
			continue;
		*loop = one_loop < *loop ? one_loop : *loop;
		*call = one_call < *call ? one_call : *call;
	}
}

static void patch(bool in)
{
	struct hotpatch_options options = { .stop_seconds = 1, .patience = 10 };
	struct hotpatch_results r __cleanup_hotpatch_results = { 0 };
	struct processes p __cleanup_processes = { 0 };

	check(process_find(object.build_id, object.build_id_n, &p));
	check(in ? hotpatch_apply(&object, &p, &options, &r)
		 : hotpatch_revert(object.build_id, object.build_id_n, "bench", &p, &options, &r));
	if (r.v.n != 1)
		check(error_failed("the program has ended"));
	check(take(r.v.v[0].error));
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 9;
	double loop = 1e9, plain = 1e9, redirected = 1e9, more;
	struct tmpdir dir __cleanup_tmpdir = { 0 };
	pid_t pid;
	FILE *f;

	if (!rounds)
		check(error_usage("hotcall [MILLIONS [ROUNDS]]"));
	check(tmpdir_make(NULL, &dir));
	compile(dir.path, "calls");
	check(fix_object_make(program, fix, "bench", true, &object));
	f = start(argc > 1 ? argv[1] : "10", &pid);
	for (size_t i = 0; f && i < rounds; i++) {
		read_lines(f, &loop, &plain);
		patch(true);
		read_lines(f, &loop, &redirected);
		patch(false);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fclose(f);
	more = redirected - plain;
	printf("nanoseconds a call, the least of %zu rounds\n\n", rounds);
	printf("loop alone %.2f   plain %.2f   redirected %.2f   the redirect %+.2f, %.2f of the "
	       "plain call\n",
	       loop, plain - loop, redirected - loop, more, more / (plain - loop));
	fix_object_free(&object);
	free(program);
	free(fix);
	return 0;
}
