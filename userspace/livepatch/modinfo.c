// SPDX-License-Identifier: GPL-2.0-or-later
/* Knowledge: kernel/module/main.c (check_modinfo), kernel/module/version.c, scripts/mod. */
#include "livepatch/modinfo.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"

static struct error *add_field(struct strbuf *to, const char *tag, const char *value)
{
	TRY(strbuf_printf(to, "%s=%s", tag, value));
	return strbuf_add(to, "", 1);
}

struct error *modinfo_add(struct object *o, const struct payload *p, const char *name,
			  const char *const *name_spaces, size_t n)
{
	const struct section *glue = object_section(p->object, ".modinfo");
	struct strbuf text __cleanup_strbuf = { 0 };
	struct section *s;

	TRY(strbuf_add(&text, glue->bytes, glue->size));
	if (text.n && text.s[text.n - 1])
		TRY(strbuf_add(&text, "", 1));
	TRY(add_field(&text, "name", name));
	TRY(add_field(&text, "depends", ""));
	for (size_t i = 0; i < n; i++)
		TRY(add_field(&text, "import_ns", name_spaces[i]));
	return object_add_section(o, ".modinfo", SHT_PROGBITS, SHF_ALLOC, 1, text.s, text.n, &s);
}

struct error *modinfo_name_module(struct object *o, const struct suture_layout_record *layout,
				  const char *name)
{
	struct section *s = object_section(o, ".gnu.linkonce.this_module");

	if (!s || !s->bytes || layout->name_size > s->size ||
	    layout->name_offset > s->size - layout->name_size)
		return error_failed("there is no room for the module's name in struct module");
	if (strlen(name) >= layout->name_size)
		return error_usage("the module name %s is longer than %llu characters", name,
				   (unsigned long long)layout->name_size - 1);
	memcpy(s->bytes + layout->name_offset, name, strlen(name) + 1);
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct symbol_names {
	VEC(const char *) names;
};

static void free_names(struct symbol_names *n)
{
	vec_free(&n->names);
}

static struct error *undefined_names(const struct object *o, struct symbol_names *out)
{
	TRY(vec_push(&out->names, "module_layout"));
	vec_for_each(&o->symbols, it) {
		if ((*it)->index && (*it)->shndx == SHN_UNDEF && (*it)->name[0])
			TRY(vec_push(&out->names, (*it)->name));
	}
	vec_sort(&out->names, by_name);
	return NULL;
}

static struct error *fill_version(uint8_t *entry, const struct suture_layout_record *layout,
				  const struct symvers *symvers, const char *name)
{
	const struct exported *e = symvers_find(symvers, name);

	if (!e)
		return error_failed("Module.symvers of the target has no checksum for %s", name);
	if (strlen(name) >= layout->version_size - layout->version_name_offset)
		return error_refused("the exported name %s is too long for __versions", name);
	memcpy(entry, &e->crc, sizeof(e->crc));
	strcpy((char *)entry + layout->version_name_offset, name);
	return NULL;
}

struct error *modinfo_add_versions(struct object *o, const struct suture_layout_record *layout,
				   const struct symvers *symvers)
{
	struct symbol_names all __cleanup(free_names) = { 0 };
	struct section *s;

	if (!layout->version_size)
		return NULL;
	TRY(undefined_names(o, &all));
	TRY(object_add_section(o, "__versions", SHT_PROGBITS, SHF_ALLOC, 32, NULL,
			       all.names.n * layout->version_size, &s));
	for (size_t i = 0; i < all.names.n; i++)
		TRY(fill_version(s->bytes + i * layout->version_size, layout, symvers,
				 all.names.v[i]));
	return NULL;
}

/* Everything that decides what the module is, in a form that has no pointers in it. */
static struct error *serialise(const struct object *o, struct strbuf *to)
{
	vec_for_each(&o->sections, it) {
		const struct section *s = *it;

		TRY(strbuf_printf(to, "section %s %u %llx %llu\n", s->name, s->type,
				  (unsigned long long)s->flags, (unsigned long long)s->size));
		if (s->bytes)
			TRY(strbuf_add(to, s->bytes, s->size));
		vec_for_each(&s->relocs, r)
			TRY(strbuf_printf(to, "%llx %u %u %lld\n", (unsigned long long)r->offset,
					  r->type, r->symbol->index, (long long)r->addend));
	}
	vec_for_each(&o->symbols, it)
		TRY(strbuf_printf(to, "symbol %s %u %llx\n", (*it)->name, (*it)->shndx,
				  (unsigned long long)(*it)->value));
	return NULL;
}

struct error *modinfo_add_build_id(struct object *o, char *hex)
{
	struct {
		Elf64_Nhdr head;
		char name[4];
		uint8_t id[BUILD_ID_BYTES];
	} note = { .head = { .n_namesz = 4, .n_descsz = BUILD_ID_BYTES, .n_type = NT_GNU_BUILD_ID },
		   .name = "GNU" };
	struct strbuf content __cleanup_strbuf = { 0 };
	struct section *s;
	struct digest d;

	TRY(serialise(o, &content));
	TRY(digest_bytes(content.s, content.n, &d));
	memcpy(note.id, d.bytes, BUILD_ID_BYTES);
	memcpy(hex, d.hex, (size_t)2 * BUILD_ID_BYTES);
	hex[2 * BUILD_ID_BYTES] = '\0';
	return object_add_section(o, ".note.gnu.build-id", SHT_NOTE, SHF_ALLOC, 4, &note,
				  sizeof(note), &s);
}
