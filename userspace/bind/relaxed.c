// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Comparing instruction by instruction. The shipped build has a unit's functions in one
 * section, so its assembler resolved jumps between its static functions itself and made
 * those short that reach (two bytes instead of five); jumps across them changed too. Ours,
 * with a section for each function, has a relocation there. Everything else must be the
 * same, and each branch inside of the function must lead to the same instruction.
 *
 * From gcc 14 on a tight loop begins at a multiple of 32, whatever -falign-loops says, so how much
 * it is padded depends on where in its section the function lies, which is another place there.
 */
#include <string.h>

#include "bind/work.h"

#define MOST_PADDING 64

struct inner_branch {
	uint64_t at, image_at;
	uint64_t target;       /* in the section */
	uint64_t image_target; /* address */
};

struct walk {
	struct work *w;
	const struct section *s;
	uint64_t address; /* in the image, of the section */
	uint64_t at;	  /* in the section, of the instruction */
	uint64_t image_at;
	size_t reloc;  /* the next one */
	uint32_t *map; /* offset in the section -> offset in the image + 1, of instructions */
	VEC(struct inner_branch) branches;
	bool shorter; /* some jump was, or some padding had another length */
};

static bool differs(struct walk *k, enum difference_kind kind, uint64_t offset)
{
	k->w->match.difference =
		(struct difference){ .kind = kind,
				     .offset = offset,
				     .address = k->address + k->image_at + (offset - k->at) };
	return false;
}

/* The relocation inside of this instruction; the ones that write nothing are passed over. */
static const struct reloc *next_reloc(struct walk *k, uint64_t end)
{
	for (; k->reloc < k->s->relocs.n; k->reloc++) {
		const struct reloc *r = &k->s->relocs.v[k->reloc];
		const struct reloc_kind *kind = arch_reloc_kind(k->w->arch, r->type);

		if (r->offset >= end)
			return NULL;
		if (!kind || kind->size)
			return r;
	}
	return NULL;
}

/* An instruction that is no relative branch: as in match.c, within its few bytes. */
static struct error *plain(struct walk *k, const struct insn *ours, const struct insn *theirs,
			   const uint8_t *p, const uint8_t *q, bool *agree)
{
	uint64_t at = k->at, end = k->at + ours->length;
	const struct reloc *r;

	*agree = ours->length == theirs->length || differs(k, DIFFER_BYTES, k->at);
	while (*agree && at < end) {
		const struct reloc_kind *kind;
		struct image_target t;
		uint64_t stop, field;

		r = next_reloc(k, end);
		kind = r ? arch_reloc_kind(k->w->arch, r->type) : NULL;
		stop = r ? r->offset - (kind ? through_lead(kind) : 0) : end;
		if (stop < at || memcmp(p + (at - k->at), q + (at - k->at), stop - at)) {
			*agree = differs(k, DIFFER_BYTES, at);
			break;
		}
		field = k->address + k->image_at + (at - k->at);
		if (image_next_field(k->w->image, field, field + (stop - at)) <
		    field + (stop - at)) {
			*agree = differs(k, DIFFER_SURPLUS, at);
			break;
		}
		at = stop;
		if (!r)
			continue;
		if (kind && kind->through) {
			uint64_t length;

			at = r->offset;
			field = k->address + k->image_at + (at - k->at);
			TRY(match_through(k->w, k->s, r, kind, q + (at - k->at), field, &length,
					  agree));
			at += length;
			k->reloc++;
			continue;
		}
		field = k->address + k->image_at + (at - k->at);
		if (!kind || kind->size > end - at) {
			*agree = differs(k, DIFFER_UNKNOWN, at);
			break;
		}
		if (!image_refers(k->w->image, field, kind, &t)) {
			*agree = differs(k, DIFFER_FIELD, at);
			break;
		}
		TRY(match_claim(k->w, r, kind, &t, field, agree));
		at += kind->size;
		k->reloc++;
	}
	return NULL;
}

/* A branch whose target is outside: ours has a relocation, theirs perhaps none. */
static struct error *outer_branch(struct walk *k, const struct insn *ours,
				  const struct insn *theirs, const struct reloc *r, bool *agree)
{
	const struct reloc_kind *kind = arch_reloc_kind(k->w->arch, r->type);
	uint64_t field = k->address + k->image_at + theirs->rel_at;
	struct image_target t;

	k->reloc++;
	if (!kind || !kind->pc_relative || kind->size != 4 || r->offset != k->at + ours->rel_at) {
		*agree = differs(k, DIFFER_UNKNOWN, k->at);
		return NULL;
	}
	if (theirs->rel_size == 4) {
		*agree = image_refers(k->w->image, field, kind, &t) ||
			 differs(k, DIFFER_FIELD, r->offset);
	} else {
		/* Resolved by the assembler; as if it had kept the addend. */
		uint64_t end = k->address + k->image_at + theirs->length;

		k->shorter = true;
		*agree = image_next_field(k->w->image, field, end) == end ||
			 differs(k, DIFFER_SURPLUS, k->at);
		t = (struct image_target){ .address = end + (uint64_t)theirs->rel - 4 };
	}
	return *agree ? match_claim(k->w, r, kind, &t, field, agree) : NULL;
}

