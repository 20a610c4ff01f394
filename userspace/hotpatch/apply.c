// SPDX-License-Identifier: GPL-2.0-or-later
/* Making an object live in one process; patching.h has the order and why. */
#include <time.h>

#include "hotpatch/apply_work.h"
#include "hotpatch/gate.h"
#include "hotpatch/hooks.h"
#include "hotpatch/lookup.h"
#include "hotpatch/near.h"
#include "hotpatch/perf_map.h"

#define PLACES_MOST 8 /* that are tried, while others take them */
#define ROOM_MOST 64
#define BREAKPOINT 0xcc /* int3, which uprobes use, too */

void applying_free(struct applying *ap)
{
	layout_free(&ap->layout);
	header_free(&ap->header);
	relocated_free(&ap->relocated);
	vec_free(&ap->displaced);
	takeover_free(&ap->takeover);
	free_pointer(&ap->timing);
}

/* --- what is there -------------------------------------------------------------------- */

/* The jump that a patch of ours has put at the address; NULL: none. */
static const struct header_site *jump_at(const struct patching *a, uint64_t address)
{
	vec_for_each(&a->patches.v, p) {
		if (p->text != PATCH_IN)
			continue;
		for (uint32_t i = 0; i < p->header.fixed.n; i++)
			if (p->header.sites[i].address == address)
				return &p->header.sites[i];
	}
	return NULL;
}

/* The function's bytes in the process must be the object's, but for jumps of ours. */
static struct error *check_bytes(const struct patching *a, const struct hotpatch_function *f,
				 uint64_t site)
{
	uint64_t at = a->opened.process.bias + f->old;
	bool ours = jump_at(a, at + site);
	uint8_t *now __free = malloc(f->size);

	if (!now)
		return error_nomem();
	TRY(memory_read(&a->opened.memory, at, now, f->size));
	for (uint64_t i = 0; i < f->size; i++)
		if (now[i] != f->bytes[i] && !(ours && i >= site && i < site + SITE_JUMP))
			return error_refused("%s differs from the code that was patched at +0x%llx "
					     "(%s0x%02x instead of 0x%02x)",
					     f->name, (unsigned long long)i,
					     now[i] == BREAKPOINT ? "a breakpoint, of a debugger "
								    "or a probe: "
								  : "",
					     now[i], f->bytes[i]);
	return NULL;
}

/*
 * Where the jump goes, judged by the object's bytes and the file's padding behind them. While it is
 * timed the old code goes on.
 */
static struct error *plan_function(const struct applying *ap, const struct hotpatch_function *f,
				   size_t *offset)
{
	const struct patching *a = ap->a;
	uint64_t pad = f->room - f->size < ROOM_MOST ? f->room - f->size : ROOM_MOST;
	struct site_function s = { .name = f->name,
				   .address = f->old,
				   .size = f->size,
				   .n = f->size + pad,
				   .stays = f->may_be_on_stack || ap->timed };
	uint8_t *bytes __free = malloc(s.n);

	if (!bytes)
		return error_nomem();
	if (!mapped_is_code(&a->opened.file, f->old, s.n))
		return error_refused("%s is not in the file's code", f->name);
	memcpy(bytes, f->bytes, f->size);
	TRY(mapped_bytes(&a->opened.file, f->old + f->size, bytes + f->size, pad));
	s.bytes = bytes;
	return site_plan(&s, offset);
}

/* --- the plan ------------------------------------------------------------------------- */

/* Older versions that still may run count as the old function. */
struct error *applying_forbid_older(struct patching *a, uint64_t site)
{
	vec_for_each(&a->patches.v, p)
		for (uint32_t i = 0; i < p->header.fixed.n; i++) {
			const struct header_site *s = &p->header.sites[i];
			struct stack_range stayed = { s->fresh, s->fresh + s->fresh_size,
						      "an earlier version of the function" };

			if (s->address != site || p->header.fixed.state == HEADER_MEASURING)
				continue;
			TRY(patching_forbid_code(a, &p->header, false));
			if (s->flags & HEADER_STAYS)
				TRY(vec_push(&a->sw.ranges, stayed));
		}
	return NULL;
}

