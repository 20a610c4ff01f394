// SPDX-License-Identifier: GPL-2.0-or-later
/* suture log: what the ledger says, whether it is whole, and where its end is. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "bundle/key.h"
#include "cli/cli.h"
#include "cli/since.h"
#include "ledger/verify.h"
#include "report/log_report.h"

static const char help[] =
	"suture log [--patch PATCH] [--since WHEN] [--last N] [--json]\n"
	"suture log verify [--checkpoint FILE [--key PUBLIC.pem] [--signature FILE]] [--json]\n"
	"suture log checkpoint [--key URI [--passphrase-file FILE]]\n"
	"\n"
	"What happened to the patches of this host, as the ledger has it: when, who, what, why.\n"
	"\n"
	"verify computes the ledger's chain of hashes anew and names the first event that was\n"
	"edited, deleted, inserted or reordered; that the end was cut off is found with a checkpoint.\n"
	"checkpoint prints where the end is, as a text to be kept on another machine.\n"
	"\n"
	"      --patch PATCH      of this patch only\n"
	"      --since WHEN       30 min, 2 h, 3 d (ago); 2026-11-26, \"2026-11-26 21:00\" (local time);\n"
	"                         2026-11-26T21:00:00Z\n"
	"      --last N           the last N events of these\n"
	"      --checkpoint FILE  verify: hold the ledger against it\n"
	"      --key KEY          verify: the public key (PEM) of who signed the checkpoint;\n"
	"                         checkpoint: sign with this private key (a path, or an OSSL_STORE URI)\n"
	"      --signature FILE   verify: the signature, where it is not in the checkpoint\n"
	"                         (CHECKPOINT.sig, if that is there)\n"
	"      --passphrase-file FILE  for the private key, its first line (asked for)\n"
	"      --ledger FILE      not $SUTURE_STATE/ledger.db, /var/lib/suture/ledger.db\n"
	"      --json             events: suture-log/1, one a line; verify: suture-log-verify/1\n"
	"\n"
	"Exit status: 0 done, whole; 1 error; 2 usage; 3 there is no ledger, or no such event;\n"
	"5 it is not whole; 7 the checkpoint is not signed by the key.\n";

struct request {
	const char *ledger, *patch, *since, *last;
	const char *checkpoint, *key, *signature, *passphrase;
	bool json;
};

enum { LEDGER, PATCH, SINCE, LAST, CHECKPOINT, KEY, SIGNATURE, PASSPHRASE, JSON, OPTIONS };

static const struct option options[] = {
	[LEDGER] = { "ledger", required_argument, NULL, 0 },
	[PATCH] = { "patch", required_argument, NULL, 0 },
	[SINCE] = { "since", required_argument, NULL, 0 },
	[LAST] = { "last", required_argument, NULL, 0 },
	[CHECKPOINT] = { "checkpoint", required_argument, NULL, 0 },
	[KEY] = { "key", required_argument, NULL, 0 },
	[SIGNATURE] = { "signature", required_argument, NULL, 0 },
	[PASSPHRASE] = { "passphrase-file", required_argument, NULL, 0 },
	[JSON] = { "json", no_argument, NULL, 0 },
	[OPTIONS] = { 0 },
};

static const struct {
	size_t at; /* of what it sets in the request */
	const char *with;
} sets[OPTIONS] = {
	[LEDGER] = { offsetof(struct request, ledger), "events verify checkpoint" },
	[PATCH] = { offsetof(struct request, patch), "events" },
	[SINCE] = { offsetof(struct request, since), "events" },
	[LAST] = { offsetof(struct request, last), "events" },
	[CHECKPOINT] = { offsetof(struct request, checkpoint), "verify" },
	[KEY] = { offsetof(struct request, key), "verify checkpoint" },
	[SIGNATURE] = { offsetof(struct request, signature), "verify" },
	[PASSPHRASE] = { offsetof(struct request, passphrase), "checkpoint" },
	[JSON] = { 0, "events verify" },
};

static struct error *misunderstood(const char *what)
{
	return error_advise(error_usage("%s", what), "suture log --help");
}

/* `what` is "events", "verify" or "checkpoint". */
static struct error *parse(int argc, char **argv, const char *what, struct request *r)
{
	int c, i;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, &i)) >= 0) {
		if (c)
			return misunderstood("an option was not understood");
		if (!strstr(sets[i].with, what))
			return error_advise(error_usage("--%s means nothing to 'suture log%s%s'",
							options[i].name,
							str_equal(what, "events") ? "" : " ",
							str_equal(what, "events") ? "" : what),
					    "suture log --help");
		if (optarg)
			*(const char **)((char *)r + sets[i].at) = optarg;
		else
			r->json = true;
	}
	if (optind != argc)
		return misunderstood("an argument was not understood");
	if ((r->key || r->signature) && !r->checkpoint && str_equal(what, "verify"))
		return misunderstood("--checkpoint, which says what is signed, is missing");
	if (r->signature && !r->key)
		return misunderstood("--key, which the signature is of, is missing");
	if (r->passphrase && !r->key)
		return misunderstood("--key, which the passphrase is of, is missing");
	return NULL;
}

static struct error *find_ledger(const struct request *r, char **out)
{
	if (!r->ledger)
		return ledger_path(out);
	*out = strdup(r->ledger);
	return *out ? NULL : error_nomem();
}

