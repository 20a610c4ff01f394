// SPDX-License-Identifier: GPL-2.0-or-later
/* suture verify: the proof for one kernel patch, once or through a session's phases. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/str.h"
#include "base/vec.h"
#include "cli/cli.h"
#include "flow/function_arg.h"
#include "flow/host_verdict.h"
#include "cli/verify_session.h"
#include "probe/proof.h"

static const char help[] =
	"suture verify --patch PATCH --function [OBJECT:]FUNCTION[,POS]... [OPTION]...\n"
	"suture verify --session SOCKET --patch PATCH --function FUNCTION...\n"
	"suture verify --ask SOCKET mark|attach-new|read|quit [OPTION]...\n"
	"\n"
	"Prove that calls of FUNCTION run the new code of the livepatch PATCH. Two kinds of\n"
	"evidence are kept apart: structural (the ftrace site in the running text leads away, and\n"
	"ftrace names livepatch's handler there), and exercised (executions of the old body behind\n"
	"the redirect and entries of the new function are counted, and no probe missed a hit).\n"
	"\n"
	"  exercised     in place, called since the mark, the old body not once\n"
	"  in place      the redirect is there; nobody called the function since the mark\n"
	"  lost          sysfs may say enabled, but the old code runs or can run\n"
	"  not patched   no such patch is enabled\n"
	"\n"
	"The first form counts for a while and tells. A session attaches, stays in the background,\n"
	"and is asked from then on: attach before the patch is loaded, 'attach-new' once it is,\n"
	"'mark' where a phase begins (the counts start at zero), 'read' to see, 'quit' at the end.\n"
	"\n"
	"Where suture's ledger has a verdict on the apply of the patch that is live, the first form\n"
	"tells it behind the table.\n"
	"\n"
	"  --patch PATCH     the livepatch's name\n"
	"  --function FUNCTION  that it changes; may be given again\n"
	"  --session SOCKET  begin a session that is asked there\n"
	"  --ask SOCKET      ask a session\n"
	"  --seconds N       how long the first form counts (5)\n"
	"  --new NAME        the new function's name in the patch, if it is another (for the\n"
	"                    --function before it)\n"
	"  --require STATE   exit 0 only if all are in this state: exercised, in-place (which\n"
	"                    exercised fulfils; the default), not-patched\n"
	"  --json            one object a line\n"
	"\n"
	"Exit status: 0 as required, 5 lost or not patched, 6 in place where exercised was\n"
	"required, 1 error. Needs root.\n";

struct request {
	const char *patch, *session, *ask, *command;
	VEC(struct proof_function) functions;
	struct arena arena;
	unsigned int seconds;
	struct verify_format format;
};

static void request_free(struct request *r)
{
	vec_free(&r->functions);
	arena_free(&r->arena);
}

static struct error *add_function(struct request *r, const char *words)
{
	struct function_arg f;

	TRY(function_arg_parse(words, &r->arena, &f));
	return vec_push(
		&r->functions,
		(struct proof_function){ .object = f.object, .name = f.name, .sympos = f.sympos });
}

static struct error *required(const char *words, enum proof_state *out)
{
	static const struct {
		const char *words;
		enum proof_state state;
	} states[] = {
		{ "exercised", PROOF_EXERCISED },
		{ "in-place", PROOF_IN_PLACE },
		{ "not-patched", PROOF_NOT_PATCHED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (str_equal(states[i].words, words)) {
			*out = states[i].state;
			return NULL;
		}
	return error_usage("--require %s: exercised, in-place or not-patched", words);
}

static struct error *option(struct request *r, int c)
{
	uint64_t n;

	switch (c) {
	case 'p':
		r->patch = optarg;
		return NULL;
	case 'f':
		return add_function(r, optarg);
	case 'n':
		if (!r->functions.n)
			return error_usage("--new comes behind the --function it is for");
		r->functions.v[r->functions.n - 1].new_name = optarg;
		return NULL;
	case 's':
		r->session = optarg;
		return NULL;
	case 'a':
		r->ask = optarg;
		return NULL;
	case 't':
		TRY_CONTEXT(str_u64(optarg, &n), "--seconds");
		if (n > 86400 * 365)
			return error_usage("--seconds %s is out of range", optarg);
		r->seconds = (unsigned int)n;
		return NULL;
	case 'r':
		return required(optarg, &r->format.require);
	case 'j':
		r->format.json = true;
		return NULL;
	default:
		return error_advise(error_usage("that is not how 'suture verify' is used"),
				    "suture verify --help explains it");
	}
}

static const struct option options[] = {
	{ "patch", required_argument, NULL, 'p' },
	{ "function", required_argument, NULL, 'f' },
	{ "new", required_argument, NULL, 'n' },
	{ "session", required_argument, NULL, 's' },
	{ "ask", required_argument, NULL, 'a' },
	{ "seconds", required_argument, NULL, 't' },
	{ "require", required_argument, NULL, 'r' },
	{ "json", no_argument, NULL, 'j' },
	{ 0 },
};

static struct error *parse(int argc, char **argv, struct request *r)
{
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		TRY(option(r, c));
	if (r->ask) {
		if (argc - optind != 1 || r->session || r->functions.n)
			return option(r, 0);
		r->command = argv[optind];
		return NULL;
	}
	if (argc != optind)
		return error_usage("'%s' is not expected", argv[optind]);
	if (!r->patch || !r->functions.n)
		return error_usage("--patch and at least one --function are needed");
	vec_for_each(&r->functions, f)
		f->patch = r->patch;
	return NULL;
}

static struct error *wait_seconds(double seconds)
{
	double until = clock_seconds() + seconds, left;

	while ((left = until - clock_seconds()) > 0) {
		TRY(interrupt_check());
		poll(NULL, 0, left < 1 ? (int)(left * 1000) + 1 : 1000);
	}
	return interrupt_check();
}

/* What the judge said of it, from the ledger: a proof tells that it runs, not that it does no harm.
 */
