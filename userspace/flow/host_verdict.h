/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the judge said of a patch, from the ledger. */
#ifndef SUTURE_FLOW_HOST_VERDICT_H
#define SUTURE_FLOW_HOST_VERDICT_H

#include "flow/verdict_json.h"
#include "ledger/ledger.h"

/*
 * Of the apply that its last state is from: what was said of an earlier one, or before a reboot, is
 * not about what runs now. VERDICT_NOT_SAID: nobody watched it.
 */
struct error *host_verdict_find(struct ledger *l, const char *patch, struct arena *a,
				struct verdict_said *out) __must_check;

/*
 * The same of a livepatch that is on this host, by its name or the fix's; nothing where suture has
 * no ledger, or does not know it. With 'evidence' (or NULL) all that was recorded of it, in the
 * arena.
 */
struct error *host_verdict_of(const char *name, struct arena *a, struct verdict_said *out,
			      const char **evidence) __must_check;

/* Pure: of a patch's events in their order, the last one that tells; n: none does. */
size_t host_verdict_last(const struct ledger_event *v, size_t n, struct arena *a);

#endif
