// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading an ELF file: nothing in it is believed until it was checked. Names of
 * fields are those of the gABI. libelf converts and aligns the tables; the bytes
 * of sections are used in place.
 */
#include "elf/object.h"

#include <gelf.h>

#include "base/file.h"
#include "elf/private.h"

struct reader {
	struct object *o;
	Elf *elf;
	size_t shnum;
	Elf64_Shdr *shdr; /* by section index; copies: nothing is aligned in a hostile file */
	struct section *symtab;
};

static void reader_free(struct reader *r)
{
	free(r->shdr);
	elf_end(r->elf);
}

#define broken(r, fmt, ...) error_failed("%s: " fmt, (r)->o->name, ##__VA_ARGS__)

static struct error *check_ident(struct reader *r)
{
	const unsigned char *id = (const unsigned char *)r->o->content.s;

	if (r->o->content.n < EI_NIDENT || memcmp(id, ELFMAG, SELFMAG) != 0)
		return broken(r, "not an ELF file");
	if (id[EI_CLASS] != ELFCLASS64 || id[EI_DATA] != ELFDATA2LSB)
		return error_refused("%s: an ELF file of another machine: it is not 64-bit, or "
				     "not little-endian",
				     r->o->name);
	if (id[EI_VERSION] != EV_CURRENT)
		return broken(r, "ELF version %u is not known", id[EI_VERSION]);
	if (r->o->content.n < sizeof(Elf64_Ehdr))
		return broken(r, "cut off in the ELF header");
	return NULL;
}

static struct error *read_header(struct reader *r)
{
	struct object *o = r->o;
	Elf64_Ehdr h;

	TRY(check_ident(r));
	memcpy(&h, o->content.s, sizeof(h));
	if (h.e_type != ET_REL && h.e_type != ET_EXEC && h.e_type != ET_DYN)
		return broken(r, "ELF type %u is not an object, executable or library", h.e_type);
	if (h.e_shoff && h.e_shentsize != sizeof(Elf64_Shdr))
		return broken(r, "section headers of %u bytes", h.e_shentsize);
	if (h.e_shoff % sizeof(uint64_t))
		return broken(r, "section headers at 0x%lx, which is not aligned", h.e_shoff);
	if (h.e_shoff > o->content.n)
		return broken(r, "cut off: section headers at 0x%lx, file has %zu bytes", h.e_shoff,
			      o->content.n);
	o->type = h.e_type;
	o->machine = h.e_machine;
	o->flags = h.e_flags;
	o->entry = h.e_entry;

	elf_version(EV_CURRENT);
	r->elf = elf_memory(o->content.s, o->content.n);
	if (!r->elf || elf_kind(r->elf) != ELF_K_ELF || elf_getshdrnum(r->elf, &r->shnum))
		return broken(r, "%s", elf_errmsg(-1));
	if (r->shnum > (o->content.n - h.e_shoff) / sizeof(Elf64_Shdr))
		return broken(r, "cut off: %zu section headers do not fit", r->shnum);
	if (!r->shnum)
		return broken(r, "no section headers");
	return NULL;
}

static struct error *read_string(struct reader *r, const Elf64_Shdr *table, uint64_t at,
				 const char **out)
{
	if (at >= table->sh_size)
		return broken(r, "a name lies outside of its string table");
	*out = r->o->content.s + table->sh_offset + at;
	return NULL;
}

/* Inside the file, and if a string table, closed by a NUL: names can't run out of it. */
static struct error *check_section(struct reader *r, size_t i)
{
	const Elf64_Shdr *sh = &r->shdr[i];
	size_t size = r->o->content.n;

