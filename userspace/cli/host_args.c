// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/host_args.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"

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

static struct error *option(const char *verb, int c, struct host_args *out)
{
	switch (c) {
	case 'c':
		return error_context(host_time(optarg, &out->request.confirm_within),
				     "--confirm-within");
	case 't':
		return error_context(host_time(optarg, &out->request.timeout), "--timeout");
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
	out->what = argv[optind];
	out->request.tell = out->json ? tell_json : tell_line;
	return NULL;
}
