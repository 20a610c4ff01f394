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

struct options {
	const char *before, *after, *out;
	bool json;
};

static struct error *parse(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		if (str_equal(argv[i], "--json"))
			o->json = true;
		else if (str_equal(argv[i], "-o") && i + 1 < argc)
			o->out = argv[++i];
		else if (argv[i][0] == '-')
			return error_usage(
				"suture delta: '%s' is not an option, or lacks its value", argv[i]);
		else if (!o->before)
			o->before = argv[i];
		else if (!o->after)
			o->after = argv[i];
		else
			return error_usage("suture delta: takes two objects, '%s' is too many",
					   argv[i]);
	}
	if (!o->after)
		return error_advise(error_usage("suture delta: takes two objects"),
				    "suture delta --help");
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
	struct options o = { 0 };

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

const struct verb verb_delta = { "delta", "what changed between two builds of an object", help,
				 run };
