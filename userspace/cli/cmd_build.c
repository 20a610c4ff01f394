// SPDX-License-Identifier: GPL-2.0-or-later
/* suture build: from a source diff to a bundle. */
#include <getopt.h>
#include <stdio.h>

#include "base/str.h"
#include "cli/cli.h"
#include "flow/build.h"

static const char help[] =
	"suture build --target TARGET [-o OUT.suture] [-j N] [--json] FIX.patch\n"
	"\n"
	"Compile what the diff touches before and after, find what really changed, match the\n"
	"code with the kernel's own, link a livepatch module, and write it into a bundle.\n"
	"The target must be prepared (suture target add). The fix is named after its file.\n"
	"\n"
	"  -t, --target TARGET  kernel:RELEASE\n"
	"  -o, --output FILE    the bundle (NAME.suture)\n"
	"  -j, --jobs N         compilers at a time (one for each CPU)\n"
	"      --json           what was built, as JSON (suture-build/1)\n"
	"\n"
	"Exit status: 0 built; 3 the diff changes no code; 4 it can't be made live, with all\n"
	"reasons; 1 anything else.\n";

struct request {
	struct build_options build;
	const char *target;
	bool json;
};

static struct error *jobs(const char *text, unsigned int *out)
{
	uint64_t v;

	TRY_CONTEXT(str_u64(text, &v), "--jobs");
	if (!v || v > 1024)
		return error_usage("--jobs: %s is not between 1 and 1024", text);
	*out = (unsigned int)v;
	return NULL;
}

static struct error *parse(int argc, char **argv, struct request *r)
{
	static const struct option options[] = {
		{ "target", required_argument, NULL, 't' },
		{ "output", required_argument, NULL, 'o' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "json", no_argument, NULL, 'J' },
		{ 0 },
	};
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "t:o:j:", options, NULL)) >= 0) {
		if (c == 't')
			r->target = optarg;
		else if (c == 'o')
			r->build.out = optarg;
		else if (c == 'j')
			TRY(jobs(optarg, &r->build.jobs));
		else if (c == 'J')
			r->json = true;
		else
			return error_advise(error_usage("an option was not understood"),
					    "suture build --help");
	}
	if (!r->target || argc - optind != 1)
		return error_advise(error_usage("one diff and a target are needed"),
				    "suture build --target kernel:RELEASE FIX.patch");
	r->build.patch = argv[optind];
	return NULL;
}

static struct error *print(const struct build *b, const struct target *t, bool json)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct json j = json_begin(&text);

	if (json) {
		build_json(b, t, &j);
		TRY(json_finish(&j));
	} else {
		TRY(build_print(b, t, &text));
	}
	fputs(strbuf_str(&text), stdout);
	return NULL;
}

static struct error *run(int argc, char **argv)
{
	struct target *t __cleanup_target = NULL;
	struct build *b __cleanup_build = NULL;
	struct request r = { 0 };

	TRY(parse(argc, argv, &r));
	TRY(target_open(r.target, &t));
	r.build.target = t;
	TRY(build_run(&r.build, &b));
	return print(b, t, r.json);
}

const struct verb verb_build = { "build", "make a bundle from a source diff", help, run };