static struct error *print_events(const struct request *r, const char *path, struct arena *a)
{
	struct ledger_filter filter = { .patch = r->patch };
	struct ledger *l __cleanup_ledger = NULL;
	struct strbuf text __cleanup_strbuf = { 0 };
	struct ledger_events events = { 0 };
	int64_t since = 0;

	if (r->since)
		TRY(since_parse(r->since, (int64_t)time(NULL), &since));
	filter.since = since * 1000000;
	if (r->last)
		TRY_CONTEXT(error_with_kind(str_u64(r->last, &filter.last), ERROR_USAGE), "--last");
	if (filter.last > INT64_MAX)
		return error_usage("--last is too large");
	TRY(ledger_open(path, LEDGER_READ, &l));
	TRY(ledger_events(l, &filter, a, &events));
	if (!events.n)
		return error_new(ERROR_NOTHING, "%s has no such event", path);
	TRY(r->json ? log_json(&events, &text) : log_table(&events, &text));
	fputs(strbuf_str(&text), stdout);
	return NULL;
}

/* The signature that lies beside the checkpoint, as openssl pkeyutl leaves it. */
static struct error *read_beside(const struct request *r, struct strbuf *signature)
{
	char *beside __free = str_printf("%s.sig", r->checkpoint);

	if (!beside)
		return error_nomem();
	if (r->signature)
		return file_read(r->signature, signature);
	if (file_exists(beside))
		return file_read(beside, signature);
	return error_advise(error_new(ERROR_POLICY, "%s is not signed", r->checkpoint),
			    "its signature may lie beside it, as %s", beside);
}

static struct error *check_signature(const struct request *r, const struct ledger_checkpoint *c,
				     struct strbuf *signature, struct key *k)
{
	struct strbuf pem __cleanup_strbuf = { 0 }, text __cleanup_strbuf = { 0 };
	bool fits = false;

	TRY(file_read(r->key, &pem));
	TRY_CONTEXT(key_parse(strbuf_str(&pem), pem.n, k), "%s", r->key);
	if (r->signature || !signature->n) {
		signature->n = 0;
		TRY(read_beside(r, signature));
	}
	TRY(checkpoint_text(c, &text));
	TRY(key_verify(k, text.s, text.n, signature, &fits));
	return fits ? NULL
		    : error_advise(error_new(ERROR_POLICY, "%s is not signed by the key of %s",
					     r->checkpoint, r->key),
				   "nothing that it says can be believed");
}

static struct error *read_checkpoint(const struct request *r, struct ledger_checkpoint *c,
				     struct key *k)
{
	struct strbuf text __cleanup_strbuf = { 0 }, signature __cleanup_strbuf = { 0 };

	TRY(file_read(r->checkpoint, &text));
	TRY_CONTEXT(checkpoint_parse(strbuf_str(&text), text.n, c, &signature),
		    "%s is no checkpoint", r->checkpoint);
	return r->key ? check_signature(r, c, &signature, k) : NULL;
}

static struct error *broken(const char *path, const struct ledger_fault *f)
{
	return error_advise(
		error_new(ERROR_VERIFY, "%s is not whole (%s): %s", path,
			  ledger_fault_name(f->kind), f->what),
		"nothing from there on can be relied upon; what the kernel has, it tells "
		"itself: suture status");
}

static struct error *verify(const struct request *r, const char *path, struct arena *a)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct key k __cleanup_key = { 0 };
	struct ledger_checkpoint known;
	struct log_checkpoint with = { 0 };
	struct ledger_verdict v;

	if (r->checkpoint) {
		TRY(read_checkpoint(r, &known, &k));
		with.known = &known;
		with.key = r->key ? k.id.hex : NULL;
	}
	TRY(ledger_verify(path, with.known, a, &v));
	if (r->json)
		TRY(log_verdict_json(path, &v, &with, &text));
	else if (!v.fault.kind)
		TRY(log_verdict_text(path, &v, &with, &text));
	fputs(strbuf_str(&text), stdout);
	return v.fault.kind ? broken(path, &v.fault) : NULL;
}

static struct error *checkpoint(const struct request *r, const char *path, struct arena *a)
{
	struct strbuf text __cleanup_strbuf = { 0 }, signature __cleanup_strbuf = { 0 };
	struct key k __cleanup_key = { 0 };
	struct ledger_verdict v;

	TRY(ledger_verify(path, NULL, a, &v));
	if (v.fault.kind)
		return broken(path, &v.fault);
	TRY(checkpoint_text(&v.end, &text));
	if (r->key) {
		TRY(key_open(r->key, r->passphrase, &k));
		TRY(key_sign(&k, text.s, text.n, &signature));
		TRY(checkpoint_add_signature(&signature, &text));
	}
	fputs(strbuf_str(&text), stdout);
	return NULL;
}

static const struct {
	const char *name;
	struct error *(*run)(const struct request *r, const char *path, struct arena *a);
} actions[] = { { "verify", verify }, { "checkpoint", checkpoint }, { "events", print_events } };

static struct error *run(int argc, char **argv)
{
	struct request r = { 0 };
	char *path __free = NULL;
	struct arena a = { 0 };
	struct error *e;
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(actions) && (argc < 2 || !str_equal(argv[1], actions[i].name)))
		i++;
	if (i + 1 < ARRAY_SIZE(actions))
		argc--, argv++;
	TRY(parse(argc, argv, actions[i].name, &r));
	TRY(find_ledger(&r, &path));
	e = actions[i].run(&r, path, &a);
	arena_free(&a);
	return e;
}

const struct verb verb_log = { "log", "tell what happened to this host's patches", help, run,
			       options };
