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
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "base/vec.h"
#include "cli/cli.h"
#include "cli/function_arg.h"
#include "probe/latency_buckets.h"
#include "probe/watch.h"

static const char help[] =
	"suture watch --function [OBJECT:]FUNCTION[,POS]... [OPTION]...\n"
	"\n"
	"Watch functions of the running kernel for a while: calls a second, the time they take, what\n"
	"they return. Each is attached to in the way that its kernel allows without harm: a BPF\n"
	"trampoline where BTF describes the function and no livepatch has it, else kprobes.\n"
	"\n"
	"  --function FUNCTION  of vmlinux, or of a module; may be given again\n"
	"  --seconds N       how long (5)\n"
	"  --sample N        take the time of one call in N (1)\n"
	"  --kprobes         attach by kprobes, also where a trampoline could be had\n"
	"  --json            one object a function (suture-watch/1), with all buckets\n"
	"\n"
	"Times are from the entry of a function to its return, with what it calls. MISSED is what a\n"
	"probe did not see. Exit status: 0 watched, 1 error. Needs root.\n";

struct request {
	VEC(struct watch_function) functions;
	struct arena arena;
	struct watch_options options;
	unsigned int seconds;
	bool json;
};

static void request_free(struct request *r)
{
	vec_free(&r->functions);
	arena_free(&r->arena);
}

static const struct option options[] = {
	{ "function", required_argument, NULL, 'f' }, { "seconds", required_argument, NULL, 't' },
	{ "sample", required_argument, NULL, 's' },   { "kprobes", no_argument, NULL, 'k' },
	{ "json", no_argument, NULL, 'j' },	      { 0 },
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

static struct error *option(struct request *r, int c)
{
	struct function_arg f;

	switch (c) {
	case 'f':
		TRY(function_arg_parse(optarg, &r->arena, &f));
		return vec_push(&r->functions,
				(struct watch_function){ f.object, f.name, f.sympos });
	case 't':
		return number("--seconds", optarg, 86400 * 365, &r->seconds);
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
	if (!r->functions.n)
		return error_usage("at least one --function is needed");
	return NULL;
}

/* --- what is shown -------------------------------------------------------------------- */

/* The middle of the bucket that a share of the calls lies below. */
static double quantile(const struct latency_counts *c, double share)
{
	double want = share * (double)c->returns, seen = 0;

	for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
		seen += (double)c->buckets[i];
		if (c->buckets[i] && seen >= want)
			return ((double)latency_bucket_low(i) + (double)latency_bucket_low(i + 1)) /
			       2e9;
	}
	return 0;
}

static struct error *add_classes(const struct latency_counts *c, struct strbuf *out)
{
	const char *between = "";

	for (size_t i = 0; i < LATENCY_CLASSES; i++) {
		if (!c->classes[i])
			continue;
		TRY(strbuf_printf(out, "%s%s %.4g%%", between, latency_class_name(i),
				  100.0 * (double)c->classes[i] / (double)c->returns));
		between = ", ";
	}
	return NULL;
}

static struct error *add_row(const struct watch_function *f, const struct latency_plan *plan,
			     const struct latency_reading *r, double seconds, struct strbuf *out)
{
	char name[160];

	snprintf(name, sizeof(name), "%s%s%s", str_equal(f->object, "vmlinux") ? "" : f->object,
		 str_equal(f->object, "vmlinux") ? "" : ":", f->name);
	TRY(strbuf_printf(out, "%-32s %10.1f", name, (double)r->counts.entries / seconds));
	for (size_t i = 0; i < 3; i++)
		TRY(strbuf_printf(out, " %9s",
				  r->counts.returns
					  ? str_duration(quantile(&r->counts,
								  (double[]){ 0.5, 0.9, 0.99 }[i]))
						    .s
					  : "-"));
	TRY(strbuf_printf(out, " %8llu  ", (unsigned long long)(r->missed + r->counts.unseen)));
	TRY(add_classes(&r->counts, out));
	TRY(strbuf_puts(out, "\n"));
	return plan->why ? strbuf_printf(out, "    by %s: %s\n", latency_way_name(plan->way),
					 plan->why)
			 : NULL;
}

static struct error *add_json(const struct watch_function *f, const struct latency_plan *plan,
			      const struct latency_reading *r, double seconds, struct strbuf *out)
{
	struct json j = json_begin_compact(out);

	json_object(&j, NULL);
	json_string(&j, "schema", "suture-watch/1");
	json_string(&j, "object", f->object);
	json_string(&j, "function", f->name);
	json_string(&j, "by", latency_way_name(plan->way));
	json_string(&j, "why", plan->why);
	json_double(&j, "seconds", seconds);
	json_u64(&j, "calls", r->counts.entries);
	json_u64(&j, "taken", r->counts.taken);
	json_u64(&j, "returns", r->counts.returns);
	json_u64(&j, "missed", r->missed + r->counts.unseen);
	json_u64(&j, "nanoseconds", r->counts.nanoseconds);
	json_array(&j, "buckets");
	for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
		if (!r->counts.buckets[i])
			continue;
		json_array(&j, NULL);
		json_u64(&j, NULL, latency_bucket_low(i));
		json_u64(&j, NULL, r->counts.buckets[i]);
		json_end(&j);
	}
	json_end(&j);
	json_object(&j, "classes");
	for (size_t i = 0; i < LATENCY_CLASSES; i++)
		if (r->counts.classes[i])
			json_u64(&j, latency_class_name(i), r->counts.classes[i]);
	json_end(&j);
	json_end(&j);
	return json_finish(&j);
}

static struct error *wait_seconds(double seconds)
{
	double until = clock_seconds() + seconds, left;

	while ((left = until - clock_seconds()) > 0) {
		TRY(interrupt_check());
		poll(NULL, 0, left < 1 ? (int)(left * 1000) + 1 : 1000);
	}
	return interrupt_check();
}

static struct error *run(int argc, char **argv)
{
	struct request r __cleanup(request_free) = { .seconds = 5 };
	struct watch *w __cleanup_watch = NULL;
	struct strbuf out __cleanup_strbuf = { 0 };
	double start;

	TRY(parse(argc, argv, &r));
	TRY(watch_open(r.functions.v, r.functions.n, &r.options, &w));
	log_info("watching %zu function%s for %u s", watch_size(w), watch_size(w) == 1 ? "" : "s",
		 r.seconds);
	start = clock_seconds();
	TRY(wait_seconds(r.seconds));
	if (!r.json)
		TRY(strbuf_printf(&out, "%-32s %10s %9s %9s %9s %8s  %s\n", "FUNCTION", "CALLS/S",
				  "P50", "P90", "P99", "MISSED", "RETURNS"));
	for (size_t i = 0; i < watch_size(w); i++) {
		struct latency_reading reading;

		TRY(watch_read(w, i, &reading));
		TRY((r.json ? add_json : add_row)(watch_function_at(w, i), watch_plan_at(w, i),
						  &reading, clock_seconds() - start, &out));
	}
	fwrite(strbuf_str(&out), 1, out.n, stdout);
	return NULL;
}

const struct verb verb_watch = { "watch", "how often functions are called, how long they take",
				 help, run, options };
