// SPDX-License-Identifier: GPL-2.0-or-later
/* Differences as sentences. */
#include <inttypes.h>
#include <string.h>

#include "bind/work.h"

#define INSN_MAX 15

static const char *place_name(const struct place *p)
{
	if (!p)
		return "something";
	if (p->symbol)
		return p->symbol->name;
	if (p->merged)
		return p->section->flags & SHF_STRINGS ? "a string" : "a constant";
	vec_for_each(&p->section->symbols, s) {
		if (*(*s)->name && strncmp((*s)->name, ".L", 2))
			return (*s)->name;
	}
	return p->section->name;
}

static const char *hex(struct arena *a, const uint8_t *p, size_t n)
{
	char text[3 * INSN_MAX + 1] = "";

	for (size_t i = 0; i < n && i < INSN_MAX; i++)
		snprintf(text + 3 * i, 4, "%02x%s", p[i], i + 1 < n && i + 1 < INSN_MAX ? " " : "");
	return arena_strdup(a, text);
}

/* The start of the instruction that the byte at 'offset' belongs to. */
static uint64_t insn_start(const struct work *w, const struct section *s, uint64_t offset)
{
	uint64_t at = 0;
	struct insn i;

	while (at < s->size && w->arch->decode(s->bytes + at, s->size - at, &i)) {
		if (at + i.length > offset)
			return at;
		at += i.length;
	}
	return offset;
}

static const char *insn_words(const struct work *w, const uint8_t *p, size_t room, uint64_t address)
{
	struct insn i = { .length = room < 4 ? (uint8_t)room : 4 };
	char text[96];
	const char *bytes;

	w->arch->decode(p, room, &i);
	w->arch->print(p, room, address, text, sizeof(text));
	bytes = hex(w->arena, p, i.length);
	return bytes ? arena_printf(w->arena, "%s (%s)", text, bytes) : NULL;
}

static const char *bytes_text(const struct work *w, const struct section *s,
			      const struct difference *d)
{
	uint64_t start = s->flags & SHF_EXECINSTR ? insn_start(w, s, d->offset) : d->offset;
	uint64_t address = d->address - (d->offset - start);
	const struct image_segment *seg = image_segment_at(w->image, address);
	const uint8_t *theirs = image_bytes(w->image, address, 1);
	const char *a, *b;

	if (!s->bytes || !seg || !theirs)
		return arena_printf(w->arena, "+%#" PRIx64 ": the image has other content", start);
	if (!(s->flags & SHF_EXECINSTR)) {
		return arena_printf(w->arena, "+%#" PRIx64 ": %02x where the image has %02x", start,
				    s->bytes[start], *theirs);
	}
	a = insn_words(w, s->bytes + start, s->size - start, start);
	b = insn_words(w, theirs, seg->size - (address - seg->address), address);
	if (!a || !b)
		return NULL;
	return arena_printf(w->arena, "+%#" PRIx64 ": %s where the image has %s", start, a, b);
}

static const char *claim_text(const struct work *w, const struct difference *d)
{
	const struct place *p = d->place;

	if (p->external)
		return arena_printf(w->arena,
				    "+%#" PRIx64 ": refers to %s at %#" PRIx64
				    ", other functions to an outside symbol",
				    d->offset, place_name(p), d->claimed);
	return arena_printf(w->arena,
			    "+%#" PRIx64 ": refers to %s at %#" PRIx64
			    ", others have it at %#" PRIx64,
			    d->offset, place_name(p), d->claimed, p->address);
}

const char *trouble_text(const struct work *w, const struct section *s, const struct difference *d)
{
	const char *what = place_name(d->place);

	switch (d->kind) {
	case DIFFER_OUTSIDE:
		return arena_printf(w->arena, "the image has no such bytes at %#" PRIx64,
				    d->address);
	case DIFFER_BYTES:
		return bytes_text(w, s, d);
	case DIFFER_FIELD:
		return arena_printf(w->arena,
				    "+%#" PRIx64 ": the image has no such reference there",
				    d->offset);
	case DIFFER_SURPLUS:
		return arena_printf(w->arena,
				    "+%#" PRIx64 ": the image has a relocation there, the build "
				    "has none",
				    d->offset);
	case DIFFER_UNKNOWN:
		return arena_printf(w->arena,
				    "+%#" PRIx64 ": a relocation there is of a type that suture "
				    "does not know",
				    d->offset);
	case DIFFER_ADDEND:
		return arena_printf(
			w->arena, "+%#" PRIx64 ": refers to %s at another distance from its start",
			d->offset, what);
	case DIFFER_NAME:
		return arena_printf(w->arena,
				    "+%#" PRIx64 ": refers to %s, the image there to something "
				    "else",
				    d->offset, what);
	case DIFFER_CONTENT:
		return arena_printf(w->arena,
				    "+%#" PRIx64 ": refers to %s whose content is another in the "
				    "image",
				    d->offset, what);
	case DIFFER_CLAIM:
		return claim_text(w, d);
	case DIFFER_SELF:
		return arena_printf(w->arena, "+%#" PRIx64 ": contradicts itself about %s",
				    d->offset, what);
	case DIFFER_OWN_NAME:
		return "what is like it in the image has another name";
	case DIFFER_ORDER:
		return "what is like it in the image does not lie next to the functions that are "
		       "next to it in the object";
	case DIFFER_NOT:
		break;
	}
	return "nothing in the image is like it";
}
