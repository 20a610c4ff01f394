/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ledger says of a patch, held against what the kernel says: what follows where a manager
 * was killed on its way, or others acted. Pure.
 */
#ifndef SUTURE_FLOW_RECOVER_H
#define SUTURE_FLOW_RECOVER_H

#include <stdbool.h>

/* As the ledger has it, as far as it matters here. */
enum recover_phase {
	RECOVER_APPLYING, /* somebody began to */
	RECOVER_LIVE,	  /* it is through: live, in place, confirmed, lost */
	RECOVER_REVERTING,
	RECOVER_OVER, /* reverted, rolled back, failed, removed by others */
};

struct recover_facts {
	enum recover_phase phase;
	bool same_boot; /* the ledger's last word on it is of this boot */
	bool confirmed;
	bool overdue; /* a deadline for its confirmation has passed */

	bool present, enabled, transition; /* the livepatch, in sysfs */
	bool module;			   /* the module is loaded */
};

enum recover_action {
	RECOVER_NOTHING,
	RECOVER_COMPLETE,	 /* the transition is over: prove it, and say that it is live */
	RECOVER_ROLL_BACK,	 /* disable, wait, unload, say so */
	RECOVER_SAY_ROLLED_BACK, /* nothing of it is in the kernel (unload what is left) */
	RECOVER_REVERT,		 /* nobody confirmed in time */
	RECOVER_FINISH_REVERT,
	RECOVER_SAY_REVERTED,	    /* nothing of it is in the kernel (unload what is left) */
	RECOVER_SAY_REMOVED,	    /* it was live and is not: the guard, or others */
	RECOVER_SAY_GONE_WITH_BOOT, /* it was live, and the host was booted since */
	RECOVER_WATCH,		    /* somebody takes it back just now */
};

enum recover_action recover_decide(const struct recover_facts *f);
/* A sentence for the ledger: why the action is taken. */
const char *recover_reason(enum recover_action a);

#endif
