// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a relocation refers to. A pc-relative field is counted from the end of its
 * instruction, so its addend is less than the offset by what lies between: the field
 * itself, and an immediate operand that may follow it. Against a section symbol, only
 * the instruction tells how much that is.
 */
#include "delta/private.h"

#define BIAS_UNKNOWN 0xff

/* Decode the node once; note for each relocation how far its instruction's end is. */
static void learn_bias(struct node *n)
{
	struct view *v = n->view;
	size_t r = 0;
	uint64_t at = 0;

	n->bias = arena_alloc(v->arena, n->n_relocs);
	if (!n->bias)
		return;
	memset(n->bias, BIAS_UNKNOWN, n->n_relocs);
	while (at < n->size && r < n->n_relocs) {
		struct insn insn;

		if (!v->arch->decode(n->bytes + at, n->size - at, &insn))
			return;
		at += insn.length;
		for (; r < n->n_relocs && n->relocs[r].offset - n->start < at; r++)
			n->bias[r] = (uint8_t)(n->start + at - n->relocs[r].offset);
	}
}

/* Of a field in code: how much its addend is less than the offset it means. */
static bool code_bias(struct node *n, const struct reloc *r, uint8_t *out)
{
	if (!n->bias)
		learn_bias(n);
	if (!n->bias)
		return false;
	*out = n->bias[r - n->relocs];
	return *out != BIAS_UNKNOWN;
}

/* Where one node ends and the next begins, an offset alone does not tell which is meant. */
static bool is_boundary(const struct view *v, const struct node *n, int64_t offset)
{
	size_t first = v->in_section[n->section->index].first;

	if ((uint64_t)offset != node_begin(n) || n->index == first)
		return false;
	return v->nodes.v[n->index - 1]->start + v->nodes.v[n->index - 1]->size == node_begin(n);
}

/* Addends are hostile: their sums may wrap. */
static int64_t sum(int64_t a, uint64_t b)
{
	return (int64_t)((uint64_t)a + b);
}

static bool fill(struct view *v, const struct reloc *r, uint64_t bias, struct target *out)
{
	struct symbol *sym = r->symbol;
	int64_t offset = sum(r->addend, bias);

	out->symbol = sym;
	out->section = sym->section;
	out->offset = offset;
	out->node = v->of_symbol[sym->index];
	if (out->node) {
		out->offset = sum(offset, sym->value - out->node->start);
		return true;
	}
	if (!sym->section || v->class[sym->section->index] == CLASS_IGNORED)
		return true;
	if (sym->type == STT_SECTION) {
		out->node = view_node_at(v, sym->section, offset);
		out->boundary = out->node && is_boundary(v, out->node, offset);
	} else {
		offset = sum(offset, sym->value);
	}
	out->offset = out->node ? sum(offset, -out->node->start) : offset;
	return true;
}

/*
 * recordmcount, which made __mcount_loc up to 5.x, names a place by the first function of its
 * section and the distance from that: it may be in another one.
 */
static void find_real_function(struct view *v, const struct reloc *r, struct target *out)
{
	struct node *n = out->node;
	int64_t offset = sum(r->addend, r->symbol->value);

	if (!n || n->class != CLASS_TEXT || v->in_section[n->section->index].n == 1 ||
	    (out->offset >= 0 && (uint64_t)out->offset < n->size))
		return;
	n = view_node_at(v, n->section, offset);
	if (!n)
		return;
	out->node = n;
	out->offset = sum(offset, -n->start);
}

bool table_target(struct view *v, const struct reloc *r, struct target *out)
{
	*out = (struct target){ 0 };
	if (!arch_reloc_kind(v->arch, r->type) || !fill(v, r, 0, out))
		return false;
	find_real_function(v, r, out);
	return true;
}

/* Whether the offset is needed to tell what is meant: where one section holds many things. */
static bool needs_offset(const struct view *v, const struct symbol *sym)
{
	const struct node *n = v->of_symbol[sym->index];

	return n ? n->class == CLASS_LITERALS : sym->section != NULL;
}

static bool find_target(struct node *n, const struct reloc *r, bool exact, struct target *out)
{
	struct view *v = n->view;
	const struct reloc_kind *k = arch_reloc_kind(v->arch, r->type);
	uint8_t bias = 0;

	*out = (struct target){ 0 };
	if (!k)
		return false;
	if (k->pc_relative && n->section->flags & SHF_EXECINSTR && n->bytes) {
		out->branch =
			k->is_branch || v->arch->is_branch_field(n->bytes, r->offset - n->start);
		bias = k->size;
		if (!out->branch && (exact || needs_offset(v, r->symbol)) &&
		    !code_bias(n, r, &bias)) {
			bias = k->size;
			out->uncertain = true;
		}
	}
	return fill(v, r, bias, out);
}

bool node_target(struct node *n, const struct reloc *r, struct target *out)
{
	return find_target(n, r, true, out);
}

bool node_target_roughly(struct node *n, const struct reloc *r, struct target *out)
{
	return find_target(n, r, false, out);
}

const char *section_string(const struct section *s, int64_t offset)
{
	if (!(s->flags & SHF_STRINGS) || offset < 0 || (uint64_t)offset >= s->size || !s->bytes)
		return NULL;
	if (s->entsize > 1 || !memchr(s->bytes + offset, 0, s->size - (uint64_t)offset))
		return NULL;
	return (const char *)s->bytes + offset;
}

const char *target_string(const struct target *t)
{
	const struct section *s = t->node ? t->node->section : NULL;
	uint64_t at = t->node ? t->node->start + (uint64_t)t->offset : 0;

	if (!s || s->flags & (SHF_WRITE | SHF_EXECINSTR) || !s->bytes || at >= s->size ||
	    (s->flags & SHF_STRINGS && s->entsize > 1) || !memchr(s->bytes + at, 0, s->size - at))
		return NULL;
	return (const char *)s->bytes + at;
}

const char *node_name(const struct node *n)
{
	return n->symbol ? n->symbol->name : n->section->name;
}

/* On one line, without the marks that printk() wants before its messages. */
static const char *quoted(struct arena *a, const char *string)
{
	char *to = arena_alloc(a, 72);
	size_t n = 0;

	if (!to)
		return NULL;
	if (string[0] == 1 && string[1])
		string += 2;
	to[n++] = '"';
	for (; *string && n < 62; string++)
		to[n++] = (unsigned char)*string < ' ' || *string == 127 ? ' ' : *string;
	while (to[n - 1] == ' ')
		n--;
	memcpy(to + n, *string ? "...\"" : "\"", *string ? 5 : 2);
	return to;
}

const char *target_name(struct view *v, const struct target *t)
{
	const char *string, *name;

	if (!t->node)
		return t->symbol && *t->symbol->name ? t->symbol->name : "nothing";
	if (t->node->class == CLASS_LITERALS) {
		string = section_string(t->node->section, t->offset);
		return string ? quoted(v->arena, string) : "another constant";
	}
	name = node_name(t->node);
	if (t->node->class == CLASS_TEXT && !t->offset)
		return arena_printf(v->arena, "%s()", name);
	if (t->offset)
		return arena_printf(v->arena, "%s%+ld", name, (long)t->offset);
	return name;
}

bool node_is_copied(const struct node *n)
{
	if (n->is_private)
		return true;
	return n->class == CLASS_DATA && !n->symbol && !section_is_written(n->section);
}

bool node_is_blob(const struct node *n)
{
	return n->class == CLASS_BOOT || n->class == CLASS_REGISTRY || n->class == CLASS_UNKNOWN;
}
