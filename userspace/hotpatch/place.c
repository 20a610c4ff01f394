// SPDX-License-Identifier: GPL-2.0-or-later
/* What each field of the extracted code becomes. */
#include <elf.h>
#include <string.h>

#include "arch/arch.h"
#include "hotpatch/link_work.h"

/* What a symbol stands for. */
struct meaning {
	struct spot spot;    /* of the thing itself; .to == HOTPATCH_TO_SYMBOL: another file's */
	uint64_t stub, slot; /* the program's own ways to it; 0: none */
	uint32_t slot_type;
	bool is_thread_value; /* spot.offset is what is added to the thread pointer */
};

/* --- outside ------------------------------------------------------------------------- */

static struct error *note(struct link *l, const char *name, const struct meaning *m,
			  enum bind_how how, unsigned int witnesses)
{
	struct hotpatch_account_reference r = { .address = m->spot.to == HOTPATCH_TO_FILE
								   ? m->spot.offset
								   : 0,
						.how = how,
						.witnesses = witnesses,
						.is_export = m->spot.to == HOTPATCH_TO_SYMBOL };

	vec_for_each(&l->account->references, it)
		if (str_equal(it->name, name) && it->address == r.address)
			return NULL;
	r.name = arena_strdup(&l->o->arena, name);
	return r.name ? vec_push(&l->account->references, r) : error_nomem();
}

static struct spot in_file(uint64_t address)
{
	return (struct spot){ .to = HOTPATCH_TO_FILE, .offset = address };
}

static void imported(const struct link *l, const char *name, struct meaning *m)
{
	const struct program_symbol *s = program_symbol_named(l->program, name);

	m->spot = (struct spot){ .to = HOTPATCH_TO_SYMBOL,
				 .symbol = name,
				 .version = s ? s->version : NULL };
	m->stub = m->stub ? m->stub : program_stub_of(l->program, name);
	m->slot = m->slot ? m->slot : program_slot_of(l->program, name);
}

static bool is_thread_symbol(const struct symbol *before)
{
	return before->type == STT_TLS;
}

/* A place that the before build refers to. */
static struct error *bound(struct link *l, size_t u, const struct outside *x, struct meaning *m)
{
	const struct process_binding *b = l->units[u].binding;
	const struct placement *p = NULL;
	const char *trouble = process_binding_trouble(b, x->before);

	if (b->before->placements[x->before->index].how == BIND_NONE && trouble)
		return error_refused("%s has no proven place: %s", x->before->name, trouble);
	TRY(binding_need(b->before, x->before, &p));
	m->stub = p->stub;
	m->slot = p->slot;
	m->slot_type = p->slot_type;
	if (is_thread_symbol(x->before) || p->slot_type) {
		m->is_thread_value = p->how != BIND_EXTERNAL;
		m->spot = in_file(p->address);
		return note(l, x->before->name, m, p->how, p->witnesses);
	}
	if (p->how == BIND_EXTERNAL)
		imported(l, x->before->name, m);
	else
		m->spot = in_file(p->address);
	return note(l, x->before->name, m, p->how, p->witnesses);
}

static struct spot in_part(const struct link *l, size_t u, const struct symbol *s)
{
	const struct laid *at = &l->laid[u][s->section->index];

	return (struct spot){ .to = HOTPATCH_TO_PART,
			      .part = at->part,
			      .offset = at->offset + s->value };
}

/* By its symbol table the program has nothing of that name: only a library can have it. */
static bool is_of_libraries(const struct link *l, const char *name)
{
	size_t first;

	return l->program->has_names && !l->program->is_static &&
	       !image_symbols_named(l->program->image, name, &first);
}

/* Only the new code refers to it: another unit of the fix, another of the program, a library. */
static struct error *by_name(struct link *l, const char *name, struct meaning *m)
{
	uint64_t *own = hash_get(&l->globals, name), address = 0;
	const struct program_symbol *s = program_symbol_named(l->program, name);
	struct placement p = { 0 };
	bool found = false;

