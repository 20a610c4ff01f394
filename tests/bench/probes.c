// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a watched function's call costs more than a plain one, by suture's probes and by those of
 * bpftrace, in instructions:
 *
 *	probes TARGET
 *
 * One guest whose clocks advance by a nanosecond with each instruction (vm_options.counting), so
 * that its TSC counts them; whether it does is tried first. The function is a system call that does
 * next to nothing. The least of some rounds, which interrupts do not change. Each watcher must have
 * seen every call, else its figure is none. Fails unless suture's way is the cheaper one, and its
 * kprobes are cheaper than bpftrace's. Without bpftrace it says so, and fails, too.
 *
 * Then suture's own calibration must come to the same figures, and a budget that it is given must
 *be kept.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <x86intrin.h>

#include "base/file.h"
#include "probe/calibrate.h"
#include "probe/watch.h"
#include "qemu/vm.h"
#include "source/target.h"

#define FUNCTION "__x64_sys_personality"
#define READS "vfs_read" /* takes some time of its own */
#define ONLY_ASK 0xffffffff
#define CALLS 20000
#define ROUNDS 6
#define STEPS 1000000
#define LOOK 300       /* milliseconds of the guest */
#define NEAR 0.05      /* two figures of the same thing */
#define PATIENCE 900.0 /* seconds for one watcher: bpftrace compiles, emulated */

static void check(struct error *e)
{
	if (!e)
		return;
	fprintf(stderr, "probes: %s\n", error_message(e));
	exit(error_kind(e));
}

/* --- in the guest --------------------------------------------------------------------- */

static unsigned long long calls(void)
{
	unsigned long long began = __rdtsc();

	for (int i = 0; i < CALLS; i++)
		personality(ONLY_ASK);
	return __rdtsc() - began;
}

static unsigned long long steps(void)
{
	unsigned long long began = __rdtsc();

	/* Two instructions a step. */
	for (long i = STEPS; i;)
		asm volatile("1: dec %0; jnz 1b" : "+r"(i));
	return __rdtsc() - began;
}

static int count_calls(void)
{
	unsigned long long least[2] = { ~0ull, ~0ull };

	for (int i = 0; i < ROUNDS; i++) {
		unsigned long long took[2] = { calls(), steps() };

		for (int k = 0; k < 2; k++)
			least[k] = took[k] < least[k] ? took[k] : least[k];
	}
	printf("call %.3f\nstep %.4f\n", (double)least[0] / CALLS, (double)least[1] / STEPS);
	return 0;
}

/* As suture's watcher would see it: the clock counts instructions. */
static int calibrated(void)
{
	for (int way = 0; way < LATENCY_WAYS; way++) {
		struct probe_cost c;

		check(calibrate((enum latency_way)way, &c));
		printf("%s timed %.1f untimed %.1f inside %.1f\n",
		       latency_way_name((enum latency_way)way), c.timed, c.untimed, c.inside);
	}
	return 0;
}

/* What was seen in the next moment of a process that calls all the time. */
static struct budget_function look(struct watch *w, const struct probe_cost *cost)
{
	struct latency_reading before, after;
	struct budget_function f = { .cost = *cost };

	check(watch_read(w, 0, &before));
	poll(NULL, 0, LOOK);
	check(watch_read(w, 0, &after));
	f.counts.entries = after.counts.entries - before.counts.entries;
	f.counts.taken = after.counts.taken - before.counts.taken;
	f.counts.returns = after.counts.returns - before.counts.returns;
	f.counts.nanoseconds = after.counts.nanoseconds - before.counts.nanoseconds;
	return f;
}

static void read_all_the_time(void)
{
	static char page[4096];
	int fd = open("/dev/zero", O_RDONLY);

	while (read(fd, page, sizeof(page)) > 0)
		;
}

/* Half of what counting leaves: with each call timed it is beyond that, and with fewer it is not.
 */
static int budgeted(void)
{
	const struct watch_function f = { "vmlinux", READS, 0 };
	struct watch *w __cleanup_watch = NULL;
	struct watch_sampling s;
	struct budget_function all, some;
	double budget;
	pid_t child = fork();

	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		read_all_the_time();
		_exit(1);
	}
	check(watch_open(&f, 1, &(struct watch_options){ 0 }, &w));
	check(watch_keep_budget(w, 0, LOOK / 1000.0, &s));
	all = look(w, &s.cost);
	budget = budget_share(&all, 1) * (1 + s.cost.untimed / s.cost.timed) / 2;
	check(watch_keep_budget(w, budget, LOOK / 1000.0, &s));
	some = look(w, &s.cost);
	kill(child, SIGKILL);
	printf("all %.4f budget %.4f every %u taken %.4f some %.4f timed %.1f\n",
	       budget_share(&all, 1), budget, s.sample_every,
	       (double)some.counts.taken / (double)some.counts.entries, budget_share(&some, 1),
	       s.cost.timed);
	return 0;
}

