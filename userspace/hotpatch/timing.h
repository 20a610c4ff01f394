/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long calls of a function take in a process, measured there: no probe of the kernel, no trap.
 * While it lasts a site leads through a stub
 *
 *	<five registers saved>
 *	call enter		the call is counted, its return address becomes ours
 *	<five registers back>
 *	jmp gate		gate.h: the old code while the patch's flag is 0, then the new
 *
 * so that both sides of a patch are measured in the same way, and the patch comes with one byte.
 *
 * A call under way has a slot in a table, found by the address of its return address: no two calls
 * that live have the same, of whatever thread. A call that never returns (longjmp(), a thread's
 * end) leaves its slot to the next one at the same place. Where no slot is free near by, and for a
 * tail call out of a function that is timed, the time is not taken, which is counted.
 *
 * A manager that is killed leaves right code that goes on measuring. Calls under way when it ends
 * still return through here: code and table stay mapped with the patch, and the table is never
 * cleared. Who looks at a stack must look at the table, too (struct timing_calls).
 *
 * An unwinder of the process itself would find a return address that no table of its explains:
 * where exceptions or cancelled threads may come through, nothing is timed (timing_obstacle()).
 *
 * Knowledge: psABI, "Function Calling Sequence"; Intel's manual for RDTSC; gcc's -fipa-ra.
 */
#ifndef SUTURE_HOTPATCH_TIMING_H
#define SUTURE_HOTPATCH_TIMING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/vec.h"
#include "hotpatch/timing_layout.h"

struct opened;
struct header_fixed;
struct patches;

#define TIMING_STUB 32u

/* Of one function since it is timed; 'entries' less the buckets' sum and 'unseen' are under way. */
struct timing_counts {
	uint64_t entries, unseen, nanoseconds;
	uint64_t buckets[TIMING_BUCKETS];
};
_Static_assert(sizeof(struct timing_counts) == TIMING_COUNTS, "as the code has it");

/* Bytes of code, and of data in whole pages, for so many sites. */
uint64_t timing_code_size(size_t sites);
uint64_t timing_data_size(size_t sites);

/*
 * The code for n sites that lies at 'at', its data at 'data', each stub's way on in gates[]. Pure;
 * false if something is out of reach.
 */
bool timing_make(uint64_t at, uint64_t data, const uint64_t *gates, size_t n, uint8_t *out);
uint64_t timing_stub(const struct header_fixed *f, size_t site);
/*
 * From here to the code's end is what timed functions return to. Who is in it, or returns there, is
 * in neither the old code nor the new.
 */
uint64_t timing_return(const struct header_fixed *f);

/*
 * Nanoseconds in 2^32 cycles of this processor's time stamp counter, measured in 20 ms.
 * ERROR_REFUSED if it does not count evenly (constant_tsc, nonstop_tsc).
 */
struct error *timing_rate(uint64_t *rate) __must_check;

/*
 * What being timed costs a call, in nanoseconds, by timing a function of ours that does nothing;
 * '*inside': the part of it that is in the time that is taken. Where caches are warm and no other
 * processor counts in the same place: the least.
 */
struct error *timing_cost(uint64_t rate, double *each, double *inside) __must_check;

/* ERROR_REFUSED: why returns must not be taken over in this process. */
struct error *timing_obstacle(const struct opened *o) __must_check;

/* As the process has them; n: of the header's functions. */
struct error *timing_read(const struct opened *o, const struct header_fixed *f, size_t n,
			  struct timing_counts *out) __must_check;

/* Calls whose return address is not on the stack, but in a table. */
struct timing_call {
	uint64_t at; /* of it on the stack */
	uint64_t returns;
};
struct timing_calls {
	VEC(struct timing_call) v; /* by 'at' */
};
#define __cleanup_timing_calls __cleanup(timing_calls_free)
void timing_calls_free(struct timing_calls *c);

/* Of all patches there, in whatever state: the process must be stopped. */
struct error *timing_calls_read(const struct opened *o, const struct patches *p,
				struct timing_calls *out) __must_check;
/* Whose return address is at that address of the stack; NULL: nobody's. */
const struct timing_call *timing_calls_find(const struct timing_calls *c, uint64_t at);

#endif
