// SPDX-License-Identifier: GPL-2.0-or-later
/* suture blockers: for which tasks a livepatch's transition waits. */
#include <stdio.h>

#include "base/str.h"
#include "cli/cli.h"
#include "flow/host_blockers.h"

static const char help[] =
	"suture blockers [PATCH] [--proc] [--json]\n"
	"\n"
	"Name the tasks that the livepatch in transition waits for, each with the function that\n"
	"pins it and its kernel stack. With a PATCH (a livepatch's name) that is settled: the tasks\n"
	"that are inside of its new code, and would keep a revert waiting.\n"
	"\n"
	"  --proc   look through /proc, even where a BPF task iterator would do it in one pass\n"
	"  --json   one object a line (suture-blocker/1)\n"
	"\n"
	"Exit status: 0 there are none; 3 no livepatch is in transition; 6 there are some; 1 error.\n"
	"Needs root.\n";

struct request {
	const char *patch;
	bool proc, json;
};

static const struct option options[] = {
	{ "proc", no_argument, NULL, 'p' },
	{ "json", no_argument, NULL, 'j' },
	{ 0 },
};

static struct error *parse(int argc, char **argv, struct request *r)
{
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == '?')
			return error_advise(
				error_usage("that is not how 'suture blockers' is used"),
				"suture blockers --help explains it");
		r->proc |= c == 'p';
		r->json |= c == 'j';
	}
	if (argc - optind > 1)
		return error_usage("one patch, please");
	r->patch = argv[optind];
	return NULL;
}

static struct error *choose(const struct request *r, const struct live_patches *l,
			    const struct live_patch **out)
{
	*out = r->patch ? live_patch_find(l, r->patch) : live_patch_in_transition(l);
	if (*out)
		return NULL;
	if (r->patch)
		return error_failed("there is no livepatch %s", r->patch);
	return error_new(ERROR_NOTHING, "no livepatch is in transition");
}

static struct error *add_json(const struct blocker *b, const char *patch, struct strbuf *out)
{
	struct json j = json_begin_compact(out);

	json_object(&j, NULL);
	json_string(&j, "schema", "suture-blocker/1");
	json_string(&j, "patch", patch);
	blocker_json(b, &j, "task");
	json_end(&j);
	return json_finish(&j);
}

static struct error *print(const struct request *r, const struct live_patch *p,
			   const struct blockers *b)
{
	struct strbuf out __cleanup_strbuf = { 0 };

	if (r->json) {
		vec_for_each(&b->v, it)
			TRY(add_json(it, p->name, &out));
	} else {
		TRY(strbuf_printf(&out, "%s %s; %zu of %zu tasks %s (%s)\n", p->name,
				  !p->transition ? "is settled"
				  : p->enabled	 ? "is being applied"
						 : "is being taken back",
				  b->v.n, b->seen,
				  p->transition ? "are not switched" : "are inside of its code",
				  b->source));
		TRY(host_blockers_print(b, true, b->v.n, &out));
	}
	fputs(strbuf_str(&out), stdout);
	return NULL;
}

static struct error *run(int argc, char **argv)
{
	struct live_patches live __cleanup_live = { 0 };
	struct blockers b __cleanup_blockers = { 0 };
	const struct live_patch *p;
	struct request r = { 0 };

	TRY(parse(argc, argv, &r));
	TRY(live_patches_read(&live));
	TRY(choose(&r, &live, &p));
	TRY(host_blockers(p, r.proc, &b));
	TRY(print(&r, p, &b));
	return b.v.n ? error_new(ERROR_PENDING, "%zu task%s %s", b.v.n, b.v.n == 1 ? "" : "s",
				 p->transition ? "are waited for" : "would be waited for")
		     : NULL;
}

const struct verb verb_blockers = { "blockers", "name the tasks that a livepatch waits for", help,
				    run, options };
