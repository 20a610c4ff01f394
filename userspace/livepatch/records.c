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

static struct error *collect_names(const struct record *r, size_t n, struct strbuf *out)
{
	for (size_t i = 0; i < n; i++) {
		TRY(strbuf_add(out, r[i].old_name, strlen(r[i].old_name) + 1));
		TRY(strbuf_add(out, r[i].object, strlen(r[i].object) + 1));
	}
	return NULL;
}

static struct error *point(struct section *s, uint64_t at, struct symbol *to, uint64_t addend)
{
	return object_add_reloc(s, at, R_X86_64_64, to, (int64_t)addend);
}

static struct error *fill(struct section *funcs, struct symbol *names, const struct record *r,
			  size_t n)
{
	uint64_t name = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t at = i * sizeof(struct suture_func_record);
		struct suture_func_record f = { .sympos = r[i].sympos };

		memcpy(funcs->bytes + at, &f, sizeof(f));
		TRY(point(funcs, at + offsetof(struct suture_func_record, old_name), names, name));
		name += strlen(r[i].old_name) + 1;
		if (strcmp(r[i].object, "vmlinux"))
			TRY(point(funcs, at + offsetof(struct suture_func_record, object), names,
				  name));
		name += strlen(r[i].object) + 1;
		TRY(point(funcs, at + offsetof(struct suture_func_record, new_function),
			  r[i].new_function, 0));
	}
	return NULL;
}

struct error *records_add(struct object *o, const struct record *r, size_t n, bool late,
			  struct records *out)
{
	struct suture_patch_record head = { .n_funcs = n };
	struct strbuf text __cleanup_strbuf = { 0 };
	struct section *funcs, *names;
	struct symbol *names_symbol;

	TRY(collect_names(r, n, &text));
	TRY(object_add_section(o, SUTURE_NAMES_SECTION, SHT_PROGBITS, SHF_ALLOC, 1, text.s, text.n,
			       &names));
	TRY(object_section_symbol(o, names, &names_symbol));
	TRY(object_add_section(o, SUTURE_PATCH_SECTION, SHT_PROGBITS, SHF_ALLOC, 8, &head,
			       sizeof(head), &out->patch_section));
	TRY(object_add_symbol(o, "suture_patch", STT_OBJECT, STB_LOCAL, out->patch_section, 0,
			      sizeof(head), &out->patch));
	TRY(object_add_section(o, SUTURE_FUNCS_SECTION, SHT_PROGBITS, SHF_ALLOC, 8, NULL,
			       n * sizeof(struct suture_func_record), &funcs));
	TRY(object_add_symbol(o, "suture_funcs", STT_OBJECT, STB_LOCAL, funcs, 0, funcs->size,
			      &out->funcs));
	if (late) {
		TRY(object_add_section(o, SUTURE_LATE_SECTION, SHT_PROGBITS, SHF_ALLOC, 8, NULL, 0,
				       &out->late_section));
		TRY(object_add_symbol(o, "suture_late", STT_OBJECT, STB_LOCAL, out->late_section, 0,
				      0, &out->late));
	}
	return fill(funcs, names_symbol, r, n);
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
