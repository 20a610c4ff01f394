// SPDX-License-Identifier: GPL-2.0-or-later
/* suture sign: say that a bundle is from here. */

#include "cli/cli.h"
#include "cli/sign_result.h"

static const char help[] =
	"suture sign --key URI [-o OUT.suture] [OPTION]... BUNDLE.suture\n"
	"suture sign --module-key URI --module-cert FILE [--key URI] [-o OUT.suture] BUNDLE.suture\n"
	"\n"
	"Check a bundle and add a signature to it. What is signed stays the same, byte for byte, so\n"
	"that more signatures and approvals can be added later. For kernels that load only signed\n"
	"modules, sign the modules in it first.\n"
	"\n"
	"  -k, --key URI          the private key: a file, or what OpenSSL's providers know (pkcs11:)\n"
	"  -o, --output FILE      the signed bundle (in place)\n"
	"      --who NAME         who signs, to be shown; it is not what a host trusts\n"
	"      --passphrase-file FILE  for the keys, its first line (asked for)\n"
	"      --module-key URI   sign each module for the kernel with this RSA or ECDSA key\n"
	"      --module-cert FILE its X.509 certificate, which the kernel must have\n"
	"      --module-hash NAME the digest (sha256), one that the kernel knows\n"
	"      --json             what was signed, as JSON (suture-sign/1)\n"
	"\n"
	"Exit status: 0 signed; 3 this key has signed it already; 4 modules of a bundle that is\n"
	"signed; 1 anything else.\n";

struct request {
	struct sign_request sign;
	bool json;
};

static struct error *check(const struct sign_request *s)
{
	if (!s->key && !s->module_key)
		return error_advise(error_usage("--key, which says who signs, is missing"),
				    "suture sign --help");
	if (!s->module_key != !s->module_certificate)
		return error_usage("--module-key and --module-cert need one another");
	if (s->module_digest && !s->module_key)
		return error_usage("--module-hash is for --module-key, which is missing");
	return NULL;
}

static const struct option options[] = {
	{ "key", required_argument, NULL, 'k' },
	{ "output", required_argument, NULL, 'o' },
	{ "who", required_argument, NULL, 'W' },
	{ "passphrase-file", required_argument, NULL, 'P' },
	{ "module-key", required_argument, NULL, 'M' },
	{ "module-cert", required_argument, NULL, 'C' },
	{ "module-hash", required_argument, NULL, 'H' },
	{ "json", no_argument, NULL, 'J' },
	{ 0 },
};

static struct error *parse(int argc, char **argv, struct request *r)
{
	const struct {
		int letter;
		const char **to;
	} values[] = {
		{ 'k', &r->sign.key },		 { 'o', &r->sign.out },
		{ 'W', &r->sign.who },		 { 'P', &r->sign.passphrase_file },
		{ 'M', &r->sign.module_key },	 { 'C', &r->sign.module_certificate },
		{ 'H', &r->sign.module_digest },
	};
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "k:o:", options, NULL)) >= 0) {
		if (c == '?')
			return error_advise(error_usage("an option was not understood"),
					    "suture sign --help");
		r->json |= c == 'J';
		for (size_t i = 0; i < ARRAY_SIZE(values); i++)
			if (values[i].letter == c)
				*values[i].to = optarg;
	}
	if (argc - optind != 1)
		return error_advise(error_usage("one bundle is needed"), "suture sign --help");
	r->sign.bundle = argv[optind];
	return check(&r->sign);
}

static struct error *run(int argc, char **argv)
{
	struct sign_result result __cleanup_sign_result = { 0 };
	struct request r = { 0 };

	TRY(parse(argc, argv, &r));
	TRY(sign(&r.sign, &result));
	return sign_result_print(&r.sign, &result, r.json);
}

const struct verb verb_sign = { "sign", "sign a bundle, and its modules for the kernel", help, run,
				options };
