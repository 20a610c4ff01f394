// SPDX-License-Identifier: GPL-2.0-or-later
#include "dwarf/types.h"

#include <dwarf.h>

/*
 * Unnamed structures in one another are followed so deep, pointers to functions that take
 * pointers to functions half of it: their number multiplies at each step.
 */
#define DEPTH 8
/* So many changes of one type are told. */
#define TOLD 4

struct field {
	const char *name; /* "" for an unnamed structure or union */
	uint64_t offset;  /* in bits */
	uint64_t bits;	  /* of a bit field; 0: a whole one */
	Dwarf_Die type;
	bool has_type;
};

struct fields {
	VEC(struct field) v;
};

static void fields_free(struct fields *f)
{
	vec_free(&f->v);
}

static bool same_type(Dwarf_Die *a, Dwarf_Die *b, unsigned int depth);

static bool number(Dwarf_Die *die, unsigned int name, uint64_t *out)
{
	Dwarf_Attribute attr;
	Dwarf_Word word;

	*out = 0;
	if (!dwarf_attr(die, name, &attr) || dwarf_formudata(&attr, &word))
		return false;
	*out = word;
	return true;
}

static bool is_other_name(int tag)
{
	return tag == DW_TAG_typedef || tag == DW_TAG_const_type || tag == DW_TAG_volatile_type ||
	       tag == DW_TAG_restrict_type || tag == DW_TAG_atomic_type;
}

bool types_type_of(Dwarf_Die *die, Dwarf_Die *out)
{
	Dwarf_Attribute attr;
	Dwarf_Die at = *die;

	/* A hostile file may have a ring of them. */
	for (int i = 0; i < 64; i++) {
		if (!dwarf_attr(&at, DW_AT_type, &attr) || !dwarf_formref_die(&attr, out))
			return false;
		if (!is_other_name(dwarf_tag(out)))
			return true;
		at = *out;
	}
	return false;
}

static const char *name_of(Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);

	return name ? name : "";
}

static bool is_declaration(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	bool flag;

	return dwarf_attr(die, DW_AT_declaration, &attr) && !dwarf_formflag(&attr, &flag) && flag;
}

static const char *kind_of(int tag)
{
	return tag == DW_TAG_structure_type ? "struct"
	       : tag == DW_TAG_union_type   ? "union"
					    : "enum";
}

static bool is_aggregate(int tag)
{
	return tag == DW_TAG_structure_type || tag == DW_TAG_union_type;
}

/* Older producers count a bit field from the end of its storage unit; gcc 12 does not. */
static struct field read_field(Dwarf_Die *die)
{
	struct field f = { .name = name_of(die) };
	uint64_t bytes, bits;

	number(die, DW_AT_bit_size, &f.bits);
	if (number(die, DW_AT_data_bit_offset, &bits))
		f.offset = bits;
	else if (number(die, DW_AT_data_member_location, &bytes))
		f.offset = bytes * 8;
	if (number(die, DW_AT_bit_offset, &bits))
		f.offset += bits << 32;
	f.has_type = types_type_of(die, &f.type);
	return f;
}

static struct error *read_fields(Dwarf_Die *type, struct fields *out)
{
	Dwarf_Die die;

	if (dwarf_child(type, &die))
		return NULL;
	do {
		if (dwarf_tag(&die) == DW_TAG_member)
			TRY(vec_push(&out->v, read_field(&die)));
	} while (!dwarf_siblingof(&die, &die));
	return NULL;
}

static bool same_field(struct field *a, struct field *b, unsigned int depth)
{
	return a->offset == b->offset && a->bits == b->bits && str_equal(a->name, b->name) &&
	       a->has_type == b->has_type && (!a->has_type || same_type(&a->type, &b->type, depth));
}

/* The children of one tag, pair by pair. */
static bool same_children(Dwarf_Die *a, Dwarf_Die *b, int tag,
			  bool (*same)(Dwarf_Die *, Dwarf_Die *, unsigned int), unsigned int depth)
{
	Dwarf_Die x, y;
	bool more = !dwarf_child(a, &x), too = !dwarf_child(b, &y);

	for (;;) {
		while (more && dwarf_tag(&x) != tag)
			more = !dwarf_siblingof(&x, &x);
		while (too && dwarf_tag(&y) != tag)
			too = !dwarf_siblingof(&y, &y);
		if (!more || !too)
			return more == too;
		if (!same(&x, &y, depth))
			return false;
		more = !dwarf_siblingof(&x, &x);
		too = !dwarf_siblingof(&y, &y);
	}
}

