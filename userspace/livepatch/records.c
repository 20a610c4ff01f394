// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/records.h"

#include <stddef.h>
#include <string.h>

#include "arch/arch.h"
#include "kmod/payload/records.h"

/* Names one behind the other; the records point into them. */
struct names {
	struct strbuf text;
	struct section *section;
	struct symbol *symbol;
};

static void names_free(struct names *n)
{
	strbuf_free(&n->text);
}

static struct error *collect_names(const struct record_list *l, struct strbuf *out)
{
	for (size_t i = 0; i < l->n_funcs; i++)
		TRY(strbuf_add(out, l->funcs[i].old_name, strlen(l->funcs[i].old_name) + 1));
	for (size_t i = 0; i < l->n_objects; i++)
		TRY(strbuf_add(out, l->objects[i], strlen(l->objects[i]) + 1));
	return NULL;
}

static struct error *add_names(struct object *o, const struct record_list *l, struct names *out)
{
	TRY(collect_names(l, &out->text));
	TRY(object_add_section(o, SUTURE_NAMES_SECTION, SHT_PROGBITS, SHF_ALLOC, 1, out->text.s,
			       out->text.n, &out->section));
	return object_section_symbol(o, out->section, &out->symbol);
}

static struct error *point(struct section *s, uint64_t at, struct symbol *to, uint64_t addend)
{
	return object_add_reloc(s, at, R_X86_64_64, to, (int64_t)addend);
}

/* A table of n records, with the symbol that the glue knows it by. One of zeroes if empty. */
static struct error *add_table(struct object *o, const char *section, const char *name, size_t n,
			       size_t size, struct section **out, struct symbol **symbol)
{
	TRY(object_add_section(o, section, SHT_PROGBITS, SHF_ALLOC, 8, NULL, (n ? n : 1) * size,
			       out));
	return object_add_symbol(o, name, STT_OBJECT, STB_LOCAL, *out, 0, n * size, symbol);
}

static struct error *add_funcs(struct object *o, const struct record_list *l,
			       const struct names *names, struct symbol **symbol)
{
	struct section *s;
	uint64_t name = 0;

	TRY(add_table(o, SUTURE_FUNCS_SECTION, "suture_funcs", l->n_funcs,
		      sizeof(struct suture_func_record), &s, symbol));
	for (size_t i = 0; i < l->n_funcs; i++) {
		uint64_t at = i * sizeof(struct suture_func_record);
		struct suture_func_record f = { .sympos = l->funcs[i].sympos };

		memcpy(s->bytes + at, &f, sizeof(f));
		TRY(point(s, at + offsetof(struct suture_func_record, old_name), names->symbol,
			  name));
		TRY(point(s, at + offsetof(struct suture_func_record, new_function),
			  l->funcs[i].new_function, 0));
		name += strlen(l->funcs[i].old_name) + 1;
	}
	return NULL;
}

static struct suture_object_record count(const struct record_list *l, const char *object)
{
	struct suture_object_record r = { 0 };

	for (size_t i = 0; i < l->n_funcs; i++)
		r.n_funcs += str_equal(l->funcs[i].object, object);
	for (size_t i = 0; i < l->n_sets; i++)
		r.n_sets += str_equal(l->sets[i].object, object);
	return r;
}

static struct error *add_objects(struct object *o, const struct record_list *l,
				 const struct names *names, struct symbol **symbol)
{
	struct section *s;
	uint64_t name = 0;

	TRY(add_table(o, SUTURE_OBJECTS_SECTION, "suture_targets", l->n_objects,
		      sizeof(struct suture_object_record), &s, symbol));
	for (size_t i = 0; i < l->n_funcs; i++)
		name += strlen(l->funcs[i].old_name) + 1;
	for (size_t i = 0; i < l->n_objects; i++) {
		uint64_t at = i * sizeof(struct suture_object_record);
		struct suture_object_record r = count(l, l->objects[i]);

		r.at_load = l->at_load && l->at_load[i];
		memcpy(s->bytes + at, &r, sizeof(r));
		if (strcmp(l->objects[i], "vmlinux"))
			TRY(point(s, at + offsetof(struct suture_object_record, name),
				  names->symbol, name));
		name += strlen(l->objects[i]) + 1;
	}
	return NULL;
}

