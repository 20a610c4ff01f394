// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A linked ELF file as an image. Segments are taken from the section headers, which tell
 * more, or from the program headers where a file was stripped of its sections.
 */
#include <elf.h>
#include <gelf.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "image/backend.h"

static void end_elf(Elf **e)
{
	elf_end(*e);
	*e = NULL;
}
#define __cleanup_elf __cleanup(end_elf)

static struct error *outside_file(const char *what, size_t i)
{
	return error_failed("%s %zu lies outside of the file", what, i);
}

static struct error *add_sections(struct image *img, Elf *e, const uint8_t *bytes, size_t size)
{
	size_t names = 0, i = 0;
	Elf_Scn *scn = NULL;
	GElf_Shdr h;

	if (elf_getshdrstrndx(e, &names))
		return NULL;
	while ((scn = elf_nextscn(e, scn))) {
		const char *name;

		i = elf_ndxscn(scn);
		if (!gelf_getshdr(scn, &h))
			return error_failed("section %zu: %s", i, elf_errmsg(-1));
		if (!(h.sh_flags & SHF_ALLOC) || !h.sh_size ||
		    (h.sh_type == SHT_NOBITS && h.sh_flags & SHF_TLS))
			continue;
		if (h.sh_type != SHT_NOBITS &&
		    (h.sh_offset > size || h.sh_size > size - h.sh_offset))
			return outside_file("section", i);
		name = elf_strptr(e, names, h.sh_name);
		name = arena_strdup(&img->arena, name ? name : "");
		if (!name)
			return error_nomem();
		TRY(vec_push(&img->segments,
			     (struct image_segment){
				     .address = h.sh_addr,
				     .size = h.sh_size,
				     .bytes = h.sh_type == SHT_NOBITS ? NULL : bytes + h.sh_offset,
				     .name = name,
				     .executable = h.sh_flags & SHF_EXECINSTR,
				     .writable = h.sh_flags & SHF_WRITE,
			     }));
	}
	return NULL;
}

static struct error *add_program_headers(struct image *img, Elf *e, const uint8_t *bytes,
					 size_t size)
{
	size_t n = 0;
	GElf_Phdr h;

	if (elf_getphdrnum(e, &n))
		return error_failed("program headers: %s", elf_errmsg(-1));
	for (size_t i = 0; i < n; i++) {
		struct image_segment s = { .name = "" };

		if (!gelf_getphdr(e, (int)i, &h))
			return error_failed("program header %zu: %s", i, elf_errmsg(-1));
		if (h.p_type != PT_LOAD || !h.p_memsz)
			continue;
		if (h.p_offset > size || h.p_filesz > size - h.p_offset || h.p_filesz > h.p_memsz)
			return outside_file("program header", i);
		s.executable = h.p_flags & PF_X;
		s.writable = h.p_flags & PF_W;
		s.address = h.p_vaddr;
		s.size = h.p_filesz;
		s.bytes = bytes + h.p_offset;
		if (s.size)
			TRY(vec_push(&img->segments, s));
		s.address += h.p_filesz;
		s.size = h.p_memsz - h.p_filesz;
		s.bytes = NULL;
		if (s.size)
			TRY(vec_push(&img->segments, s));
	}
	return NULL;
}

/* The letter that nm would print. */
static char symbol_letter(const struct image *img, const GElf_Sym *s)
{
	const struct image_segment *at = image_segment_at(img, s->st_value);
	bool global = GELF_ST_BIND(s->st_info) != STB_LOCAL;
	char c;

	if (s->st_shndx == SHN_ABS)
		c = 'a';
	else if (GELF_ST_BIND(s->st_info) == STB_WEAK)
		return GELF_ST_TYPE(s->st_info) == STT_OBJECT ? 'V' : 'W';
	else if (at && at->executable)
		c = 't';
	else if (at && !at->writable)
		c = 'r';
	else
		c = at && !at->bytes ? 'b' : 'd';
	return global ? (char)(c - 'a' + 'A') : c;
}

static struct error *add_symbols(struct image *img, Elf *e)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr h;
	GElf_Sym s;

	while ((scn = elf_nextscn(e, scn))) {
		Elf_Data *data;

		if (!gelf_getshdr(scn, &h) || h.sh_type != SHT_SYMTAB || !h.sh_entsize)
			continue;
		data = elf_getdata(scn, NULL);
		if (!data)
			return error_failed("symbol table: %s", elf_errmsg(-1));
		for (int i = 1; gelf_getsym(data, i, &s); i++) {
			const char *name = elf_strptr(e, h.sh_link, s.st_name);
			int type = GELF_ST_TYPE(s.st_info);

			if (!name || !*name || s.st_shndx == SHN_UNDEF || type == STT_SECTION ||
			    type == STT_FILE || type == STT_TLS)
				continue;
			name = arena_strdup(&img->arena, name);
			if (!name)
				return error_nomem();
			TRY(vec_push(&img->symbols, (struct image_symbol){
							    .address = s.st_value,
							    .size = s.st_size,
							    .name = name,
							    .type = symbol_letter(img, &s),
							    .position = i,
						    }));
		}
	}
	return NULL;
}

static int compare_segments(const void *a, const void *b)
{
	const struct image_segment *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

struct error *image_add_elf(struct image *img, const uint8_t *bytes, size_t size, bool with_symbols)
{
	Elf *e __cleanup_elf = NULL;
	GElf_Ehdr h;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return error_failed("libelf: %s", elf_errmsg(-1));
	if (size < SELFMAG || memcmp(bytes, ELFMAG, SELFMAG))
		return error_failed("this is no ELF file");
	/* libelf may write to what it is given only where data is converted: it is not here. */
	e = elf_memory((char *)bytes, size);
	if (!e || elf_kind(e) != ELF_K_ELF || !gelf_getehdr(e, &h))
		return error_failed("the ELF file is damaged: %s", elf_errmsg(-1));
	if (gelf_getclass(e) != ELFCLASS64 || h.e_ident[EI_DATA] != ELFDATA2LSB ||
	    h.e_machine != EM_X86_64)
		return error_refused("the ELF file is not for x86-64");
	if (h.e_type != ET_EXEC && h.e_type != ET_DYN)
		return error_failed("the ELF file is not linked (ELF type %u)", h.e_type);
	TRY(add_sections(img, e, bytes, size));
	if (!img->segments.n)
		TRY(add_program_headers(img, e, bytes, size));
	vec_sort(&img->segments, compare_segments);
	return with_symbols ? add_symbols(img, e) : NULL;
}

static void unmap_file(struct image *img)
{
	struct file_map *m = img->private;

	if (m)
		file_unmap(m);
}

static const struct image_ops elf_ops = { .release = unmap_file };

struct error *image_open_elf(const char *path, const char *name, struct image **out)
{
	struct image *img __cleanup_image = NULL;
	struct file_map *m;

	TRY(image_new(name, &img));
	m = arena_new(&img->arena, struct file_map);
	if (!m)
		return error_nomem();
	TRY(file_map(path, m));
	img->private = m;
	img->ops = &elf_ops;
	TRY_CONTEXT(image_add_elf(img, m->bytes, m->size, true), "%s", path);
	TRY_CONTEXT(image_finish(img, false), "%s", path);
	*out = take(img);
	return NULL;
}
