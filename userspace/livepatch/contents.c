// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/contents.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kmod/payload/records.h"

#define MOST 1000000 /* records of a kind */

void object_build_id(const struct object *o, char *out)
{
	const struct section *s = object_section(o, ".note.gnu.build-id");
	Elf64_Nhdr head;

	out[0] = '\0';
	if (!s || !s->bytes || s->size < sizeof(head))
		return;
	memcpy(&head, s->bytes, sizeof(head));
	if (head.n_type != NT_GNU_BUILD_ID || head.n_namesz != 4 || head.n_descsz > 64 ||
	    s->size < sizeof(head) + 4 + head.n_descsz)
		return;
	for (size_t i = 0; i < head.n_descsz; i++)
		snprintf(out + 2 * i, 3, "%02x", s->bytes[sizeof(head) + 4 + i]);
}

/* --- records -------------------------------------------------------------------- */

/* A table of at least n records of that size. */
static struct error *table(const struct object *o, const char *name, uint64_t n, size_t size,
			   const struct section **out)
{
	*out = object_section(o, name);
	if (!*out || !(*out)->bytes || n > MOST || (*out)->size < n * size)
		return error_failed("its section %s is missing or too small", name);
	return NULL;
}

/* The relocation at an offset; NULL if there is none. */
static const struct reloc *reloc_at(const struct section *s, uint64_t offset)
{
	size_t i = section_reloc_at(s, offset);

	return i < s->relocs.n && s->relocs.v[i].offset == offset ? &s->relocs.v[i] : NULL;
}

/* The string that a field points to; NULL if it points to none. */
static const char *string_at(const struct section *s, uint64_t offset)
{
	const struct reloc *r = reloc_at(s, offset);
	const struct section *to = r ? r->symbol->section : NULL;
	uint64_t at = r ? r->symbol->value + (uint64_t)r->addend : 0;

	if (!to || !to->bytes || at >= to->size || r->type != R_X86_64_64)
		return NULL;
	return memchr(to->bytes + at, 0, to->size - at) ? (const char *)to->bytes + at : NULL;
}

/* The function that a field points to, at its very start; NULL if it points to none. */
static const struct symbol *function_at(const struct section *s, uint64_t offset)
{
	const struct reloc *r = reloc_at(s, offset);

	if (!r || r->type != R_X86_64_64 || r->addend || r->symbol->type != STT_FUNC ||
	    !r->symbol->section)
		return NULL;
	return r->symbol;
}

static struct error *read_function(struct livepatch_contents *c, const char *object,
				   const struct section *s, uint64_t at)
{
	const char *name = string_at(s, at + offsetof(struct suture_func_record, old_name));
	const struct symbol *new =
		function_at(s, at + offsetof(struct suture_func_record, new_function));
	struct suture_func_record r;

	memcpy(&r, s->bytes + at, sizeof(r));
	if (!name || !new || r.sympos > INT32_MAX)
		return error_failed("a record of a function makes no sense");
	return vec_push(&c->functions, (struct contents_function){
					       object, name, (unsigned int)r.sympos, new->size });
}

static struct error *read_set(struct livepatch_contents *c, const char *object,
			      const struct section *s, uint64_t at)
{
	static const char *const names[] = { "pre_patch", "post_patch", "pre_unpatch",
					     "post_unpatch" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct symbol *f = function_at(s, at + 8 * i);

		if (!f && reloc_at(s, at + 8 * i))
			return error_failed("a record of a callback makes no sense");
		if (f)
			TRY(vec_push(&c->callbacks,
				     (struct contents_callback){ object, names[i], f->name }));
	}
	return NULL;
}

/* What the records of one object say; *func and *set: the next ones. */
static struct error *read_object(struct livepatch_contents *c, const struct section *objects,
				 uint64_t at, const struct suture_patch_record *head,
				 uint64_t *func, uint64_t *set)
{
	const struct section *funcs, *sets;
	struct suture_object_record r;
	const char *name = string_at(objects, at + offsetof(struct suture_object_record, name));

	memcpy(&r, objects->bytes + at, sizeof(r));
	name = name ? name : "vmlinux";
	if (r.n_funcs > head->n_funcs - *func || r.n_sets > MOST)
		return error_failed("the record of %s makes no sense", name);
	if (r.at_load)
		TRY(vec_push(&c->at_load, name));
	TRY(table(c->object, SUTURE_FUNCS_SECTION, head->n_funcs, sizeof(struct suture_func_record),
		  &funcs));
	TRY(table(c->object, SUTURE_SETS_SECTION, *set + r.n_sets,
		  sizeof(struct suture_callbacks_record), &sets));
	for (uint64_t i = 0; i < r.n_funcs; i++, ++*func)
		TRY(read_function(c, name, funcs, *func * sizeof(struct suture_func_record)));
	for (uint64_t i = 0; i < r.n_sets; i++, ++*set)
		TRY(read_set(c, name, sets, *set * sizeof(struct suture_callbacks_record)));
	return NULL;
}

static struct error *read_states(struct livepatch_contents *c, uint64_t n)
{
	const struct section *s;

