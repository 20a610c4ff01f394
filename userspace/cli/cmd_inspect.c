// SPDX-License-Identifier: GPL-2.0-or-later
/* suture inspect: what is in a bundle, checked; and a payload out of it. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/json.h"
#include "base/str.h"
#include "bundle/bundle.h"
#include "cli/cli.h"
#include "flow/inspect.h"

static const char help[] =
	"suture inspect [--json] [--trust DIR] [--accepted] BUNDLE.suture\n"
	"suture inspect --extract RELEASE [--debug] [-o FILE.ko] BUNDLE.suture\n"
	"\n"
	"Check a bundle (its form, every digest, that nothing else is in it, that each module is\n"
	"what the manifest says about it) and tell what it holds: the fix, the kernels it has a\n"
	"module for, the functions each redirects and why, what they refer to, where all is from;\n"
	"who signed and approved it, and whether this host's trust accepts that.\n"
	"\n"
	"  -x, --extract RELEASE  write the module for that kernel (uname -r)\n"
	"      --debug            its debug information instead, for addr2line, gdb or crash\n"
	"  -o, --output FILE      to this file (MODULE.ko, MODULE.ko.debug)\n"
	"      --trust DIR        whom to trust ($SUTURE_TRUST, else /etc/suture/trust.d)\n"
	"      --accepted         end with status 7, saying why, unless this host accepts it\n"
	"      --json             as JSON (suture-inspect/1)\n"
	"\n"
	"Exit status: 0 sound; 1 it is no sound bundle; 3 it has no module for RELEASE; 7 with\n"
	"--accepted: this host does not accept it.\n";

struct request {
	const char *bundle, *release, *out, *trust;
	bool debug, json, accepted;
};

static const struct option options[] = {
	{ "extract", required_argument, NULL, 'x' },
	{ "debug", no_argument, NULL, 'D' },
	{ "output", required_argument, NULL, 'o' },
	{ "trust", required_argument, NULL, 'T' },
	{ "accepted", no_argument, NULL, 'A' },
	{ "json", no_argument, NULL, 'J' },
	{ 0 },
};

static struct error *parse(int argc, char **argv, struct request *r)
{
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "x:o:", options, NULL)) >= 0) {
		if (c == 'x')
			r->release = optarg;
		else if (c == 'o')
			r->out = optarg;
		else if (c == 'D')
			r->debug = true;
		else if (c == 'T')
			r->trust = optarg;
		else if (c == 'A')
			r->accepted = true;
		else if (c == 'J')
			r->json = true;
		else
			return error_advise(error_usage("an option was not understood"),
					    "suture inspect --help");
	}
	if (argc - optind != 1)
		return error_advise(error_usage("one bundle is needed"), "suture inspect --help");
	if (r->release && (r->accepted || r->trust))
		return error_usage("--extract asks nobody's trust");
	if ((r->out || r->debug) && !r->release)
		return error_usage("--extract, which says what to write, is missing");
	r->bundle = argv[optind];
	return NULL;
}

static struct error *extract(const struct bundle *b, const struct request *r)
{
	const struct bundle_payload *p = bundle_payload_for(b, r->release);
	char *name __free = NULL;

	if (!p)
		return error_new(ERROR_NOTHING, "%s has no module for %s", r->bundle, r->release);
	if (r->debug && !p->debug.content)
		return error_new(ERROR_NOTHING, "%s has no debug information for %s", r->bundle,
				 r->release);
	name = str_printf("%s.%s%s", p->module, p->process ? "hotpatch" : "ko",
			  r->debug ? ".debug" : "");
	if (!name)
		return error_nomem();
	if (r->debug)
		return bundle_extract_file(&p->debug, r->out ? r->out : name);
	return bundle_extract(p, r->out ? r->out : name);
}

/* Of the terminal, if there is one. */
static size_t screen_width(void)
{
	struct winsize w;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) || w.ws_col < 40)
		return 80;
	return w.ws_col;
}

static struct error *print_json(const struct bundle *b, const struct judgement *judgement,
				const char *unjudged, struct strbuf *out)
{
	struct json j = json_begin(out);

	json_object(&j, NULL);
	json_string(&j, "schema", "suture-inspect/1");
	bundle_json(b, &j, "bundle");
	json_string(&j, "digest", b->digest.hex);
	if (judgement)
		judgement_json(judgement, &j, "trust");
	else
		json_null(&j, "trust");
	json_string(&j, "untold", unjudged); /* why there is no judgement */
	json_end(&j);
	return json_finish(&j);
}

static struct error *print(const struct bundle *b, const struct request *r)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct admission a __cleanup_admission = { 0 };
	struct error *unjudged __cleanup_error = admit(b, r->trust, &(struct admit_past){ 0 }, &a);
	const char *why = unjudged ? error_message(unjudged) : NULL;
	const struct judgement *j = unjudged ? NULL : &a.judgement;

	TRY(r->json ? print_json(b, j, why, &text)
		    : inspect_print(b, r->bundle, j, why, screen_width(), &text));
	fputs(strbuf_str(&text), stdout);
	if (!r->accepted)
		return NULL;
	return unjudged ? take(unjudged) : judgement_error(j, b->name);
}

static struct error *run(int argc, char **argv)
{
	struct bundle *b __cleanup_bundle = NULL;
	struct request r = { 0 };

	TRY(parse(argc, argv, &r));
	TRY(bundle_open(r.bundle, &b));
	TRY_CONTEXT(inspect_check(b), "%s is no sound bundle", r.bundle);
	return r.release ? extract(b, &r) : print(b, &r);
}

const struct verb verb_inspect = { "inspect", "tell what is in a bundle", help, run, options };
