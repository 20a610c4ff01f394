/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Should a confirmed patch be applied again after the host was booted? Not if it was at an earlier
 * boot and nothing shows that this boot outlived it: a patch that brings the host down does so
 * once. Pure.
 */
#ifndef SUTURE_FLOW_REAPPLY_H
#define SUTURE_FLOW_REAPPLY_H

#include "ledger/ledger.h"

#define REAPPLY_VERB "reapply" /* of the events of an application at boot */
#define SURVIVED_VERB                                                              \
	"survived" /* the host has lived with it for long enough, or was shut down \
		    */

enum reapply {
	REAPPLY_YES,
	REAPPLY_NOT_LOST,      /* it is live, over, or was never confirmed */
	REAPPLY_HOST_WENT_DOWN /* with it, the last time */
};

/* 'events' are the patch's, in their order; 'boot' is the ID of this one. */
enum reapply reapply_decide(const struct ledger_patch *p, const struct ledger_events *events,
			    const char *boot);
/* Whether this boot has one of these patches applied at boot, with nothing that shows yet that the
 * host outlives it. */
bool reapply_is_pending(const struct ledger_events *events, const char *boot);

#endif
