// SPDX-License-Identifier: GPL-2.0-or-later
/* suture watch: how often functions of the kernel are called, how long they take, what they return.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/str.h"
#include "base/vec.h"
#include "cli/cli.h"
#include "flow/function_arg.h"
#include "cli/watch_print.h"
#include "flow/watch_batch.h"
#include "probe/watch.h"

/* So long it looks at what is called before it decides how much of it is timed. */
#define TRIAL 1.0 /* seconds */

static const char help[] =
	"suture watch [--host] [--function [OBJECT:]FUNCTION[,POS]]... [OPTION]...\n"
	"\n"
	"Watch functions of the running kernel for a while: calls a second, the time they take, what\n"
	"they return. Each is attached to in the way that its kernel allows without harm: a BPF\n"
	"trampoline where BTF describes the function and no livepatch has it, else kprobes.\n"
	"\n"
	"  --host            what the host suffers: oopses, warnings, lockups, hung tasks, processes that\n"
	"                    crash or end with an error, lack of memory, time spent waiting\n"
	"  --function FUNCTION  of vmlinux, or of a module; may be given again\n"
	"  --seconds N       how long (5); an interrupt ends it sooner\n"
	"  --budget PERCENT  what the probes may take of the functions' time (1): beyond it fewer calls\n"
	"                    are timed, of each function 1000 a second at least; 0: no matter what\n"
	"  --sample N        take the time of one call in N, by chance, whatever that costs\n"
	"  --kprobes         attach by kprobes, also where a trampoline could be had\n"
	"  --json            one object a function (suture-watch/1), with all buckets\n"
	"\n"
	"Times are from the entry of a function to its return, with what it calls. MISSED is what a\n"
	"probe did not see. What the probes cost is tried out on this host, and told. Exit status: 0 watched, 1 error. Needs root.\n";

struct request {
	VEC(struct watch_function) functions;
	struct arena arena;
	struct watch_options options;
	double budget; /* a share; 0: none */
	unsigned int seconds;
	bool host, json;
};

static void request_free(struct request *r)
{
	vec_free(&r->functions);
	arena_free(&r->arena);
}

static const struct option options[] = {
	{ "host", no_argument, NULL, 'h' },	     { "function", required_argument, NULL, 'f' },
	{ "seconds", required_argument, NULL, 't' }, { "budget", required_argument, NULL, 'b' },
	{ "sample", required_argument, NULL, 's' },  { "kprobes", no_argument, NULL, 'k' },
	{ "json", no_argument, NULL, 'j' },	     { 0 },
};

static struct error *number(const char *option, const char *words, unsigned int most,
			    unsigned int *out)
{
	uint64_t n;

	TRY_CONTEXT(str_u64(words, &n), "%s", option);
	if (!n || n > most)
		return error_usage("%s %s: 1 to %u", option, words, most);
	*out = (unsigned int)n;
	return NULL;
}

static struct error *percent(const char *words, double *out)
{
	char *end;
	double n = strtod(words, &end);

	if (end == words || *end || !(n >= 0 && n <= 100))
		return error_usage("--budget %s: 0 to 100 percent", words);
	*out = n / 100;
	return NULL;
}

static struct error *option(struct request *r, int c)
{
	struct function_arg f;

	switch (c) {
	case 'f':
		TRY(function_arg_parse(optarg, &r->arena, &f));
		return vec_push(&r->functions,
				(struct watch_function){ f.object, f.name, f.sympos });
	case 'h':
		r->host = true;
		return NULL;
	case 't':
		return number("--seconds", optarg, 86400 * 365, &r->seconds);
	case 'b':
		return percent(optarg, &r->budget);
	case 's':
		return number("--sample", optarg, 1000000, &r->options.sample_every);
	case 'k':
		r->options.only_kprobes = true;
		return NULL;
	case 'j':
		r->json = true;
		return NULL;
	default:
		return error_advise(error_usage("that is not how 'suture watch' is used"),
				    "suture watch --help explains it");
	}
}

static struct error *parse(int argc, char **argv, struct request *r)
{
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		TRY(option(r, c));
	if (argc != optind)
		return error_usage("'%s' is not expected", argv[optind]);
	if (!r->functions.n && !r->host)
		return error_usage("--host, or at least one --function, is needed");
	return NULL;
}