static struct error *branch(struct walk *k, const struct insn *ours, const struct insn *theirs,
			    bool *agree)
{
	const struct reloc *r = next_reloc(k, k->at + ours->length);
	uint64_t end = k->address + k->image_at + theirs->length;

	if (!theirs->is_branch || theirs->operation != ours->operation) {
		*agree = differs(k, DIFFER_BYTES, k->at);
		return NULL;
	}
	if (r)
		return outer_branch(k, ours, theirs, r, agree);
	*agree = image_next_field(k->w->image, k->address + k->image_at, end) == end ||
		 differs(k, DIFFER_SURPLUS, k->at);
	if (!*agree)
		return NULL;
	return vec_push(&k->branches,
			(struct inner_branch){ k->at, k->image_at,
					       k->at + ours->length + (uint64_t)ours->rel,
					       end + (uint64_t)theirs->rel });
}

static bool branches_agree(struct walk *k)
{
	vec_for_each(&k->branches, b) {
		if (b->target < k->s->size && k->map[b->target] &&
		    b->image_target == k->address + k->map[b->target] - 1)
			continue;
		k->at = b->at;
		k->image_at = b->image_at;
		return differs(k, DIFFER_BYTES, b->at);
	}
	return true;
}

/* Bytes of instructions that do nothing, from here to at most 'room'. */
static uint64_t count_nops(const struct walk *k, const uint8_t *bytes, uint64_t room)
{
	uint64_t n = 0;
	struct insn insn;

	while (n < room && n < MOST_PADDING && k->w->arch->decode(bytes + n, room - n, &insn) &&
	       insn.is_nop)
		n += insn.length;
	return n;
}

/*
 * Padding of another length, up to the same alignment, is passed over on both sides. Nothing
 * refers into it.
 */
static bool skip_padding(struct walk *k, const uint8_t *theirs, uint64_t room)
{
	uint64_t a = count_nops(k, k->s->bytes + k->at, k->s->size - k->at);
	uint64_t b = count_nops(k, theirs + k->image_at, room - k->image_at);
	uint64_t from = k->address + k->image_at, end = from + b;

	if (a == b || k->s->align < PADDED_TO || (k->at + a) % PADDED_TO || end % PADDED_TO ||
	    next_reloc(k, k->at + a) || image_next_field(k->w->image, from, end) < end)
		return false;
	if (a)
		k->map[k->at] = (uint32_t)k->image_at + 1;
	k->at += a;
	k->image_at += b;
	k->shorter = true;
	return true;
}

static struct error *walk(struct walk *k, bool *agree)
{
	const struct image_segment *seg = image_segment_at(k->w->image, k->address);
	const uint8_t *bytes = image_bytes(k->w->image, k->address, 1);
	uint64_t room;

	*agree = false;
	if (!seg || !bytes)
		return NULL;
	room = seg->size - (k->address - seg->address);
	while (k->at < k->s->size) {
		const uint8_t *p, *q;
		struct insn ours, theirs;

		if (skip_padding(k, bytes, room))
			continue;
		p = k->s->bytes + k->at;
		q = bytes + k->image_at;
		if (!k->w->arch->decode(p, k->s->size - k->at, &ours) ||
		    !k->w->arch->decode(q, room - k->image_at, &theirs)) {
			*agree = differs(k, DIFFER_BYTES, k->at);
			return NULL;
		}
		k->map[k->at] = (uint32_t)k->image_at + 1;
		if (ours.is_branch)
			TRY(branch(k, &ours, &theirs, agree));
		else
			TRY(plain(k, &ours, &theirs, p, q, agree));
		if (!*agree)
			return NULL;
		k->at += ours.length;
		k->image_at += theirs.length;
	}
	*agree = branches_agree(k);
	return NULL;
}

/* References of a function to its own inside: by the map, not by the distance. */
static bool inner_claims_agree(struct walk *k)
{
	vec_for_each(&k->w->match.claims, c) {
		const struct symbol *s = c->reloc->symbol;
		const struct reloc_kind *kind = arch_reloc_kind(k->w->arch, c->reloc->type);
		uint64_t target, image_target;

		if (!c->place || c->place->section != k->s || c->external)
			continue;
		target = s->value + (uint64_t)c->reloc->addend + (kind->pc_relative ? 4 : 0);
		image_target = c->address + target;
		if (target >= k->s->size || !k->map[target] ||
		    image_target != k->address + k->map[target] - 1)
			return differs(k, DIFFER_SELF, c->reloc->offset);
		c->address = k->address;
	}
	return true;
}

struct error *match_relaxed(struct work *w, const struct section *s, uint64_t address, bool *agree)
{
	struct walk k = { .w = w, .s = s, .address = address };
	uint32_t *map __free = NULL;
	struct error *e;

	w->match.claims.n = 0;
	w->match.difference = (struct difference){ 0 };
	*agree = false;
	if (!s->bytes || s->size > UINT32_MAX)
		return NULL;
	map = calloc(s->size, sizeof(*map));
	if (!map)
		return error_nomem();
	k.map = map;
	e = walk(&k, agree);
	if (!e && *agree)
		*agree = k.shorter && inner_claims_agree(&k);
	w->match.size = k.image_at;
	vec_free(&k.branches);
	return e;
}
