/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What somebody says about a bundle, as the text that is signed (JSON, "suture-statement/1"):
 *
 *	signature	this is from me
 *	approval	these hosts may apply it until then, because
 *
 * It names the bundle by its digest (bundle.h) and the key that signs it by its ID, so that it
 * holds for no other.
 */
#ifndef SUTURE_BUNDLE_STATEMENT_H
#define SUTURE_BUNDLE_STATEMENT_H

#include "base/arena.h"
#include "base/digest.h"
#include "base/json.h"
#include "bundle/scope.h"

enum statement_kind { STATEMENT_SIGNATURE, STATEMENT_APPROVAL };

struct statement {
	enum statement_kind kind;
	struct digest bundle;
	struct digest key;
	int64_t time;	 /* when it was made, as the signer's clock had it */
	const char *who; /* said by the signer: one line; or NULL */
	/* Of an approval. */
	struct scope scope;
	int64_t expires;
	const char *reason; /* one line */
};

const char *statement_kind_name(enum statement_kind k);

/* ERROR_FAILED, naming it, if a part has not the form that it must have. */
struct error *statement_check(const struct statement *s) __must_check;

struct error *statement_write(const struct statement *s, struct strbuf *out) __must_check;

/* Exactly what statement_write() writes is read; strings belong to the arena. */
struct error *statement_read(const char *json, size_t n, struct arena *a,
			     struct statement *out) __must_check;

#endif