/* Old activations that may live on have theirs left out of the object. */
struct error *applying_plan_pieces(struct patching *a, const struct hotpatch_object *o)
{
	vec_for_each(&o->pieces, p) {
		uint64_t at = a->opened.process.bias + p->old;

		if (!mapped_is_code(&a->opened.file, p->old, p->size))
			return error_refused("%s is not in the file's code", p->name);
		TRY(vec_push(&a->sw.ranges, (struct stack_range){ at, at + p->size, p->name }));
	}
	return NULL;
}

struct error *applying_plan_ranges(struct patching *a, const struct hotpatch_function *f,
				   uint64_t site)
{
	uint64_t old = a->opened.process.bias + f->old, end = site + SITE_JUMP;
	struct stack_range r = { old, old + f->size > end ? old + f->size : end, f->name };

	if (f->may_be_on_stack)
		r = (struct stack_range){ site + 1, end, f->name };
	TRY(vec_push(&a->sw.ranges, r));
	return f->may_be_on_stack ? NULL : applying_forbid_older(a, site);
}

static struct error *read_displaced(struct applying *ap, const struct hotpatch_function *f,
				    uint64_t site)
{
	uint64_t n = ap->a->opened.process.bias + f->old + f->room - site;
	struct displaced d = { .n = n < DISPLACED_MOST ? n : DISPLACED_MOST };

	TRY(memory_read(&ap->a->opened.memory, site, d.bytes, d.n));
	return vec_push(&ap->displaced, d);
}

/* What only the superseded have: at the same switch, the file's bytes again. */
static struct error *plan_restored(struct applying *ap, const struct takeover_site *t,
				   struct header_site *h)
{
	struct patching *a = ap->a;
	struct stack_range within = { t->address + 1, t->address + SITE_JUMP, "a jump" };
	struct switch_site site = { .address = t->address };
	struct displaced d = { .n = SITE_JUMP };

	*h = (struct header_site){ .address = t->address,
				   .old = t->old,
				   .old_size = t->old_size,
				   .fresh_size = GATE_SIZE,
				   .flags = HEADER_RESTORES | (t->stays ? HEADER_STAYS : 0) };
	memcpy(h->before, t->jump, SITE_JUMP);
	memcpy(h->after, t->bytes, SITE_JUMP);
	memcpy(site.from, t->jump, SITE_JUMP);
	memcpy(site.to, t->bytes, SITE_JUMP);
	memcpy(d.bytes, t->jump, SITE_JUMP);
	TRY(vec_push(&a->sw.sites, site));
	TRY(vec_push(&ap->displaced, d));
	TRY(vec_push(&a->sw.ranges, within));
	return t->stays ? NULL : applying_forbid_older(a, t->address);
}

static struct error *plan_sites(struct applying *ap)
{
	struct patching *a = ap->a;
	uint64_t bias = a->opened.process.bias;

	a->sw.sites.n = a->sw.ranges.n = 0;
	for (size_t i = 0; i < ap->o->functions.n; i++) {
		const struct hotpatch_function *f = &ap->o->functions.v[i];
		struct header_site *h = &ap->header.sites[i];
		struct switch_site site = { 0 };
		size_t offset;

		TRY(plan_function(ap, f, &offset));
		TRY(check_bytes(a, f, offset));
		*h = (struct header_site){ .address = bias + f->old + offset,
					   .old = bias + f->old,
					   .old_size = f->size,
					   .fresh_size = f->fresh_size,
					   .flags = f->may_be_on_stack ? HEADER_STAYS : 0 };
		TRY(memory_read(&a->opened.memory, h->address, h->before, SITE_JUMP));
		site.address = h->address;
		memcpy(site.from, h->before, SITE_JUMP);
		TRY(vec_push(&a->sw.sites, site));
		TRY(read_displaced(ap, f, h->address));
		TRY(applying_plan_ranges(a, f, h->address));
	}
	TRY(applying_plan_pieces(a, ap->o));
	for (size_t i = 0; i < ap->takeover.v.n; i++)
		TRY(plan_restored(ap, &ap->takeover.v.v[i],
				  &ap->header.sites[ap->o->functions.n + i]));
	return NULL;
}

static struct error *refuse_unknown(const struct hotpatch_object *o)
{
	if (!o->functions.n || o->functions.n > HEADER_SITES)
		return error_refused("it replaces no function, or too many");
	if (!o->fix || !*o->fix || strlen(o->fix) >= HEADER_FIX)
		return error_refused("its name is empty or too long");
	for (size_t i = 0; i < o->functions.n; i++)
		for (size_t k = 0; k < i; k++)
			if (o->functions.v[i].old == o->functions.v[k].old)
				return error_refused("%s is replaced twice",
						     o->functions.v[i].name);
	return NULL;
}

