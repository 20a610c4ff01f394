// SPDX-License-Identifier: GPL-2.0-or-later
/* suture approve: say that hosts may apply a bundle, until when, and why. */
#include <time.h>

#include "base/date.h"
#include "cli/cli.h"
#include "cli/sign_result.h"

static const char help[] =
	"suture approve --key URI --expires WHEN --reason WHY [OPTION]... BUNDLE.suture\n"
	"\n"
	"Check a bundle and add an approval to it: a statement, signed by the key, that hosts may\n"
	"apply exactly this bundle. How many a host asks for is its policy, suture-trust(5).\n"
	"\n"
	"  -k, --key URI        the private key: a file, or what OpenSSL's providers know (pkcs11:)\n"
	"  -e, --expires WHEN   until when: 2026-12-24, 2026-12-24T18:00:00Z, or from now on 36h, 7d\n"
	"  -r, --reason WHY     recorded with it\n"
	"  -s, --scope PATTERN  only for host:PATTERN or kernel:PATTERN; may be given again\n"
	"                       (every host and kernel)\n"
	"      --who NAME       who approves, to be shown; it is not what a host trusts\n"
	"  -o, --output FILE    the approved bundle (in place)\n"
	"      --passphrase-file FILE  for the key, its first line (asked for)\n"
	"      --json           what was approved, as JSON (suture-sign/1)\n"
	"\n"
	"Exit status: 0 approved; 1 an error.\n";

struct request {
	struct sign_request sign;
	const char *expires;
	VEC(const char *) scope;
	bool json;
};

static void request_clear(struct request *r)
{
	vec_free(&r->scope);
}

/* "36h" from now on; false if it has not that form. */
static bool from_now(const char *s, int64_t *out)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	size_t digits = strspn(s, "0123456789");

	if (!digits || digits > 6 || strlen(s) != digits + 1)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (s[digits] != units[i].unit)
			continue;
		*out = time(NULL) + strtoll(s, NULL, 10) * units[i].seconds;
		return true;
	}
	return false;
}

static struct error *check(struct request *r)
{
	struct sign_request *s = &r->sign;
	struct error *e;

	if (!s->key || !r->expires || !s->reason)
		return error_advise(error_usage("--key, --expires and --reason are needed"),
				    "suture approve --help");
	if (!from_now(r->expires, &s->expires)) {
		e = error_context(date_parse(r->expires, &s->expires), "--expires");
		if (e)
			return error_advise(error_with_kind(e, ERROR_USAGE),
					    "or from now on: 90m, 36h, 7d");
	}
	if (s->expires < time(NULL))
		return error_usage("--expires: %s is over", date_text(s->expires).s);
	s->scope = (struct scope){ r->scope.v, r->scope.n };
	return error_with_kind(error_context(scope_check(&s->scope), "--scope"), ERROR_USAGE);
}

static const struct option options[] = {
	{ "key", required_argument, NULL, 'k' },
	{ "expires", required_argument, NULL, 'e' },
	{ "reason", required_argument, NULL, 'r' },
	{ "scope", required_argument, NULL, 's' },
	{ "who", required_argument, NULL, 'W' },
	{ "output", required_argument, NULL, 'o' },
	{ "passphrase-file", required_argument, NULL, 'P' },
	{ "json", no_argument, NULL, 'J' },
	{ 0 },
};

static struct error *parse(int argc, char **argv, struct request *r)
{
	const struct {
		int letter;
		const char **to;
	} values[] = {
		{ 'k', &r->sign.key }, { 'e', &r->expires },  { 'r', &r->sign.reason },
		{ 'W', &r->sign.who }, { 'o', &r->sign.out }, { 'P', &r->sign.passphrase_file },
	};
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "k:e:r:s:o:", options, NULL)) >= 0) {
		if (c == '?')
			return error_advise(error_usage("an option was not understood"),
					    "suture approve --help");
		if (c == 's')
			TRY(vec_push(&r->scope, optarg));
		r->json |= c == 'J';
		for (size_t i = 0; i < ARRAY_SIZE(values); i++)
			if (values[i].letter == c)
				*values[i].to = optarg;
	}
	if (argc - optind != 1)
		return error_advise(error_usage("one bundle is needed"), "suture approve --help");
	r->sign.bundle = argv[optind];
	return check(r);
}

static struct error *run(int argc, char **argv)
{
	struct sign_result result __cleanup_sign_result = { 0 };
	struct request r __cleanup(request_clear) = { .sign = { .approval = true } };

	TRY(parse(argc, argv, &r));
	TRY(sign(&r.sign, &result));
	return sign_result_print(&r.sign, &result, r.json);
}

const struct verb verb_approve = { "approve", "say that hosts may apply a bundle", help, run,
				   options };
