/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What both sutured and suture status tell a monitor of each patch, under the same names. */
#ifndef SUTURE_FLOW_PATCH_METRICS_H
#define SUTURE_FLOW_PATCH_METRICS_H

#include "base/str.h"
#include "flow/process_patch.h"
#include "probe/proof.h"

struct patch_metrics {
	const char *name;
	bool of_processes; /* then .processes, and no proof */
	bool known;	   /* .proof was read, or .processes were */
	enum proof_state proof;
	struct process_counts processes;
	bool confirmed;
	int64_t deadline; /* when it is taken back unless it is confirmed: seconds since 1970; 0 */
	const char *verdict; /* a judge's word; NULL: there is none */
};

/* Families suture_patch_...; a family without a sample is told all the same. */
struct error *patch_metrics_print(const struct patch_metrics *v, size_t n,
				  struct strbuf *out) __must_check;

#endif