static struct error *begin_header(struct applying *ap)
{
	struct header_fixed *f = &ap->header.fixed;

	f->n = (uint32_t)(ap->o->functions.n + ap->takeover.v.n);
	f->bias = ap->a->opened.process.bias;
	f->applied = (uint64_t)time(NULL);
	f->state = ap->timed ? HEADER_MEASURING : HEADER_APPLYING;
	f->build_id_n = ap->o->build_id_n;
	memcpy(f->build_id, ap->o->build_id, f->build_id_n);
	strcpy(f->fix, ap->o->fix);
	ap->header.sites = calloc(f->n, sizeof(*ap->header.sites));
	return ap->header.sites ? NULL : error_nomem();
}

/* All that can be refused, and nothing that changes the process. */
struct error *applying_plan(struct applying *ap)
{
	const struct patch *same;

	TRY(refuse_unknown(ap->o));
	same = patches_find(&ap->a->patches, ap->o->fix);
	if (same && same->text == PATCH_IN)
		return error_new(ERROR_NOTHING, "%s is applied already", ap->o->fix);
	if (same && same->text == PATCH_FOREIGN)
		return error_refused(
			"%s is there, and its code has bytes that suture did not write",
			ap->o->fix);
	ap->again = same;
	TRY(takeover_find(ap->a, ap->o, &ap->takeover));
	TRY(layout_compute(ap->o, ap->takeover.v.n, ap->timed, &ap->layout));
	TRY(begin_header(ap));
	TRY(plan_sites(ap));
	TRY(hooks_check(&ap->a->opened, ap->o));
	return lookup_symbols(&ap->a->opened, &ap->layout, &ap->main_program);
}

/* --- placing -------------------------------------------------------------------------- */

/* All sites have a gate, or none has. */
static void place_gates(struct applying *ap)
{
	uint64_t offset = ap->layout.gates, code = ap->header.fixed.code_start;
	struct header_fixed *f = &ap->header.fixed;
	struct switching *sw = &ap->a->sw;

	sw->flag = 1;
	sw->flag_at = f->base + header_flag_at();
	sw->gated = f->n > 1 || ap->timed;
	for (size_t i = 0; i < f->n && sw->gated; i++, offset += GATE_SIZE) {
		struct header_site *s = &ap->header.sites[i];
		struct gate g = { .at = code + offset,
				  .flag = sw->flag_at,
				  .fresh = ap->timed && i < ap->o->functions.n
						   ? code + ap->layout.stubs + i * COUNT_STUB
						   : s->fresh,
				  .site = s->address,
				  .bytes = ap->displaced.v[i].bytes,
				  .n = ap->displaced.v[i].n };

		s->gate = g.at;
		sw->gated = gate_make(&g, ap->relocated.bytes[HOTPATCH_CODE] + offset) &&
			    site_jump(s->address, s->gate, sw->sites.v[i].gate);
	}
	for (size_t i = 0; i < ap->takeover.v.n && sw->gated; i++) {
		const struct takeover_site *t = &ap->takeover.v.v[i];
		struct gate g = { .at = ap->header.sites[ap->o->functions.n + i].fresh,
				  .site = t->address,
				  .bytes = t->bytes,
				  .n = t->n };

		sw->gated = gate_make(&g, ap->relocated.bytes[HOTPATCH_CODE] + g.at - code);
	}
	for (size_t i = 0; i < f->n && !sw->gated; i++)
		ap->header.sites[i].gate = 0;
}

/* Where calls shall be counted, the sites lead to the stubs first. */
static struct error *place_counts(struct applying *ap)
{
	struct header_fixed *f = &ap->header.fixed;
	const struct layout *l = &ap->layout;
	uint8_t *bytes = ap->relocated.bytes[HOTPATCH_CODE] + l->stubs;

