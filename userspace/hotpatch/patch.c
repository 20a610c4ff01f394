// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/patch.h"

#include <stdlib.h>

#include "hotpatch/timing.h"

#define MAGIC_SIZE 8

void patches_free(struct patches *p)
{
	vec_for_each(&p->v, it)
		header_free(&it->header);
	vec_free(&p->v);
}

static int rank_of(const struct patch *p)
{
	return p->text != PATCH_OUT ? 2 : p->timed;
}

const struct patch *patches_find(const struct patches *p, const char *fix)
{
	const struct patch *found = NULL;

	/* Reverted pages of another build of it, or of another takeover, may be there, too. */
	vec_for_each(&p->v, it)
		if (str_equal(it->header.fixed.fix, fix) &&
		    (!found || rank_of(it) >= rank_of(found)))
			found = it;
	return found;
}

/* --- reading -------------------------------------------------------------------------- */

static bool is_candidate(const struct mapping *m)
{
	return m->read && !m->write && !m->exec && !m->shared && !m->inode && !*m->name;
}

/* An unsound header is no error: the process may have written it. */
static struct error *read_header(const struct opened *o, const struct mapping *m,
				 struct patches *out)
{
	struct patch p = { 0 };
	uint64_t n = m->end - m->start, most = header_size(HEADER_SITES);
	uint8_t *bytes __free = NULL, first[MAGIC_SIZE];
	struct error *e = memory_read(&o->memory, m->start, first, sizeof(first));

	if (e || !header_is(first, sizeof(first)))
		goto none;
	n = n < most ? n : most;
	bytes = malloc(n);
	if (!bytes)
		return error_nomem();
	e = memory_read(&o->memory, m->start, bytes, n);
	if (!e)
		e = header_decode(bytes, n, m->start, &p.header);
	if (e)
		goto none;
	e = p.header.fixed.bias != o->process.bias ||
			    p.header.fixed.build_id_n != o->file.build_id_n ||
			    memcmp(p.header.fixed.build_id, o->file.build_id, o->file.build_id_n)
		    ? error_failed("another file's")
		    : vec_push(&out->v, p);
	if (!e)
		return NULL;
	header_free(&p.header);
none:
	error_free(&e);
	return NULL;
}

/* --- judging -------------------------------------------------------------------------- */

enum site_text {
	SITE_OUT,
	SITE_IN,
	SITE_COUNTED,
	SITE_TIMED,
	SITE_GATE,
	SITE_COVERED,
	SITE_FOREIGN
};

/* A patch that is not taken back has put the file's bytes over the jump of this one. */
static bool is_restored(const struct patches *all, const struct patch *p,
			const struct header_site *s)
{
	vec_for_each(&all->v, other) {
		if (other == p || other->header.fixed.state == HEADER_REVERTED)
			continue;
		for (uint32_t i = 0; i < other->header.fixed.n; i++) {
			const struct header_site *o = &other->header.sites[i];

			if (o->flags & HEADER_RESTORES && o->address == s->address &&
			    !memcmp(o->before, s->after, SITE_JUMP) &&
			    !memcmp(o->after, s->before, SITE_JUMP))
				return true;
		}
	}
	return false;
}

static enum site_text judge_site(const struct patches *all, const struct patch *p,
				 const struct header_site *s, const uint8_t *now)
{
	size_t at = (size_t)(s - p->header.sites);
	uint64_t stub = header_stub(&p->header.fixed, at);
	uint8_t gate[SITE_JUMP], count[SITE_JUMP], timed[SITE_JUMP];

	if (!memcmp(now, s->after, SITE_JUMP))
		return SITE_IN;
	if (!memcmp(now, s->before, SITE_JUMP))
		return is_restored(all, p, s) ? SITE_COVERED : SITE_OUT;
	if (s->gate && site_jump(s->address, s->gate, gate) && !memcmp(now, gate, SITE_JUMP))
		return SITE_GATE;
	if (!(s->flags & HEADER_RESTORES) && site_jump(s->address, stub, count) &&
	    !memcmp(now, count, SITE_JUMP))
		return SITE_COUNTED;
	if (p->header.fixed.timed && !(s->flags & HEADER_RESTORES) && s->gate &&
	    site_jump(s->address, timing_stub(&p->header.fixed, at), timed) &&
	    !memcmp(now, timed, SITE_JUMP))
		return SITE_TIMED;
	vec_for_each(&all->v, other) {
		if (other == p)
			continue;
		for (uint32_t i = 0; i < other->header.fixed.n; i++) {
			const struct header_site *o = &other->header.sites[i];

			if (o->address == s->address && !memcmp(o->before, s->after, SITE_JUMP))
				return SITE_COVERED;
		}
	}
	return SITE_FOREIGN;
}

/* What a site leads through must be the stub, and lead on to the new code. */
static struct error *check_stub(const struct opened *o, const struct patch *p, uint32_t site,
				bool *right)
{
	const struct header_fixed *f = &p->header.fixed;
	uint8_t now[COUNT_STUB], stub[COUNT_STUB];

	TRY(memory_read(&o->memory, header_stub(f, site), now, sizeof(now)));
	*right = count_make(header_stub(f, site), header_cell(f, site), p->header.sites[site].fresh,
			    stub) &&
		 !memcmp(now, stub, sizeof(now));
	return NULL;
}

