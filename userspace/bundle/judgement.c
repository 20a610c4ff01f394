// SPDX-License-Identifier: GPL-2.0-or-later
#include "bundle/judgement.h"

#include <string.h>

#include "base/date.h"

void judgement_clear(struct judgement *j)
{
	vec_free(&j->signatures);
	vec_free(&j->findings);
	arena_free(&j->arena);
	*j = (struct judgement){ 0 };
}

/* What one judgement works on. */
struct work {
	const struct judged_bundle *bundle;
	const struct trust *trust;
	const struct circumstances *at;
	struct judgement *out;
};

/* --- one signature -------------------------------------------------------------------- */

static const struct {
	const char *code, *text;
	bool refuses; /* it was tampered with: no good signature beside it makes up for that */
} worths[] = {
	[WORTH_COUNTS] = { "counts", "valid" },
	[WORTH_BROKEN] = { "broken", "the key did not sign this", true },
	[WORTH_OTHER_BUNDLE] = { "other-bundle", "it is about another bundle", true },
	[WORTH_KEY_REVOKED] = { "key-revoked", "the key was revoked" },
	[WORTH_KEY_UNKNOWN] = { "key-unknown", "the key is not trusted here" },
	[WORTH_KEY_ROLE] = { "key-role", "the key may not do this" },
	[WORTH_KEY_EARLY] = { "key-early", "the key is not valid yet" },
	[WORTH_KEY_LATE] = { "key-late", "the key is valid no longer" },
	[WORTH_KEY_SCOPE] = { "key-scope", "the key does not count on this host or kernel" },
	[WORTH_LATE] = { "late", "it has ended" },
	[WORTH_SCOPE] = { "scope", "it is for other hosts or kernels" },
	[WORTH_AUTHOR] = { "author", "who signed the bundle can't approve it, too" },
	[WORTH_TWICE] = { "twice", "another one of the same owner counts already" },
};

const char *signature_worth_text(enum signature_worth w)
{
	return worths[w].text;
}

const char *signature_worth_code(enum signature_worth w)
{
	return worths[w].code;
}

static bool same_digest(const struct digest *a, const struct digest *b)
{
	return !memcmp(a->bytes, b->bytes, DIGEST_BYTES);
}

static bool may(const struct trust_key *k, enum statement_kind kind)
{
	return k->roles & (kind == STATEMENT_APPROVAL ? TRUST_APPROVE : TRUST_SIGN);
}

/* Whether the owner of an approval's key also signed the bundle, with any of the keys known. */
static bool is_author(const struct work *w, const struct signature_fact *f)
{
	vec_for_each(&w->out->signatures, s)
		if (s->fact.statement->kind == STATEMENT_SIGNATURE && s->fact.key && s->fact.fits &&
		    str_equal(s->fact.key->owner, f->key->owner))
			return true;
	return false;
}

static bool owner_counts(const struct work *w, const struct signature_fact *f)
{
	vec_for_each(&w->out->signatures, s)
		if (s->worth == WORTH_COUNTS && s->fact.statement->kind == f->statement->kind &&
		    s->fact.key && str_equal(s->fact.key->owner, f->key->owner))
			return true;
	return false;
}

static enum signature_worth worth_of_key(const struct work *w, const struct signature_fact *f)
{
	const struct trust_key *k = f->key;

	if (f->revoked)
		return WORTH_KEY_REVOKED;
	if (!k)
		return WORTH_KEY_UNKNOWN;
	if (!f->fits)
		return WORTH_BROKEN;
	if (!may(k, f->statement->kind))
		return WORTH_KEY_ROLE;
	if (w->at->now < k->not_before && !w->at->accepted_before)
		return WORTH_KEY_EARLY;
	if (w->at->now > k->not_after && !w->at->accepted_before)
		return WORTH_KEY_LATE;
	return scope_has(&k->scope, &w->at->place) ? WORTH_COUNTS : WORTH_KEY_SCOPE;
}

static enum signature_worth worth_of(const struct work *w, const struct signature_fact *f)
{
	const struct statement *s = f->statement;
	enum signature_worth worth;

	if (!same_digest(&s->bundle, &w->bundle->digest))
		return WORTH_OTHER_BUNDLE;
	worth = worth_of_key(w, f);
	if (worth != WORTH_COUNTS)
		return worth;
	if (s->kind == STATEMENT_APPROVAL) {
		if (w->at->now > s->expires && !w->at->accepted_before)
			return WORTH_LATE;
		if (!scope_has(&s->scope, &w->at->place))
			return WORTH_SCOPE;
		if (is_author(w, f))
			return WORTH_AUTHOR;
	}
	return owner_counts(w, f) ? WORTH_TWICE : WORTH_COUNTS;
}

/* --- findings -------------------------------------------------------------------------- */

static struct error *add(const struct work *w, bool refuses, const char *code, char *what,
			 const char *way_out)
{
	if (!what)
		return error_nomem();
	return vec_push(&w->out->findings,
			(struct judgement_finding){ refuses, code, what, way_out });
}
#define SAY(w, ...) arena_printf(&(w)->out->arena, __VA_ARGS__)

/* "approval 2 by alice": by its name in the store, else what it says of itself. */
static const char *title_of(const struct work *w, const struct judged_signature *s)
{
	size_t n = (size_t)(s - w->out->signatures.v) + 1;

	return SAY(w, "%s %zu (%s %.16s)", statement_kind_name(s->fact.statement->kind), n,
		   s->fact.key ? s->fact.key->name : "key", s->fact.statement->key.hex);
}

