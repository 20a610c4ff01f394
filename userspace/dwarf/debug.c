// SPDX-License-Identifier: GPL-2.0-or-later
#include "dwarf/debug.h"

#include <dwarf.h>
#include <libelf.h>
#include <string.h>
#include <sys/mman.h>

void debug_free(struct debug **at)
{
	struct debug *d = *at;

	if (!d)
		return;
	dwarf_end(d->dwarf);
	elf_end(d->elf);
	if (d->image)
		munmap(d->image, d->object->content.n);
	vec_free(&d->units);
	free(d->address);
	free(d);
	*at = NULL;
}

static struct error *make_up_addresses(struct debug *d)
{
	uint64_t next = 0x1000;

	d->address = calloc(d->object->sections.n, sizeof(*d->address));
	if (!d->address)
		return error_nomem();
	vec_for_each(&d->object->sections, it) {
		if (!((*it)->flags & SHF_ALLOC) || (*it)->size > INT32_MAX)
			continue;
		d->address[(*it)->index] = next;
		next = (next + (*it)->size + 0x20) & ~(uint64_t)0xf;
	}
	return NULL;
}

/* No more comes out of so much that zlib made (RFC 1951 has 258 bytes for 2 bits). */
#define ZLIB_MOST 1032

/* What libdw will read of a section: in the image, or what libelf makes of it. */
static uint8_t *contents(struct debug *d, const struct section *s, size_t *size)
{
	Elf_Scn *scn = elf_getscn(d->elf, s->index);
	Elf64_Chdr head;
	Elf_Data *data;

	*size = s->size;
	if (!s->bytes)
		return NULL;
	if (!(s->flags & SHF_COMPRESSED))
		return d->image + (s->bytes - (uint8_t *)d->object->content.s);
	if (s->size < sizeof(head))
		return NULL;
	memcpy(&head, s->bytes, sizeof(head));
	if (head.ch_size / ZLIB_MOST > s->size || elf_compress(scn, 0, 0) < 0)
		return NULL;
	data = elf_rawdata(scn, NULL);
	*size = data ? data->d_size : 0;
	return data ? data->d_buf : NULL;
}

/* Fields of debug sections are absolute, of 4 or 8 bytes. */
static bool relocate(struct debug *d, const struct section *s)
{
	size_t all, size;
	uint8_t *bytes = contents(d, s, &all);

	if (!bytes)
		return false;
	vec_for_each(&s->relocs, r) {
		const struct section *to = r->symbol->section;
		uint64_t value = r->symbol->value + (uint64_t)r->addend;

		if (r->type != R_X86_64_64 && r->type != R_X86_64_32)
			return false;
		size = r->type == R_X86_64_64 ? 8 : 4;
		if (r->offset > all || all - r->offset < size)
			return false;
		if (to)
			value += d->address[to->index];
		memcpy(bytes + r->offset, &value, size);
	}
	return true;
}

static bool relocate_all(struct debug *d)
{
	vec_for_each(&d->object->sections, it)
		if (str_starts((*it)->name, ".debug_") && (*it)->relocs.n && !relocate(d, *it))
			return false;
	return true;
}

static bool is_read(const struct debug *d, const struct section *s)
{
	const char *from = d->object->content.s, *at = (const char *)s->bytes;

	return s->bytes && !(s->flags & SHF_ALLOC) && s->type != SHT_RELA &&
	       s->type != SHT_SYMTAB && at >= from && at + s->size <= from + d->object->content.n;
}

/*
 * The object's file, as far as libdw reads it: code, symbols and relocations are most of it, and
 * their pages are never touched.
 */
static struct error *copy_image(struct debug *d)
{
	const char *from = d->object->content.s;
	size_t size = d->object->content.n, table = d->object->sections.n * sizeof(Elf64_Shdr);
	Elf64_Ehdr header;
	void *at;

	/* Fresh pages, zero without being written. */
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return error_nomem();
	d->image = at;
	/* elf/read.h has seen that they are there. */
	memcpy(&header, from, sizeof(header));
	memcpy(d->image, &header, sizeof(header));
	if (table > size - header.e_shoff)
		table = size - header.e_shoff;
	memcpy(d->image + header.e_shoff, from + header.e_shoff, table);
	vec_for_each(&d->object->sections, it)
		if (is_read(d, *it))
			memcpy(d->image + ((const char *)(*it)->bytes - from), (*it)->bytes,
			       (*it)->size);
	return NULL;
}

static struct error *open_units(struct debug *d)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;

	while (!dwarf_get_units(d->dwarf, cu, &cu, NULL, NULL, &die, NULL))
		TRY(vec_push(&d->units, die));
	return NULL;
}

struct error *debug_open(const struct object *o, struct debug **out)
{
	struct debug *d __cleanup_debug = calloc(1, sizeof(*d));

	if (!d)
		return error_nomem();
	d->object = o;
	TRY(make_up_addresses(d));
	if (o->content.n && object_section(o, ".debug_info")) {
		TRY(copy_image(d));
		elf_version(EV_CURRENT);
		d->elf = elf_memory((char *)d->image, o->content.n);
		if (d->elf && relocate_all(d))
			d->dwarf = dwarf_begin_elf(d->elf, DWARF_C_READ, NULL);
	}
	if (d->dwarf)
		TRY(open_units(d));
	*out = take(d);
	return NULL;
}

/* Names are made absolute by libdw. */
const char *debug_file(Dwarf_Die *unit, const char *file)
{
	Dwarf_Attribute attr;
	const char *folder = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attr));
	size_t n = folder ? strlen(folder) : 0;

	if (file && n && !strncmp(file, folder, n) && file[n] == '/')
		file += n + 1;
	while (file && !strncmp(file, "./", 2))
		file += 2;
	return file;
}
