// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A kernel module as it is shipped: a relocatable file, perhaps packed. Its sections are laid out
 * one behind the other at addresses of our own. What a field refers to is told by the module's
 * relocations; where the assembler already knew (a call inside one section), by its bytes.
 */
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "elf/object.h"
#include "image/backend.h"
#include "image/decompress.h"

#define FIRST_ADDRESS 0x100000000ULL
#define PAGE 4096ULL

struct module {
	struct object *object;
	uint64_t *address;	  /* by section index; 0: not loaded */
	struct section **segment; /* by index in img->segments */
};

static void release_module(struct image *img)
{
	struct module *m = img->private;

	object_free(&m->object);
}

static const struct section *section_at(const struct image *img, uint64_t address, uint64_t *offset)
{
	const struct image_segment *s = image_segment_at(img, address);
	const struct module *m = img->private;

	if (!s)
		return NULL;
	*offset = address - s->address;
	return m->segment[s - img->segments.v];
}

/* Within a section, or as near to it as an addend may lead. The gap between two is wider. */
static bool is_near(const struct image *img, const struct section *s, uint64_t address)
{
	const struct module *m = img->private;

	return address + 64 - m->address[s->index] < s->size + 128;
}

/* May a field of the one kind stand where the image has the other? */
static bool same_field(const struct reloc_kind *a, const struct reloc_kind *b)
{
	return a->size == b->size && a->pc_relative == b->pc_relative &&
	       a->is_signed == b->is_signed;
}

static bool module_refers(const struct image *img, uint64_t field, const struct reloc_kind *kind,
			  struct image_target *out)
{
	const struct module *m = img->private;
	const struct reloc_kind *own;
	const struct section *s;
	const struct reloc *r;
	uint64_t offset = 0;
	size_t i;

	s = section_at(img, field, &offset);
	if (!s)
		return false;
	i = section_reloc_at(s, offset);
	if (i == s->relocs.n || s->relocs.v[i].offset >= offset + kind->size)
		return kind->pc_relative && image_refers_linked(img, field, kind, out) &&
		       is_near(img, s, out->address);
	r = &s->relocs.v[i];
	own = arch_reloc_kind(img->arch, r->type);
	if (r->offset != offset || !own || !same_field(own, kind))
		return false;
	if (r->symbol->section) {
		uint64_t base = m->address[r->symbol->section->index];

		*out = (struct image_target){ .address = base + r->symbol->value +
							 (uint64_t)r->addend };
		return base != 0;
	}
	if (r->symbol->shndx == SHN_UNDEF && *r->symbol->name) {
		*out = (struct image_target){ .name = r->symbol->name, .addend = r->addend };
		return true;
	}
	return false;
}

static uint64_t module_next_field(const struct image *img, uint64_t from, uint64_t to)
{
	const struct section *s;
	uint64_t offset = 0;
	size_t i;

	s = section_at(img, from, &offset);
	if (!s)
		return to;
	for (i = section_reloc_at(s, offset); i < s->relocs.n; i++) {
		const struct reloc_kind *kind = arch_reloc_kind(img->arch, s->relocs.v[i].type);
		uint64_t at = from + (s->relocs.v[i].offset - offset);

		if (at >= to)
			break;
		/* What is not known changes bytes as far as anyone can tell. */
		if (!kind || kind->size)
			return at;
	}
	return to;
}

static const struct image_ops module_ops = {
	.refers = module_refers,
	.next_field = module_next_field,
	.release = release_module,
};

/* The name the kernel gives it, from its own description, else from the file's name. */
static struct error *set_name(struct image *img, const char *path, const struct object *o)
{
	const struct section *s = object_section(o, ".modinfo");
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	img->name = arena_printf(&img->arena, "%.*s", (int)strcspn(base, "."), base);
	for (uint64_t at = 0, n; s && s->bytes && at < s->size; at += n + 1) {
		const char *entry = (const char *)s->bytes + at;

		n = strnlen(entry, s->size - at);
		if (n > 5 && !strncmp(entry, "name=", 5))
			img->name = arena_printf(&img->arena, "%.*s", (int)(n - 5), entry + 5);
	}
	if (!img->name)
		return error_nomem();
	for (char *c = img->name; *c; c++)
		if (*c == '-')
			*c = '_';
	return NULL;
}