static bool same_member(Dwarf_Die *a, Dwarf_Die *b, unsigned int depth)
{
	struct field x = read_field(a), y = read_field(b);

	return same_field(&x, &y, depth);
}

static bool same_size(Dwarf_Die *a, Dwarf_Die *b)
{
	uint64_t x, y;
	bool has = number(a, DW_AT_byte_size, &x);

	return number(b, DW_AT_byte_size, &y) == has && x == y;
}

static bool same_parameter(Dwarf_Die *a, Dwarf_Die *b, unsigned int depth)
{
	Dwarf_Die x, y;
	bool has = types_type_of(a, &x);

	return types_type_of(b, &y) == has && (!has || same_type(&x, &y, depth));
}

static bool same_bound(Dwarf_Die *a, Dwarf_Die *b, unsigned int depth)
{
	uint64_t x, y;
	bool has = number(a, DW_AT_upper_bound, &x);

	(void)depth;
	if (number(b, DW_AT_upper_bound, &y) != has || x != y)
		return false;
	has = number(a, DW_AT_count, &x);
	return number(b, DW_AT_count, &y) == has && x == y;
}

static bool same_function(Dwarf_Die *a, Dwarf_Die *b, unsigned int depth)
{
	return same_parameter(a, b, depth) &&
	       same_children(a, b, DW_TAG_formal_parameter, same_parameter, depth);
}

/*
 * As stored in memory. What a pointer leads to is another type's matter, but for functions:
 * who calls through the pointer must pass what the callee takes.
 */
static bool same_type(Dwarf_Die *a, Dwarf_Die *b, unsigned int depth)
{
	int tag = dwarf_tag(a);
	uint64_t x, y;
	Dwarf_Die p, q;
	bool has;

	if (tag != dwarf_tag(b) || !same_size(a, b))
		return false;
	if (!depth)
		return true;
	switch (tag) {
	case DW_TAG_base_type:
		number(a, DW_AT_encoding, &x);
		number(b, DW_AT_encoding, &y);
		return x == y;
	case DW_TAG_pointer_type:
		has = types_type_of(a, &p);
		if (types_type_of(b, &q) != has || !has)
			return !has;
		if (dwarf_tag(&p) != DW_TAG_subroutine_type)
			return dwarf_tag(&q) != DW_TAG_subroutine_type;
		return dwarf_tag(&q) == DW_TAG_subroutine_type &&
		       same_function(&p, &q, depth > DEPTH / 2 ? depth - DEPTH / 2 : 0);
	case DW_TAG_array_type:
		return same_children(a, b, DW_TAG_subrange_type, same_bound, depth) &&
		       same_parameter(a, b, depth - 1);
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
		if (*name_of(a) || *name_of(b)) /* compared by itself, under its name */
			return str_equal(name_of(a), name_of(b));
		return same_children(a, b, DW_TAG_member, same_member, depth - 1);
	default:
		return true;
	}
}

bool types_same_prototype(Dwarf_Die *a, Dwarf_Die *b)
{
	return same_function(a, b, DEPTH);
}

/* --- telling the difference ---------------------------------------------------- */

static const struct field *field_named(const struct fields *f, const char *name)
{
	vec_for_each(&f->v, it)
		if (*name && str_equal(it->name, name))
			return it;
	return NULL;
}

static struct error *tell(struct strbuf *out, unsigned int *told, const char *fmt, ...)
	__printf_like(3, 4) __must_check;
static struct error *tell(struct strbuf *out, unsigned int *told, const char *fmt, ...)
{
	struct error *e;
	va_list ap;

	if (++*told > TOLD)
		return NULL;
	if (*told > 1)
		TRY(strbuf_puts(out, "; "));
	va_start(ap, fmt);
	e = strbuf_vprintf(out, fmt, ap);
	va_end(ap);
	return e;
}

static unsigned long long byte(const struct field *f)
{
	return f->offset / 8 & UINT32_MAX;
}

