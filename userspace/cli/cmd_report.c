// SPDX-License-Identifier: GPL-2.0-or-later
/* suture report: what was measured while a patch went in, for people, browsers and monitors. */
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/cli.h"
#include "report/record.h"

static const char help[] =
	"suture report [PATCH] [--json|--html FILE|--prometheus]\n"
	"suture report --file RECORD.json [--json|--html FILE|--prometheus]\n"
	"\n"
	"What was measured while a patch went in: the verdict and its reason, latency, returns and\n"
	"signals before and after, when what happened, and what the measuring cost. Without PATCH\n"
	"the newest record of this host.\n"
	"\n"
	"      --file FILE    this record, for example of another host\n"
	"      --json         the record as it was read and checked (suture-record/1)\n"
	"      --html FILE    a page that needs nothing else: no network, no script\n"
	"      --prometheus   metrics in the text exposition format\n"
	"\n"
	"Exit status: 0 done, whatever the verdict; 1 error, no record; 2 usage; 3 there is none.\n";

enum { FILE_, JSON, HTML, PROMETHEUS, OPTIONS };

static const struct option options[] = {
	[FILE_] = { "file", required_argument, NULL, 0 },
	[JSON] = { "json", no_argument, NULL, 0 },
	[HTML] = { "html", required_argument, NULL, 0 },
	[PROMETHEUS] = { "prometheus", no_argument, NULL, 0 },
	[OPTIONS] = { 0 },
};

struct request {
	const char *patch, *file, *html;
	bool json, prometheus;
};

static struct error *misunderstood(const char *what)
{
	return error_advise(error_usage("%s", what), "suture report --help");
}

static struct error *parse(int argc, char **argv, struct request *r)
{
	int c, i;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, &i)) >= 0) {
		if (c)
			return misunderstood("an option was not understood");
		r->file = i == FILE_ ? optarg : r->file;
		r->html = i == HTML ? optarg : r->html;
		r->json |= i == JSON;
		r->prometheus |= i == PROMETHEUS;
	}
	if (optind < argc)
		r->patch = argv[optind++];
	if (optind != argc)
		return misunderstood("an argument was not understood");
	if (r->patch && r->file)
		return misunderstood("PATCH and --file both say which record");
	if (r->json + r->prometheus + !!r->html > 1)
		return misunderstood("only one of --json, --html and --prometheus can be had");
	return NULL;
}

static struct error *find(const struct request *r, char **out)
{
	const char *state = getenv("SUTURE_STATE");
	char *dir __free = NULL;

	if (r->file) {
		*out = strdup(r->file);
		return *out ? NULL : error_nomem();
	}
	dir = str_printf("%s/records", state && *state ? state : "/var/lib/suture");
	return dir ? record_find(dir, r->patch, out) : error_nomem();
}

static struct error *read_record(const char *path, struct record *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct stat st;

	if (!stat(path, &st) && st.st_size > RECORD_BYTES)
		return error_failed("%s is too large for a record", path);
	TRY(file_read(path, &text));
	TRY_CONTEXT(record_read(strbuf_str(&text), text.n, out), "%s", path);
	return NULL;
}

static bool for_a_person(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no && *no);
}

static struct error *run(int argc, char **argv)
{
	struct record record __cleanup_record = { 0 };
	struct strbuf out __cleanup_strbuf = { 0 };
	struct request r = { 0 };
	char *path __free = NULL;

	TRY(parse(argc, argv, &r));
	TRY(find(&r, &path));
	TRY(read_record(path, &record));
	if (r.html) {
		TRY(record_html(&record, &out));
		return file_write(r.html, out.s, out.n, 0644);
	}
	TRY(r.json	   ? record_json(&record, &out)
	    : r.prometheus ? record_prometheus(&record, &out)
			   : record_text(&record, for_a_person(), &out));
	fputs(strbuf_str(&out), stdout);
	return NULL;
}

const struct verb verb_report = { "report", "show what was measured while a patch went in", help,
				  run, options };
