/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signing a bundle, approving it, and signing its modules for kernels that ask for that. */
#ifndef SUTURE_FLOW_SIGN_H
#define SUTURE_FLOW_SIGN_H

#include "bundle/module_signature.h"
#include "bundle/signature.h"

struct sign_request {
	const char *bundle, *out; /* out NULL: in place */
	const char *key;	  /* URI; NULL: only modules are signed */
	const char *passphrase_file;
	const char *who; /* or NULL */
	/* For the modules; or NULL. */
	const char *module_key, *module_certificate, *module_digest;
	/* Of an approval, which has no modules. */
	bool approval;
	const char *reason;
	int64_t expires;
	struct scope scope;
};

struct sign_result {
	char *name; /* of the bundle */
	uint64_t serial;
	struct digest digest; /* of what was written */
	struct digest key;    /* its ID; of what was signed */
	struct text32 kind;   /* of that key */
	size_t modules;	      /* that were signed */
};
void sign_result_clear(struct sign_result *r);
#define __cleanup_sign_result __cleanup(sign_result_clear)

/*
 * Check the bundle as suture inspect does, then sign and write it, whole or not at all.
 * ERROR_NOTHING if the key has signed it already; ERROR_REFUSED for modules of a bundle that is
 * signed: its signatures would be void.
 */
struct error *sign(const struct sign_request *r, struct sign_result *out) __must_check;

#endif
