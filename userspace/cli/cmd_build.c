// SPDX-License-Identifier: GPL-2.0-or-later
/* suture build: from a source diff to a bundle. */
#include <stdio.h>

#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "flow/build.h"
#include "flow/process_build.h"

static const char help[] =
	"suture build --target TARGET [-o OUT.suture] [-j N] [OPTION]... FIX.patch...|FOLDER\n"
	"\n"
	"Compile what the diff touches before and after, find what really changed, match the\n"
	"code with the kernel's own, link a livepatch module, and write it into a bundle.\n"
	"The target must be prepared (suture target add). The fix is named after its file.\n"
	"Several diffs, each made on top of those before it, become one cumulative fix.\n"
	"A folder with a fix.yaml (or that file) says itself what it consists of, suture-fix(5):\n"
	"options of one value win over it, those that may be given again add to it.\n"
	"\n"
	"  -t, --target TARGET  kernel:RELEASE or tree:PATH; for processes deb:PACKAGE=VERSION, or\n"
	"                       app:BINARY with\n"
	"      --source DIR     its source, which has a compile_commands.json\n"
	"      --compile-commands FILE  or that is elsewhere\n"
	"  -o, --output FILE    the bundle (NAME.suture)\n"
	"  -j, --jobs N         compilers at a time (one for each CPU)\n"
	"      --name NAME      of the fix; several diffs need it, or --output\n"
	"      --module-name M  of the module (suture_NAME)\n"
	"      --replace        take the place of all other livepatches, in one step\n"
	"      --loaded         it must take hold in modules that are loaded already: refuse what\n"
	"                       would be true only for modules loaded after it\n"
	"      --on-stack FUNCTION  of a program: it may be switched while old activations of it live\n"
	"                       on, as a loop's that never ends must be; may be given again\n"
	"      --accept CODE:WHERE  take this finding as it is, exactly; may be given again. What it\n"
	"                       leaves undone is told; some findings can't be accepted\n"
	"      --reason WHY     why that does no harm; recorded in the bundle with the finding\n"
	"      --json           what was built, or the findings, as JSON (suture-build/1)\n"
	"\n"
	"What the bundle says about the fix; all but the first three may be given again:\n"
	"      --title TEXT         what it is for (the first line of the diff's text)\n"
	"      --fixed-in VERSION   the distro's first version that has it\n"
	"      --serial N           grows with each release of the fix: a host that had one takes none\n"
	"                           below it\n"
	"      --cve ID             what it closes\n"
	"      --requires NAME      a fix that must be live before\n"
	"      --conflicts NAME     a fix that must not be\n"
	"      --supersedes NAME    a fix that it takes the place of\n"
	"\n"
	"Exit status: 0 built; 3 the diff changes no code; 4 it can't be made live, with all\n"
	"reasons; 1 anything else.\n";

struct request {
	struct build_options build;
	const char *target;
	const char *source, *database; /* of a program */
	const char *reason;
	VEC(struct build_accept) accept;
	VEC(const char *) on_stack;
	struct fix_metadata *metadata;
	bool json;
};

static void request_clear(struct request *r)
{
	vec_free(&r->accept);
	vec_free(&r->on_stack);
	fix_metadata_free(&r->metadata);
	bundle_facts_clear(&r->build.facts);
}

static struct error *jobs(const char *text, unsigned int *out)
{
	uint64_t v;

	TRY_CONTEXT(str_u64(text, &v), "--jobs");
	if (!v || v > 1024)
		return error_usage("--jobs: %s is not between 1 and 1024", text);
	*out = (unsigned int)v;
	return NULL;
}

static struct error *serial(const char *text, uint64_t *out)
{
	TRY_CONTEXT(str_u64(text, out), "--serial");
	if (!*out || *out > BUNDLE_SERIAL_MAX)
		return error_usage("--serial: %s is not between 1 and %u", text, BUNDLE_SERIAL_MAX);
	return NULL;
}

static struct error *check_reason(struct request *r)
{
	const char *reason = r->reason;

	if (r->accept.n && (!reason || !*reason))
		return error_usage("--accept needs --reason: why does it do no harm?");
	if (reason && !r->accept.n)
		return error_usage("--reason is for what --accept names: it is missing");
	for (; reason && *reason; reason++)
		if ((unsigned char)*reason < 0x20 || *reason == 0x7f)
			return error_usage("--reason: one line without control characters");
	vec_for_each(&r->accept, it)
		it->reason = r->reason;
	r->build.accept = r->accept.v;
	r->build.n_accept = r->accept.n;
	r->build.on_stack = r->on_stack.v;
	r->build.n_on_stack = r->on_stack.n;
	return NULL;
}

/* Names that the bundle lists. */
static struct error *add_name(struct bundle_facts *f, int c, const char *name)
{
	struct bundle_names *to = c == 'C'   ? &f->cves
				  : c == 'Q' ? &f->requires
				  : c == 'X' ? &f->conflicts
					     : &f->supersedes;

	return vec_push(&to->v, name);
}