static int in_guest(const char *what)
{
	if (str_equal(what, "--calls"))
		return count_calls();
	return str_equal(what, "--calibrate") ? calibrated() : budgeted();
}

/* --- on the host ---------------------------------------------------------------------- */

/* Begin, wait until it is attached, call, end it, show what it saw. */
#define WATCHED(command, attached)                                                         \
	": >/said; { " command "; } >/said 2>&1 & pid=$!; "                                \
	"until " attached "; do kill -0 $pid || { cat /said; exit 1; }; sleep 0.2; done; " \
	"/probes --calls; kill -INT $pid; wait $pid; cat /said"
#define SUTURE(options)                                                                  \
	WATCHED("exec suture watch --json --seconds 36000 --function " FUNCTION options, \
		"grep -q ^watching /said")
/* bpftrace says that it attaches before it does. */
#define BPFTRACE(entry, ret)                                                             \
	WATCHED("exec bpftrace -e '" entry ":" FUNCTION " { @start[tid] = nsecs; } " ret \
		":" FUNCTION " /@start[tid]/ { @ns = hist(nsecs - @start[tid]); "        \
		"delete(@start[tid]); }'",                                               \
		"grep -q Attaching /said && sleep 20")

static const struct way {
	const char *name, *command;
	bool bpftrace;
} ways[] = {
	{ "plain call", "/probes --calls", false },
	{ "suture watch", SUTURE(""), false },
	{ "suture watch, by kprobes", SUTURE(" --kprobes"), false },
	{ "suture watch, one call in 100", SUTURE(" --sample 100"), false },
	{ "bpftrace, kprobe and kretprobe", BPFTRACE("kprobe", "kretprobe"), true },
	{ "bpftrace, kfunc and kretfunc", BPFTRACE("kfunc", "kretfunc"), true },
};
enum { PLAIN, TRAMPOLINE, KPROBE, SAMPLED, BPFTRACE_KPROBE, BPFTRACE_KFUNC };

/* The number behind a word, or -1. */
static double number(const char *text, const char *word)
{
	const char *at = strstr(text, word);

	return at ? strtod(at + strlen(word), NULL) : -1;
}

/* What bpftrace's histogram adds up to: "[256, 512)  120000 |@@@@". */
static double histogram_sum(const char *text)
{
	double sum = 0;

	for (const char *at = text; (at = strchr(at, '[')); at++) {
		const char *end = at + strcspn(at, ")]\n");

		if (*end == ')' || *end == ']')
			sum += strtod(end + 1, NULL);
	}
	return sum;
}

static double measure(struct vm *vm, const struct way *w)
{
	struct strbuf out __cleanup_strbuf = { 0 };
	double cost, step, seen;
	const char *said;
	int status;

	check(vm_run(vm, w->command, PATIENCE, &out, &status));
	said = strbuf_str(&out);
	cost = number(said, "call ");
	step = number(said, "step ");
	if (cost < 0 || step < 1.99 || step > 2.01) {
		fprintf(stderr, "probes: %s: two instructions were counted as %.3f\n%s\n", w->name,
			step, said);
		exit(1);
	}
	if (w == &ways[PLAIN])
		return cost;
	seen = w->bpftrace ? histogram_sum(said) : number(said, "\"calls\":");
	if (seen < (double)CALLS * ROUNDS) {
		fprintf(stderr, "probes: %s saw %.0f of %d calls\n%s\n", w->name, seen,
			CALLS * ROUNDS, said);
		exit(1);
	}
	return cost;
}

static const char *ask(struct vm *vm, const char *command, struct strbuf *out)
{
	int status;

	check(vm_run(vm, command, PATIENCE, out, &status));
	if (status)
		check(error_failed("%s: %s", command, strbuf_str(out)));
	return strbuf_str(out);
}

static bool near(double a, double b)
{
	return a > b * (1 - NEAR) && a < b * (1 + NEAR);
}