static struct error *add_segments(struct image *img, struct module *m)
{
	uint64_t next = FIRST_ADDRESS;

	vec_for_each(&m->object->sections, at) {
		struct section *s = *at;
		uint64_t align = s->align > PAGE ? s->align : PAGE;

		if (!(s->flags & SHF_ALLOC))
			continue;
		if (align & (align - 1) || align > 1 << 30 || s->size > (uint64_t)1 << 40)
			return error_failed("the section %s has an impossible size or alignment",
					    s->name);
		next = (next + align - 1) & ~(align - 1);
		m->address[s->index] = next;
		if (!s->size) {
			next += PAGE;
			continue;
		}
		m->segment[img->segments.n] = s;
		TRY(vec_push(&img->segments, (struct image_segment){
						     .address = next,
						     .size = s->size,
						     .bytes = s->bytes,
						     .name = s->name,
						     .executable = s->flags & SHF_EXECINSTR,
						     .writable = s->flags & SHF_WRITE,
					     }));
		/* Room in between, so that the end of one is never the start of another. */
		next += s->size + PAGE;
	}
	return NULL;
}

/* As the kernel's module loader names types in kallsyms (elf_type). */
static char symbol_letter(const struct symbol *s)
{
	const struct section *at = s->section;
	char c;

	if (s->bind == STB_WEAK)
		return s->type == STT_OBJECT ? 'v' : 'w';
	if (at->flags & SHF_EXECINSTR)
		c = 't';
	else if (at->type == SHT_NOBITS)
		c = 'b';
	else
		c = at->flags & SHF_WRITE ? 'd' : 'r';
	return s->bind == STB_GLOBAL ? (char)(c - 'a' + 'A') : c;
}

static struct error *add_symbols(struct image *img, const struct module *m)
{
	vec_for_each(&m->object->symbols, at) {
		const struct symbol *s = *at;

		if (!s->section || !m->address[s->section->index] || !*s->name ||
		    s->type == STT_SECTION || s->type == STT_FILE)
			continue;
		TRY(vec_push(&img->symbols,
			     (struct image_symbol){
				     .address = m->address[s->section->index] + s->value,
				     .size = s->size,
				     .name = s->name,
				     .type = symbol_letter(s),
				     .position = s->index,
			     }));
	}
	return NULL;
}

static struct error *read_object(const char *path, struct object **out)
{
	struct file_map file __cleanup_map = { 0 };
	uint8_t *bytes __free = NULL;
	size_t size = 0;

	TRY(file_map(path, &file));
	TRY_CONTEXT(decompress_file(file.bytes, file.size, &bytes, &size), "%s", path);
	return object_parse(path, bytes ? bytes : file.bytes, bytes ? size : file.size, out);
}

static struct error *read_module(const char *path, struct image *img, struct module *m)
{
	size_t n;

	TRY(read_object(path, &m->object));
	if (m->object->type != ET_REL)
		return error_failed("%s: this is no kernel module (ELF type %u)", path,
				    m->object->type);
	img->arch = arch_find(m->object->machine);
	if (!img->arch)
		return error_refused("%s: the machine %u is not supported", path,
				     m->object->machine);
	n = m->object->sections.n;
	m->address = arena_array(&img->arena, n, sizeof(*m->address));
	m->segment = arena_array(&img->arena, n, sizeof(*m->segment));
	if (!m->address || !m->segment)
		return error_nomem();
	TRY(set_name(img, path, m->object));
	TRY_CONTEXT(add_segments(img, m), "%s", path);
	TRY(add_symbols(img, m));
	return image_finish(img, true);
}

struct error *image_open_module(const char *path, struct image **out)
{
	struct image *img __cleanup_image = NULL;
	struct module *m;

	TRY(image_new("", &img));
	m = arena_new(&img->arena, struct module);
	if (!m)
		return error_nomem();
	img->private = m;
	img->ops = &module_ops;
	TRY(read_module(path, img, m));
	*out = take(img);
	return NULL;
}
