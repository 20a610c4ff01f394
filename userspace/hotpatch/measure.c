// SPDX-License-Identifier: GPL-2.0-or-later
/* Timing the old code before it is replaced, and the switch from there; patching.h has the order.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "hotpatch/apply_work.h"
#include "hotpatch/timing.h"

/*
 * One that may stay for ever would have to return into its gate, which no revert could wait for: a
 * call among the instructions that the jump displaces. An indirect one is ff /2.
 */
static bool calls_out_of_gate(const struct displaced *d)
{
	const struct arch *arch = arch_find(EM_X86_64);
	struct insn i;

	for (size_t at = 0; at < SITE_JUMP; at += i.length) {
		const uint8_t *p = d->bytes + at;

		if (at >= d->n || !arch->decode(p, d->n - at, &i) || i.is_call)
			return true;
		if ((*p & 0xf0) == 0x40)
			p++;
		if (p + 1 < d->bytes + d->n && *p == 0xff && (p[1] >> 3 & 7) == 2)
			return true;
	}
	return false;
}

/* The sites lead to what times, from there to the gates, and then to the stubs that count. */
struct error *measure_place(struct applying *ap)
{
	struct header_fixed *f = &ap->header.fixed;
	uint64_t *gates __free = calloc(f->n, sizeof(*gates));

	free_pointer(&ap->timing);
	if (!ap->timed)
		return NULL;
	ap->timing = malloc(timing_code_size(f->n));
	if (!gates || !ap->timing)
		return error_nomem();
	if (!ap->a->sw.gated)
		return error_refused("its first instructions can't be done elsewhere, which timing "
				     "it takes");
	for (size_t i = 0; i < ap->o->functions.n; i++)
		if (ap->o->functions.v[i].may_be_on_stack && calls_out_of_gate(&ap->displaced.v[i]))
			return error_refused("%s calls another within the bytes that a jump takes, "
					     "and may stay on a stack: it can't be timed",
					     ap->o->functions.v[i].name);
	for (uint32_t i = 0; i < f->n; i++)
		gates[i] = ap->header.sites[i].gate;
	f->timed = f->base + ap->layout.timed;
	f->timing_data = f->base + ap->layout.timing_data;
	return timing_make(f->timed, f->timing_data, gates, f->n, ap->timing)
		       ? NULL
		       : error_refused("what times it is out of reach");
}

/* The table is never written: who still returns through it needs what it says. */
struct error *measure_fill(const struct applying *ap)
{
	const struct header_fixed *f = &ap->header.fixed;
	const struct memory *m = &ap->a->opened.memory;
	uint64_t rate = ap->a->options->timing_rate;

	if (!ap->timed)
		return NULL;
	if (!f->reused)
		TRY(memory_write(m, f->timed, ap->timing, timing_code_size(f->n)));
	return memory_write(m, f->timing_data + TIMING_RATE, &rate, sizeof(rate));
}

/* Hooks and the unwinder are called on a thread whose stack would be looked at without the table.
 */
static struct error *may_be_timed(const struct patching *a, const struct hotpatch_object *o)
{
	if (o->needs_unwind || o->pre_apply || o->post_apply || o->pre_revert || o->post_revert)
		return error_refused("the fix has hooks, or exceptions come through it");
	return timing_obstacle(&a->opened);
}

/* To the stubs: who is in the old code stays there. */
static struct error *plan_stubs(struct applying *ap)
{
	struct switching *sw = &ap->a->sw;

	sw->ranges.n = 0;
	sw->gated = false;
	sw->sites.n = ap->o->functions.n;
	for (size_t i = 0; i < sw->sites.n; i++) {
		struct switch_site *s = &sw->sites.v[i];
		struct stack_range within = { s->address + 1, s->address + SITE_JUMP, "a jump" };

		TRY(vec_push(&sw->ranges, within));
		if (!site_jump(s->address, timing_stub(&ap->header.fixed, i), s->to))
			return error_refused("what times it is out of reach");
	}
	return NULL;
}

struct error *patching_measure(struct patching *a, const struct hotpatch_object *o)
{
	struct applying ap __cleanup(applying_free) = { .a = a, .o = o, .timed = true };
	bool wrote = false;
	struct error *e;

	TRY(patching_settle(a));
	TRY_CONTEXT(may_be_timed(a, o), "its calls can't be timed");
	TRY(applying_plan(&ap));
	TRY(applying_prepare(&ap));
	e = plan_stubs(&ap);
	if (!e)
		e = patching_switch(a, &wrote);
	return e && !wrote ? applying_undo(&ap, e) : e;
}

const struct patch *measure_find(const struct patching *a, const struct hotpatch_object *o)
{
	const struct patch *p = patches_find(&a->patches, o->fix);

	return p && p->header.fixed.state == HEADER_MEASURING && p->timed && p->text == PATCH_OUT &&
			       p->header.fixed.n >= o->functions.n
		       ? p
		       : NULL;
}

/* The sites stay as they are, but for those that get the file's bytes. */
static struct error *plan_site_again(struct patching *a, const struct header_site *s, uint64_t stub)
{
	struct switch_site site = { .address = s->address };
	struct stack_range within = { s->address + 1, s->address + SITE_JUMP, "a jump" };

	if (s->flags & HEADER_RESTORES) {
		memcpy(site.from, s->before, SITE_JUMP);
		memcpy(site.to, s->after, SITE_JUMP);
		if (!site_jump(s->address, s->gate, site.gate))
			return error_failed("a gate is out of reach");
		TRY(vec_push(&a->sw.ranges, within));
		if (!(s->flags & HEADER_STAYS))
			TRY(applying_forbid_older(a, s->address));
	} else {
		if (!site_jump(s->address, stub, site.to))
			return error_failed("a stub is out of reach");
		memcpy(site.from, site.to, SITE_JUMP);
		memcpy(site.gate, site.to, SITE_JUMP);
	}
	return vec_push(&a->sw.sites, site);
}

static struct error *plan_again(struct patching *a, const struct hotpatch_object *o,
				const struct patch *p)
{
	bool all_stay = true;

	a->sw.sites.n = a->sw.ranges.n = 0;
	a->sw.gated = true;
	a->sw.flag = 1;
	a->sw.flag_at = p->header.fixed.base + header_flag_at();
	for (uint32_t i = 0; i < p->header.fixed.n; i++)
		TRY(plan_site_again(a, &p->header.sites[i], timing_stub(&p->header.fixed, i)));
	for (size_t i = 0; i < o->functions.n; i++) {
		const struct hotpatch_function *f = &o->functions.v[i];
		const struct header_site *s = &p->header.sites[i];

		if (s->old != a->opened.process.bias + f->old || s->old_size != f->size)
			return error_failed("it is timed for another build of the fix");
		all_stay &= f->may_be_on_stack;
		if (!f->may_be_on_stack)
			TRY(applying_plan_ranges(a, f, s->address));
	}
	/* Who is in a gate gets to the old code. */
	if (!all_stay)
		TRY(patching_forbid_code(a, &p->header, true));
	return applying_plan_pieces(a, o);
}

struct error *measure_switch(struct patching *a, const struct hotpatch_object *o,
			     const struct patch *p)
{
	bool wrote = false;

	TRY(plan_again(a, o, p));
	TRY(patching_switch(a, &wrote));
	return patch_set_state(&a->opened, p, HEADER_APPLIED);
}
