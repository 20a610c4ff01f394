// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/host_args.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "flow/function_arg.h"

/* --- telling -------------------------------------------------------------------------- */

static void tell_line(void *arg, const struct host_event *e)
{
	(void)arg;
	log_info("%6.2f s  %-12s %s", e->seconds, e->event, e->text);
}

static void add_blockers(struct json *j, const struct blockers *b)
{
	json_array(j, "tasks");
	vec_for_each(&b->v, it)
		blocker_json(it, j, NULL);
	json_end(j);
}

/* One event a line, at once: somebody follows. */
static void tell_json(void *arg, const struct host_event *e)
{
	struct strbuf out __cleanup_strbuf = { 0 };
	struct json j = json_begin_compact(&out);
	struct error *full __cleanup_error = NULL;

	(void)arg;
	json_object(&j, NULL);
	json_string(&j, "schema", "suture-event/1");
	json_string(&j, "event", e->event);
	json_string(&j, "patch", e->patch);
	json_double(&j, "seconds", e->seconds);
	json_string(&j, "text", e->text);
	if (e->blockers)
		add_blockers(&j, e->blockers);
	json_end(&j);
	full = json_finish(&j);
	if (!full)
		fputs(out.s, stdout);
	fflush(stdout);
}

/* --- options -------------------------------------------------------------------------- */

const struct option host_apply_options[] = {
	{ "confirm-within", required_argument, NULL, 'c' },
	{ "watch", required_argument, NULL, 'W' },
	{ "baseline", required_argument, NULL, 'B' },
	{ "interval", required_argument, NULL, 'I' },
	{ "control", required_argument, NULL, 'C' },
	{ "health-check", required_argument, NULL, 'H' },
	{ "policy", required_argument, NULL, 'P' },
	{ "timeout", required_argument, NULL, 't' },
	{ "wait", no_argument, NULL, 'w' },
	{ "whole", no_argument, NULL, 'a' },
	{ "count", required_argument, NULL, 'o' },
	{ "perf-map", no_argument, NULL, 'p' },
	{ "reason", required_argument, NULL, 'r' },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "json", no_argument, NULL, 'j' },
	{ 0 },
};

const struct option host_patch_options[] = {
	{ "reason", required_argument, NULL, 'r' },
	{ "json", no_argument, NULL, 'j' },
	{ 0 },
};

static struct error *misuse(const char *verb)
{
	return error_advise(error_usage("that is not how 'suture %s' is used", verb),
			    "suture %s --help explains it", verb);
}

static struct error *interval(double *out)
{
	uint64_t ms;

	TRY_CONTEXT(str_u64(optarg, &ms), "--interval");
	if (ms < 100 || ms > 60000)
		return error_usage("--interval %s: 100 to 60000 milliseconds", optarg);
	*out = (double)ms / 1000;
	return NULL;
}

static struct error *control(struct host_args *out)
{
	struct function_arg f;

	if (out->controls.n == JUDGE_CONTROLS)
		return error_usage("more than %d --control", JUDGE_CONTROLS);
	TRY_CONTEXT(function_arg_parse(optarg, &out->arena, &f), "--control");
	return vec_push(&out->controls, optarg);
}

/* What apply does not say of the watch. */
static struct error *complete_watch(struct host_args *out)
{
	struct host_request *r = &out->request;

	if (out->controls.n)
		r->terms.controls = (struct form_texts){ out->controls.v, out->controls.n };
	if (!(r->watch > 0))
		return r->interval > 0 || watch_terms_said(&r->terms)
			       ? error_usage(
					 "--baseline, --interval, --control, --health-check and "
					 "--policy are for --watch")
			       : NULL;
	if (r->wait)
		return error_usage("--wait is not for --watch, which waits for its verdict");
	return NULL;
}

void host_args_free(struct host_args *a)
{
	vec_free(&a->controls);
	arena_free(&a->arena);
}

static struct error *option(const char *verb, int c, struct host_args *out)
{
	switch (c) {
	case 'c':
		return error_context(host_time(optarg, &out->request.confirm_within),
				     "--confirm-within");
	case 't':
		return error_context(host_time(optarg, &out->request.timeout), "--timeout");
	case 'W':
		return error_context(host_time(optarg, &out->request.watch), "--watch");
	case 'B':
		return error_context(host_time(optarg, &out->request.terms.number[WATCH_BASELINE]),
				     "--baseline");
	case 'I':
		return interval(&out->request.interval);
	case 'C':
		return control(out);
	case 'H':
		out->request.terms.health_check = optarg;
		return NULL;
	case 'P':
		return error_context(watch_terms_set(&out->request.terms, optarg, &out->arena),
				     "--policy");
	case 'w':
		out->request.wait = true;
		return NULL;
	case 'a':
		out->request.whole = true;
		return NULL;
	case 'o':
		out->request.uncounted = str_equal(optarg, "0");
		return out->request.uncounted
			       ? NULL
			       : error_context(host_time(optarg, &out->request.count), "--count");
	case 'p':
		out->request.perf_map = true;
		return NULL;
	case 'r':
		out->request.reason = optarg;
		return NULL;
	case 'n':
		out->dry_run = true;
		return NULL;
	case 'j':
		out->json = true;
		return NULL;
	default:
		return misuse(verb);
	}
}

struct error *host_args_parse(int argc, char **argv, const struct option *options,
			      struct host_args *out)
{
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		TRY(option(argv[0], c, out));
	if (argc - optind != 1)
		return misuse(argv[0]);
	TRY(complete_watch(out));
	out->what = argv[optind];
	out->request.tell = out->json ? tell_json : tell_line;
	return NULL;
}
