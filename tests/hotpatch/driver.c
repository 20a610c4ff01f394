// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The act side of hotpatching from the command line, for tests:
 *
 *	driver [OPTION...] find|status|settle PROGRAM
 *	driver [OPTION...] check|measure|apply PROGRAM FIX.o NAME
 *	driver [OPTION...] times PROGRAM NAME	calls that were timed, of the old code or the new
 *	driver [OPTION...] revert PROGRAM NAME
 *	driver [OPTION...] cycle PROGRAM FIX.o NAME
 *	driver [OPTION...] cycle OBJECT		one that suture built
 *
 *	--pid PID	only that process (may be given again)
 *	--supersedes NAME	a patch whose place it takes
 *	--stays		old functions may be on a stack at the switch
 *	--stay NAME	this one may
 *	--patience S	seconds that a switch is tried for
 *	--kill-at N	end by SIGKILL before the Nth call that changes the process
 *	--kill-after US	end by SIGKILL so many microseconds after it began to act
 *	--times N	cycle: apply and revert so often
 *	--timed		apply: go on timing what measure began with
 *	--count		apply: calls are counted, until settle
 *	--calls		print how many such calls there were
 *	--time		print wall time
 *
 * With ONLY_TRACER in the environment it does as on a kernel that lets only a tracer write.
 *
 * A line for each process; the status is the first error's.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "hotpatch/hotpatch.h"
#include "tests/hotpatch/fix_object.h"

static struct {
	VEC(int) pids;
	bool stays, calls, time, timed;
	struct hotpatch_options act;
	long kill_at, kill_after, times;
	const char *supersedes, *stay;
} opt;

static atomic_long calls;

static void count(void *arg, const char *call)
{
	(void)arg;
	(void)call;
	if (++calls == opt.kill_at)
		kill(getpid(), SIGKILL);
}

static struct memory_watch watch = { .before = count };

