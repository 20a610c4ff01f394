// SPDX-License-Identifier: GPL-2.0-or-later
/* May a bundle be applied here, now? One row for each way in which it may or may not. */
#include "snippet.h"

#include "base/digest.h"
#include "bundle/judgement.h"

#define NOW 1000000

/* Digests by a letter. */
static struct digest letter(char c)
{
	struct digest d = { 0 };

	memset(d.bytes, c, sizeof(d.bytes));
	for (size_t i = 0; i < sizeof(d.bytes); i++)
		snprintf(d.hex + 2 * i, 3, "%02x", (unsigned char)c);
	return d;
}

/* One signature or approval of a case; .key is the letter of a row of 'keys', 0 ends the list. */
struct said {
	char key;
	enum statement_kind kind;
	bool broken, other_bundle;
	const char *scope;
	int64_t expires; /* 0: far away */
};

static const struct {
	char key;
	const char *owner;
	unsigned int roles;
	int64_t not_before, not_after;
	const char *scope;
} keys[] = {
	{ 'S', "builder", TRUST_SIGN, 0, INT64_MAX },
	{ 'T', "builder", TRUST_SIGN, 0, INT64_MAX },
	{ 'A', "alice", TRUST_APPROVE, 0, INT64_MAX },
	{ 'B', "bob", TRUST_APPROVE, 0, INT64_MAX },
	{ 'b', "bob", TRUST_APPROVE, 0, INT64_MAX },
	{ 'X', "carol", TRUST_SIGN | TRUST_APPROVE, 0, INT64_MAX },
	{ 'L', "late", TRUST_SIGN | TRUST_APPROVE, 0, NOW - 1 },
	{ 'E', "early", TRUST_SIGN, NOW + 1, INT64_MAX },
	{ 'H', "here", TRUST_SIGN, 0, INT64_MAX, "host:web-*" },
	{ 'D', "there", TRUST_SIGN, 0, INT64_MAX, "host:db-*" },
	{ 'R', "robbed", TRUST_SIGN, 0, INT64_MAX },
};

#define SIGNED      \
	{           \
		'S' \
	}
#define APPROVED(k, ...)                             \
	{                                            \
		(k), STATEMENT_APPROVAL, __VA_ARGS__ \
	}

