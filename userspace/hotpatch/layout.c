// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/layout.h"

#include "hotpatch/call.h"
#include "hotpatch/gate.h"
#include "hotpatch/header.h"
#include "hotpatch/mapped.h"
#include "hotpatch/timing.h"

#define SIZE_MOST (256ull << 20)
#define FIELD_MOST 8
#define REACH ((1ull << 31) - (1ull << 20))
#define LOWEST 0x10000ull
#define HIGHEST 0x7ffffffff000ull /* the end of user space with four levels of page tables */

static uint64_t align_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) & ~(to - 1);
}

void layout_free(struct layout *l)
{
	vec_free(&l->symbols);
}

static struct error *check_parts(const struct hotpatch_object *o)
{
	for (int i = 0; i < HOTPATCH_PARTS; i++) {
		const struct hotpatch_part *p = &o->parts[i];

		if (p->n > p->size || p->size > SIZE_MOST)
			return error_refused("part %d has an impossible size", i);
		if (p->align > PAGE_BYTES || (p->align & (p->align - 1)))
			return error_refused("part %d has an alignment of %llu", i,
					     (unsigned long long)p->align);
	}
	return NULL;
}

static struct error *check_references(const struct hotpatch_object *o)
{
	vec_for_each(&o->references, r) {
		if ((unsigned int)r->part >= HOTPATCH_PARTS || r->offset > o->parts[r->part].n ||
		    o->parts[r->part].n - r->offset < FIELD_MOST / 2)
			return error_refused("a reference lies outside of its part");
		if (r->to == HOTPATCH_TO_PART && ((unsigned int)r->to_part >= HOTPATCH_PARTS ||
						  r->to_offset > o->parts[r->to_part].size))
			return error_refused("a reference leads outside of the object");
		if ((r->to == HOTPATCH_TO_SYMBOL || r->to == HOTPATCH_TO_GOT) && !r->symbol)
			return error_refused("a reference has no symbol");
	}
	vec_for_each(&o->functions, f) {
		if (f->fresh_size > o->parts[HOTPATCH_CODE].n ||
		    f->fresh > o->parts[HOTPATCH_CODE].n - f->fresh_size)
			return error_refused("%s: the new function lies outside of the object",
					     f->name);
		if (!f->size || f->room < f->size)
			return error_refused("%s: it has an impossible size", f->name);
	}
	return NULL;
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && str_equal(a, b));
}

const struct layout_symbol *layout_symbol_of(const struct layout *l,
					     const struct hotpatch_reference *r)
{
	vec_for_each(&l->symbols, s)
		if (str_equal(s->name, r->symbol) && same(s->version, r->version))
			return s;
	return NULL;
}

static struct error *collect_symbols(const struct hotpatch_object *o, struct layout *l)
{
	vec_for_each(&o->references, r) {
		struct layout_symbol s = { .name = r->symbol, .version = r->version };

		if ((r->to == HOTPATCH_TO_SYMBOL || r->to == HOTPATCH_TO_GOT) &&
		    !layout_symbol_of(l, r))
			TRY(vec_push(&l->symbols, s));
	}
	return NULL;
}

static struct error *compute(const struct hotpatch_object *o, size_t restored, bool timed,
			     struct layout *l)
{
	const struct hotpatch_part *p = o->parts;
	bool calls =
		o->needs_unwind || o->pre_apply || o->post_apply || o->pre_revert || o->post_revert;
	size_t sites = o->functions.n + restored;
	uint64_t slots, jumps;

	TRY(check_parts(o));
	TRY(check_references(o));
	TRY(collect_symbols(o, l));
	slots = align_up(p[HOTPATCH_CONST].size, LAYOUT_SLOT);
	jumps = align_up(p[HOTPATCH_CODE].size, LAYOUT_FAR_JUMP);
	vec_for_each(&l->symbols, s) {
		s->slot = slots;
		slots += LAYOUT_SLOT;
		s->jump = jumps;
		jumps += LAYOUT_FAR_JUMP;
	}
	l->gates = align_up(jumps, 16);
	/* One function changes with one write: it needs none, but for the old code to be timed. */
	l->originals = l->gates + (sites > 1 || timed ? sites * GATE_SIZE : 0);
	l->stubs = l->originals + restored * GATE_SIZE;
	l->size[HOTPATCH_CODE] = l->stubs + sites * COUNT_STUB;
	l->size[HOTPATCH_CONST] = slots;
	l->cells = align_up(p[HOTPATCH_DATA].size, COUNT_CELL);
	l->size[HOTPATCH_DATA] = l->cells + sites * COUNT_CELL;
	l->header_size = header_size(sites);
	l->at[HOTPATCH_CONST] = align_up(
		l->header_size, p[HOTPATCH_CONST].align > 16 ? p[HOTPATCH_CONST].align : 16);
	l->const_end = align_up(l->at[HOTPATCH_CONST] + slots, PAGE_BYTES);
	l->at[HOTPATCH_CODE] = l->code_start = l->const_end;
	l->code_end = l->code_start + align_up(l->size[HOTPATCH_CODE], 16);
	if (calls) {
		l->call_code = l->code_end;
		l->code_end += CALL_CODE;
	}
	if (timed) {
		l->timed = l->code_end;
		l->code_end += timing_code_size(sites);
	}
	l->code_end = align_up(l->code_end, PAGE_BYTES);
	l->at[HOTPATCH_DATA] = l->data_start = l->code_end;
	l->end = align_up(l->data_start + l->size[HOTPATCH_DATA], PAGE_BYTES);
	if (calls) {
		l->call_data = l->end;
		l->end += CALL_DATA;
	}
	if (timed) {
		l->timing_data = l->end;
		l->end += timing_data_size(sites);
	}
	return NULL;
}

struct error *layout_compute(const struct hotpatch_object *o, size_t restored, bool timed,
			     struct layout *out)
{
	struct layout l __cleanup_layout = { 0 };

	TRY(compute(o, restored, timed, &l));
	*out = l;
	l = (struct layout){ 0 };
	return NULL;
}

/*
 * At the end of the gap: below the file that is nearest to it, above it that is beyond the heap.
 * A page stays free on either side, so that the kernel merges nothing of the process's with it.
 */
static bool in_gap(uint64_t start, uint64_t end, uint64_t low, uint64_t high, uint64_t size,
		   uint64_t *base)
{
	uint64_t least = high > REACH ? high - REACH : 0, most = low + REACH;

	start = align_up(start > least ? start : least, PAGE_BYTES) + PAGE_BYTES;
	end = ((end < most ? end : most) & ~(PAGE_BYTES - 1)) - PAGE_BYTES;
	if (start >= end || end - start < size)
		return false;
	*base = end - size;
	return true;
}

struct error *layout_place(const struct maps *maps, uint64_t low, uint64_t high, uint64_t size,
			   uint64_t *base)
{
	uint64_t start = LOWEST, at;
	bool found = false;

	/* The last gap below the file, else the first above it. */
	for (size_t i = 0; i <= maps->v.n; i++) {
		uint64_t end = i < maps->v.n ? maps->v.v[i].start : HIGHEST;
		bool below = end <= low;

		if (end > HIGHEST)
			end = HIGHEST;
		if (start < end && in_gap(start, end, low, high, size, &at) && (below || !found)) {
			*base = at;
			found = true;
		}
		start = i < maps->v.n ? maps->v.v[i].end : start;
		start = start < LOWEST ? LOWEST : start;
	}
	return found ? NULL
		     : error_refused("there is no free place of %llu bytes within 2 GB of its code",
				     (unsigned long long)size);
}
