// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fields of a program's code that lead through something: a slot of the global offset table, a
 * stub of the procedure linkage table. What is meant is what the loader puts there. Where the
 * linker knew the address itself it may have written another instruction, without a slot.
 *
 * Knowledge: psABI for x86-64, appendix B (relaxation), 4.4 and 11.1 (thread-local storage).
 */
#include <string.h>

#include "bind/work.h"
#include "image/program.h"

unsigned int through_lead(const struct reloc_kind *kind)
{
	if (!kind->may_relax)
		return 0;
	return kind->type == R_X86_64_GOTPCRELX ? 2 : 3;
}

static bool differs(struct work *w, enum difference_kind kind, const struct reloc *r,
		    uint64_t field)
{
	w->match.difference =
		(struct difference){ .kind = kind, .offset = r->offset, .address = field };
	return false;
}

/* A rex prefix whose register, in the reg field of ours, is in the r/m field of theirs. */
static bool rex_moved(uint8_t ours, uint8_t theirs)
{
	return (ours & ~4) == (theirs & ~1) && !!(ours & 4) == (theirs & 1) && !(ours & 1) &&
	       !(theirs & 4);
}

/* What the linker made of it: the kind of the field that is there now, and where it begins. */
struct relaxed {
	const struct reloc_kind *kind;
	int shift;	 /* of the field */
	uint64_t length; /* from where ours begins to where both go on */
	int64_t bias;	 /* what the value lacks of symbol + addend */
};

/* mov slot(%rip), %reg -> mov $value, %reg; 'p' and 'q' are at the fields. */
static bool to_immediate(const uint8_t *p, const uint8_t *q, bool rex)
{
	return p[-2] == 0x8b && q[-2] == 0xc7 && q[-1] == (0xc0 | (p[-1] >> 3 & 7)) &&
	       (!rex || rex_moved(p[-3], q[-3]));
}

/* add slot(%rip), %reg -> lea value(%reg), %reg, or add $value, %reg. */
static bool to_addition(const uint8_t *p, const uint8_t *q)
{
	uint8_t reg = p[-1] >> 3 & 7;

	if (p[-2] != 0x03)
		return false;
	if (q[-2] == 0x81)
		return q[-1] == (0xc0 | reg) && rex_moved(p[-3], q[-3]);
	return q[-2] == 0x8d && q[-1] == (0x80 | reg << 3 | reg) &&
	       q[-3] == (p[-3] | (p[-3] & 4 ? 1 : 0));
}

static bool find_relaxed(const struct work *w, const struct reloc_kind *kind, const uint8_t *p,
			 const uint8_t *q, struct relaxed *out)
{
	const struct reloc_kind *direct = arch_reloc_kind(w->arch, R_X86_64_PC32);
	const struct reloc_kind *absolute = arch_reloc_kind(w->arch, R_X86_64_32S);
	bool rex = through_lead(kind) == 3;

	*out = (struct relaxed){ .kind = direct, .length = 4 };
	if (kind->through == THROUGH_TLS_SLOT) {
		out->kind = arch_reloc_kind(w->arch, R_X86_64_TPOFF32);
		out->bias = -4;
		return to_immediate(p, q, true) || to_addition(p, q);
	}
	if (p[-2] == 0x8b && q[-2] == 0x8d && p[-1] == q[-1] && (!rex || p[-3] == q[-3]))
		return true;
	if (to_immediate(p, q, rex)) {
		out->kind = absolute;
		out->bias = -4;
		return true;
	}
	if (rex || p[-2] != 0xff)
		return false;
	if (p[-1] == 0x15 && q[-2] == 0x67 && q[-1] == 0xe8)
		return true;
	out->shift = -1;
	return p[-1] == 0x25 && q[-2] == 0xe9 && q[3] == 0x90;
}

/* The place that stands for a symbol's slots of one kind. */
static struct error *slot_place(struct work *w, const struct reloc *r, struct place **out)
{
	uint64_t key = (uint64_t)1 << 63 | (uint64_t)r->symbol->index << 16 | r->type;
	uint64_t *known = hash_get_u64(&w->pieces, key);

	if (known) {
		*out = (struct place *)(uintptr_t)*known;
		return NULL;
	}
	*out = arena_new(w->arena, struct place);
	if (!*out)
		return error_nomem();
	(*out)->symbol = r->symbol;
	(*out)->slot_type = r->type;
	TRY(vec_push(&w->slots, *out));
	return hash_put_u64(&w->pieces, key, (uintptr_t)*out);
}

