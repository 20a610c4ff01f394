/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to apply.c and measure.c: an apply on its way. */
#ifndef SUTURE_HOTPATCH_APPLY_WORK_H
#define SUTURE_HOTPATCH_APPLY_WORK_H

#include "hotpatch/layout.h"
#include "hotpatch/patching.h"
#include "hotpatch/relocate.h"
#include "hotpatch/takeover.h"

#define DISPLACED_MOST 32

/* What is at a site and behind it now. */
struct displaced {
	uint8_t bytes[DISPLACED_MOST];
	size_t n;
};

struct applying {
	struct patching *a;
	const struct hotpatch_object *o;
	struct layout layout;
	struct header header;
	struct relocated relocated;
	bool main_program;
	VEC(struct displaced) displaced; /* of each site */
	struct takeover takeover;
	const struct patch *again; /* one that was reverted, whose pages serve once more */
	bool timed;		   /* calls of the old code first, then of the new */
	uint8_t *timing;	   /* the code for that */
};
void applying_free(struct applying *ap);
#define __cleanup_applying __cleanup(applying_free)

/* All that can be refused, and nothing that changes the process. */
struct error *applying_plan(struct applying *ap) __must_check;
/* Pages, code and data: no site is written. */
struct error *applying_prepare(struct applying *ap) __must_check;
/* The same taken back; 'why' is returned. */
struct error *applying_undo(struct applying *ap, struct error *why) __must_check;
/* Where nobody may be at the switch, for one function, and for the pieces of all. */
struct error *applying_plan_ranges(struct patching *a, const struct hotpatch_function *f,
				   uint64_t site) __must_check;
struct error *applying_plan_pieces(struct patching *a,
				   const struct hotpatch_object *o) __must_check;
struct error *applying_forbid_older(struct patching *a, uint64_t site) __must_check;

/* What times, for an apply that is .timed: its code made, and written. Else nothing. */
struct error *measure_place(struct applying *ap) __must_check;
struct error *measure_fill(const struct applying *ap) __must_check;
/* The patch of the object whose old code is timed now; or NULL. */
const struct patch *measure_find(const struct patching *a, const struct hotpatch_object *o);
/* From the old code to the new, which goes on to be timed. */
struct error *measure_switch(struct patching *a, const struct hotpatch_object *o,
			     const struct patch *p) __must_check;

#endif
