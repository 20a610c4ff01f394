// SPDX-License-Identifier: GPL-2.0-or-later
#include "bind/twin.h"

#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"

/* One of two sections of code, on the way through it. */
struct side {
	const struct section *s;
	uint64_t at;
	size_t reloc;
	uint32_t *ordinal; /* by offset, and of the end: how many real instructions are before */
};

struct branch {
	uint64_t at, to[2]; /* in a, and where it leads in each */
};

struct pair {
	const struct arch *arch;
	struct side a, b;
	uint32_t n; /* real instructions so far */
	VEC(struct branch) branches;
};

static void pair_free(struct pair *p)
{
	free(p->a.ordinal);
	free(p->b.ordinal);
	vec_free(&p->branches);
}

static struct error *no_twin(const struct section *s, uint64_t at, const char *what)
{
	return error_refused("%s+0x%llx: two builds of one source differ in more than the lengths "
			     "of branches: %s",
			     s->name, (unsigned long long)at, what);
}

static bool is_code(const struct section *s)
{
	return s && s->flags & SHF_EXECINSTR;
}

/* --- what does not depend on lengths -------------------------------------------------- */

static bool symbols_alike(const struct symbol *x, const struct symbol *y)
{
	unsigned int in = x->section ? x->section->index : 0;

	return str_equal(x->name, y->name) && x->type == y->type && x->bind == y->bind &&
	       x->shndx == y->shndx && !x->section == !y->section &&
	       (!y->section || y->section->index == in);
}

static bool sections_alike(const struct section *x, const struct section *y)
{
	return str_equal(x->name, y->name) && x->type == y->type && x->flags == y->flags;
}

/* The addend counts bytes of code only where the symbol is in code. */
static bool relocs_alike(const struct reloc *x, const struct reloc *y)
{
	return x->type == y->type && x->symbol->index == y->symbol->index &&
	       (x->addend == y->addend || is_code(x->symbol->section));
}

static struct error *check_data(const struct section *x, const struct section *y)
{
	if (x->size != y->size || !x->bytes != !y->bytes || x->relocs.n != y->relocs.n ||
	    (x->bytes && memcmp(x->bytes, y->bytes, x->size)))
		return no_twin(x, 0, "data");
	for (size_t i = 0; i < x->relocs.n; i++)
		if (x->relocs.v[i].offset != y->relocs.v[i].offset ||
		    !relocs_alike(&x->relocs.v[i], &y->relocs.v[i]))
			return no_twin(x, x->relocs.v[i].offset, "what data refers to");
	vec_for_each(&x->symbols, it) {
		const struct symbol *s = *it;

		for (size_t i = 0; i < y->symbols.n; i++)
			if (y->symbols.v[i]->index == s->index &&
			    (y->symbols.v[i]->value != s->value ||
			     y->symbols.v[i]->size != s->size))
				return no_twin(x, s->value, "a variable's place");
	}
	return NULL;
}

/* --- code --------------------------------------------------------------------------------- */

/* The relocation in the next 'length' bytes that writes something, or NULL. */
static const struct reloc *reloc_in(const struct pair *p, struct side *side, unsigned int length)
{
	for (; side->reloc < side->s->relocs.n; side->reloc++) {
		const struct reloc *r = &side->s->relocs.v[side->reloc];
		const struct reloc_kind *kind = arch_reloc_kind(p->arch, r->type);

		if (r->offset >= side->at + length)
			return NULL;
		if (!kind || kind->size)
			return r;
	}
	return NULL;
}

/* The next real instruction; .length is 0 at the end. False if it is none. */
static bool next(const struct pair *p, struct side *side, struct insn *out)
{
	*out = (struct insn){ 0 };
	while (side->at < side->s->size) {
		if (!p->arch->decode(side->s->bytes + side->at, side->s->size - side->at, out) ||
		    !out->length || out->length > side->s->size - side->at)
			return false;
		side->ordinal[side->at] = p->n;
		if (!out->is_nop)
			return true;
		side->at += out->length;
		*out = (struct insn){ 0 };
	}
	side->ordinal[side->at] = p->n;
	return true;
}