	if (own) {
		size_t u = *own >> 32;

		m->spot = in_part(l, u, l->units[u].extraction->object->symbols.v[(uint32_t)*own]);
		return NULL;
	}
	if (s && s->type == STT_TLS)
		return error_refused("%s is a variable of threads that this code did not use "
				     "before",
				     name);
	if (s && s->defined) {
		m->spot = in_file(s->address);
		return note(l, name, m, BIND_NAMED, 0);
	}
	if (!s && l->program->has_names) {
		struct error *e __cleanup_error = binding_by_name(l->program->image, name, &p);

		if (!e) {
			m->spot = in_file(p.address);
			return note(l, name, m, BIND_NAMED, 0);
		}
	}
	if (!s && l->request->find)
		TRY(l->request->find(l->request->arg, name, &address, &found));
	if (found) {
		m->spot = in_file(address);
		return note(l, name, m, BIND_DERIVED, 0);
	}
	if (!s && !is_of_libraries(l, name))
		return error_advise(error_refused("%s: the program does not ask for it, and has "
						  "no such function or variable that could be "
						  "found",
						  name),
				    "use what the program uses already, or give the program with "
				    "its symbol table: that shows whether a library has it");
	imported(l, name, m);
	return note(l, name, m, BIND_EXTERNAL, 0);
}

static const struct outside *outside_of(const struct extraction *x, const struct symbol *s)
{
	vec_for_each(&x->outside, it)
		if (it->symbol == s)
			return it;
	return NULL;
}

static struct error *meaning_of(struct link *l, size_t u, const struct symbol *s, struct meaning *m)
{
	const struct outside *x;

	*m = (struct meaning){ 0 };
	if (s->section) {
		if (!l->laid[u][s->section->index].is_there)
			return error_refused("%s lies in %s, which has no place", s->name,
					     s->section->name);
		m->spot = in_part(l, u, s);
		return NULL;
	}
	x = outside_of(l->units[u].extraction, s);
	if (!x || !*s->name)
		return error_refused("a reference leads to nothing that has a name");
	if (str_starts(s->name, "_GLOBAL_OFFSET_TABLE_"))
		return error_refused("%s is used by itself", s->name);
	return x->before ? bound(l, u, x, m) : by_name(l, s->name, m);
}

/* --- slots and stubs of our own --------------------------------------------------------- */

static bool same_spot(const struct spot *a, const struct spot *b)
{
	if (a->to != b->to || a->part != b->part || a->offset != b->offset)
		return false;
	return !a->symbol || str_equal(a->symbol, b->symbol);
}

static const struct own *find_own(const struct link *l, const struct spot *to, bool is_stub)
{
	vec_for_each(&l->owned, it)
		if (it->is_stub == is_stub && same_spot(&it->spot, to))
			return it;
	return NULL;
}

/* Eight bytes with an address in them; 'out' is where they are. */
static struct error *own_slot(struct link *l, const struct spot *to, struct spot *out)
{
	const struct own *known = find_own(l, to, false);
	struct own o = { .spot = *to };

	if (to->to == HOTPATCH_TO_SYMBOL) {
		*out = *to;
		out->to = HOTPATCH_TO_GOT;
		return NULL;
	}
	if (!known) {
		TRY(link_put(l, HOTPATCH_CONST, NULL, 8, 8, &o.at));
		TRY(link_reference(l, HOTPATCH_CONST, o.at, R_X86_64_64, to, 0));
		TRY(vec_push(&l->owned, o));
		known = &l->owned.v[l->owned.n - 1];
	}
	*out = (struct spot){ .to = HOTPATCH_TO_PART, .part = HOTPATCH_CONST, .offset = known->at };
	return NULL;
}

/* Another file may be too far for a call: jmp *slot(%rip). */
static struct error *own_stub(struct link *l, const struct spot *to, struct spot *out)
{
	static const uint8_t code[8] = { 0xff, 0x25, 0, 0, 0, 0, 0xcc, 0xcc };
	const struct own *known = find_own(l, to, true);
	struct own o = { .spot = *to, .is_stub = true };
	struct spot slot;

	if (!known) {
		TRY(link_put(l, HOTPATCH_CODE, code, sizeof(code), 8, &o.at));
		TRY(own_slot(l, to, &slot));
		TRY(link_reference(l, HOTPATCH_CODE, o.at + 2, R_X86_64_PC32, &slot, -4));
		TRY(vec_push(&l->owned, o));
		known = &l->owned.v[l->owned.n - 1];
	}
	*out = (struct spot){ .to = HOTPATCH_TO_PART, .part = HOTPATCH_CODE, .offset = known->at };
	return NULL;
}

/* --- fields -------------------------------------------------------------------------- */

struct field {
	struct link *l;
	const struct reloc *r;
	enum hotpatch_part_kind part;
	uint64_t offset;
};

