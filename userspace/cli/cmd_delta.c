// SPDX-License-Identifier: GPL-2.0-or-later
/* suture delta: what changed between two builds of one object. */
#include <stdio.h>

#include "cli/cli.h"
#include "delta/delta.h"

static const char help[] =
	"suture delta BEFORE.o AFTER.o [--json] [-o OUT.o]\n"
	"\n"
	"What really changed between two builds of one object, and why each item is part of\n"
	"the patch. Both must be compiled with -ffunction-sections -fdata-sections. A moved\n"
	"line number is no change.\n"
	"\n"
	"  --json    the same as JSON (suture-delta/1)\n"
	"  -o OUT.o  write the part that changed, with all that it needs, as an object\n"
	"\n"
	"Exit status: 0 something changed, 3 nothing changed, 4 it can't be made live.\n";

struct request {
	const char *before, *after, *out;
	bool json;
};

static const struct option options[] = { { "json", no_argument, NULL, 'J' }, { 0 } };

static struct error *parse(int argc, char **argv, struct request *r)
{
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "o:", options, NULL)) >= 0) {
		if (c == '?')
			return error_advise(error_usage("an option was not understood"),
					    "suture delta --help");
		if (c == 'o')
			r->out = optarg;
		r->json |= c == 'J';
	}
	if (argc - optind != 2)
		return error_advise(error_usage("suture delta: takes two objects"),
				    "suture delta --help");
	r->before = argv[optind];
	r->after = argv[optind + 1];
	return NULL;
}

static struct error *show(const struct delta *d, bool json)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	if (json) {
		struct json j = json_begin(&text);

		delta_json(d, &j, NULL);
		TRY(json_finish(&j));
	} else {
		TRY(delta_print(d, &text));
	}
	fputs(strbuf_str(&text), stdout);
	return NULL;
}

static struct error *run(int argc, char **argv)
{
	struct object *before __cleanup_object = NULL, *after __cleanup_object = NULL;
	struct delta *d __cleanup_delta = NULL;
	struct extraction *x __cleanup_extraction = NULL;
	struct request o = { 0 };

	TRY(parse(argc, argv, &o));
	TRY(object_read(o.before, &before));
	TRY(object_read(o.after, &after));
	TRY(delta_compute(before, after, &d));
	TRY(show(d, o.json));
	if (delta_refused(d))
		return error_refused("%s: %zu thing%s can't be made live", o.after,
				     delta_refused(d), delta_refused(d) == 1 ? "" : "s");
	if (!d->items.n)
		return error_new(ERROR_NOTHING, "%s: nothing changed", o.after);
	if (!o.out)
		return NULL;
	TRY(delta_extract(d, &x));
	return object_write(x->object, o.out);
}

const struct verb verb_delta = { "delta", "what changed between two builds of an object", help, run,
				 options };
