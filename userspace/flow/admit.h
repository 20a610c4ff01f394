/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does this host's trust accept a bundle? bundle/judgement.h with this host's facts. */
#ifndef SUTURE_FLOW_ADMIT_H
#define SUTURE_FLOW_ADMIT_H

#include "bundle/judgement.h"

/* What the ledger knows; all zero where there is none. */
struct admit_past {
	bool seen; /* a bundle of this fix was here: see struct circumstances */
	uint64_t newest_seen;
	bool accepted_before;
};

struct admission {
	struct trust *trust;
	struct judgement judgement;
};

/* 'folder': whom to trust; NULL: $SUTURE_TRUST, else /etc/suture/trust.d. */
const char *admit_folder(const char *folder);

/*
 * An error only where it can't be judged (ERROR_POLICY for a store that is not understood);
 * judgement_error(&a.judgement, b->name) is the refusal.
 */
struct error *admit(const struct bundle *b, const char *folder, const struct admit_past *past,
		    struct admission *out) __must_check;
void admission_clear(struct admission *a);
#define __cleanup_admission __cleanup(admission_clear)

/* What this host's policy allows the watch over a patch. */
struct admit_bounds {
	struct watch_terms terms; /* its texts are the store's */
	struct trust *trust;
};
struct error *admit_bounds(struct admit_bounds *out) __must_check;
void admit_bounds_clear(struct admit_bounds *b);
#define __cleanup_admit_bounds __cleanup(admit_bounds_clear)

#endif
