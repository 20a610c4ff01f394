// SPDX-License-Identifier: GPL-2.0-or-later
/* suture ktap: what the results of the kernel's tests come to. */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/cli.h"
#include "report/ktap_read.h"

static const char help[] =
	"suture ktap [--json] [FILE]\n"
	"\n"
	"Read test results as the kernel's tests print them (KTAP, TAP 13) from FILE or standard\n"
	"input, and tell what they come to: how many passed, failed, were skipped and why, and what\n"
	"does not fit together, such as results that are missing.\n"
	"\n"
	"      --json   all of it as JSON (suture-ktap/1)\n"
	"\n"
	"Exit status: 0 all passed or were skipped; 1 these are no test results; 5 not passed.\n";

struct request {
	const char *file;
	bool json;
};

static const struct option options[] = {
	{ "json", no_argument, NULL, 'J' },
	{ 0 },
};

static struct error *parse(int argc, char **argv, struct request *r)
{
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c != 'J')
			return error_advise(error_usage("an option was not understood"),
					    "suture ktap --help");
		r->json = true;
	}
	if (argc - optind > 1)
		return error_advise(error_usage("one file is read"), "suture ktap --help");
	r->file = argv[optind];
	return NULL;
}

static struct error *read_input(const char *file, struct strbuf *out)
{
	char chunk[65536];
	size_t n;

	if (file)
		return file_read(file, out);
	while ((n = fread(chunk, 1, sizeof(chunk), stdin)))
		TRY(strbuf_add(out, chunk, n));
	return ferror(stdin) ? error_errno(errno, "reading standard input") : NULL;
}

static struct error *print(const struct ktap *k, bool json)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct json j = json_begin(&text);

	if (json) {
		ktap_json(k, &j, NULL);
		TRY(json_finish(&j));
	} else {
		TRY(ktap_text(k, &text));
	}
	fputs(strbuf_str(&text), stdout);
	return NULL;
}

static struct error *run(int argc, char **argv)
{
	struct ktap *k __cleanup_ktap = NULL;
	struct strbuf text __cleanup_strbuf = { 0 };
	struct request r = { 0 };
	const char *name;

	TRY(parse(argc, argv, &r));
	name = r.file ? r.file : "standard input";
	TRY(read_input(r.file, &text));
	TRY_CONTEXT(ktap_read(strbuf_str(&text), text.n, &k), "%s", name);
	TRY(print(k, r.json));
	return ktap_passed(k) ? NULL
			      : error_new(ERROR_VERIFY, "%s: not all tests have passed", name);
}

const struct verb verb_ktap = { "ktap", "tell what the kernel's test results come to", help, run,
				options };
