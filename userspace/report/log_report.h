/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ledger's events and what came of its verification, for people and for programs. */
#ifndef SUTURE_REPORT_LOG_REPORT_H
#define SUTURE_REPORT_LOG_REPORT_H

#include "base/str.h"
#include "ledger/verify.h"

/* A line each, under a line of headings; times as the host's clocks show them. */
struct error *log_table(const struct ledger_events *events, struct strbuf *out) __must_check;
/* suture-log/1: an object a line; times in UTC. */
struct error *log_json(const struct ledger_events *events, struct strbuf *out) __must_check;

/* What is known of the checkpoint that was held against it. */
struct log_checkpoint {
	const struct ledger_checkpoint *known; /* NULL: there was none */
	const char *key;		       /* that its signature fits to; NULL: not looked at */
};
struct error *log_verdict_text(const char *path, const struct ledger_verdict *v,
			       const struct log_checkpoint *c, struct strbuf *out) __must_check;
/* suture-log-verify/1 */
struct error *log_verdict_json(const char *path, const struct ledger_verdict *v,
			       const struct log_checkpoint *c, struct strbuf *out) __must_check;

#endif