/* Against what the TSC says from outside; one call in 100 of the latter is timed. */
static bool calibration_agrees(struct vm *vm, const double *cost)
{
	struct strbuf out __cleanup_strbuf = { 0 };
	const char *said = ask(vm, "/probes --calibrate", &out);
	const char *kprobe = strstr(said, latency_way_name(LATENCY_BY_KPROBE));
	double timed = number(said, "timed "), untimed = number(said, "untimed ");
	double by_kprobe = kprobe ? number(kprobe, "timed ") : -1;
	bool agrees = near(timed, cost[TRAMPOLINE] - cost[PLAIN]) &&
		      near(untimed * 0.99 + timed * 0.01, cost[SAMPLED] - cost[PLAIN]) &&
		      near(by_kprobe, cost[KPROBE] - cost[PLAIN]);

	printf("\nsuture's own calibration %s: %.0f, by kprobes %.0f, counted only %.0f\n",
	       agrees ? "agrees" : "does NOT agree", timed, by_kprobe, untimed);
	return agrees;
}

/* The programs run as many instructions there as in the loop: nothing is to be added. */
static bool budget_is_kept(struct vm *vm, const double *cost)
{
	struct strbuf out __cleanup_strbuf = { 0 };
	const char *said = ask(vm, "/probes --budget", &out);
	double budget = number(said, "budget "), every = number(said, "every "),
	       some = number(said, "some ");
	bool kept = every > 1 && near(number(said, "taken ") * every, 1) &&
		    number(said, "all ") > budget && some < budget * (1 + NEAR) &&
		    near(number(said, "timed "), cost[TRAMPOLINE] - cost[PLAIN]);

	printf("a budget of %.1f %% of " READS "()'s time is %s: one call in %.0f is "
	       "timed, %.1f %%\n",
	       budget * 100, kept ? "kept" : "NOT kept", every, some * 100);
	if (!kept)
		printf("%s\n", said);
	return kept;
}

static struct vm *start(const char *target, bool bpftrace)
{
	const char *b = getenv("B");
	char *suture __free = str_printf("%s/suture=/bin/suture", b ? b : "build");
	char *self __free = str_printf("%s/tests/bench/probes=/probes", b ? b : "build");
	const char *files[] = { suture, self, bpftrace ? "/usr/bin/bpftrace=/bin/bpftrace" : NULL,
				NULL };
	struct target *t __cleanup_target = NULL;
	struct vm_options opt = { .files = files, .memory = 2048, .fresh = true, .counting = true };
	struct vm *vm;

	check(suture && self ? NULL : error_nomem());
	check(target_open(target, &t));
	opt.kernel = t->vmlinuz;
	opt.modules = t->modules;
	check(vm_boot(&opt, &vm));
	return vm;
}

int main(int argc, char **argv)
{
	const char *target = argc > 1 ? argv[1] : "kernel:6.1.0-50-amd64";
	bool bpftrace = !access("/usr/bin/bpftrace", X_OK), lower, right;
	struct vm *vm __cleanup_vm = NULL;
	double cost[ARRAY_SIZE(ways)];

	if (*target == '-')
		return in_guest(target);
	vm = start(target, bpftrace);
	printf("%s, %s, %d calls, instructions a call\n\n", target, FUNCTION, CALLS);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		if (ways[i].bpftrace && !bpftrace)
			continue;
		cost[i] = measure(vm, &ways[i]);
		printf("%-34s %8.0f", ways[i].name, cost[i]);
		if (i != PLAIN)
			printf("  %+8.0f", cost[i] - cost[PLAIN]);
		if (i != PLAIN && i != TRAMPOLINE)
			printf("   %.2f of suture's",
			       (cost[i] - cost[PLAIN]) / (cost[TRAMPOLINE] - cost[PLAIN]));
		printf("\n");
		fflush(stdout);
	}
	if (!bpftrace) {
		fprintf(stderr,
			"probes: there is no bpftrace to compare with (package bpftrace)\n");
		return 1;
	}
	right = calibration_agrees(vm, cost) && budget_is_kept(vm, cost);
	lower = cost[TRAMPOLINE] < cost[BPFTRACE_KFUNC] &&
		cost[TRAMPOLINE] < cost[BPFTRACE_KPROBE] && cost[KPROBE] < cost[BPFTRACE_KPROBE];
	printf("\nsuture's cost %s than bpftrace's\n", lower ? "less" : "NOT less");
	return !lower || !right;
}
