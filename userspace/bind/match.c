// SPDX-License-Identifier: GPL-2.0-or-later
/* Comparing a section of the object with the image at one address, byte by byte. */
#include <string.h>

#include "bind/work.h"

static bool differs(struct work *w, enum difference_kind kind, uint64_t offset, uint64_t address)
{
	w->match.difference =
		(struct difference){ .kind = kind, .offset = offset, .address = address };
	return false;
}

struct error *match_claim(struct work *w, const struct reloc *r, const struct reloc_kind *kind,
			  const struct image_target *t, uint64_t field, bool *agree)
{
	struct claim c = { .reloc = r };
	struct image_target seen = *t;
	int64_t distance;

	*agree = false;
	TRY(place_of(w, r->symbol, r->addend, kind, &c.place, &distance));
	if (!through_stub(w, r, kind, &seen, &c.stub)) {
		differs(w, DIFFER_NAME, r->offset, field);
		return NULL;
	}
	t = &seen;
	if (t->name) {
		if (!c.place || !c.place->symbol || strcmp(c.place->symbol->name, t->name))
			differs(w, DIFFER_NAME, r->offset, field);
		else if (t->addend != distance)
			differs(w, DIFFER_ADDEND, r->offset, field);
		else
			*agree = true;
		w->match.difference.place = c.place;
		c.external = t->name;
	} else {
		c.address = t->address - (uint64_t)distance;
		*agree = c.place || !c.address || differs(w, DIFFER_ADDEND, r->offset, field);
	}
	return *agree ? vec_push(&w->match.claims, c) : NULL;
}

/* The bytes [from, to) of the section, none of which is a field. */
static bool same_bytes(struct work *w, const struct section *s, const uint8_t *image,
		       uint64_t address, uint64_t from, uint64_t to)
{
	uint64_t surplus, at = from;

	if (memcmp(s->bytes + from, image + from, to - from)) {
		while (s->bytes[at] == image[at])
			at++;
		return differs(w, DIFFER_BYTES, at, address + at);
	}
	surplus = image_next_field(w->image, address + from, address + to);
	if (surplus < address + to)
		return differs(w, DIFFER_SURPLUS, surplus - address, surplus);
	return true;
}

/* What is zeroes in the object must be zeroes, or not in the file at all, in the image. */
static bool same_zeroes(struct work *w, const struct section *s, uint64_t address)
{
	const struct image_segment *seg = image_segment_at(w->image, address);
	const uint8_t *bytes;

	if (!seg || s->size > seg->size - (address - seg->address))
		return differs(w, DIFFER_OUTSIDE, 0, address);
	bytes = image_bytes(w->image, address, s->size);
	for (uint64_t i = 0; bytes && i < s->size; i++)
		if (bytes[i])
			return differs(w, DIFFER_BYTES, i, address + i);
	return true;
}

static struct error *match_fields(struct work *w, const struct section *s, const uint8_t *image,
				  uint64_t address, bool *agree)
{
	uint64_t at = 0;

	vec_for_each(&s->relocs, r) {
		const struct reloc_kind *kind = arch_reloc_kind(w->arch, r->type);
		struct image_target t;

		if (!kind || r->offset > s->size || kind->size > s->size - r->offset ||
		    r->offset < at) {
			*agree = differs(w, DIFFER_UNKNOWN, r->offset, address + r->offset);
			return NULL;
		}
		if (!kind->size)
			continue;
		if (kind->through) {
			uint64_t length;

			*agree = r->offset - at >= through_lead(kind) ||
				 differs(w, DIFFER_UNKNOWN, r->offset, address + r->offset);
			*agree = *agree && same_bytes(w, s, image, address, at,
						      r->offset - through_lead(kind));
			if (!*agree)
				return NULL;
			TRY(match_through(w, s, r, kind, image + r->offset, address + r->offset,
					  &length, agree));
			if (!*agree)
				return NULL;
			at = r->offset + length;
			continue;
		}
		*agree = same_bytes(w, s, image, address, at, r->offset);
		if (!*agree)
			return NULL;
		if (!image_refers(w->image, address + r->offset, kind, &t)) {
			*agree = differs(w, DIFFER_FIELD, r->offset, address + r->offset);
			return NULL;
		}
		TRY(match_claim(w, r, kind, &t, address + r->offset, agree));
		if (!*agree)
			return NULL;
		at = r->offset + kind->size;
	}
	*agree = same_bytes(w, s, image, address, at, s->size);
	return NULL;
}

/* Numbers of types, written into the linked image by resolve_btfids. */
static bool is_filled_in_later(const struct section *s)
{
	return !strcmp(s->name, ".BTF_ids");
}

struct error *match_section(struct work *w, const struct section *s, uint64_t address, bool *agree)
{
	const uint8_t *image;

	w->match.claims.n = 0;
	w->match.size = s->size;
	w->match.difference = (struct difference){ 0 };
	*agree = true;
	if (!s->size || is_filled_in_later(s))
		return NULL;
	if (!s->bytes) {
		*agree = same_zeroes(w, s, address);
		return NULL;
	}
	image = image_bytes(w->image, address, s->size);
	if (image)
		return match_fields(w, s, image, address, agree);

	/* Zeroes that the image keeps no bytes for. */
	*agree = false;
	for (uint64_t i = 0; i < s->size; i++)
		if (s->bytes[i] || s->relocs.n) {
			differs(w, DIFFER_OUTSIDE, i, address + i);
			return NULL;
		}
	*agree = same_zeroes(w, s, address);
	return NULL;
}
