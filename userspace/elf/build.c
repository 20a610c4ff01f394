// SPDX-License-Identifier: GPL-2.0-or-later
/* Making objects. */
#include "elf/object.h"

#include "elf/private.h"

struct error *object_new(const char *name, uint16_t machine, struct object **out)
{
	struct object *o __cleanup_object = NULL;
	struct section *null_section;
	struct symbol *null_symbol;

	TRY(object_alloc(name, &o));
	o->type = ET_REL;
	o->machine = machine;
	TRY(object_append_section(o, &null_section));
	TRY(object_append_symbol(o, &null_symbol));
	*out = take(o);
	return NULL;
}

struct error *object_add_section(struct object *o, const char *name, uint32_t type, uint64_t flags,
				 uint64_t align, const void *bytes, uint64_t size,
				 struct section **out)
{
	char *own_name = arena_strdup(&o->arena, name);
	uint8_t *own_bytes = NULL;
	struct section *s;

	if (!own_name)
		return error_nomem();
	if (size && type != SHT_NOBITS) {
		own_bytes = arena_alloc(&o->arena, size);
		if (!own_bytes)
			return error_nomem();
		if (bytes)
			memcpy(own_bytes, bytes, size);
	}
	TRY(object_append_section(o, &s));
	s->name = own_name;
	s->type = type;
	s->flags = flags;
	s->align = align;
	s->bytes = own_bytes;
	s->size = size;
	TRY(object_index_section(o, s));
	*out = s;
	return NULL;
}

/* Most are made in order: the new one's place is looked for from the end. */
static struct error *insert_symbol(struct section *s, struct symbol *sym)
{
	size_t i;
	uint64_t reach;

	TRY(vec_reserve(&s->reach, s->symbols.n + 1));
	TRY(vec_push(&s->symbols, sym));
	for (i = s->symbols.n - 1; i && s->symbols.v[i - 1]->value > sym->value; i--)
		s->symbols.v[i] = s->symbols.v[i - 1];
	s->symbols.v[i] = sym;
	s->reach.n = s->symbols.n;
	reach = i ? s->reach.v[i - 1] : 0;
	for (; i < s->symbols.n; i++) {
		uint64_t end = s->symbols.v[i]->value + s->symbols.v[i]->size;

		reach = end > reach ? end : reach;
		s->reach.v[i] = reach;
	}
	return NULL;
}

struct error *object_add_symbol(struct object *o, const char *name, uint8_t type, uint8_t bind,
				struct section *section, uint64_t value, uint64_t size,
				struct symbol **out)
{
	char *own_name = arena_strdup(&o->arena, name);
	struct symbol *sym;

	if (!own_name)
		return error_nomem();
	if (section && (value > section->size || size > section->size - value))
		return error_failed("%s: symbol %s would lie outside of section %s", o->name, name,
				    section->name);
	TRY(object_append_symbol(o, &sym));
	sym->name = own_name;
	sym->type = type;
	sym->bind = bind;
	sym->section = section;
	sym->shndx = section ? section_shndx(section->index) : SHN_UNDEF;
	sym->value = value;
	sym->size = size;
	TRY(object_index_symbol(o, sym));
	if (section && type != STT_SECTION)
		TRY(insert_symbol(section, sym));
	if (out)
		*out = sym;
	return NULL;
}

struct error *object_section_symbol(struct object *o, struct section *s, struct symbol **out)
{
	if (!s->symbol)
		TRY(object_add_symbol(o, s->name, STT_SECTION, STB_LOCAL, s, 0, 0, &s->symbol));
	*out = s->symbol;
	return NULL;
}

struct error *object_add_reloc(struct section *s, uint64_t offset, uint32_t type,
			       struct symbol *symbol, int64_t addend)
{
	struct reloc r = { .offset = offset, .type = type, .symbol = symbol, .addend = addend };

	return vec_push(&s->relocs, r);
}