static struct error *tell_fields(struct fields *was, struct fields *is, struct strbuf *out)
{
	unsigned int told = 0;

	vec_for_each(&is->v, f) {
		const struct field *old = field_named(was, f->name);

		if (!*f->name)
			continue;
		if (!old)
			TRY(tell(out, &told, "field %s was added at byte %llu", f->name, byte(f)));
		else if (old->offset != f->offset || old->bits != f->bits)
			TRY(tell(out, &told, "field %s moved from byte %llu to %llu", f->name,
				 byte(old), byte(f)));
		else if (!same_field((struct field *)old, f, DEPTH))
			TRY(tell(out, &told, "field %s at byte %llu has another type", f->name,
				 byte(f)));
	}
	vec_for_each(&was->v, f)
		if (*f->name && !field_named(is, f->name))
			TRY(tell(out, &told, "field %s at byte %llu is gone", f->name, byte(f)));
	if (!told)
		return tell(out, &told, "an unnamed part of it differs");
	return NULL;
}

/* "struct foo *" and the like; NULL for arrays, functions, and what has no name. */
static const char *spell(struct arena *arena, Dwarf_Die *die, unsigned int depth)
{
	Dwarf_Attribute attr;
	const char *inner;
	Dwarf_Die to;
	int tag = dwarf_tag(die);

	if (is_aggregate(tag) || tag == DW_TAG_enumeration_type)
		return *name_of(die) ? arena_printf(arena, "%s %s", kind_of(tag), name_of(die))
				     : NULL;
	if (tag == DW_TAG_base_type || tag == DW_TAG_typedef)
		return *name_of(die) ? arena_strdup(arena, name_of(die)) : NULL;
	if (!depth || (tag != DW_TAG_pointer_type && tag != DW_TAG_const_type))
		return NULL;
	if (!dwarf_attr(die, DW_AT_type, &attr))
		return tag == DW_TAG_pointer_type ? "void *" : NULL;
	inner = dwarf_formref_die(&attr, &to) ? spell(arena, &to, depth - 1) : NULL;
	if (!inner)
		return NULL;
	if (tag == DW_TAG_const_type)
		return arena_printf(arena, "const %s", inner);
	return arena_printf(arena, "%s%s*", inner, str_ends(inner, "*") ? "" : " ");
}

static void find_added(struct arena *arena, Dwarf_Die *before, Dwarf_Die *after,
		       struct layout_change *c)
{
	struct error *e __cleanup_error = NULL;
	struct fields was __cleanup(fields_free) = { 0 };
	Dwarf_Attribute attr;
	Dwarf_Die die, type;

	e = read_fields(before, &was);
	if (e || dwarf_child(after, &die))
		return;
	do {
		if (dwarf_tag(&die) != DW_TAG_member || !*name_of(&die) ||
		    field_named(&was, name_of(&die)))
			continue;
		c->added = arena_strdup(arena, name_of(&die));
		if (dwarf_attr(&die, DW_AT_type, &attr) && dwarf_formref_die(&attr, &type))
			c->added_type = spell(arena, &type, 8);
		return;
	} while (!dwarf_siblingof(&die, &die));
}

static struct error *tell_aggregate(Dwarf_Die *a, Dwarf_Die *b, struct strbuf *out)
{
	struct fields was __cleanup(fields_free) = { 0 }, is __cleanup(fields_free) = { 0 };
	uint64_t x, y;

	TRY(read_fields(a, &was));
	TRY(read_fields(b, &is));
	TRY(tell_fields(&was, &is, out));
	number(a, DW_AT_byte_size, &x);
	number(b, DW_AT_byte_size, &y);
	if (x == y)
		return NULL;
	return strbuf_printf(out, "; size %llu bytes, now %llu", (unsigned long long)x,
			     (unsigned long long)y);
}

/* The first enumerator of both whose value differs; "" if none. */
static struct error *tell_enum(Dwarf_Die *a, Dwarf_Die *b, struct strbuf *out)
{
	struct hash_map values __cleanup(hash_free) = { 0 };
	unsigned int told = 0;
	Dwarf_Die die;
	uint64_t value;