static struct error *put(const struct field *f, uint32_t type, const struct spot *to)
{
	return link_reference(f->l, f->part, f->offset, type, to, f->r->addend);
}

static struct error *near(const struct field *f, const struct meaning *m)
{
	struct spot to = m->spot;

	if (to.to == HOTPATCH_TO_SYMBOL && m->stub)
		to = in_file(m->stub);
	else if (to.to == HOTPATCH_TO_SYMBOL)
		TRY(own_stub(f->l, &m->spot, &to));
	return put(f, R_X86_64_PC32, &to);
}

static struct error *through_slot(const struct field *f, const struct meaning *m)
{
	struct spot to;

	if (m->slot && !m->slot_type)
		to = in_file(m->slot);
	else
		TRY(own_slot(f->l, &m->spot, &to));
	return put(f, R_X86_64_PC32, &to);
}

/* Known when the program was linked: the same number serves new code. */
static struct error *thread_value(const struct field *f, const struct meaning *m)
{
	int64_t value = (int64_t)m->spot.offset + f->r->addend;
	int32_t narrow = (int32_t)value;

	if (!m->is_thread_value || narrow != value)
		return error_refused("%s: where it is in a thread is not known",
				     f->r->symbol->name);
	memcpy(f->l->bytes[f->part].s + f->offset, &narrow, sizeof(narrow));
	return NULL;
}

static struct error *thread_slot(const struct field *f, const struct meaning *m)
{
	struct spot to;
	uint64_t at;

	if (f->r->type == R_X86_64_TLSLD) {
		to = in_file(program_module_slot(f->l->program));
		return to.offset
			       ? put(f, R_X86_64_PC32, &to)
			       : error_refused("the program has no slot for variables of threads");
	}
	if (m->slot && m->slot_type == f->r->type) {
		to = in_file(m->slot);
		return put(f, R_X86_64_PC32, &to);
	}
	if (!m->is_thread_value || f->r->type != R_X86_64_GOTTPOFF)
		return error_refused("%s: the program refers to it in another way",
				     f->r->symbol->name);
	TRY(link_put(f->l, HOTPATCH_CONST, &m->spot.offset, 8, 8, &at));
	to = (struct spot){ .to = HOTPATCH_TO_PART, .part = HOTPATCH_CONST, .offset = at };
	return put(f, R_X86_64_PC32, &to);
}

static struct error *data_of_others(const struct field *f)
{
	return error_refused("%s: another file's variable is referred to without a slot",
			     f->r->symbol->name);
}

struct error *link_field(struct link *l, size_t u, const struct section *s, const struct reloc *r)
{
	const struct laid *at = &l->laid[u][s->index];
	const struct field f = {
		.l = l, .r = r, .part = at->part, .offset = at->offset + r->offset
	};
	struct meaning m;

	if (r->type == R_X86_64_NONE)
		return NULL;
	TRY(meaning_of(l, u, r->symbol, &m));
	switch (r->type) {
	case R_X86_64_PLT32:
		return near(&f, &m);
	case R_X86_64_PC32:
		if (s->flags & SHF_EXECINSTR && r->offset && s->bytes &&
		    l->program->image->arch->is_branch_field(s->bytes, r->offset))
			return near(&f, &m);
		if (m.spot.to == HOTPATCH_TO_SYMBOL)
			return data_of_others(&f);
		return put(&f, r->type, &m.spot);
	case R_X86_64_PC64:
	case R_X86_64_32:
	case R_X86_64_32S:
		if (m.spot.to == HOTPATCH_TO_SYMBOL && m.stub)
			m.spot = in_file(m.stub); /* what the program takes for its address */
		else if (m.spot.to == HOTPATCH_TO_SYMBOL)
			return data_of_others(&f);
		return put(&f, r->type, &m.spot);
	case R_X86_64_64:
		return put(&f, r->type, &m.spot);
	case R_X86_64_GOTPCREL:
	case R_X86_64_GOTPCRELX:
	case R_X86_64_REX_GOTPCRELX:
		return through_slot(&f, &m);
	case R_X86_64_TPOFF32:
	case R_X86_64_DTPOFF32:
		return thread_value(&f, &m);
	case R_X86_64_GOTTPOFF:
	case R_X86_64_TLSGD:
	case R_X86_64_TLSLD:
		return thread_slot(&f, &m);
	}
	return error_refused("relocation type %u is not known", r->type);
}
