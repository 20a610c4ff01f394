/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The header page: what a patch leaves in the process about itself, at the base of what is mapped
 * for it. It is the only record of the patch; a manager that comes later reads it back.
 *
 * It is hostile then. A header is believed as far as its sum and its own mapping agree, and its
 * original bytes only where the mapped file has the same, or another header's jump stood there.
 *
 * The journal is one word of it, the state; how far a switch came is read from the text.
 */
#ifndef SUTURE_HOTPATCH_HEADER_H
#define SUTURE_HOTPATCH_HEADER_H

#include "hotpatch/count.h"
#include "hotpatch/mapped.h"
#include "hotpatch/site.h"

#define HEADER_FIX 128
#define HEADER_SITES 4096u

enum header_state {
	HEADER_PREPARED = 1, /* everything is in place, no site was written */
	HEADER_APPLYING,     /* sites are being written */
	HEADER_APPLIED,
	HEADER_REVERTING, /* sites are being restored */
	HEADER_REVERTED,  /* all are; the code stays for who may be in it */
	HEADER_MEASURING, /* sites lead through the stubs that time, to the old code still */
};

enum header_hook {
	HEADER_PRE_APPLY, /* int f(void): what is not 0 refuses it */
	HEADER_POST_APPLY,
	HEADER_PRE_REVERT, /* likewise */
	HEADER_POST_REVERT,
	HEADER_HOOKS,
};

enum header_site_flag {
	HEADER_STAYS = 1, /* the function may be on a stack at the switch */
	HEADER_RESTORES =
		2, /* takeover.h: no jump of its own, but the file's bytes over another's */
};

struct header_site {
	uint64_t address; /* of the jump, in the process */
	uint64_t fresh;	  /* where it leads; HEADER_RESTORES: the original's way out of the gate */
	uint64_t gate;	  /* where it leads during the switch (gate.h); 0: it has none */
	uint64_t old, old_size, fresh_size;
	uint8_t before[8], after[8]; /* SITE_JUMP bytes of each */
	uint64_t flags;		     /* of enum header_site_flag */
};

struct header_fixed {
	char magic[8];
	uint64_t size;	 /* of all of it */
	uint8_t sum[32]; /* SHA-256 of what follows, state and flag taken as zero */
	uint64_t state;
	uint64_t flag;				  /* of the gates: its first byte */
	uint64_t base, end, code_start, code_end; /* its mapping */
	uint64_t bias;
	uint64_t applied; /* seconds since 1970 */
	uint64_t reused;  /* the pages served an earlier apply, and may be pointed to */
	uint64_t call_code, call_data; /* call.h; 0: nothing is called for it */
	uint64_t frames;	       /* the new code's unwind table, if it is registered; or 0 */
	uint64_t hooks[HEADER_HOOKS];  /* functions of the new code; or 0 */
	uint64_t stubs, cells;	       /* count.h: of the first site, the others' follow */
	uint64_t timed, timing_data;   /* timing.h; 0: nothing is timed for it */
	uint32_t build_id_n, n;
	uint8_t build_id[BUILD_ID_MOST];
	char fix[HEADER_FIX];
};

struct header {
	struct header_fixed fixed;
	struct header_site *sites; /* fixed.n of them; allocated */
};

static inline uint64_t header_stub(const struct header_fixed *f, size_t site)
{
	return f->stubs + site * COUNT_STUB;
}

static inline uint64_t header_cell(const struct header_fixed *f, size_t site)
{
	return f->cells + site * COUNT_CELL;
}

uint64_t header_size(size_t sites);
/* Where the state is, and the flag, from the base. */
uint64_t header_state_at(void);
uint64_t header_flag_at(void);

/* Bytes to be written at the base: sized header_size(); sum and magic are filled in. */
struct error *header_encode(const struct header *h, uint8_t *out) __must_check;
/*
 * From n bytes read at 'base'; ERROR_FAILED says what is wrong with it. Pure: what the process's
 * text says is not looked at.
 */
struct error *header_decode(const uint8_t *p, size_t n, uint64_t base,
			    struct header *out) __must_check;
void header_free(struct header *h);
#define __cleanup_header __cleanup(header_free)

bool header_is(const uint8_t *p, size_t n);

#endif
