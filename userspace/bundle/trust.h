/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom a host trusts: a folder (/etc/suture/trust.d) whose files that end in .yaml say by their
 * schema what they are; suture-trust(5) has the keys.
 *
 *	suture-trust-key/1	a public key, what it may do, for whom, when and where it counts
 *	suture-revocations/1	keys and bundles that count no more, each with the reason
 *	suture-policy/1		what is asked of a bundle; at most one, else POLICY_USUAL
 *
 * A folder that others than root or the caller can write to, or a file in it that is not
 * understood, is an error: what can't be read must not make the host more trusting.
 */
#ifndef SUTURE_BUNDLE_TRUST_H
#define SUTURE_BUNDLE_TRUST_H

#include "base/arena.h"
#include "base/vec.h"
#include "bundle/key.h"
#include "bundle/scope.h"
#include "bundle/watch_terms.h"

enum trust_role { TRUST_SIGN = 1, TRUST_APPROVE = 2 };

struct trust_key {
	const char *name;  /* of the file, without .yaml */
	const char *owner; /* a person or a machine: two keys of one count as one */
	struct key key;
	unsigned int roles; /* of enum trust_role */
	int64_t not_before, not_after;
	struct scope scope;
};

struct trust_revocation {
	struct digest digest; /* a key's ID, or a bundle's digest */
	const char *reason;
};

/* What is asked of a bundle. */
struct policy {
	bool signature;		    /* by a key with the role sign */
	unsigned int approvals;	    /* by different owners, none of whom signed it */
	bool older;		    /* than what the host has had may come back */
	struct watch_terms verdict; /* bounds of what a fix or a person asks of the watch */
};
#define POLICY_USUAL              \
	{                         \
		.signature = true \
	}

/* The first whose scope has the host takes the place of the policy that is for all. */
struct policy_rule {
	struct scope scope;
	struct policy policy;
};

struct trust {
	const char *folder;
	VEC(struct trust_key) keys;
	VEC(struct trust_revocation) revoked_keys, revoked_bundles;
	struct policy policy;
	VEC(struct policy_rule) rules;
	const char *policy_file; /* that they are from; or NULL: the usual */
	struct arena arena;
};

/*
 * A folder that does not exist is empty: no key, the usual policy. ERROR_POLICY names file and
 * line of what is not understood.
 */
struct error *trust_open(const char *folder, struct trust **out) __must_check;
void trust_free(struct trust **t);
#define __cleanup_trust __cleanup(trust_free)

const struct trust_key *trust_key_by_id(const struct trust *t, const struct digest *id);
const struct policy *trust_policy_for(const struct trust *t, const struct place *p);

#endif
