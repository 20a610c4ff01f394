// SPDX-License-Identifier: GPL-2.0-or-later
/* The object's life, and looking things up in it. */
#include "elf/object.h"

#include "elf/private.h"

struct error *object_alloc(const char *name, struct object **out)
{
	struct object *o __cleanup_object = calloc(1, sizeof(*o));

	if (!o)
		return error_nomem();
	o->name = strdup(name);
	if (!o->name)
		return error_nomem();
	*out = take(o);
	return NULL;
}

void object_free(struct object **at)
{
	struct object *o = *at;

	if (!o)
		return;
	vec_for_each(&o->sections, it) {
		vec_free(&(*it)->symbols);
		vec_free(&(*it)->relocs);
		vec_free(&(*it)->rela);
		vec_free(&(*it)->reach);
	}
	vec_free(&o->sections);
	vec_free(&o->symbols);
	hash_free(&o->sections_by_name);
	hash_free(&o->symbols_by_name);
	arena_free(&o->arena);
	strbuf_free(&o->content);
	free(o->name);
	free(o);
	*at = NULL;
}

struct error *object_append_section(struct object *o, struct section **out)
{
	struct section *s = arena_new(&o->arena, struct section);

	if (!s)
		return error_nomem();
	if (o->sections.n >= UINT32_MAX)
		return error_failed("%s: too many sections", o->name);
	s->index = (unsigned int)o->sections.n;
	s->name = "";
	TRY(vec_push(&o->sections, s));
	*out = s;
	return NULL;
}

struct error *object_append_symbol(struct object *o, struct symbol **out)
{
	struct symbol *sym = arena_new(&o->arena, struct symbol);

	if (!sym)
		return error_nomem();
	if (o->symbols.n >= UINT32_MAX)
		return error_failed("%s: too many symbols", o->name);
	sym->index = (unsigned int)o->symbols.n;
	sym->name = "";
	TRY(vec_push(&o->symbols, sym));
	*out = sym;
	return NULL;
}

static struct error *index_first(struct hash_map *m, const char *name, const void *p)
{
	if (!*name || hash_get(m, name))
		return NULL;
	return hash_put(m, name, (uint64_t)(uintptr_t)p);
}

struct error *object_index_section(struct object *o, struct section *s)
{
	if (s->type == SHT_RELA && !(s->flags & SHF_RELA_LIVEPATCH))
		return NULL;
	return index_first(&o->sections_by_name, s->name, s);
}

struct error *object_index_symbol(struct object *o, struct symbol *sym)
{
	if (sym->type == STT_SECTION)
		return NULL;
	return index_first(&o->symbols_by_name, sym->name, sym);
}

struct section *object_section(const struct object *o, const char *name)
{
	uint64_t *at = hash_get(&o->sections_by_name, name);

	return at ? (struct section *)(uintptr_t)*at : NULL;
}

struct symbol *object_symbol(const struct object *o, const char *name)
{
	uint64_t *at = hash_get(&o->symbols_by_name, name);

	return at ? (struct symbol *)(uintptr_t)*at : NULL;
}

size_t section_reloc_at(const struct section *s, uint64_t offset)
{
	size_t low = 0, high = s->relocs.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->relocs.v[mid].offset < offset)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool covers(const struct symbol *sym, uint64_t offset)
{
	return offset == sym->value || (offset > sym->value && offset - sym->value < sym->size);
}

struct symbol *section_symbol_at(const struct section *s, uint64_t offset)
{
	size_t low = 0, high = s->symbols.n;
	struct symbol *other = NULL;

	while (low < high) { /* the first that begins behind offset */
		size_t mid = low + (high - low) / 2;

		if (s->symbols.v[mid]->value <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	while (low-- > 0 && s->reach.v[low] >= offset) {
		struct symbol *sym = s->symbols.v[low];

		if (!covers(sym, offset))
			continue;
		if (sym->type == STT_FUNC || sym->type == STT_OBJECT || sym->type == STT_GNU_IFUNC)
			return sym;
		if (!other || (other->size == 0 && sym->size))
			other = sym;
	}
	return other;
}