static struct error *check_timing(const struct opened *o, const struct patch *p, bool *right)
{
	const struct header_fixed *f = &p->header.fixed;
	uint64_t n = timing_code_size(f->n);
	uint64_t *gates __free = calloc(f->n + 1, sizeof(*gates));
	uint8_t *now __free = malloc(n), *code __free = malloc(n);

	if (!gates || !now || !code)
		return error_nomem();
	for (uint32_t i = 0; i < f->n; i++)
		gates[i] = p->header.sites[i].gate;
	TRY(memory_read(&o->memory, f->timed, now, n));
	*right = timing_make(f->timed, f->timing_data, gates, f->n, code) && !memcmp(now, code, n);
	return NULL;
}

static struct error *judge(const struct opened *o, const struct patches *all, struct patch *p)
{
	bool switched = p->header.fixed.flag & 0xff;
	size_t in = 0, out = 0;

	for (uint32_t i = 0; i < p->header.fixed.n; i++) {
		const struct header_site *s = &p->header.sites[i];
		uint8_t now[SITE_JUMP];
		enum site_text text;
		bool right = true;

		/* Of one that is taken back, what it restored has become another's matter. */
		if (s->flags & HEADER_RESTORES && p->header.fixed.state == HEADER_REVERTED)
			continue;
		p->text = PATCH_FOREIGN;
		/* A header must not lead us to read, or later write, anything but the file's code.
		 */
		if (!mapped_is_code(&o->file, s->address - o->process.bias, SITE_JUMP))
			return NULL;
		TRY(memory_read(&o->memory, s->address, now, sizeof(now)));
		text = judge_site(all, p, s, now);
		if (text == SITE_COUNTED)
			TRY(check_stub(o, p, i, &right));
		if (text == SITE_TIMED && !p->timed)
			TRY(check_timing(o, p, &right));
		/* What lay below one that is taken back may have been taken back since. */
		if (text == SITE_FOREIGN && p->header.fixed.state == HEADER_REVERTED)
			text = SITE_OUT;
		if (text == SITE_FOREIGN || !right)
			return NULL;
		p->covered |= text == SITE_COVERED;
		p->timed |= text == SITE_TIMED;
		p->gates |= text == SITE_GATE;
		if (text == SITE_GATE || text == SITE_TIMED)
			text = switched ? SITE_IN : SITE_OUT;
		p->counting |= text == SITE_COUNTED || (p->timed && switched);
		in += text != SITE_OUT;
		out += text == SITE_OUT;
	}
	p->text = !in ? PATCH_OUT : !out ? PATCH_IN : PATCH_PARTIAL;
	return NULL;
}

static int by_age(const void *a, const void *b)
{
	const struct header_fixed *x = &((const struct patch *)a)->header.fixed;
	const struct header_fixed *y = &((const struct patch *)b)->header.fixed;

	return (x->applied > y->applied) - (x->applied < y->applied);
}

struct error *patches_read(const struct opened *o, struct patches *out)
{
	struct patches p __cleanup_patches = { 0 };

	vec_for_each(&o->maps.v, m)
		if (is_candidate(m))
			TRY(read_header(o, m, &p));
	vec_sort(&p.v, by_age);
	vec_for_each(&p.v, it)
		TRY(judge(o, &p, it));
	*out = p;
	p = (struct patches){ 0 };
	return NULL;
}

/* --- trust ---------------------------------------------------------------------------- */

static bool is_jump_of_another(const struct patches *all, const struct patch *p,
			       const struct header_site *s)
{
	vec_for_each(&all->v, other) {
		if (other == p || other->text == PATCH_FOREIGN)
			continue;
		for (uint32_t i = 0; i < other->header.fixed.n; i++)
			if (other->header.sites[i].address == s->address &&
			    !memcmp(other->header.sites[i].after, s->before, SITE_JUMP))
				return true;
	}
	return false;
}

struct error *patch_check_before(const struct opened *o, const struct patches *all,
				 const struct patch *p)
{
	for (uint32_t i = 0; i < p->header.fixed.n; i++) {
		const struct header_site *s = &p->header.sites[i];
		uint64_t in_file = s->address - o->process.bias;
		uint8_t file[SITE_JUMP];

		TRY(mapped_bytes(&o->file, in_file, file, sizeof(file)));
		if (memcmp(file, s->before, SITE_JUMP) && !is_jump_of_another(all, p, s))
			return error_failed("the patch's record of the bytes at 0x%llx is not what "
					    "the file has there",
					    (unsigned long long)in_file);
	}
	return NULL;
}

struct error *patch_cells(const struct opened *o, const struct patch *p, uint64_t *cells)
{
	return memory_read(&o->memory, p->header.fixed.cells, cells,
			   p->header.fixed.n * sizeof(*cells));
}

struct error *patch_set_state(const struct opened *o, const struct patch *p,
			      enum header_state state)
{
	uint64_t word = state;

	return memory_write(&o->memory, p->header.fixed.base + header_state_at(), &word,
			    sizeof(word));
}
