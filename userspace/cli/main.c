// SPDX-License-Identifier: GPL-2.0-or-later
/* suture: find the verb, run it, print its error, exit with the error's kind. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/completion.h"

static struct error *help(int argc, char **argv);
static struct error *completion(int argc, char **argv);

const struct verb verb_help = { "help", "list the verbs, or explain one", "suture help [VERB]\n",
				help };

static const struct verb verb_completion = {
	"completion", NULL, "suture completion: print the table that the shells complete from\n",
	completion
};

static const struct verb *const verbs[] = {
	&verb_help,   &verb_build, &verb_inspect, &verb_sign,	    &verb_approve, &verb_delta,
	&verb_verify, &verb_watch, &verb_target,  &verb_vm,	    &verb_test,	   &verb_ktap,
	&verb_check,  &verb_apply, &verb_confirm, &verb_revert,	    &verb_status,  &verb_blockers,
	&verb_force,  &verb_log,   &verb_report,  &verb_completion,
};

static const struct verb *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (str_equal(verbs[i]->name, name))
			return verbs[i];
	return NULL;
}

static struct error *unknown(const char *name)
{
	return error_advise(error_usage("there is no verb '%s'", name), "suture help lists them");
}

static struct error *help(int argc, char **argv)
{
	const struct verb *v;

	if (argc > 1) {
		v = find(argv[1]);
		if (!v)
			return unknown(argv[1]);
		fputs(v->help, stdout);
		return NULL;
	}
	printf("suture: fixes for running kernels and processes\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (verbs[i]->summary)
			printf("  %-10s %s\n", verbs[i]->name, verbs[i]->summary);
	printf("\nsuture VERB --help explains a verb.\n");
	return NULL;
}

/* For scripts/completion. */
static struct error *completion(int argc, char **argv)
{
	struct strbuf out __cleanup_strbuf = { 0 };

	if (argc > 1)
		return error_usage("'%s' is not expected", argv[1]);
	TRY(strbuf_puts(&out, "suture\t--help\t-\tnone\tlist the verbs\n"
			      "suture\t--version\t-\tnone\tprint the version\n"));
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (verbs[i]->summary)
			TRY(completion_rows(verbs[i], &out));
	fputs(out.s, stdout);
	return NULL;
}

static struct error *run(int argc, char **argv)
{
	const struct verb *v;

	if (argc < 2)
		return verb_status.run(1, (char *[]){ "status", NULL });
	if (str_equal(argv[1], "--help") || str_equal(argv[1], "-h"))
		return help(1, argv);
	if (str_equal(argv[1], "--version")) {
		printf("suture %s\n", SUTURE_VERSION);
		return NULL;
	}
	v = find(argv[1]);
	if (!v)
		return unknown(argv[1]);
	if (argc > 2 && (str_equal(argv[2], "--help") || str_equal(argv[2], "-h"))) {
		fputs(v->help, stdout);
		return NULL;
	}
	return v->run(argc - 1, argv + 1);
}

/* Names from files are in messages: control characters must not reach the terminal. */
static void print_safely(const char *s)
{
	for (; *s; s++)
		fputc((unsigned char)*s < 0x20 && *s != '\n' && *s != '\t' ? '?' : *s, stderr);
}

static int report(struct error *e)
{
	int code = error_kind(e);
	const char *advice = error_advice(e);

	progress_abandon();
	fputs("suture: ", stderr);
	print_safely(error_message(e));
	fputc('\n', stderr);
	while (advice && *advice) {
		int n = (int)strcspn(advice, "\n");

		fprintf(stderr, "  → %.*s\n", n, advice);
		advice += n + (advice[n] == '\n');
	}
	error_free(&e);
	return code;
}

int main(int argc, char **argv)
{
	struct error *e;

	interrupt_install();
	e = run(argc, argv);
	if (!e && (fflush(stdout) || ferror(stdout)))
		e = error_failed("writing the output failed");
	if (e)
		return report(e);
	progress_done();
	return 0;
}
