/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * May this bundle be applied here, now? What is known is gathered first (signatures are checked
 * with the trusted keys); the judgement itself is pure: no clock, no files, no cryptography.
 *
 *	struct judgement j __cleanup_judgement = { 0 };
 *
 *	TRY(judge_bundle(bundle, trust, &circumstances, &j));
 *	if (!j.accepted)
 *		return judgement_error(&j, bundle->name);
 */
#ifndef SUTURE_BUNDLE_JUDGEMENT_H
#define SUTURE_BUNDLE_JUDGEMENT_H

#include "bundle/bundle.h"
#include "bundle/trust.h"

/* Where and when it is asked, and what the ledger knows. */
struct circumstances {
	struct place place;
	int64_t now;
	bool seen;	      /* this host has had a bundle of this fix */
	uint64_t newest_seen; /* then: the highest serial of those */
	/*
	 * This very bundle, by its digest, was accepted here before and is only put back (after a
	 * reboot): dates that ran out since then do not matter; revocations do.
	 */
	bool accepted_before;
};

/* What came of one signature or approval. */
enum signature_worth {
	WORTH_COUNTS,
	WORTH_BROKEN,	    /* the key did not sign this text */
	WORTH_OTHER_BUNDLE, /* it is about another bundle */
	WORTH_KEY_REVOKED,
	WORTH_KEY_UNKNOWN,
	WORTH_KEY_ROLE,	 /* the key may not say this */
	WORTH_KEY_EARLY, /* the key is not valid yet */
	WORTH_KEY_LATE,	 /* no longer */
	WORTH_KEY_SCOPE, /* the key does not count on this host or kernel */
	WORTH_LATE,	 /* the approval has ended */
	WORTH_SCOPE,	 /* the approval is for other hosts or kernels */
	WORTH_AUTHOR,	 /* who signed the bundle does not approve it, too */
	WORTH_TWICE,	 /* the same owner already counts */
};

struct signature_fact {
	const struct statement *statement;
	const struct trust_key *key;		/* NULL: not trusted */
	const struct trust_revocation *revoked; /* NULL: it is not */
	bool fits;				/* with a key: it signed the text */
};

struct judged_signature {
	struct signature_fact fact;
	enum signature_worth worth;
};

struct judgement_finding {
	bool refuses; /* else it is only told */
	const char *code;
	const char *what;
	const char *way_out; /* or NULL */
};

struct judgement {
	bool accepted;
	struct policy policy;			 /* that was asked */
	unsigned int signers, approvals;	 /* that count */
	VEC(struct judged_signature) signatures; /* in the bundle's order */
	VEC(struct judgement_finding) findings;
	struct arena arena;
};

/* What is judged, beside its signatures. */
struct judged_bundle {
	const char *name;
	struct digest digest;
	uint64_t serial;
};

/* Everything about the bundle, the store and the circumstances. The store must outlive it. */
struct error *judge_bundle(const struct bundle *b, const struct trust *t,
			   const struct circumstances *c, struct judgement *out) __must_check;

/* The pure part. */
struct error *judge(const struct judged_bundle *b, const struct signature_fact *facts, size_t n,
		    const struct trust *t, const struct circumstances *c,
		    struct judgement *out) __must_check;

void judgement_clear(struct judgement *j);
#define __cleanup_judgement __cleanup(judgement_clear)

/* ERROR_POLICY with every refusal and what to do; NULL if it is accepted. */
struct error *judgement_error(const struct judgement *j, const char *name) __must_check;

/* "valid", "the key is not trusted here": half a sentence. */
const char *signature_worth_text(enum signature_worth w);
/* As a word for programs: "counts", "key-unknown". */
const char *signature_worth_code(enum signature_worth w);

/* An object: accepted, policy, signatures, findings. */
void judgement_json(const struct judgement *j, struct json *json, const char *key);

#endif