static void kill_later(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
	struct itimerspec at = { .it_value = { .tv_sec = opt.kill_after / 1000000,
					       .tv_nsec = opt.kill_after % 1000000 * 1000 } };
	timer_t t;

	if (opt.kill_after && !timer_create(CLOCK_MONOTONIC, &ev, &t))
		timer_settime(t, 0, &at, NULL);
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int report(struct error *e)
{
	int status = (int)error_kind(e);

	fprintf(stderr, "driver: %s\n", error_message(e));
	error_free(&e);
	return status;
}

static bool wanted(int pid)
{
	vec_for_each(&opt.pids, p)
		if (*p == pid)
			return true;
	return !opt.pids.n;
}

static void select_processes(struct processes *all)
{
	size_t n = 0;

	for (size_t i = 0; i < all->v.n; i++)
		if (wanted(all->v.v[i].pid))
			all->v.v[n++] = all->v.v[i];
	all->v.n = n;
}

static const char *kind_name(const struct error *e)
{
	switch (error_kind(e)) {
	case ERROR_NOTHING:
		return "nothing";
	case ERROR_REFUSED:
		return "refused";
	case ERROR_PENDING:
		return "pending";
	default:
		return "failed";
	}
}

static int print_results(const struct hotpatch_results *r)
{
	int status = 0;

	vec_for_each(&r->v, it) {
		if (it->error) {
			printf("%d %s: %s\n", it->process.pid, kind_name(it->error),
			       error_message(it->error));
			status = status ? status : (int)error_kind(it->error);
		} else {
			printf("%d done: stopped %.1f us (longest %.1f us), %u stops, %zu threads\n",
			       it->process.pid, it->stopped * 1e6, it->longest_stop * 1e6,
			       it->stops, it->threads);
		}
	}
	return status;
}

static struct error *status(const uint8_t *id, unsigned int n, const struct processes *p)
{
	struct hotpatch_lives lives = { 0 };

	TRY(hotpatch_status(id, n, p, &lives));
	vec_for_each(&lives.v, l)
		printf("%d %s %s%s%s calls %llu of %u\n", l->process.pid, l->fix,
		       hotpatch_state_name(l->state), l->covered ? " (covered)" : "",
		       l->counting ? " (counting)" : "", (unsigned long long)l->calls, l->called);
	vec_free(&lives.v);
	return NULL;
}

/* --- there and back ------------------------------------------------------------------- */

static struct error *read_object(char **argv, int argc, struct hotpatch_object *o)
{
	struct strbuf bytes __cleanup_strbuf = { 0 };

	if (argc == 4)
		return fix_object_make(argv[1], argv[2], argv[3], opt.stays, o);
	TRY(file_read(argv[1], &bytes));
	return hotpatch_object_read(bytes.s, bytes.n, o);
}

/* The longest stop of all processes; any that could not be changed is the error. */
static struct error *one_way(const struct hotpatch_object *o, const struct processes *p, bool in,
			     double *longest)
{
	struct hotpatch_results r __cleanup_hotpatch_results = { 0 };

	TRY(in ? hotpatch_apply(o, p, &opt.act, &r)
	       : hotpatch_revert(o->build_id, o->build_id_n, o->fix, p, &opt.act, &r));
	vec_for_each(&r.v, it) {
		if (it->error)
			return error_context(take(it->error), "process %d", it->process.pid);
		*longest = it->longest_stop > *longest ? it->longest_stop : *longest;
	}
	return NULL;
}

static struct error *cycle(char **argv, int argc)
{
	struct hotpatch_object o __cleanup_fix_object = { 0 };
	struct processes p __cleanup_processes = { 0 };
	double longest = 0;

	TRY(read_object(argv, argc, &o));
	TRY(process_find(o.build_id, o.build_id_n, &p));
	select_processes(&p);
	if (!p.v.n)
		return error_new(ERROR_NOTHING, "no process runs it");
	for (long i = 1; i <= opt.times; i++) {
		TRY_CONTEXT(one_way(&o, &p, true, &longest), "apply %ld", i);
		TRY_CONTEXT(one_way(&o, &p, false, &longest), "revert %ld", i);
	}
	printf("%ld times there and back in %zu processes; longest stop %.1f us\n", opt.times,
	       p.v.n, longest * 1e6);
	return NULL;
}

/* -------------------------------------------------------------------------------------- */

static struct error *with_object(char **argv, const struct processes *p,
				 struct hotpatch_results *out)
{
	struct hotpatch_object o __cleanup_fix_object = { 0 };

	TRY(fix_object_make(argv[1], argv[2], argv[3], opt.stays, &o));
	vec_for_each(&o.functions, f)
		f->may_be_on_stack |= opt.stay && str_equal(f->name, opt.stay);
	if (str_equal(argv[0], "measure"))
		return hotpatch_measure(&o, p, &opt.act, out);
	return str_equal(argv[0], "check") ? hotpatch_check(&o, p, &opt.act, out)
					   : hotpatch_apply(&o, p, &opt.act, out);
}

/* Of the patch's first function. */
static struct error *times(const uint8_t *id, unsigned int n, const char *fix,
			   const struct processes *p)
{
	vec_for_each(&p->v, it) {
		struct timing_counts c;
		uint64_t timed = 0;
		bool new;

		TRY(hotpatch_times(it, id, n, fix, &c, 1, &new));
		for (size_t i = 0; i < TIMING_BUCKETS; i++)
			timed += c.buckets[i];
		printf("%d %s %llu timed %llu unseen %llu mean %.0f\n", it->pid,
		       new ? "new" : "old", (unsigned long long)c.entries,
		       (unsigned long long)timed, (unsigned long long)c.unseen,
		       timed ? (double)c.nanoseconds / (double)timed : 0);
	}
	return NULL;
}

static void print_found(const struct processes *p)
{
	vec_for_each(&p->v, it) {
		struct process_vector v = process_vector_read(it->via);
		struct error *e __cleanup_error = process_obstacle(it, &v);

		printf("%d %s bias 0x%llx %s\n", it->pid, it->comm, (unsigned long long)it->bias,
		       e ? error_message(e) : "");
	}
}

static struct error *run(int argc, char **argv, int *code)
{
	struct hotpatch_results r __cleanup_hotpatch_results = { 0 };
	struct processes p __cleanup_processes = { 0 };
	double start, found, cpu_start, cpu_found;
	uint8_t id[BUILD_ID_MOST];
	unsigned int n;

	TRY(fix_object_build_id(argv[1], id, &n));
	start = clock_seconds();
	cpu_start = cpu_seconds();
	TRY(process_find(id, n, &p));
	found = clock_seconds();
	cpu_found = cpu_seconds();
	kill_later();
	select_processes(&p);
	if (!p.v.n)
		return error_new(ERROR_NOTHING, "no process runs %s", argv[1]);
	if (str_equal(argv[0], "find"))
		print_found(&p);
	else if (str_equal(argv[0], "status"))
		TRY(status(id, n, &p));
	else if (str_equal(argv[0], "settle"))
		TRY(hotpatch_settle(id, n, &p, &opt.act, &r));
	else if (str_equal(argv[0], "times") && argc == 3)
		TRY(times(id, n, argv[2], &p));
	else if (str_equal(argv[0], "revert") && argc == 3)
		TRY(hotpatch_revert(id, n, argv[2], &p, &opt.act, &r));
	else if (argc == 4)
		TRY(with_object(argv, &p, &r));
	if (opt.time)
		printf("found in %.2f ms (CPU %.2f ms), the rest %.2f ms (CPU %.2f ms)\n",
		       (found - start) * 1e3, (cpu_found - cpu_start) * 1e3,
		       (clock_seconds() - found) * 1e3, (cpu_seconds() - cpu_found) * 1e3);
	*code = print_results(&r);
	return NULL;
}

int main(int argc, char **argv)
{
	struct error *e;
	int i, code = 0;

	watch.only_tracer = getenv("ONLY_TRACER") != NULL;
	opt.act.watch = &watch;
	for (i = 1; i < argc && str_starts(argv[i], "--"); i++) {
		if (str_equal(argv[i], "--pid"))
			error_free(&(struct error *){ vec_push(&opt.pids, atoi(argv[++i])) });
		else if (str_equal(argv[i], "--stays"))
			opt.stays = true;
		else if (str_equal(argv[i], "--count"))
			opt.act.count = 1;
		else if (str_equal(argv[i], "--timed"))
			opt.timed = true;
		else if (str_equal(argv[i], "--calls"))
			opt.calls = true;
		else if (str_equal(argv[i], "--time"))
			opt.time = true;
		else if (str_equal(argv[i], "--stay"))
			opt.stay = argv[++i];
		else if (str_equal(argv[i], "--patience"))
			opt.act.patience = atof(argv[++i]);
		else if (str_equal(argv[i], "--supersedes"))
			opt.supersedes = argv[++i];
		else if (str_equal(argv[i], "--kill-at"))
			opt.kill_at = atol(argv[++i]);
		else if (str_equal(argv[i], "--times"))
			opt.times = atol(argv[++i]);
		else if (str_equal(argv[i], "--kill-after"))
			opt.kill_after = atol(argv[++i]);
	}
	opt.act.supersedes = &opt.supersedes;
	opt.act.n_supersedes = opt.supersedes != NULL;
	if (argc - i < 2)
		return report(
			error_usage("driver find|status|settle|check|apply|revert|cycle ..."));
	if (opt.timed || str_equal(argv[i], "measure")) {
		e = timing_rate(&opt.act.timing_rate);
		if (e)
			return report(e);
	}
	e = str_equal(argv[i], "cycle") ? cycle(argv + i, argc - i)
					: run(argc - i, argv + i, &code);
	if (opt.calls)
		printf("calls %ld\n", calls);
	vec_free(&opt.pids);
	return e ? report(e) : code;
}
