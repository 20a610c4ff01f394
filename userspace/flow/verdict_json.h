/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A verdict as JSON: as members of suture-record/1's "verdict", and by itself as the evidence of an
 * event of the ledger (suture-verdict/1). And what of the latter is read back.
 */
#ifndef SUTURE_FLOW_VERDICT_JSON_H
#define SUTURE_FLOW_VERDICT_JSON_H

#include "base/json.h"
#include "base/json_read.h"
#include "flow/vigil.h"

/* Into the object that is open. */
void verdict_json(const struct vigil_verdict *v, struct json *j);
/* All of it (suture-verdict/1). */
struct error *verdict_evidence(const struct vigil_verdict *v, struct strbuf *out) __must_check;

/* That a watch begins, of so many seconds at most (suture-watching/1). */
struct error *verdict_watching(double seconds, struct strbuf *out) __must_check;

/* What an event's evidence says of a verdict. */
struct verdict_said {
	enum { VERDICT_NOT_SAID, VERDICT_WATCHING, VERDICT_SAID } what;
	const char *word, *reason; /* of VERDICT_SAID; in the arena */
	double seconds;		   /* of VERDICT_WATCHING: at most */
	uint64_t uptime;	   /* when: microseconds of CLOCK_BOOTTIME; 0: not known */
};
/* Evidence of another kind, or none (NULL), says nothing; so does what is malformed. */
struct verdict_said verdict_said(const char *evidence, struct arena *a);

#endif