static struct error *add_verdict(const struct request *r, struct arena *a, struct strbuf *out)
{
	struct verdict_said said;
	const char *evidence = NULL;

	TRY(host_verdict_of(r->patch, a, &said, &evidence));
	if (said.what != VERDICT_SAID)
		return NULL;
	if (r->format.json)
		return strbuf_printf(out, "%s%s", evidence, str_ends(evidence, "\n") ? "" : "\n");
	return strbuf_printf(out, "the verdict on it was %s: %s\n", said.word, said.reason);
}

static struct error *once(struct request *r)
{
	struct proof *p __cleanup_proof = NULL;
	struct strbuf out __cleanup_strbuf = { 0 };
	struct error *unread __cleanup_error = NULL, *e;

	TRY(proof_attach(r->functions.v, r->functions.n, &p));
	TRY(proof_attach_new(p));
	TRY(proof_mark(p));
	TRY(wait_seconds(r->seconds));
	e = verify_read(p, &r->format, &out);
	/* The proof is the answer; that the ledger can't be read does not change it. */
	unread = add_verdict(r, &r->arena, &out);
	if (unread)
		log_warn("what the judge said is not known: %s", error_message(unread));
	fwrite(strbuf_str(&out), 1, out.n, stdout);
	return e;
}

static struct error *run(int argc, char **argv)
{
	struct request r __cleanup(request_free) = { .seconds = 5,
						     .format = { .require = PROOF_IN_PLACE } };

	TRY(parse(argc, argv, &r));
	if (r.ask)
		return verify_ask(r.ask, r.command, &r.format);
	if (r.session)
		return verify_session(r.functions.v, r.functions.n, r.session);
	return once(&r);
}

const struct verb verb_verify = { "verify", "prove that the new code runs and the old does not",
				  help, run, options };
