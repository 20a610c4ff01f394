/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A checkpoint: where the ledger's end was, to be kept elsewhere. As a text:
 *
 *	suture-ledger-checkpoint/1
 *	chain HASH                   of the first event: which ledger it is
 *	seq NUMBER                   the last event ...
 *	hash HASH                    ... and its hash
 *	time 2026-11-26T21:00:00Z    when the checkpoint was made
 *	signature BASE64             over all lines before it; may be missing
 *
 * Each line ends with a newline, one blank stands between the words, and nothing else is there: one
 * checkpoint has one text, so a signature is over exactly these bytes.
 */
#ifndef SUTURE_LEDGER_CHECKPOINT_H
#define SUTURE_LEDGER_CHECKPOINT_H

#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/str.h"

struct ledger_checkpoint {
	char chain[2 * DIGEST_BYTES + 1];
	char hash[2 * DIGEST_BYTES + 1];
	uint64_t seq;
	int64_t time; /* seconds since 1970 */
};

/* The text that is signed: all but the signature. */
struct error *checkpoint_text(const struct ledger_checkpoint *c, struct strbuf *out) __must_check;
/* The line with it. */
struct error *checkpoint_add_signature(const struct strbuf *signature,
				       struct strbuf *text) __must_check;

/* Read a text strictly. *signature stays empty if there is none. */
struct error *checkpoint_parse(const char *text, size_t n, struct ledger_checkpoint *out,
			       struct strbuf *signature) __must_check;

#endif
