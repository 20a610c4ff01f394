// SPDX-License-Identifier: GPL-2.0-or-later
/* Whom a host trusts, and keys and statements, as files have them: what is read, what is refused.
 */
#include "snippet.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include "base/date.h"
#include "bundle/signature.h"
#include "bundle/trust.h"

static struct tmpdir dir;
static char folder[256], key_file[256];
static struct strbuf public_key; /* indented, for YAML */
static struct key signer;

static int setup(void **state)
{
	EVP_PKEY *p = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	FILE *f;
	char *pem = NULL;
	size_t n = 0;

	(void)state;
	ok(tmpdir_make(NULL, &dir));
	snprintf(folder, sizeof(folder), "%s/trust.d", dir.path);
	snprintf(key_file, sizeof(key_file), "%s/key.pem", dir.path);
	f = fopen(key_file, "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, p, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
	f = open_memstream(&pem, &n);
	assert_non_null(f);
	assert_int_equal(PEM_write_PUBKEY(f, p), 1);
	fclose(f);
	for (const char *at = pem; *at; at += strcspn(at, "\n") + 1)
		ok(strbuf_printf(&public_key, "  %.*s\n", (int)strcspn(at, "\n"), at));
	free(pem);
	EVP_PKEY_free(p);
	ok(key_open(key_file, NULL, &signer));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	key_clear(&signer);
	strbuf_free(&public_key);
	tmpdir_remove(&dir);
	return 0;
}

/* One file in a new folder. */
static void put(const char *text)
{
	char path[300];

	ok(dir_remove(folder));
	ok(dir_make(folder));
	assert_int_equal(chmod(folder, 0755), 0);
	snprintf(path, sizeof(path), "%s/builder.yaml", folder);
	ok(file_write(path, text, strlen(text), 0644));
}

static void refused(const char *text, const char *word)
{
	struct trust *t __cleanup_trust = NULL;
	struct error *e;

	put(text);
	e = trust_open(folder, &t);
	assert_non_null(e);
	assert_int_equal(error_kind(e), ERROR_POLICY);
	assert_null(t);
	expect_error(e, word);
}

static void test_no_folder_trusts_nobody_and_asks_for_a_signature(void **state)
{
	struct trust *t __cleanup_trust = NULL;

	(void)state;
	ok(dir_remove(folder));
	ok(trust_open(folder, &t));
	assert_int_equal(t->keys.n, 0);
	assert_true(t->policy.signature);
	assert_int_equal(t->policy.approvals, 0);
	assert_false(t->policy.older);
}

static void test_everything_that_can_be_said_of_a_key_is_read(void **state)
{
	struct trust *t __cleanup_trust = NULL;
	char *text __free = str_printf("schema: suture-trust-key/1\nroles: [sign, approve]\n"
				       "owner: a machine\nnot-before: 2026-01-01\n"
				       "not-after: 2026-12-31T12:00:00Z\nscope: ['host:web-*']\n"
				       "key: |\n%s",
				       public_key.s);

	(void)state;
	put(text);
	ok(trust_open(folder, &t));
	assert_int_equal(t->keys.n, 1);
	assert_string_equal(t->keys.v[0].name, "builder");
	assert_string_equal(t->keys.v[0].owner, "a machine");
	assert_int_equal(t->keys.v[0].roles, TRUST_SIGN | TRUST_APPROVE);
	assert_string_equal(date_text(t->keys.v[0].not_before).s, "2026-01-01T00:00:00Z");
	assert_string_equal(date_text(t->keys.v[0].not_after).s, "2026-12-31T12:00:00Z");
	assert_int_equal(t->keys.v[0].scope.n, 1);
	assert_ptr_equal(trust_key_by_id(t, &signer.id), &t->keys.v[0]);
}

static void test_a_policy_and_its_rules_are_read(void **state)
{
	struct trust *t __cleanup_trust = NULL;

	(void)state;
	put("schema: suture-policy/1\nsignature: optional\napprovals: 1\nolder: allow\nrules:\n"
	    "- {scope: 'host:db-*', approvals: 2}\n- {scope: ['kernel:6.*'], signature: required, "
	    "older: refuse}\n");
	ok(trust_open(folder, &t));
	assert_false(t->policy.signature);
	assert_int_equal(t->policy.approvals, 1);
	assert_true(t->policy.older);
	assert_int_equal(t->rules.n, 2);
	assert_int_equal(t->rules.v[0].policy.approvals, 2);
	assert_false(t->rules.v[0].policy.signature);
	assert_true(t->rules.v[1].policy.signature);
	assert_int_equal(t->rules.v[1].policy.approvals, 1);
	assert_false(t->rules.v[1].policy.older);
}

static void test_a_policy_bounds_the_watch_and_a_rule_says_only_what_differs(void **state)
{
	static const struct place db = { .host = "db-1", .release = "6.1.0-50-amd64" };
	static const struct place web = { .host = "web-1", .release = "6.1.0-50-amd64" };
	struct trust *t __cleanup_trust = NULL;
	const struct watch_terms *v;

	(void)state;
	put("schema: suture-policy/1\nsignature: optional\nverdict:\n  alpha: 0.1 %\n"
	    "  latency-margin: 10 %\n  tail-margin: 50 %\n  error-margin: 20 %\n"
	    "  signal-margin: 100 %\n  leak-margin: 1 KiB/s\n  baseline: 2 min\n  soak: 10 min\n"
	    "  hard: oops\n  on-degraded: revert\n  health-check: /usr/bin/is-well\n"
	    "  watch: required\nrules:\n- scope: 'host:db-*'\n  verdict: {soak: 1 h, hard: crash, "
	    "watch: optional}\n");
	ok(trust_open(folder, &t));
	v = &trust_policy_for(t, &web)->verdict;
	assert_float_equal(v->number[WATCH_ALPHA], 0.001, 1e-12);
	assert_float_equal(v->number[WATCH_LATENCY], 0.1, 1e-12);
	assert_float_equal(v->number[WATCH_LEAK], 1024, 0);
	assert_float_equal(v->number[WATCH_SOAK], 600, 0);
	assert_int_equal(v->hard, 1u << WATCH_HARD_OOPS | WATCH_HARD_ALWAYS);
	assert_int_equal(v->on_degraded, WATCH_DEGRADED_REVERT);
	assert_string_equal(v->health_check, "/usr/bin/is-well");
	assert_true(v->required);
	v = &trust_policy_for(t, &db)->verdict;
	assert_float_equal(v->number[WATCH_LATENCY], 0.1, 1e-12);
	assert_float_equal(v->number[WATCH_SOAK], 3600, 0);
	assert_int_equal(v->hard, 1u << WATCH_HARD_CRASH | WATCH_HARD_ALWAYS);
	assert_string_equal(v->health_check, "/usr/bin/is-well");
	assert_false(v->required);
}

static void test_what_is_not_understood_is_refused_by_line(void **state)
{
	static const struct {
		const char *text, *word;
	} rows[] = {
		{ "", "its schema is not known" },
		{ "schema: suture-trust-key/2\n", "builder.yaml:1: its schema is not known" },
		{ "- a\n", "must be a map" },
		{ "schema: suture-policy/1\nsignature: yes\n", "builder.yaml:2: signature: 'yes'" },
		{ "schema: suture-policy/1\napprovals: 17\n", "approvals: '17' is not" },
		{ "schema: suture-policy/1\napprovals: -1\n", "approvals: '-1' is not" },
		{ "schema: suture-policy/1\napprovals: 1\napprovals: 0\n", "line 3" },
		{ "schema: suture-policy/1\nverdict:\n  alpha: 2\n",
		  "3: verdict.alpha: '2' is not" },
		{ "schema: suture-policy/1\nverdict: {latency-margin: 0 %}\n", "is not between" },
		{ "schema: suture-policy/1\nverdict: {tail-margin: 2}\n",
		  "tail-margin: '2' is not" },
		{ "schema: suture-policy/1\nverdict: {error-margin: '%'}\n", "'%' is not a share" },
		{ "schema: suture-policy/1\nverdict: {signal-margin: [1 %]}\n", "it is a list" },
		{ "schema: suture-policy/1\nverdict: {leak-margin: 4 KB}\n",
		  "'4 KB' is not a rate" },
		{ "schema: suture-policy/1\nverdict: {baseline: 0 s}\n", "is not between 1 s and" },
		{ "schema: suture-policy/1\nverdict: {health-check: ''}\n", "it is empty" },
		{ "schema: suture-policy/1\nverdict: {soak: 1 d}\n", "verdict.soak: '1 d' is not" },
		{ "schema: suture-policy/1\nverdict: {hard: all}\n", "verdict.hard: 'all' is no" },
		{ "schema: suture-policy/1\nverdict: {on-degraded: 1}\n", "'1' is not known" },
		{ "schema: suture-policy/1\nverdict: {watch: yes}\n", "neither required nor" },
		{ "schema: suture-policy/1\nverdict: {controls: f}\n", "'controls' is no key" },
		{ "schema: suture-policy/1\nrules:\n- {approvals: 2}\n", "it needs a 'scope'" },
		{ "schema: suture-policy/1\nrules:\n- {scope: 'db-*'}\n", "neither host:PATTERN" },
		{ "schema: suture-policy/1\nrules: []\napprovals: 1\n", "'rules' must come last" },
		{ "schema: suture-trust-key/1\nroles: [sign]\n", "it needs 'key' and 'roles'" },
		{ "schema: suture-trust-key/1\nroles: [root]\n", "'root' is no role" },
		{ "schema: suture-trust-key/1\nkey: AAAA\n", "no public key" },
		{ "schema: suture-trust-key/1\nnot-after: tomorrow\n", "is no time like" },
		{ "schema: suture-trust-key/1\nnot-after: 2026-02-30\n", "is no time like" },
		{ "schema: suture-revocations/1\nkeys:\n- {key: 00ff, reason: x}\n", "64 hexa" },
		{ "schema: suture-revocations/1\nkeys:\n- {reason: x}\n", "it needs 'key'" },
		{ "schema: suture-revocations/1\nbundles: {}\n", "must be a list" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		refused(rows[i].text, rows[i].word);
}

static void test_dates_come_back_and_nothing_else_is_one(void **state)
{
	static const char *const bad[] = {
		"",	      "2026-11-26T21:00:00",  "2026-11-26T21:00:00+01:00", " 2026-11-26",
		"2026-13-01", "2026-11-26T24:00:00Z", "2026-11-26T21:00:00Z ",	   "26-11-26",
		"1969-12-31"
	};
	int64_t at = 0;

	(void)state;
	ok(date_parse("2026-11-26T21:00:01Z", &at));
	assert_int_equal(at, 1795726801);
	assert_string_equal(date_text(at).s, "2026-11-26T21:00:01Z");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		expect_error(date_parse(bad[i], &at), "is no time like");
	assert_string_equal(date_text(INT64_MAX).s, "an unknown time");
}

static void test_a_signature_fits_its_text_and_key_only(void **state)
{
	struct strbuf signature __cleanup_strbuf = { 0 };
	bool fits = false;

	(void)state;
	ok(key_sign(&signer, "text", 4, &signature));
	ok(key_verify(&signer, "text", 4, &signature, &fits));
	assert_true(fits);
	ok(key_verify(&signer, "tixt", 4, &signature, &fits));
	assert_false(fits);
	signature.n--;
	ok(key_verify(&signer, "text", 4, &signature, &fits));
	assert_false(fits);
}

static void test_a_statement_in_another_form_is_refused(void **state)
{
	static const char *const scopes[] = { "host:web-*" };
	struct statement s = { .kind = STATEMENT_APPROVAL,
			       .bundle = signer.id,
			       .key = signer.id,
			       .time = 1000,
			       .scope = { scopes, 1 },
			       .expires = 2000,
			       .reason = "because" },
			 out;
	static const struct {
		const char *from, *to;
	} rows[] = {
		{ "\"approval\"", "\"approvals\"" },  { "\"who\": null,", "" },
		{ "null,", "null, \"more\": 1," },    { "host:web-*", "web-*" },
		{ "1970-01-01T00", "1970-01-01 00" }, { "because", "\\u0007" },
		{ "because", "b\\u0065cause" },	      { "{", " {" },
	};
	struct strbuf text __cleanup_strbuf = { 0 };
	struct arena a = { 0 };

	(void)state;
	ok(statement_write(&s, &text));
	ok(statement_read(text.s, text.n, &a, &out));
	assert_string_equal(out.reason, "because");
	assert_int_equal(out.expires, 2000);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *at = strstr(text.s, rows[i].from);
		char *other __free = NULL;

		assert_non_null(at);
		other = str_printf("%.*s%s%s", (int)(at - text.s), text.s, rows[i].to,
				   at + strlen(rows[i].from));
		expect_error(statement_read(other, strlen(other), &a, &out), "");
	}
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_folder_trusts_nobody_and_asks_for_a_signature),
		cmocka_unit_test(test_everything_that_can_be_said_of_a_key_is_read),
		cmocka_unit_test(test_a_policy_and_its_rules_are_read),
		cmocka_unit_test(test_a_policy_bounds_the_watch_and_a_rule_says_only_what_differs),
		cmocka_unit_test(test_what_is_not_understood_is_refused_by_line),
		cmocka_unit_test(test_dates_come_back_and_nothing_else_is_one),
		cmocka_unit_test(test_a_signature_fits_its_text_and_key_only),
		cmocka_unit_test(test_a_statement_in_another_form_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