/* Of a thread's variable: the loader must fill it in as such, and for that name if it has one. */
static bool is_thread_slot(const struct program *p, const struct reloc *r, uint64_t slot)
{
	const struct program_field *f = program_field_at(p, slot);
	const struct symbol *s = r->symbol;

	if (r->type == R_X86_64_TLSLD)
		return program_is_module_slot(p, slot);
	if (!f)
		return p->is_static && p->type == ET_EXEC;
	if (f->type != R_X86_64_TPOFF64 && f->type != R_X86_64_DTPMOD64)
		return false;
	if ((f->type == R_X86_64_DTPMOD64) != (r->type == R_X86_64_TLSGD))
		return false;
	return !f->symbol || s->type == STT_SECTION ||
	       !strcmp(p->symbols.v[f->symbol].name, s->name);
}

static struct error *claim_thread_slot(struct work *w, const struct program *p,
				       const struct reloc *r, uint64_t field, uint64_t slot,
				       bool *agree)
{
	struct claim c = { .reloc = r, .address = slot };

	*agree = is_thread_slot(p, r, slot) || differs(w, DIFFER_FIELD, r, field);
	if (!*agree)
		return NULL;
	if (r->type == R_X86_64_TLSLD) /* the same for all of them: nothing of this one */
		return NULL;
	TRY(slot_place(w, r, &c.place));
	return vec_push(&w->match.claims, c);
}

static bool may_have_stub(const struct symbol *s)
{
	return s->type != STT_SECTION && s->bind != STB_LOCAL && *s->name;
}

bool through_stub(const struct work *w, const struct reloc *r, const struct reloc_kind *kind,
		  struct image_target *t, uint64_t *stub)
{
	const struct program *p = program_of(w->image);
	uint64_t at = t->address - (uint64_t)r->addend, slot;
	struct program_meaning m;

	*stub = 0;
	if (!p || t->name || kind->through || !may_have_stub(r->symbol) ||
	    !program_is_stub(p, at, &slot))
		return true;
	m = program_slot(p, slot);
	*stub = at;
	if (!m.name) {
		t->address = m.address + (uint64_t)r->addend;
		return true;
	}
	*t = (struct image_target){ .name = m.name, .addend = r->addend };
	return !strcmp(m.name, r->symbol->name);
}

static struct error *claim_slot(struct work *w, const struct program *p, const struct reloc *r,
				const struct reloc_kind *kind, uint64_t field, uint64_t slot,
				bool *agree)
{
	struct program_meaning m = program_slot(p, slot);
	struct image_target t = { .address = m.address + (uint64_t)r->addend,
				  .name = m.name,
				  .addend = r->addend };
	size_t had = w->match.claims.n;

	*agree = m.known || differs(w, DIFFER_FIELD, r, field);
	if (!*agree)
		return NULL;
	TRY(match_claim(w, r, kind, &t, field, agree));
	if (*agree && w->match.claims.n > had)
		w->match.claims.v[had].slot = slot;
	return NULL;
}

struct error *match_through(struct work *w, const struct section *s, const struct reloc *r,
			    const struct reloc_kind *kind, const uint8_t *theirs, uint64_t field,
			    uint64_t *length, bool *agree)
{
	const struct program *p = program_of(w->image);
	const uint8_t *ours = s->bytes + r->offset;
	unsigned int lead = through_lead(kind);
	struct relaxed now = { .kind = kind, .length = 4 };
	struct image_target t;

	*length = 4;
	*agree = p && lead <= r->offset;
	if (*agree && lead && memcmp(ours - lead, theirs - lead, lead))
		*agree = find_relaxed(w, kind, ours, theirs, &now);
	if (!*agree) {
		differs(w, DIFFER_BYTES, r, field);
		return NULL;
	}
	field += (uint64_t)(int64_t)now.shift;
	*agree = image_refers(w->image, field, now.kind, &t) || differs(w, DIFFER_FIELD, r, field);
	if (!*agree)
		return NULL;
	if (now.kind == kind && kind->through == THROUGH_SLOT)
		return claim_slot(w, p, r, kind, field, t.address - (uint64_t)r->addend, agree);
	if (now.kind == kind && kind->through == THROUGH_TLS_SLOT)
		return claim_thread_slot(w, p, r, field, t.address - (uint64_t)r->addend, agree);
	t.address += (uint64_t)now.bias;
	return match_claim(w, r, now.kind, &t, field, agree);
}