static struct error *tell_signature(const struct work *w, const struct judged_signature *s)
{
	const char *title = title_of(w, s), *more = "", *text = worths[s->worth].text;

	if (s->worth == WORTH_COUNTS)
		return NULL;
	if (s->worth == WORTH_KEY_REVOKED)
		more = s->fact.revoked->reason;
	else if (s->worth == WORTH_LATE)
		more = SAY(w, "%s", date_text(s->fact.statement->expires).s);
	if (!title || !more)
		return error_nomem();
	return add(w, worths[s->worth].refuses, worths[s->worth].code,
		   SAY(w, "%s: %s%s%s", title, text, *more ? ": " : "", more),
		   worths[s->worth].refuses ? "get the bundle again from where it was signed"
					    : NULL);
}

static struct error *tell_revoked(const struct work *w)
{
	vec_for_each(&w->trust->revoked_bundles, r)
		if (same_digest(&r->digest, &w->bundle->digest))
			return add(w, true, "bundle-revoked",
				   SAY(w, "this bundle was revoked: %s", r->reason),
				   "a later release of the fix takes its place");
	return NULL;
}

static struct error *tell_counts(const struct work *w)
{
	const struct judgement *j = w->out;
	const char *way = SAY(w,
			      "suture sign adds a signature; whose counts, and whether one is "
			      "needed, is said in %s (suture-trust(5))",
			      w->trust->folder);

	if (!way)
		return error_nomem();
	if (!j->signers && j->policy.signature)
		TRY(add(w, true, "signature",
			SAY(w, "%s",
			    j->signatures.n ? "no signature in it counts on this host"
					    : "it is not signed"),
			way));
	else if (!j->signers)
		TRY(add(w, false, "signature",
			SAY(w, "nobody whom this host trusts has signed it, and its policy asks "
			       "for no signature"),
			NULL));
	if (j->approvals < j->policy.approvals)
		TRY(add(w, true, "approvals",
			SAY(w, "%u of %u approvals by different owners", j->approvals,
			    j->policy.approvals),
			"suture approve adds one"));
	return NULL;
}

static struct error *tell_older(const struct work *w)
{
	const struct circumstances *at = w->at;
	bool refuses = !w->out->policy.older;

	if (!at->seen || w->bundle->serial >= at->newest_seen)
		return NULL;
	return add(w, refuses, "older",
		   SAY(w, "its serial is %llu, and this host has had %s with %llu",
		       (unsigned long long)w->bundle->serial, w->bundle->name,
		       (unsigned long long)at->newest_seen),
		   refuses ? "build the fix that is wanted with a higher --serial" : NULL);
}

/* --- the whole ---------------------------------------------------------------------------- */

static struct error *weigh(const struct work *w, const struct signature_fact *facts, size_t n)
{
	struct judgement *j = w->out;

	/* All must be there before one is weighed: each looks at the others. */
	for (size_t i = 0; i < n; i++)
		TRY(vec_push(&j->signatures,
			     (struct judged_signature){ facts[i], WORTH_KEY_UNKNOWN }));
	vec_for_each(&j->signatures, s) {
		s->worth = worth_of(w, &s->fact);
		if (s->worth != WORTH_COUNTS)
			continue;
		if (s->fact.statement->kind == STATEMENT_APPROVAL)
			j->approvals++;
		else
			j->signers++;
	}
	return NULL;
}

struct error *judge(const struct judged_bundle *b, const struct signature_fact *facts, size_t n,
		    const struct trust *t, const struct circumstances *c, struct judgement *out)
{
	struct judgement j __cleanup_judgement = { 0 };
	struct work w = { .bundle = b, .trust = t, .at = c, .out = &j };

	j.policy = *trust_policy_for(t, &c->place);
	TRY(weigh(&w, facts, n));
	TRY(tell_revoked(&w));
	TRY(tell_counts(&w));
	vec_for_each(&j.signatures, s)
		TRY(tell_signature(&w, s));
	TRY(tell_older(&w));
	j.accepted = true;
	vec_for_each(&j.findings, f)
		j.accepted &= !f->refuses;
	*out = j;
	j = (struct judgement){ 0 };
	return NULL;
}

static const struct trust_revocation *revocation_of(const struct trust *t, const struct digest *key)
{
	vec_for_each(&t->revoked_keys, r)
		if (same_digest(&r->digest, key))
			return r;
	return NULL;
}

struct error *judge_bundle(const struct bundle *b, const struct trust *t,
			   const struct circumstances *c, struct judgement *out)
{
	struct signature_fact *facts __free = calloc(b->signatures.n + 1, sizeof(*facts));
	const struct judged_bundle judged = { b->name, b->digest, b->facts.serial };

	if (!facts)
		return error_nomem();
	for (size_t i = 0; i < b->signatures.n; i++) {
		const struct bundle_signature *s = &b->signatures.v[i];
		struct signature_fact *f = &facts[i];

		f->statement = &s->statement;
		f->key = trust_key_by_id(t, &s->statement.key);
		f->revoked = revocation_of(t, &s->statement.key);
		if (f->key)
			TRY(key_verify(&f->key->key, s->text->s, s->text->n, s->bytes, &f->fits));
	}
	return judge(&judged, facts, b->signatures.n, t, c, out);
}