/* Until the time is over, or somebody has seen enough. */
static void wait_seconds(double seconds)
{
	double until = clock_seconds() + seconds, left;

	while (!interrupted() && (left = until - clock_seconds()) > 0)
		poll(NULL, 0, left < 1 ? (int)(left * 1000) + 1 : 1000);
}

/* The functions under watch, what that costs, and what they had seen when it began. */
struct watching {
	struct watch *watch;
	struct watch_sampling *sampling;
	struct latency_reading *before;
	struct error *unknown; /* why no cost is known */
};

static void watching_free(struct watching *w)
{
	watch_close(&w->watch);
	free(w->sampling);
	free(w->before);
	error_free(&w->unknown);
}

/* That the cost is not known is no reason not to watch. */
static struct error *learn_cost(const struct request *r, struct watching *w)
{
	bool sampled = r->options.sample_every;

	w->sampling = calloc(watch_size(w->watch) + 1, sizeof(*w->sampling));
	w->before = calloc(watch_size(w->watch) + 1, sizeof(*w->before));
	if (!w->sampling || !w->before)
		return error_nomem();
	TRY(watch_sampling(w->watch, w->sampling));
	if (watch_is_emulated())
		w->unknown = error_failed("the processor is emulated: its time means nothing");
	else if (watch_size(w->watch))
		w->unknown =
			watch_keep_budget(w->watch, sampled ? 0 : r->budget, TRIAL, w->sampling);
	for (size_t i = 0; i < watch_size(w->watch); i++)
		TRY(watch_read(w->watch, i, &w->before[i]));
	return NULL;
}

static struct error *read_since(const struct watching *w, size_t i, struct latency_reading *out)
{
	TRY(watch_read(w->watch, i, out));
	out->counts = watch_difference(&w->before[i].counts, &out->counts);
	out->missed -= w->before[i].missed;
	return NULL;
}

static struct error *print_functions(const struct request *r, const struct watching *w,
				     double seconds, struct strbuf *out)
{
	const char *unknown = w->unknown ? error_message(w->unknown) : NULL;
	size_t n = watch_size(w->watch);
	struct budget_function *f __free = calloc(n + 1, sizeof(*f));

	if (!f)
		return error_nomem();
	if (!r->json && n)
		TRY(watch_print_head(out));
	for (size_t i = 0; i < n; i++) {
		struct watch_row row = { .function = watch_function_at(w->watch, i),
					 .plan = watch_plan_at(w->watch, i),
					 .sampling = &w->sampling[i],
					 .unknown = unknown,
					 .seconds = seconds };

		TRY(read_since(w, i, &row.reading));
		TRY((r->json ? watch_print_json : watch_print_row)(&row, out));
		f[i] = (struct budget_function){ w->sampling[i].cost, row.reading.counts };
	}
	if (r->json || !n)
		return NULL;
	return watch_print_cost(f, n, unknown, out);
}

static struct error *run(int argc, char **argv)
{
	struct request r __cleanup(request_free) = { .seconds = 5, .budget = BUDGET_USUAL };
	struct watching w __cleanup(watching_free) = { 0 };
	struct health *h __cleanup_health = NULL;
	struct strbuf out __cleanup_strbuf = { 0 };
	struct health_reading before, after;
	double start;

	TRY(parse(argc, argv, &r));
	TRY(watch_open(r.functions.v, r.functions.n, &r.options, &w.watch));
	TRY(learn_cost(&r, &w));
	if (r.host) {
		TRY(health_open(&h));
		TRY(health_read(h, &before));
	}
	log_info("watching for %u s; Ctrl-C ends it sooner", r.seconds);
	start = clock_seconds();
	wait_seconds(r.seconds);
	TRY(print_functions(&r, &w, clock_seconds() - start, &out));
	if (r.host) {
		TRY(health_read(h, &after));
		TRY((r.json ? health_print_json : health_print)(&before, &after,
								clock_seconds() - start, &out));
	}
	fwrite(strbuf_str(&out), 1, out.n, stdout);
	return NULL;
}

const struct verb verb_watch = { "watch", "how often functions are called, how long they take",
				 help, run, options };
