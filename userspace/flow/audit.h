/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The redirect audit: as long as a patch lives, the proof that its redirects hold is read again
 * and again, and what changes is recorded and told. What others, the guard or a killed manager left
 * behind is settled on the way, as each verb does (host_recover()).
 *
 *	struct audit *a;
 *
 *	TRY(audit_open(&options, &a));
 *	every second: TRY(audit_round(a));
 *	audit_close(&a);
 */
#ifndef SUTURE_FLOW_AUDIT_H
#define SUTURE_FLOW_AUDIT_H

#include "flow/host.h"
#include "flow/tend.h"
#include "ledger/state.h"

struct audit_options {
	double every; /* seconds between two rounds, to be told */
	bool count;   /* calls of old and new code, by kprobes: some 100 ns a call */
	host_tell *tell;
	void *arg;
};

/* One patch, as the last round found it. */
struct audited {
	char *name, *module, *digest;
	enum ledger_state state;
	uint64_t seq; /* of the event that the state is from */
	bool confirmed;
	uint64_t deadline;     /* microseconds of CLOCK_BOOTTIME; 0: none */
	const char *judged;    /* a judge's word, of the apply that is live; or NULL */
	uint64_t judged_seq;   /* of the last event when that was looked for */
	struct bundle *bundle; /* NULL: see .trouble */
	const struct bundle_payload *payload;
	struct host_proof proof;
	bool watched; /* .proof has begun */
	bool known;   /* .verdict says something */
	struct host_verdict verdict;
	char *trouble; /* why it could not be proved; or NULL */
	bool direct;   /* a BPF trampoline is attached: that was told */
	bool listed;   /* in this round's ledger */
};

struct audit_totals {
	uint64_t rounds, errors; /* that kept a round from being whole */
	uint64_t lost, restored; /* times that a redirect was */
	double longest;		 /* round, in seconds */
};

struct audit;

struct error *audit_open(const struct audit_options *o, struct audit **out) __must_check;
/* Look at all. An error is about this round only; the next may do. */
struct error *audit_round(struct audit *a) __must_check;
/*
 * The patches that were applied at this boot have lived for long enough, or the host is shut down
 * in order: record that it outlived them, so that the next boot applies them again.
 */
struct error *audit_survived(struct audit *a) __must_check;
/* Between the rounds: those who came, when this is readable (welcome.h); -1: nobody will. */
int audit_newcomers_fd(const struct audit *a);
/* At least each second, while that is no -1. */
void audit_beat(struct audit *a);
struct error *audit_newcomers(struct audit *a) __must_check;
/* Those for processes. */
const struct tending *audit_tending(const struct audit *a);
size_t audit_size(const struct audit *a);
const struct audited *audit_at(const struct audit *a, size_t i);
const struct audit_totals *audit_totals(const struct audit *a);
/* One sentence: how new processes get their patches. */
struct error *audit_say_newcomers(const struct audit *a, struct strbuf *out) __must_check;
double audit_every(const struct audit *a);
void audit_close(struct audit **a);
#define __cleanup_audit __cleanup(audit_close)

/* One line of JSON (suture-audit/1), and Prometheus' text format. */
struct error *audit_json(const struct audit *a, struct strbuf *out) __must_check;
struct error *audit_metrics(const struct audit *a, struct strbuf *out) __must_check;

#endif