static const struct judgement_case {
	const char *sentence;
	struct said said[6];
	struct policy policy;
	bool seen;
	uint64_t newest_seen; /* the bundle's own serial is 5 */
	bool accepted_before;
	bool accepted;
	const char *code;  /* of a finding that is there; or NULL: none refuses */
	const char *worth; /* of the last signature; or NULL */
} cases[] = {
	{ "unsigned, and a signature is asked for", {}, POLICY_USUAL, .code = "signature" },
	{ "unsigned, and none is asked for", {}, { 0 }, .accepted = true },
	{ "signed", { SIGNED }, POLICY_USUAL, .accepted = true, .worth = "counts" },
	{ "by a key that is not known",
	  { { 'U' } },
	  POLICY_USUAL,
	  .code = "signature",
	  .worth = "key-unknown" },
	{ "by one that is known beside it", { { 'U' }, SIGNED }, POLICY_USUAL, .accepted = true },
	{ "by a revoked key",
	  { { 'R' } },
	  POLICY_USUAL,
	  .code = "key-revoked",
	  .worth = "key-revoked" },
	{ "by a revoked key that is not in the store",
	  { { 'r' } },
	  POLICY_USUAL,
	  .code = "signature",
	  .worth = "key-revoked" },
	{ "by a revoked key, accepted before",
	  { { 'R' } },
	  POLICY_USUAL,
	  .accepted_before = true,
	  .code = "signature" },
	{ "by a revoked key, then by a good one",
	  { { 'R' }, SIGNED },
	  POLICY_USUAL,
	  .accepted = true },
	{ "by a key that may only approve",
	  { { 'A' } },
	  POLICY_USUAL,
	  .code = "signature",
	  .worth = "key-role" },
	{ "by a key that has ended",
	  { { 'L' } },
	  POLICY_USUAL,
	  .code = "signature",
	  .worth = "key-late" },
	{ "by a key that has ended since it was accepted",
	  { { 'L' } },
	  POLICY_USUAL,
	  .accepted_before = true,
	  .accepted = true },
	{ "by a key that is not valid yet",
	  { { 'E' } },
	  POLICY_USUAL,
	  .code = "signature",
	  .worth = "key-early" },
	{ "by a key that counts here", { { 'H' } }, POLICY_USUAL, .accepted = true },
	{ "by a key that counts elsewhere",
	  { { 'D' } },
	  POLICY_USUAL,
	  .code = "signature",
	  .worth = "key-scope" },
	{ "a broken signature",
	  { { 'S', .broken = true } },
	  POLICY_USUAL,
	  .code = "broken",
	  .worth = "broken" },
	{ "a broken signature beside a good one",
	  { { 'S', .broken = true }, { 'T' } },
	  POLICY_USUAL,
	  .code = "broken" },
	{ "a broken signature where none is asked for",
	  { { 'S', .broken = true } },
	  { 0 },
	  .code = "broken" },
	{ "a signature of another bundle",
	  { { 'S', .other_bundle = true } },
	  POLICY_USUAL,
	  .code = "other-bundle" },
	{ "an unknown key's signature of another bundle",
	  { SIGNED, { 'U', .other_bundle = true } },
	  POLICY_USUAL,
	  .code = "other-bundle" },
	{ "one approval of one", { SIGNED, APPROVED('A') }, { true, 1 }, .accepted = true },
	{ "approved before it was signed",
	  { APPROVED('A'), SIGNED },
	  { true, 1 },
	  .accepted = true },
	{ "one approval of two", { SIGNED, APPROVED('A') }, { true, 2 }, .code = "approvals" },
	{ "two approvals of two",
	  { SIGNED, APPROVED('A'), APPROVED('B') },
	  { true, 2 },
	  .accepted = true },
	{ "the same key twice",
	  { SIGNED, APPROVED('A'), APPROVED('A') },
	  { true, 2 },
	  .code = "approvals",
	  .worth = "twice" },
	{ "two keys of one owner",
	  { SIGNED, APPROVED('B'), APPROVED('b') },
	  { true, 2 },
	  .code = "approvals",
	  .worth = "twice" },
	{ "an approval that has ended",
	  { SIGNED, APPROVED('A', .expires = NOW - 1) },
	  { true, 1 },
	  .code = "approvals",
	  .worth = "late" },
	{ "an approval in its last second",
	  { SIGNED, APPROVED('A', .expires = NOW) },
	  { true, 1 },
	  .accepted = true },
	{ "one that has ended since it was accepted",
	  { SIGNED, APPROVED('A', .expires = NOW - 1) },
	  { true, 1 },
	  .accepted_before = true,
	  .accepted = true },
	{ "one that has ended, then again by the same",
	  { SIGNED, APPROVED('A', .expires = NOW - 1), APPROVED('A') },
	  { true, 1 },
	  .accepted = true,
	  .worth = "counts" },
	{ "an approval for this host",
	  { SIGNED, APPROVED('A', .scope = "host:web-?") },
	  { true, 1 },
	  .accepted = true },
	{ "an approval for others",
	  { SIGNED, APPROVED('A', .scope = "host:db-*") },
	  { true, 1 },
	  .code = "approvals",
	  .worth = "scope" },
	{ "an approval for another kernel",
	  { SIGNED, APPROVED('A', .scope = "kernel:6.12.*") },
	  { true, 1 },
	  .code = "approvals",
	  .worth = "scope" },
	{ "for others, accepted before",
	  { SIGNED, APPROVED('A', .scope = "host:db-*") },
	  { true, 1 },
	  .accepted_before = true,
	  .code = "approvals" },
	{ "an approval by who may only sign",
	  { SIGNED, APPROVED('H') },
	  { true, 1 },
	  .code = "approvals",
	  .worth = "key-role" },
	{ "a broken signature in an approver's name makes nobody an author",
	  { SIGNED, { 'X', .broken = true }, APPROVED('X') },
	  { true, 1 },
	  .code = "broken",
	  .worth = "counts" },
	{ "an approval by the author",
	  { { 'X' }, APPROVED('X') },
	  { true, 1 },
	  .code = "approvals",
	  .worth = "author" },
	{ "approved by the author before it was signed",
	  { APPROVED('X'), { 'X' } },
	  { true, 1 },
	  .code = "approvals" },
	{ "the author's broken approval",
	  { SIGNED, APPROVED('A', .broken = true) },
	  { true, 0 },
	  .code = "broken" },
	{ "approved, but not signed", { APPROVED('A') }, { true, 1 }, .code = "signature" },
	{ "approved, where no signature is asked for",
	  { APPROVED('A') },
	  { false, 1 },
	  .accepted = true },
	{ "newer than what was here", { SIGNED }, POLICY_USUAL, true, 4, .accepted = true },
	{ "what was here", { SIGNED }, POLICY_USUAL, true, 5, .accepted = true },
	{ "older than what was here", { SIGNED }, POLICY_USUAL, true, 6, .code = "older" },
	{ "older, and put back",
	  { SIGNED },
	  POLICY_USUAL,
	  true,
	  6,
	  .accepted_before = true,
	  .code = "older" },
	{ "older, and the policy lets it",
	  { SIGNED },
	  { true, 0, true },
	  true,
	  6,
	  .accepted = true },
};

/* What the pointers of one case point to. */
struct world {
	struct statement statements[6];
	struct trust_key known[ARRAY_SIZE(keys)];
	struct trust_revocation revoked;
	const char *scopes[6 + ARRAY_SIZE(keys)];
};