	f->stubs = f->code_start + l->stubs;
	f->cells = f->base + l->at[HOTPATCH_DATA] + l->cells;
	for (size_t i = 0; i < ap->o->functions.n; i++) {
		const struct header_site *s = &ap->header.sites[i];
		uint64_t stub = header_stub(f, i);

		if (!count_make(stub, header_cell(f, i), s->fresh, bytes + i * COUNT_STUB))
			return error_refused("the stub that counts is out of reach");
		if (ap->a->options->count > 0 &&
		    !site_jump(s->address, stub, ap->a->sw.sites.v[i].to))
			return error_refused("%s is too far from the stub that counts",
					     ap->o->functions.v[i].name);
	}
	return NULL;
}

static void place_hooks(struct applying *ap)
{
	const char *const names[HEADER_HOOKS] = {
		[HEADER_PRE_APPLY] = ap->o->pre_apply,
		[HEADER_POST_APPLY] = ap->o->post_apply,
		[HEADER_PRE_REVERT] = ap->o->pre_revert,
		[HEADER_POST_REVERT] = ap->o->post_revert,
	};
	struct header_fixed *f = &ap->header.fixed;
	const struct layout *l = &ap->layout;

	if (!l->call_data)
		return;
	f->call_code = f->base + l->call_code;
	f->call_data = f->base + l->call_data;
	if (ap->o->needs_unwind)
		f->frames = f->base + l->at[HOTPATCH_CONST] + ap->o->eh_frame;
	vec_for_each(&ap->o->symbols, s)
		for (int i = 0; i < HEADER_HOOKS; i++)
			if (names[i] && str_equal(s->name, names[i]))
				f->hooks[i] = f->code_start + s->offset;
}

static struct error *place_at(struct applying *ap, uint64_t base)
{
	struct header_fixed *f = &ap->header.fixed;
	const struct layout *l = &ap->layout;

	relocated_free(&ap->relocated);
	TRY(relocate(ap->o, l, base, f->bias, ap->main_program, &ap->relocated));
	f->base = base;
	f->end = base + l->end;
	f->code_start = base + l->code_start;
	f->code_end = base + l->code_end;
	for (size_t i = 0; i < ap->takeover.v.n; i++)
		ap->header.sites[ap->o->functions.n + i].fresh =
			f->code_start + l->originals + i * GATE_SIZE;
	for (size_t i = 0; i < ap->o->functions.n; i++) {
		struct header_site *s = &ap->header.sites[i];

		s->fresh = f->code_start + ap->o->functions.v[i].fresh;
		if (!site_jump(s->address, s->fresh, s->after))
			return error_refused("%s is too far from its replacement",
					     ap->o->functions.v[i].name);
		memcpy(ap->a->sw.sites.v[i].to, s->after, SITE_JUMP);
	}
	place_gates(ap);
	place_hooks(ap);
	TRY(place_counts(ap));
	return measure_place(ap);
}

static struct error *map_at(struct applying *ap, uint64_t base)
{
	size_t n = header_size(ap->header.fixed.n);
	uint8_t *bytes __free = malloc(n);

	if (!bytes)
		return error_nomem();
	TRY(place_at(ap, base));
	TRY(header_encode(&ap->header, bytes));
	return near_map(&ap->a->opened, &ap->layout, base, bytes, n, &ap->a->dirty);
}

static struct error *map_somewhere(struct applying *ap)
{
	struct opened *o = &ap->a->opened;

	for (int i = 0;; i++) {
		struct error *e;
		uint64_t base;

		TRY(layout_place(&o->maps, o->low, o->high, ap->layout.end, &base));
		e = map_at(ap, base);
		if (!e || error_kind(e) != ERROR_PENDING || ap->a->dirty || i == PLACES_MOST)
			return e;
		error_free(&e);
		TRY(maps_read_open(o->query, &o->maps));
	}
}

static bool is_zero(const uint8_t *p, size_t n)
{
	return !n || (!p[0] && !memcmp(p, p + 1, n - 1));
}

/* Pages that were just mapped are zero, and need no memory while nobody writes to them. */
static struct error *fill(struct applying *ap)
{
	const struct layout *l = &ap->layout;
	bool fresh = !ap->header.fixed.reused;

	for (int i = 0; i < HOTPATCH_PARTS; i++)
		if (l->size[i] && !(fresh && is_zero(ap->relocated.bytes[i], l->size[i])))
			TRY(memory_write(&ap->a->opened.memory, ap->header.fixed.base + l->at[i],
					 ap->relocated.bytes[i], l->size[i]));
	return measure_fill(ap);
}

