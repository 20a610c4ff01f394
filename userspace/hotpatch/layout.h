/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is mapped near a file's code for one patch, in this order and all in whole pages:
 *
 *	r--  the header, then the object's CONST part and its slots (a GOT of its own)
 *	r-x  its CODE part, its far jumps to what is out of a call's reach, its gates, the stubs
 *	     that count, that of calls that are made for it, and those that time
 *	rw-  its DATA part, the cells that are counted in, the memory of these calls, and that of
 *	     the times
 *
 * Sizes do not depend on where it is placed. Pure.
 */
#ifndef SUTURE_HOTPATCH_LAYOUT_H
#define SUTURE_HOTPATCH_LAYOUT_H

#include "hotpatch/maps.h"
#include "hotpatch/object.h"

#define LAYOUT_SLOT 8u
#define LAYOUT_FAR_JUMP 8u /* jmp *slot(%rip), and two bytes of padding */

/* A symbol that the object refers to, once. */
struct layout_symbol {
	const char *name, *version;
	uint64_t slot;	  /* offset in the CONST part */
	uint64_t jump;	  /* offset in the CODE part */
	uint64_t address; /* in the process, once known */
};

struct layout {
	uint64_t header_size;	       /* bytes, not pages */
	uint64_t at[HOTPATCH_PARTS];   /* offset of each part from the base */
	uint64_t size[HOTPATCH_PARTS]; /* with slots, far jumps and gates */
	uint64_t gates, stubs;	       /* offsets of the first in the CODE part */
	uint64_t originals;	       /* likewise: of those of takeover.h, as large as gates */
	uint64_t cells;		       /* of the first in the DATA part */
	/* Offsets of the place for calls (call.h); 0: nothing is called for it. */
	uint64_t call_code, call_data;
	uint64_t timed, timing_data;				   /* timing.h; 0: none */
	uint64_t const_end, code_start, code_end, data_start, end; /* the pages */
	VEC(struct layout_symbol) symbols;
};

/*
 * 'restored': sites beside those of its functions, which get the original back (takeover.h);
 * 'timed': with what measures how long calls take (timing.h).
 * Refused: sizes beyond 256 MB, alignments beyond a page, offsets outside of parts.
 */
struct error *layout_compute(const struct hotpatch_object *o, size_t restored, bool timed,
			     struct layout *out) __must_check;
const struct layout_symbol *layout_symbol_of(const struct layout *l,
					     const struct hotpatch_reference *r);
void layout_free(struct layout *l);
#define __cleanup_layout __cleanup(layout_free)

/*
 * A free place of 'size' bytes all of which is within reach of all of [low, high), where the heap
 * (which grows upwards from behind the program) has room left. ERROR_REFUSED: there is none.
 */
struct error *layout_place(const struct maps *maps, uint64_t low, uint64_t high, uint64_t size,
			   uint64_t *base) __must_check;

#endif