static struct error *add_sets(struct object *o, const struct record_list *l, struct symbol **symbol)
{
	static const size_t places[RECORD_CALLBACKS] = {
		[RECORD_PRE_PATCH] = offsetof(struct suture_callbacks_record, pre_patch),
		[RECORD_POST_PATCH] = offsetof(struct suture_callbacks_record, post_patch),
		[RECORD_PRE_UNPATCH] = offsetof(struct suture_callbacks_record, pre_unpatch),
		[RECORD_POST_UNPATCH] = offsetof(struct suture_callbacks_record, post_unpatch),
	};
	struct section *s;

	TRY(add_table(o, SUTURE_SETS_SECTION, "suture_sets", l->n_sets,
		      sizeof(struct suture_callbacks_record), &s, symbol));
	for (size_t i = 0; i < l->n_sets; i++)
		for (size_t k = 0; k < RECORD_CALLBACKS; k++)
			if (l->sets[i].function[k])
				TRY(point(s, i * sizeof(struct suture_callbacks_record) + places[k],
					  l->sets[i].function[k], 0));
	return NULL;
}

static struct error *add_states(struct object *o, const struct record_list *l,
				struct symbol **symbol)
{
	struct section *s;

	TRY(add_table(o, SUTURE_STATE_SECTION, "suture_states", l->n_states,
		      sizeof(struct suture_state_record), &s, symbol));
	for (size_t i = 0; i < l->n_states; i++) {
		struct suture_state_record r = { l->states[i].id, l->states[i].version };

		memcpy(s->bytes + i * sizeof(r), &r, sizeof(r));
	}
	return NULL;
}

/* What the parts brought (written.h): their records lie one behind the other. */
static struct error *find_written(struct object *o, __u64 *n, struct symbol **out)
{
	struct section *s = object_section(o, SUTURE_WRITTEN_SECTION);

	*n = s ? s->size / sizeof(struct suture_written_record) : 0;
	if (!s) /* the glue does not look at it then */
		TRY(add_table(o, SUTURE_WRITTEN_SECTION, "suture_written", 0,
			      sizeof(struct suture_written_record), &s, out));
	else
		TRY(object_add_symbol(o, "suture_written", STT_OBJECT, STB_LOCAL, s, 0, s->size,
				      out));
	return NULL;
}

struct error *records_add(struct object *o, const struct record_list *l, struct records *out)
{
	struct suture_patch_record head = { .n_objects = l->n_objects,
					    .n_funcs = l->n_funcs,
					    .n_states = l->n_states,
					    .replace = l->replace,
					    .clears = l->clears,
					    .n_constants = l->n_constants };
	struct names names __cleanup(names_free) = { 0 };

	TRY(add_names(o, l, &names));
	if (l->at_load)
		TRY(find_written(o, &head.n_written, &out->written));
	TRY(object_add_section(o, SUTURE_PATCH_SECTION, SHT_PROGBITS, SHF_ALLOC, 8, &head,
			       sizeof(head), &out->patch_section));
	TRY(object_add_symbol(o, "suture_patch", STT_OBJECT, STB_LOCAL, out->patch_section, 0,
			      sizeof(head), &out->patch));
	TRY(add_objects(o, l, &names, &out->objects));
	TRY(add_funcs(o, l, &names, &out->funcs));
	TRY(add_sets(o, l, &out->sets));
	TRY(add_states(o, l, &out->states));
	if (l->n_constants)
		TRY(add_table(o, SUTURE_CONSTANTS_SECTION, "suture_constants", l->n_constants,
			      sizeof(struct suture_constant_record), &out->constants_section,
			      &out->constants));
	if (!l->late)
		return NULL;
	TRY(object_add_section(o, SUTURE_LATE_SECTION, SHT_PROGBITS, SHF_ALLOC, 8, NULL, 0,
			       &out->late_section));
	return object_add_symbol(o, "suture_late", STT_OBJECT, STB_LOCAL, out->late_section, 0, 0,
				 &out->late);
}