	if (dwarf_child(a, &die))
		return NULL;
	do {
		number(&die, DW_AT_const_value, &value);
		TRY(hash_put(&values, name_of(&die), value));
	} while (!dwarf_siblingof(&die, &die));
	if (dwarf_child(b, &die))
		return NULL;
	do {
		const uint64_t *old = hash_get(&values, name_of(&die));

		number(&die, DW_AT_const_value, &value);
		if (old && *old != value)
			TRY(tell(out, &told, "%s was %lld, now %lld", name_of(&die),
				 (long long)*old, (long long)value));
	} while (!dwarf_siblingof(&die, &die));
	return NULL;
}

/* --- finding the pairs ---------------------------------------------------------- */

struct named {
	Dwarf_Die die;
	size_t next; /* another of the name, index + 1 */
};

struct index {
	struct hash_map by_name; /* "struct foo" -> index of the last of it */
	VEC(struct named) types;
	struct arena *arena;
};

static void index_free(struct index *x)
{
	hash_free(&x->by_name);
	vec_free(&x->types);
}

static struct error *key_of(struct arena *arena, Dwarf_Die *die, const char **out)
{
	int tag = dwarf_tag(die);

	*out = NULL;
	if ((!is_aggregate(tag) && tag != DW_TAG_enumeration_type) || is_declaration(die) ||
	    !*name_of(die))
		return NULL;
	*out = arena_printf(arena, "%s %s", kind_of(tag), name_of(die));
	return *out ? NULL : error_nomem();
}

static struct error *index_types(const struct debug *d, struct index *x)
{
	Dwarf_Die die;

	vec_for_each(&d->units, unit) {
		if (dwarf_child(unit, &die))
			continue;
		do {
			struct named n = { .die = die };
			const char *key;
			uint64_t *at;

			TRY(key_of(x->arena, &die, &key));
			if (!key)
				continue;
			at = hash_get(&x->by_name, key);
			n.next = at ? *at + 1 : 0;
			TRY(hash_put(&x->by_name, key, x->types.n));
			TRY(vec_push(&x->types, n));
		} while (!dwarf_siblingof(&die, &die));
	}
	return NULL;
}

/* Empty if they are alike. */
static struct error *difference(Dwarf_Die *a, Dwarf_Die *b, struct strbuf *out)
{
	if (!is_aggregate(dwarf_tag(b)))
		return tell_enum(a, b, out);
	if (same_size(a, b) && same_children(a, b, DW_TAG_member, same_member, DEPTH))
		return NULL;
	return tell_aggregate(a, b, out);
}

static struct error *compare_type(struct index *x, Dwarf_Die *unit, Dwarf_Die *die,
				  struct layout_changes *out)
{
	struct strbuf what __cleanup_strbuf = { 0 };
	struct layout_change c = { 0 };
	const uint64_t *at;
	int line;

	TRY(key_of(x->arena, die, &c.type));
	at = c.type ? hash_get(&x->by_name, c.type) : NULL;
	if (!at)
		return NULL;
	/* Several of one name, in files that were compiled as one: any that is alike will do. */
	for (size_t i = *at + 1; i; i = x->types.v[i - 1].next) {
		what.n = 0;
		TRY(difference(&x->types.v[i - 1].die, die, &what));
		if (!what.n)
			return NULL;
	}
	if (is_aggregate(dwarf_tag(die)))
		find_added(x->arena, &x->types.v[*at].die, die, &c);
	c.what = arena_strdup(x->arena, strbuf_str(&what));
	c.file = debug_file(unit, dwarf_decl_file(die));
	c.file = c.file ? arena_strdup(x->arena, c.file) : NULL;
	c.line = dwarf_decl_line(die, &line) || line < 0 ? 0 : (unsigned int)line;
	return c.what ? vec_push(&out->v, c) : error_nomem();
}

struct error *types_compare(const struct debug *before, const struct debug *after,
			    struct arena *arena, struct layout_changes *out)
{
	struct index x __cleanup(index_free) = { .arena = arena };
	Dwarf_Die die;

	TRY(index_types(before, &x));
	vec_for_each(&after->units, unit) {
		if (dwarf_child(unit, &die))
			continue;
		do {
			TRY(compare_type(&x, unit, &die, out));
		} while (!dwarf_siblingof(&die, &die));
	}
	return NULL;
}

void layout_changes_free(struct layout_changes *c)
{
	vec_free(&c->v);
}
