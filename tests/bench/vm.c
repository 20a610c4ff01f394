// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a guest costs, each figure beside a plain boot of the same run:
 *
 *	vm [TARGET [RUNS]]
 *
 * boot: without a snapshot, until the guest answers; snapshot: the first use of a kernel, which
 * boots, keeps and restores; restore: each later use, until the guest answers; turn: restore, a
 * command and its output, power off; also with suture and its libraries put in, and with them as
 * tools in the snapshot; and two at a time. A cache of its own, removed afterwards. The load of the
 *machine is printed: with other work beside it every figure grows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "qemu/vm.h"
#include "source/target.h"

#define RUNS_MOST 50

static struct target *target;
static const char *suture;
static double plain;

static void check(struct error *e)
{
	if (!e)
		return;
	fprintf(stderr, "vm: %s\n", error_message(e));
	exit(error_kind(e));
}

/* Seconds until the guest is up, and until it is gone. */
struct times {
	double up, all;
};

enum program { NONE, PUT_IN, A_TOOL };

static struct times turn(bool fresh, enum program with)
{
	char *program __free = str_printf("%s=/bin/suture", suture);
	const char *const files[] = { program, NULL };
	struct vm_options opt = { .kernel = target->vmlinuz,
				  .modules = target->modules,
				  .files = with == PUT_IN ? files : NULL,
				  .tools = with == A_TOOL ? files : NULL,
				  .fresh = fresh };
	struct strbuf out __cleanup_strbuf = { 0 };
	struct vm *vm __cleanup_vm = NULL;
	double start = clock_seconds();
	struct times t;
	int status;

	check(program ? NULL : error_nomem());
	check(vm_boot(&opt, &vm));
	t.up = clock_seconds() - start;
	check(vm_run(vm, with ? "suture --version" : "uname -r", 0, &out, &status));
	if (status)
		check(error_failed("the guest: %s", strbuf_str(&out)));
	vm_stop(&vm);
	t.all = clock_seconds() - start;
	return t;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print(const char *what, double *v, size_t n)
{
	char ratio[32] = "";

	qsort(v, n, sizeof(*v), by_size);
	if (plain > 0)
		snprintf(ratio, sizeof(ratio), "1/%.1f of a boot", plain / v[n / 2]);
	printf("%-34s %6.2f s  (%.2f to %.2f, %zu times)  %s\n", what, v[n / 2], v[0], v[n - 1], n,
	       ratio);
	fflush(stdout);
}

static void two_at_a_time(double *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double start = clock_seconds();
		pid_t pid = fork();
		int status;

		if (!pid) {
			turn(false, NONE);
			_exit(0);
		}
		turn(false, NONE);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			check(error_failed("the second guest failed"));
		v[i] = clock_seconds() - start;
	}
}

static void measure(size_t n)
{
	double up[RUNS_MOST], all[RUNS_MOST], with[RUNS_MOST], tool[RUNS_MOST];

	plain = 0;
	for (size_t i = 0; i < 3; i++)
		up[i] = turn(true, NONE).up;
	print("boot, without a snapshot", up, 3);
	plain = up[1];
	up[0] = turn(false, NONE).up;
	print("boot, snapshot, restore", up, 1);
	turn(false, A_TOOL);
	for (size_t i = 0; i < n; i++) {
		struct times t = turn(false, NONE);

		up[i] = t.up;
		all[i] = t.all;
		with[i] = turn(false, PUT_IN).all;
		tool[i] = turn(false, A_TOOL).all;
	}
	print("restore", up, n);
	print("turn", all, n);
	print("turn, suture put in, 55 MB", with, n);
	print("turn, suture in the snapshot", tool, n);
	two_at_a_time(all, n);
	print("two turns side by side", all, n);
}

int main(int argc, char **argv)
{
	size_t runs = argc > 2 ? (size_t)atoi(argv[2]) : 9;
	struct tmpdir cache __cleanup_tmpdir = { 0 };
	const char *b = getenv("B");
	double load[1] = { 0 };

	check(target_open(argc > 1 ? argv[1] : "kernel:6.1.0-50-amd64", &target));
	if (runs < 1 || runs > RUNS_MOST)
		check(error_usage("1 to %d runs", RUNS_MOST));
	suture = str_printf("%s/suture", b ? b : "build");
	check(tmpdir_make(NULL, &cache));
	setenv("SUTURE_CACHE", cache.path, 1);
	getloadavg(load, 1);
	printf("%s, load %.1f\n", target->name, load[0]);
	measure(runs);
	target_free(&target);
	return 0;
}