	if (sh->sh_addralign & (sh->sh_addralign - 1))
		return broken(r, "section %zu: alignment 0x%lx is no power of two", i,
			      sh->sh_addralign);
	if (sh->sh_link >= r->shnum)
		return broken(r, "section %zu: sh_link %u is no section", i, sh->sh_link);
	if (sh->sh_type == SHT_NOBITS || sh->sh_type == SHT_NULL)
		return sh->sh_size > INT64_MAX ? broken(r, "section %zu: impossible size", i)
					       : NULL;
	if (sh->sh_offset > size || sh->sh_size > size - sh->sh_offset)
		return broken(r, "cut off: section %zu ends at 0x%lx, file has %zu bytes", i,
			      sh->sh_offset + sh->sh_size, size);
	if (sh->sh_type == SHT_STRTAB && sh->sh_size &&
	    r->o->content.s[sh->sh_offset + sh->sh_size - 1])
		return broken(r, "section %zu: a string table that does not end with NUL", i);
	return NULL;
}

static struct error *add_section(struct reader *r, const Elf64_Shdr *names, size_t i)
{
	const Elf64_Shdr *sh = &r->shdr[i];
	struct section *s;

	TRY(object_append_section(r->o, &s));
	if (!i) /* its fields hold counts that did not fit into the header */
		return NULL;
	TRY(read_string(r, names, sh->sh_name, &s->name));
	s->type = sh->sh_type;
	s->info = sh->sh_info;
	s->flags = sh->sh_flags;
	s->address = sh->sh_addr;
	s->align = sh->sh_addralign;
	s->entsize = sh->sh_entsize;
	s->size = sh->sh_type == SHT_NULL ? 0 : sh->sh_size;
	if (s->size && s->type != SHT_NOBITS)
		s->bytes = (uint8_t *)r->o->content.s + sh->sh_offset;
	return object_index_section(r->o, s);
}

static struct error *read_sections(struct reader *r)
{
	size_t i, names;

	r->shdr = calloc(r->shnum, sizeof(*r->shdr));
	if (!r->shdr)
		return error_nomem();
	for (i = 0; i < r->shnum; i++) {
		if (!gelf_getshdr(elf_getscn(r->elf, i), &r->shdr[i]))
			return broken(r, "section %zu: %s", i, elf_errmsg(-1));
	}
	for (i = 1; i < r->shnum; i++)
		TRY(check_section(r, i));
	if (elf_getshdrstrndx(r->elf, &names) || names >= r->shnum || !names ||
	    r->shdr[names].sh_type != SHT_STRTAB)
		return broken(r, "no table of section names");
	TRY(vec_reserve(&r->o->sections, r->shnum));
	for (i = 0; i < r->shnum; i++)
		TRY(add_section(r, &r->shdr[names], i));
	for (i = 1; i < r->shnum; i++)
		if (r->shdr[i].sh_link)
			r->o->sections.v[i]->link = r->o->sections.v[r->shdr[i].sh_link];
	return NULL;
}

/* The table's entries as libelf gives them: in the host's order, perhaps not aligned. */
static struct error *table(struct reader *r, const struct section *s, size_t entsize,
			   const uint8_t **rows, size_t *n)
{
	Elf_Data *data;

	*rows = NULL;
	*n = 0;
	if (s->entsize != entsize || s->size % entsize)
		return broken(r, "section %s: entries of %lu bytes", s->name, s->entsize);
	if (!s->size)
		return NULL;
	data = elf_getdata(elf_getscn(r->elf, s->index), NULL);
	if (!data || !data->d_buf || data->d_size != s->size)
		return broken(r, "section %s: %s", s->name, elf_errmsg(-1));
	*rows = data->d_buf;
	*n = s->size / entsize;
	return NULL;
}

/* One .symtab at most; a stripped executable or library has only .dynsym. */
static struct error *find_symtab(struct reader *r)
{
	vec_for_each(&r->o->sections, it) {
		struct section *s = *it;

		if (s->type == SHT_SYMTAB && r->symtab && r->symtab->type == SHT_SYMTAB)
			return broken(r, "two symbol tables");
		if (s->type == SHT_SYMTAB || (s->type == SHT_DYNSYM && !r->symtab))
			r->symtab = s;
	}
	if (r->symtab && (!r->symtab->link || r->symtab->link->type != SHT_STRTAB))
		return broken(r, "section %s: no string table", r->symtab->name);
	return NULL;
}