/* One option; false if it is none. */
static struct error *take_option(struct request *r, int c, const char *value, bool *known)
{
	*known = true;
	switch (c) {
	case 't':
		r->target = value;
		return NULL;
	case 'U':
		r->source = value;
		return NULL;
	case 'D':
		r->database = value;
		return NULL;
	case 'o':
		r->build.out = value;
		return NULL;
	case 'j':
		return jobs(value, &r->build.jobs);
	case 'N':
		r->build.name = value;
		return NULL;
	case 'M':
		r->build.module = value;
		return NULL;
	case 'P':
		r->build.replace = true;
		return NULL;
	case 'L':
		r->build.loaded = true;
		return NULL;
	case 'O':
		return vec_push(&r->on_stack, value);
	case 'A':
		return vec_push(&r->accept, (struct build_accept){ .finding = value });
	case 'R':
		r->reason = value;
		return NULL;
	case 'T':
		r->build.facts.title = value;
		return NULL;
	case 'F':
		r->build.facts.fixed_in = value;
		return NULL;
	case 'I':
		return serial(value, &r->build.facts.serial);
	case 'C':
	case 'Q':
	case 'X':
	case 'S':
		return add_name(&r->build.facts, c, value);
	case 'J':
		r->json = true;
		return NULL;
	}
	*known = false;
	return NULL;
}

/* Diffs, or one fix that says itself what it consists of. */
static struct error *take_fix(struct request *r, const char *const *arguments, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!fix_metadata_is_at(arguments[i])) {
			if (file_is_dir(arguments[i]))
				return error_usage("%s: there is no fix.yaml in it", arguments[i]);
			continue;
		}
		if (n > 1)
			return error_advise(
				error_usage("%s has a fix.yaml, and must be alone", arguments[i]),
				"name the other diffs in it, or give only diffs");
		TRY(fix_metadata_read(arguments[i], &r->metadata));
		r->build.metadata = r->metadata;
		return NULL;
	}
	r->build.patches = arguments;
	r->build.n_patches = n;
	return NULL;
}

static const struct option options[] = {
	{ "target", required_argument, NULL, 't' },
	{ "source", required_argument, NULL, 'U' },
	{ "compile-commands", required_argument, NULL, 'D' },
	{ "output", required_argument, NULL, 'o' },
	{ "jobs", required_argument, NULL, 'j' },
	{ "name", required_argument, NULL, 'N' },
	{ "module-name", required_argument, NULL, 'M' },
	{ "replace", no_argument, NULL, 'P' },
	{ "loaded", no_argument, NULL, 'L' },
	{ "on-stack", required_argument, NULL, 'O' },
	{ "title", required_argument, NULL, 'T' },
	{ "fixed-in", required_argument, NULL, 'F' },
	{ "serial", required_argument, NULL, 'I' },
	{ "cve", required_argument, NULL, 'C' },
	{ "requires", required_argument, NULL, 'Q' },
	{ "conflicts", required_argument, NULL, 'X' },
	{ "supersedes", required_argument, NULL, 'S' },
	{ "accept", required_argument, NULL, 'A' },
	{ "reason", required_argument, NULL, 'R' },
	{ "json", no_argument, NULL, 'J' },
	{ 0 },
};

static struct error *parse(int argc, char **argv, struct request *r)
{
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "t:o:j:", options, NULL)) >= 0) {
		bool known;

		TRY(take_option(r, c, optarg, &known));
		if (!known)
			return error_advise(error_usage("an option was not understood"),
					    "suture build --help");
	}
	if (!r->target || argc == optind)
		return error_advise(error_usage("a diff and a target are needed"),
				    "suture build --target kernel:RELEASE FIX.patch");
	TRY(check_reason(r));
	return take_fix(r, (const char *const *)argv + optind, (size_t)(argc - optind));
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

static struct error *print_process(const struct process_build *b, bool json)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct json j = json_begin(&text);

	if (json) {
		process_build_json(b, &j);
		TRY(json_finish(&j));
	} else {
		TRY(process_build_print(b, &text));
	}
	fputs(strbuf_str(&text), stdout);
	return NULL;
}

static struct error *run_process(struct request *r)
{
	struct strbuf refusal __cleanup_strbuf = { 0 };
	struct process_build *b __cleanup_process_build = NULL;
	struct app *a __cleanup_app = NULL;
	struct error *e;

	if (str_starts(r->target, "app:"))
		TRY(app_open(r->target, r->source, r->database, &a));
	else
		TRY(app_open_package(r->target, &a));
	r->build.target = a->target;
	r->build.refusal = r->json ? &refusal : NULL;
	e = process_build_run(a, &r->build, &b);
	fputs(strbuf_str(&refusal), stdout);
	return e ? e : print_process(b, r->json);
}

static struct error *run(int argc, char **argv)
{
	struct strbuf refusal __cleanup_strbuf = { 0 };
	struct target *t __cleanup_target = NULL;
	struct build *b __cleanup_build = NULL;
	struct request r __cleanup(request_clear) = { 0 };
	struct error *e;
	size_t changed;

	TRY(parse(argc, argv, &r));
	if (app_is_name(r.target))
		return run_process(&r);
	if (r.source || r.database)
		return error_usage("--source and --compile-commands are for app:BINARY");
	TRY(target_open(r.target, &t));
	TRY(target_refresh(&t, &changed));
	r.build.target = t;
	r.build.refusal = r.json ? &refusal : NULL;
	e = build_run(&r.build, &b);
	fputs(strbuf_str(&refusal), stdout);
	if (e)
		return e;
	return print(b, t, r.json);
}

const struct verb verb_build = { "build", "make a bundle from a source diff", help, run, options };