	TRY(table(c->object, SUTURE_STATE_SECTION, n, sizeof(struct suture_state_record), &s));
	for (uint64_t i = 0; i < n; i++) {
		struct suture_state_record r;

		memcpy(&r, s->bytes + i * sizeof(r), sizeof(r));
		if (r.version > INT32_MAX)
			return error_failed("the record of a state makes no sense");
		TRY(vec_push(&c->states, (struct contents_state){ r.id, (unsigned int)r.version }));
	}
	return NULL;
}

static struct error *read_records(struct livepatch_contents *c)
{
	const struct section *patch, *objects;
	struct suture_patch_record head;
	uint64_t func = 0, set = 0;

	TRY(table(c->object, SUTURE_PATCH_SECTION, 1, sizeof(head), &patch));
	memcpy(&head, patch->bytes, sizeof(head));
	c->replace = head.replace;
	TRY(table(c->object, SUTURE_OBJECTS_SECTION, head.n_objects,
		  sizeof(struct suture_object_record), &objects));
	for (uint64_t i = 0; i < head.n_objects; i++)
		TRY(read_object(c, objects, i * sizeof(struct suture_object_record), &head, &func,
				&set));
	if (func != head.n_funcs)
		return error_failed("it has records of functions that belong to no object");
	return read_states(c, head.n_states);
}

/* --- symbols ----------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
	const struct contents_symbol *x = a, *y = b;
	int c = strcmp(x->object, y->object);

	if (!c)
		c = strcmp(x->name, y->name);
	return c ? c : (x->sympos > y->sympos) - (x->sympos < y->sympos);
}

static int by_string(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* ".klp.sym.OBJECT.NAME,POS": no dot in OBJECT, no comma in NAME. */
static struct error *read_livepatch_symbol(struct livepatch_contents *c, const char *full)
{
	static const char prefix[] = ".klp.sym.";
	char *text = arena_strdup(&c->arena, full), *object, *name, *pos;
	uint64_t sympos = 0;

	if (!text)
		return error_nomem();
	object = text + sizeof(prefix) - 1;
	if (!str_starts(text, prefix) || !(name = strchr(object, '.')) ||
	    !(pos = strrchr(name, ',')))
		return error_failed("a livepatch symbol is named %s", full);
	*name++ = '\0';
	*pos++ = '\0';
	TRY_CONTEXT(str_u64(pos, &sympos), "%s", full);
	if (sympos > INT32_MAX)
		return error_failed("a livepatch symbol is named %s", full);
	return vec_push(&c->symbols,
			(struct contents_symbol){ object, name, (unsigned int)sympos });
}

static struct error *read_symbols(struct livepatch_contents *c)
{
	vec_for_each(&c->object->symbols, it) {
		const struct symbol *s = *it;

		if (s->shndx == SHN_LIVEPATCH)
			TRY(read_livepatch_symbol(c, s->name));
		else if (s->index && s->shndx == SHN_UNDEF && *s->name)
			TRY(vec_push(&c->exports, s->name));
	}
	vec_sort(&c->symbols, by_place);
	vec_sort(&c->exports, by_string);
	return NULL;
}

/* --- .modinfo ---------------------------------------------------------------------- */

static const char *modinfo(const struct object *o, const char *tag)
{
	const struct section *s = object_section(o, ".modinfo");
	size_t n = strlen(tag);

	if (!s || !s->bytes || !s->size || s->bytes[s->size - 1])
		return NULL;
	for (uint64_t at = 0; at < s->size; at += strlen((const char *)s->bytes + at) + 1) {
		const char *field = (const char *)s->bytes + at;

		if (str_starts(field, tag) && field[n] == '=')
			return field + n + 1;
	}
	return NULL;
}

static struct error *read_modinfo(struct livepatch_contents *c)
{
	c->name = modinfo(c->object, "name");
	c->vermagic = modinfo(c->object, "vermagic");
	if (!c->name || !c->vermagic || !modinfo(c->object, "livepatch"))
		return error_failed("its .modinfo is not that of a livepatch module");
	return NULL;
}

static struct error *read_all(const void *bytes, size_t n, struct livepatch_contents *c)
{
	TRY(object_parse("module", bytes, n, &c->object));
	if (c->object->type != ET_REL)
		return error_failed("it is no relocatable object");
	TRY(read_modinfo(c));
	object_build_id(c->object, c->build_id);
	TRY(read_records(c));
	return read_symbols(c);
}

struct error *livepatch_contents_read(const void *bytes, size_t n, struct livepatch_contents *out)
{
	struct livepatch_contents c __cleanup_contents = { 0 };

	TRY(read_all(bytes, n, &c));
	*out = c;
	c = (struct livepatch_contents){ 0 };
	return NULL;
}

void livepatch_contents_free(struct livepatch_contents *c)
{
	vec_free(&c->functions);
	vec_free(&c->callbacks);
	vec_free(&c->states);
	vec_free(&c->at_load);
	vec_free(&c->symbols);
	vec_free(&c->exports);
	object_free(&c->object);
	arena_free(&c->arena);
}
