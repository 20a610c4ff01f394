// SPDX-License-Identifier: GPL-2.0-or-later
/* suture inspect: what is in a bundle, checked; and a payload out of it. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "bundle/bundle.h"
#include "cli/cli.h"

static const char help[] =
	"suture inspect [--json] BUNDLE.suture\n"
	"suture inspect --extract RELEASE [-o FILE.ko] BUNDLE.suture\n"
	"\n"
	"Check a bundle (its form, every digest, that nothing else is in it) and tell what it\n"
	"holds: the fix, the kernels it has a module for, the functions each redirects and why.\n"
	"\n"
	"  -x, --extract RELEASE  write the module for that kernel (uname -r)\n"
	"  -o, --output FILE      to this file (MODULE.ko)\n"
	"      --json             as JSON (suture-inspect/1)\n"
	"\n"
	"Exit status: 0 sound; 1 it is no sound bundle; 3 it has no module for RELEASE.\n";

struct request {
	const char *bundle, *release, *out;
	bool json;
};

static struct error *parse(int argc, char **argv, struct request *r)
{
	static const struct option options[] = {
		{ "extract", required_argument, NULL, 'x' },
		{ "output", required_argument, NULL, 'o' },
		{ "json", no_argument, NULL, 'J' },
		{ 0 },
	};
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "x:o:", options, NULL)) >= 0) {
		if (c == 'x')
			r->release = optarg;
		else if (c == 'o')
			r->out = optarg;
		else if (c == 'J')
			r->json = true;
		else
			return error_advise(error_usage("an option was not understood"),
					    "suture inspect --help");
	}
	if (argc - optind != 1)
		return error_advise(error_usage("one bundle is needed"), "suture inspect --help");
	if (r->out && !r->release)
		return error_usage("--output says where, --extract says what: it is missing");
	r->bundle = argv[optind];
	return NULL;
}

static struct error *extract(const struct bundle *b, const struct request *r)
{
	const struct bundle_payload *p = bundle_payload_for(b, r->release);
	char *name __free = NULL;

	if (!p)
		return error_new(ERROR_NOTHING, "%s has no module for %s", r->bundle, r->release);
	name = str_printf("%s.ko", p->module);
	if (!name)
		return error_nomem();
	return bundle_extract(p, r->out ? r->out : name);
}

static struct error *print_payload(const struct bundle_payload *p, struct strbuf *out)
{
	TRY(strbuf_printf(out, "\n%s (%s): %s.ko, %s, build-id %s\n", p->target, p->version,
			  p->module, str_size(p->content->n).s, p->build_id));
	TRY(strbuf_printf(out, "  compiler %s\n  sha256   %s\n", p->compiler, p->digest.hex));
	vec_for_each(&p->functions, f) {
		TRY(strbuf_printf(out, "  redirects %s [%s]", f->name, f->object));
		if (f->file)
			TRY(strbuf_printf(out, "  %s:%u", f->file, f->line));
		TRY(strbuf_printf(out, "  %s\n", f->reason ? f->reason : ""));
	}
	vec_for_each(&p->overrides, o)
		TRY(strbuf_printf(out, "  accepted %s:%s, because %s\n    %s; %s\n", o->code,
				  o->where, o->reason, o->what, o->left));
	vec_for_each(&p->notes, note)
		TRY(strbuf_printf(out, "  note: %s\n", *note));
	return strbuf_printf(out, "  refers to %zu symbols\n", p->references.n);
}

static struct error *print(const struct bundle *b, const char *path, struct strbuf *out)
{
	TRY(strbuf_printf(out, "%s: %s, modules for %zu kernel%s, made by %s\n", path, b->name,
			  b->payloads.n, b->payloads.n == 1 ? "" : "s", b->tool));
	vec_for_each(&b->fixes, f)
		TRY(strbuf_printf(out, "fix %s, diff %s, sha256 %s\n", f->name,
				  str_size(f->patch->n).s, f->digest.hex));
	vec_for_each(&b->payloads, p)
		TRY(print_payload(p, out));
	return NULL;
}

static struct error *print_json(const struct bundle *b, struct strbuf *out)
{
	struct json j = json_begin(out);

	json_object(&j, NULL);
	json_string(&j, "schema", "suture-inspect/1");
	bundle_json(b, &j, "bundle");
	json_end(&j);
	return json_finish(&j);
}

static struct error *run(int argc, char **argv)
{
	struct bundle *b __cleanup_bundle = NULL;
	struct strbuf text __cleanup_strbuf = { 0 };
	struct request r = { 0 };

	TRY(parse(argc, argv, &r));
	TRY(bundle_open(r.bundle, &b));
	if (r.release)
		return extract(b, &r);
	TRY(r.json ? print_json(b, &text) : print(b, r.bundle, &text));
	fputs(strbuf_str(&text), stdout);
	return NULL;
}

const struct verb verb_inspect = { "inspect", "tell what is in a bundle", help, run };