static const struct trust_key *known(struct world *w, char key)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (keys[i].key != key)
			continue;
		w->scopes[6 + i] = keys[i].scope;
		w->known[i] = (struct trust_key){ .name = keys[i].owner,
						  .owner = keys[i].owner,
						  .roles = keys[i].roles,
						  .not_before = keys[i].not_before,
						  .not_after = keys[i].not_after };
		w->known[i].scope = (struct scope){ &w->scopes[6 + i], keys[i].scope ? 1 : 0 };
		return &w->known[i];
	}
	return NULL;
}

static size_t build_facts(struct world *w, const struct said *said, struct signature_fact *facts)
{
	size_t n = 0;

	for (; n < 6 && said[n].key; n++) {
		w->scopes[n] = said[n].scope;
		w->statements[n] = (struct statement){
			.kind = said[n].kind,
			.bundle = letter(said[n].other_bundle ? 'o' : 'z'),
			.key = letter(said[n].key),
			.scope = { &w->scopes[n], said[n].scope ? 1 : 0 },
			.expires = said[n].expires ? said[n].expires : INT64_MAX,
			.reason = "because",
		};
		facts[n] = (struct signature_fact){ &w->statements[n], known(w, said[n].key),
						    said[n].key == 'R' || said[n].key == 'r'
							    ? &w->revoked
							    : NULL,
						    !said[n].broken };
	}
	return n;
}

static bool has(const struct judgement *j, const char *code)
{
	vec_for_each(&j->findings, f)
		if (str_equal(f->code, code))
			return true;
	return false;
}

static void check(const struct judgement_case *c)
{
	struct judgement j __cleanup_judgement = { 0 };
	struct trust t = { .folder = "trust.d", .policy = c->policy };
	struct world w = { .revoked = { .reason = "lost" } };
	struct signature_fact facts[6];
	size_t n = build_facts(&w, c->said, facts);
	const struct judged_bundle b = { "fuse_uaf", letter('z'), 5 };
	const struct circumstances at = {
		{ "web-1", "6.1.0-56-amd64" }, NOW, c->seen, c->newest_seen, c->accepted_before
	};
	struct error *e __cleanup_error = NULL;

	ok(judge(&b, facts, n, &t, &at, &j));
	if (j.accepted != c->accepted)
		fail_msg("%s: accepted is %d", c->sentence, j.accepted);
	if (c->code && !has(&j, c->code))
		fail_msg("%s: there is no finding %s", c->sentence, c->code);
	if (c->worth && !str_equal(signature_worth_code(j.signatures.v[n - 1].worth), c->worth))
		fail_msg("%s: the last signature is worth %s", c->sentence,
			 signature_worth_code(j.signatures.v[n - 1].worth));
	e = judgement_error(&j, b.name);
	assert_true(!e == c->accepted);
	if (e)
		assert_int_equal(error_kind(e), ERROR_POLICY);
}

static void test_each_case_is_judged_as_it_should_be(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(&cases[i]);
}

static void test_a_revoked_bundle_is_refused_whoever_signed_it(void **state)
{
	struct judgement j __cleanup_judgement = { 0 };
	struct trust t = { .folder = "trust.d" };
	const struct judged_bundle b = { "fuse_uaf", letter('z'), 5 };
	const struct circumstances at = { { "web-1", "6.1" }, NOW, .accepted_before = true };
	struct error *e __cleanup_error = NULL;

	(void)state;
	ok(vec_push(&t.revoked_bundles, (struct trust_revocation){ letter('z'), "it panics" }));
	ok(judge(&b, NULL, 0, &t, &at, &j));
	vec_free(&t.revoked_bundles);
	assert_false(j.accepted);
	e = judgement_error(&j, b.name);
	assert_non_null(strstr(error_message(e), "was revoked: it panics"));
}

static void test_the_first_rule_whose_scope_fits_is_the_policy(void **state)
{
	static const char *const db[] = { "host:db-*" }, *const old[] = { "kernel:5.*", "host:*" };
	struct trust t = { .policy = { .approvals = 1 } };
	static const struct {
		struct place place;
		unsigned int approvals;
	} rows[] = {
		{ { "web-1", "6.1.0" }, 1 }, { { "db-1", "6.1.0" }, 2 },
		{ { "web-1", "5.10" }, 3 },  { { "db-1", "5.10" }, 2 },
		{ { "webdb-1", "6.1" }, 1 },
	};

	(void)state;
	ok(vec_push(&t.rules, (struct policy_rule){ { db, 1 }, { .approvals = 2 } }));
	ok(vec_push(&t.rules, (struct policy_rule){ { old, 2 }, { .approvals = 3 } }));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(trust_policy_for(&t, &rows[i].place)->approvals,
				 rows[i].approvals);
	vec_free(&t.rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_case_is_judged_as_it_should_be),
		cmocka_unit_test(test_a_revoked_bundle_is_refused_whoever_signed_it),
		cmocka_unit_test(test_the_first_rule_whose_scope_fits_is_the_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