/* --- late records --------------------------------------------------------------- */

static const char klp_rela[] = ".klp.rela.";

/* The module that a livepatch relocation section waits for, and its name's length; or NULL. */
static const char *waits_for(const struct section *s, size_t *n)
{
	const char *name = s->name + sizeof(klp_rela) - 1;

	if (!(s->flags & SHF_RELA_LIVEPATCH) || !str_starts(s->name, klp_rela))
		return NULL;
	*n = strcspn(name, ".");
	return *n == strlen("vmlinux") && !memcmp(name, "vmlinux", *n) ? NULL : name;
}

/* The section's bytes: n records of zeroes, then each waiting section's module, NUL-terminated. */
static struct error *make_room(struct object *o, const struct records *r, size_t *n)
{
	struct strbuf names __cleanup_strbuf = { 0 };
	struct section *s = r->late_section;
	uint64_t head;

	*n = 0;
	vec_for_each(&o->sections, it) {
		size_t length;
		const char *module = waits_for(*it, &length);

		if (!module)
			continue;
		*n += (*it)->relocs.n;
		TRY(strbuf_printf(&names, "%.*s%c", (int)length, module, 0));
	}
	head = *n * sizeof(struct suture_late_record);
	s->size = head + names.n;
	s->bytes = arena_alloc(&o->arena, s->size);
	if (!s->bytes)
		return error_nomem();
	if (names.n)
		memcpy(s->bytes + head, names.s, names.n);
	r->late->size = head;
	return NULL;
}

static struct error *fill_late(struct object *o, struct section *late, struct symbol *self,
			       size_t n)
{
	const struct arch *a = arch_find(o->machine);
	uint64_t name = n * sizeof(struct suture_late_record), at = 0;

	vec_for_each(&o->sections, it) {
		struct symbol *base;
		size_t length;

		if (!waits_for(*it, &length))
			continue;
		TRY(object_section_symbol(o, o->sections.v[(*it)->info], &base));
		vec_for_each(&(*it)->relocs, reloc) {
			const struct reloc_kind *kind = a ? arch_reloc_kind(a, reloc->type) : NULL;
			struct suture_late_record f = { .size = kind ? kind->size : 0 };

			memcpy(late->bytes + at, &f, sizeof(f));
			TRY(point(late, at + offsetof(struct suture_late_record, place), base,
				  reloc->offset));
			TRY(point(late, at + offsetof(struct suture_late_record, object), self,
				  name));
			at += sizeof(f);
		}
		name += length + 1;
	}
	return NULL;
}

struct error *records_fill_late(struct object *o, const struct records *r, struct symbol *forget)
{
	struct suture_patch_record head;
	struct symbol *self;
	size_t n;

	TRY(make_room(o, r, &n));
	TRY(object_section_symbol(o, r->late_section, &self));
	TRY(fill_late(o, r->late_section, self, n));
	memcpy(&head, r->patch_section->bytes, sizeof(head));
	head.n_late = n;
	memcpy(r->patch_section->bytes, &head, sizeof(head));
	return point(r->patch_section, offsetof(struct suture_patch_record, forget), forget, 0);
}

struct error *records_set_at_load(const struct records *r, struct symbol *calls)
{
	return point(r->patch_section, offsetof(struct suture_patch_record, at_load), calls, 0);
}

struct error *records_set_fill(const struct records *r, struct symbol *fill)
{
	return point(r->patch_section, offsetof(struct suture_patch_record, fill_constants), fill,
		     0);
}