/*
 * Pages of the same fix that was reverted serve again if they hold the very same code: what may
 * still point there then points to the same. 'same' tells.
 */
static struct error *is_same(struct applying *ap, bool *same)
{
	const struct header_fixed *f = &ap->again->header.fixed;
	const struct layout *l = &ap->layout;

	*same = false;
	if (f->end - f->base != l->end || f->code_start - f->base != l->code_start ||
	    f->code_end - f->base != l->code_end || f->n != ap->header.fixed.n ||
	    !f->timed != !ap->timed)
		return NULL;
	TRY(place_at(ap, f->base));
	for (int i = 0; i < HOTPATCH_DATA; i++) {
		uint8_t *now __free = malloc(l->size[i] + 1);

		if (!now)
			return error_nomem();
		TRY(memory_read(&ap->a->opened.memory, f->base + l->at[i], now, l->size[i]));
		if (l->size[i] && memcmp(now, ap->relocated.bytes[i], l->size[i]))
			return NULL;
	}
	*same = true;
	return NULL;
}

/* The header of the pages that serve again: its state last, so that it is never believed half. */
static struct error *write_header_again(struct applying *ap)
{
	size_t n = header_size(ap->header.fixed.n);
	uint8_t *bytes __free = malloc(n);

	if (!bytes)
		return error_nomem();
	TRY(header_encode(&ap->header, bytes));
	return memory_write(&ap->a->opened.memory, ap->header.fixed.base, bytes, n);
}

struct error *applying_prepare(struct applying *ap)
{
	bool same = false;

	if (ap->again)
		TRY(is_same(ap, &same));
	ap->header.fixed.reused = same;
	if (same)
		TRY(write_header_again(ap));
	else
		TRY(map_somewhere(ap));
	return fill(ap);
}

/* --- all of it ------------------------------------------------------------------------ */

/* Nothing was written to the text: as if it had never been. */
struct error *applying_undo(struct applying *ap, struct error *why)
{
	const struct header_fixed *f = &ap->header.fixed;
	struct patch p = { .header = ap->header };
	struct error *e __cleanup_error = NULL;

	/* Who is still in a call needs the pages. */
	if (!ap->a->dirty && !f->reused)
		e = hooks_unregister(ap->a, f);
	if (e)
		return why;
	if (f->reused)
		e = patch_set_state(&ap->a->opened, &p, HEADER_REVERTED);
	else if (!ap->a->dirty)
		e = near_unmap(&ap->a->opened, f->base, f->end - f->base, &ap->a->dirty);
	/* What could not be unmapped says of itself that it was never applied. */
	return why;
}

static struct error *name_code(const struct applying *ap)
{
	struct strbuf lines __cleanup_strbuf = { 0 };

	vec_for_each(&ap->o->symbols, s)
		TRY(perf_map_line(ap->header.fixed.code_start + s->offset, s->size, s->name,
				  &lines));
	return perf_map_append(&ap->a->opened.process, &lines);
}

struct error *patching_check(struct patching *a, const struct hotpatch_object *o)
{
	struct applying ap __cleanup(applying_free) = { .a = a, .o = o };

	return applying_plan(&ap);
}

struct error *patching_apply(struct patching *a, const struct hotpatch_object *o)
{
	struct applying ap __cleanup(applying_free) = { .a = a, .o = o };
	struct patch now = { 0 };
	bool wrote = false;
	struct error *e;

	if (a->options->timing_rate && measure_find(a, o))
		return measure_switch(a, o, measure_find(a, o));
	TRY(patching_settle(a));
	TRY(applying_plan(&ap));
	TRY(applying_prepare(&ap));
	e = hooks_register(a, &ap.header.fixed);
	if (!e)
		e = hooks_call(a, &ap.header.fixed, HEADER_PRE_APPLY);
	if (e)
		return applying_undo(&ap, e);
	e = patching_switch(a, &wrote);
	if (e && !wrote)
		return applying_undo(&ap, e);
	if (e)
		return e;
	now.header = ap.header;
	TRY(patch_set_state(&a->opened, &now, HEADER_APPLIED));
	e = hooks_call(a, &ap.header.fixed, HEADER_POST_APPLY);
	if (!e && a->options->perf_map)
		e = name_code(&ap);
	return error_context(e, "the fix is live, but for a last step");
}