static struct error *compare_insns(struct pair *p, const struct insn *x, const struct insn *y)
{
	const struct reloc *r = reloc_in(p, &p->a, x->length), *q = reloc_in(p, &p->b, y->length);
	const uint8_t *bytes = p->a.s->bytes + p->a.at, *others = p->b.s->bytes + p->b.at;

	if (!r != !q)
		return no_twin(p->a.s, p->a.at, "a reference");
	if (!r && x->rel_size && y->rel_size && x->operation == y->operation &&
	    x->is_call == y->is_call && x->is_branch == y->is_branch)
		return vec_push(&p->branches,
				(struct branch){ p->a.at,
						 { p->a.at + x->length + (uint64_t)x->rel,
						   p->b.at + y->length + (uint64_t)y->rel } });
	if (x->length != y->length || memcmp(bytes, others, x->length))
		return no_twin(p->a.s, p->a.at, "an instruction");
	for (; r || q; r = reloc_in(p, &p->a, x->length), q = reloc_in(p, &p->b, y->length)) {
		if (!r || !q || r->offset - p->a.at != q->offset - p->b.at || !relocs_alike(r, q))
			return no_twin(p->a.s, p->a.at, "what it refers to");
		p->a.reloc++;
		p->b.reloc++;
	}
	return NULL;
}

static struct error *check_branches(const struct pair *p)
{
	vec_for_each(&p->branches, b)
		if (b->to[0] > p->a.s->size || b->to[1] > p->b.s->size ||
		    p->a.ordinal[b->to[0]] == UINT32_MAX ||
		    p->a.ordinal[b->to[0]] != p->b.ordinal[b->to[1]])
			return no_twin(p->a.s, b->at, "where a branch leads");
	return NULL;
}

static struct error *start(struct side *side, const struct section *s)
{
	side->s = s;
	if (s->size >= UINT32_MAX)
		return error_refused("section %s is too large", s->name);
	side->ordinal = malloc((s->size + 1) * sizeof(*side->ordinal));
	if (!side->ordinal)
		return error_nomem();
	memset(side->ordinal, 0xff, (s->size + 1) * sizeof(*side->ordinal));
	return NULL;
}

static struct error *check_code(const struct arch *arch, const struct section *s,
				const struct section *t)
{
	struct pair p __cleanup(pair_free) = { .arch = arch };
	struct insn x, y;

	if (!s->bytes != !t->bytes)
		return no_twin(s, 0, "code");
	if (!s->bytes)
		return NULL;
	TRY(start(&p.a, s));
	TRY(start(&p.b, t));
	for (;; p.n++) {
		if (!next(&p, &p.a, &x) || !next(&p, &p.b, &y))
			return no_twin(s, p.a.at, "bytes that are no instruction");
		if (!x.length || !y.length)
			break;
		TRY(compare_insns(&p, &x, &y));
		p.a.at += x.length;
		p.b.at += y.length;
	}
	if (x.length || y.length)
		return no_twin(s, p.a.at, "one ends");
	return check_branches(&p);
}

/* --- the whole ------------------------------------------------------------------------------ */

static struct error *check_section(const struct arch *arch, const struct section *x,
				   const struct section *y)
{
	if (!sections_alike(x, y))
		return no_twin(x, 0, "sections");
	if (!(x->flags & SHF_ALLOC) || arch_special(arch, x->name))
		return NULL; /* debug information and tables follow from the code */
	return is_code(x) ? check_code(arch, x, y) : check_data(x, y);
}

static struct error *check_twin(const struct object *x, const struct object *y)
{
	const struct arch *arch = arch_find(x->machine);

	if (!arch || x->machine != y->machine || x->sections.n != y->sections.n ||
	    x->symbols.n != y->symbols.n)
		return error_refused("two builds of one source have different sections or symbols");
	for (size_t i = 0; i < x->symbols.n; i++)
		if (!symbols_alike(x->symbols.v[i], y->symbols.v[i]))
			return error_refused("two builds of one source have different symbols: %s",
					     x->symbols.v[i]->name);
	for (size_t i = 0; i < x->sections.n; i++)
		TRY(check_section(arch, x->sections.v[i], y->sections.v[i]));
	return NULL;
}

struct error *binding_adopt(struct binding *b, const struct object *twin)
{
	TRY(check_twin(b->object, twin));
	b->object = twin;
	return NULL;
}