/* The table of section indexes that do not fit into 16 bits, if there is one. */
static struct error *find_wide_indexes(struct reader *r, size_t n_symbols, const uint8_t **out)
{
	const uint8_t *rows;
	size_t n;

	*out = NULL;
	vec_for_each(&r->o->sections, it) {
		if ((*it)->type != SHT_SYMTAB_SHNDX || (*it)->link != r->symtab)
			continue;
		TRY(table(r, *it, sizeof(uint32_t), &rows, &n));
		if (n != n_symbols)
			return broken(r, "section %s: %zu entries for %zu symbols", (*it)->name, n,
				      n_symbols);
		*out = rows;
	}
	return NULL;
}

static struct error *place_symbol(struct reader *r, struct symbol *sym, size_t index)
{
	struct section *s;

	if (!index || index >= r->shnum)
		return broken(r, "symbol %u (%s) is in section %zu, which is none", sym->index,
			      sym->name, index);
	s = r->o->sections.v[index];
	sym->section = s;
	sym->shndx = section_shndx(s->index);
	if (r->o->type == ET_REL && (sym->value > s->size || sym->size > s->size - sym->value))
		return broken(r, "symbol %u (%s) lies outside of section %s", sym->index, sym->name,
			      s->name);
	if (sym->type != STT_SECTION)
		return vec_push(&s->symbols, sym);
	sym->name = s->name;
	if (r->o->type == ET_REL && sym->value)
		return broken(r, "the symbol of section %s has a value", s->name);
	if (!s->symbol)
		s->symbol = sym;
	return NULL;
}

static struct error *read_symbol(struct reader *r, const Elf64_Sym *from, const uint8_t *wide)
{
	uint32_t index;
	struct symbol *sym;

	TRY(object_append_symbol(r->o, &sym));
	TRY(read_string(r, &r->shdr[r->symtab->link->index], from->st_name, &sym->name));
	sym->value = from->st_value;
	sym->size = from->st_size;
	sym->type = ELF64_ST_TYPE(from->st_info);
	sym->bind = ELF64_ST_BIND(from->st_info);
	sym->visibility = ELF64_ST_VISIBILITY(from->st_other);
	sym->shndx = from->st_shndx;
	switch (from->st_shndx) {
	case SHN_UNDEF:
	case SHN_ABS:
	case SHN_COMMON:
	case SHN_LIVEPATCH:
		break;
	case SHN_XINDEX:
		if (!wide)
			return broken(r, "symbol %u: SHN_XINDEX without a table", sym->index);
		memcpy(&index, wide + sym->index * sizeof(index), sizeof(index));
		TRY(place_symbol(r, sym, index));
		break;
	default:
		if (from->st_shndx >= SHN_LORESERVE)
			return broken(r, "symbol %u (%s): section index 0x%x is not known",
				      sym->index, sym->name, from->st_shndx);
		TRY(place_symbol(r, sym, from->st_shndx));
	}
	return object_index_symbol(r->o, sym);
}

static struct error *read_symbols(struct reader *r)
{
	static const Elf64_Sym none;
	struct symbol *null_symbol;
	const uint8_t *wide, *rows;
	Elf64_Sym from;
	size_t n = 0;

	TRY(find_symtab(r));
	if (r->symtab)
		TRY(table(r, r->symtab, sizeof(Elf64_Sym), &rows, &n));
	if (!n)
		return object_append_symbol(r->o, &null_symbol);
	if (memcmp(rows, &none, sizeof(none)) != 0)
		return broken(r, "symbol 0 is not empty");
	TRY(find_wide_indexes(r, n, &wide));
	TRY(vec_reserve(&r->o->symbols, n));
	TRY(object_append_symbol(r->o, &null_symbol));
	for (size_t i = 1; i < n; i++) {
		memcpy(&from, rows + i * sizeof(from), sizeof(from));
		TRY(read_symbol(r, &from, wide));
	}
	vec_for_each(&r->o->sections, it)
		TRY(section_sort_symbols(*it));
	return NULL;
}

/* How much the relocations of a section may cover. Debug sections may be compressed. */
static struct error *relocatable_size(struct reader *r, const struct section *s, uint64_t *out)
{
	Elf64_Chdr ch;

	if (s->type == SHT_NOBITS || s->type == SHT_NULL)
		return broken(r, "section %s has relocations but no content", s->name);
	if (s->type == SHT_RELA || s->type == SHT_SYMTAB || s->type == SHT_STRTAB)
		return broken(r, "section %s can't have relocations", s->name);
	*out = s->size;
	if (!(s->flags & SHF_COMPRESSED))
		return NULL;
	if (s->size < sizeof(ch))
		return broken(r, "section %s: compressed, but too small for a header", s->name);
	memcpy(&ch, s->bytes, sizeof(ch));
	*out = ch.ch_size;
	return NULL;
}

static struct error *read_rela(struct reader *r, struct section *rela)
{
	struct section *applies, *keeper;
	const uint8_t *rows;
	uint64_t limit = 0;
	Elf64_Rela from;
	size_t n;

	TRY(table(r, rela, sizeof(Elf64_Rela), &rows, &n));
	if (!n)
		return NULL;
	if (!rela->info || rela->info >= r->shnum)
		return broken(r, "section %s: sh_info %u is no section", rela->name, rela->info);
	if (rela->link != r->symtab)
		return broken(r, "section %s: sh_link is not the symbol table", rela->name);
	applies = r->o->sections.v[rela->info];
	TRY(relocatable_size(r, applies, &limit));
	keeper = rela->flags & SHF_RELA_LIVEPATCH ? rela : applies;
	if (keeper == applies)
		TRY(vec_push(&applies->rela, rela));
	TRY(vec_reserve(&keeper->relocs, keeper->relocs.n + n));
	for (size_t i = 0; i < n; i++) {
		size_t symbol;

		memcpy(&from, rows + i * sizeof(from), sizeof(from));
		symbol = ELF64_R_SYM(from.r_info);
		if (from.r_offset >= limit)
			return broken(r, "section %s: entry %zu lies outside of %s", rela->name, i,
				      applies->name);
		if (symbol >= r->o->symbols.n)
			return broken(r, "section %s: entry %zu names symbol %zu of %zu",
				      rela->name, i, symbol, r->o->symbols.n);
		TRY(object_add_reloc(keeper, from.r_offset, ELF64_R_TYPE(from.r_info),
				     r->o->symbols.v[symbol], from.r_addend));
	}
	return NULL;
}

static struct error *read_relocs(struct reader *r)
{
	if (r->o->type != ET_REL)
		return NULL;
	for (size_t i = 1; i < r->shnum; i++) {
		struct section *s = r->o->sections.v[i];

		if (s->type == SHT_REL && s->size)
			return broken(r, "section %s: SHT_REL is not supported", s->name);
		if (s->type == SHT_RELA)
			TRY(read_rela(r, s));
	}
	vec_for_each(&r->o->sections, it)
		TRY(relocs_sort((*it)->relocs.v, (*it)->relocs.n));
	return NULL;
}

static struct error *parse(struct object *o)
{
	struct reader r __cleanup(reader_free) = { .o = o };

	TRY(read_header(&r));
	TRY(read_sections(&r));
	TRY(read_symbols(&r));
	return read_relocs(&r);
}

struct error *object_read(const char *path, struct object **out)
{
	struct object *o __cleanup_object = NULL;

	TRY(object_alloc(path, &o));
	TRY(file_read(path, &o->content));
	TRY(parse(o));
	*out = take(o);
	return NULL;
}

struct error *object_parse(const char *name, const void *bytes, size_t size, struct object **out)
{
	struct object *o __cleanup_object = NULL;

	TRY(object_alloc(name, &o));
	TRY(strbuf_add(&o->content, bytes, size));
	TRY(parse(o));
	*out = take(o);
	return NULL;
}
