// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing: the kept sections first, in their order, then relocation sections, then the
 * symbol and string tables. libelf lays them out, in memory; the file appears whole.
 */
#include "elf/object.h"

#include <errno.h>
#include <libelf.h>
#include <sys/mman.h>

#include "base/file.h"
#include "elf/private.h"

/* The file is padded to it. The kernel's largest is that of its first stack, 16 KiB. */
#define MAX_ALIGN ((uint64_t)1 << 16)

struct writer {
	const struct object *o;
	Elf *elf;
	int fd;
	size_t *section_at;  /* written index by section index; 0: made anew or left out */
	uint32_t *symbol_at; /* written index by symbol index */
	struct strbuf shnames, names;
	struct hash_map name_at; /* -> offset in names + 1 */
	VEC(void *) owned;
	size_t symtab_at, n_sections;
};

static void writer_free(struct writer *w)
{
	elf_end(w->elf);
	close_fd(&w->fd);
	free(w->section_at);
	free(w->symbol_at);
	strbuf_free(&w->shnames);
	strbuf_free(&w->names);
	hash_free(&w->name_at);
	vec_for_each(&w->owned, it)
		free(*it);
	vec_free(&w->owned);
}

static bool is_livepatch_rela(const struct section *s)
{
	return s->type == SHT_RELA && s->flags & SHF_RELA_LIVEPATCH;
}

static bool made_anew(const struct section *s)
{
	return s->type == SHT_NULL || s->type == SHT_SYMTAB || s->type == SHT_STRTAB ||
	       s->type == SHT_SYMTAB_SHNDX || (s->type == SHT_RELA && !is_livepatch_rela(s));
}

static struct error *elf_broke(const struct writer *w)
{
	return error_failed("%s: writing: %s", w->o->name, elf_errmsg(-1));
}

/* Memory that lives until the file is written. */
static struct error *owned(struct writer *w, size_t n, size_t size, void *out)
{
	void *p = calloc(n ? n : 1, size);
	struct error *e;

	if (!p)
		return error_nomem();
	e = vec_push(&w->owned, p);
	if (e) {
		free(p);
		return e;
	}
	*(void **)out = p;
	return NULL;
}

static struct error *add_name(struct strbuf *b, const char *name, Elf64_Word *at)
{
	*at = (Elf64_Word)b->n;
	if (b->n + strlen(name) > UINT32_MAX / 2)
		return error_failed("too many names");
	return strbuf_add(b, name, strlen(name) + 1);
}

/* A new section with one piece of data; prefix and name make up its name. */
static struct error *new_section(struct writer *w, const char *prefix, const char *name,
				 Elf_Type type, const void *bytes, uint64_t size, uint64_t align,
				 Elf64_Shdr **sh, size_t *index)
{
	Elf_Scn *scn = elf_newscn(w->elf);
	Elf_Data *data = scn ? elf_newdata(scn) : NULL;
	Elf64_Word at;

	if (!data)
		return elf_broke(w);
	TRY(add_name(&w->shnames, prefix, &at));
	w->shnames.n--; /* the name goes on over the NUL */
	TRY(strbuf_add(&w->shnames, name, strlen(name) + 1));
	*sh = elf64_getshdr(scn);
	(*sh)->sh_name = at;
	data->d_type = type;
	data->d_buf = (void *)bytes;
	data->d_size = size;
	data->d_align = align ? align : 1;
	*index = elf_ndxscn(scn);
	if (*index >= SHN_LORESERVE)
		return error_refused("%s: more than %d sections", w->o->name, SHN_LORESERVE - 1);
	return NULL;
}

static struct error *write_section(struct writer *w, const struct section *s)
{
	Elf64_Shdr *sh;

	if (s->type == SHT_GROUP || s->type == SHT_REL)
		return error_refused("%s: section %s: writing section groups and SHT_REL is not "
				     "supported",
				     w->o->name, s->name);
	if (s->align > MAX_ALIGN)
		return error_refused("%s: section %s: alignment 0x%lx is too large", w->o->name,
				     s->name, s->align);
	TRY(new_section(w, "", s->name, ELF_T_BYTE, s->bytes, s->size, s->align, &sh,
			&w->section_at[s->index]));
	sh->sh_type = s->type;
	sh->sh_flags = s->flags;
	sh->sh_addr = s->address;
	sh->sh_entsize = s->entsize;
	sh->sh_info = s->info;
	return NULL;
}

/* sh_link and sh_info name sections that may come later. */
static struct error *link_sections(struct writer *w)
{
	vec_for_each(&w->o->sections, it) {
		const struct section *s = *it;
		Elf64_Shdr *sh;

		if (made_anew(s))
			continue;
		sh = elf64_getshdr(elf_getscn(w->elf, w->section_at[s->index]));
		if (is_livepatch_rela(s))
			sh->sh_link = (Elf64_Word)w->symtab_at;
		else if (s->link)
			sh->sh_link = (Elf64_Word)w->section_at[s->link->index];
		if (!is_livepatch_rela(s) && !(s->flags & SHF_INFO_LINK))
			continue;
		if (s->info >= w->o->sections.n || !w->section_at[s->info])
			return error_failed("%s: section %s: sh_info %u is not written", w->o->name,
					    s->name, s->info);
		sh->sh_info = (Elf64_Word)w->section_at[s->info];
	}
	return NULL;
}

static struct error *rela_rows(struct writer *w, const struct section *s, Elf64_Rela **out)
{
	struct reloc *sorted __free = calloc(s->relocs.n, sizeof(*sorted));

	if (!sorted)
		return error_nomem();
	memcpy(sorted, s->relocs.v, s->relocs.n * sizeof(*sorted));
	TRY(relocs_sort(sorted, s->relocs.n));
	TRY(owned(w, s->relocs.n, sizeof(Elf64_Rela), out));
	for (size_t i = 0; i < s->relocs.n; i++)
		(*out)[i] = (Elf64_Rela){
			.r_offset = sorted[i].offset,
			.r_info = ELF64_R_INFO((Elf64_Xword)w->symbol_at[sorted[i].symbol->index],
					       sorted[i].type),
			.r_addend = sorted[i].addend,
		};
	return NULL;
}

static struct error *write_rela(struct writer *w, const struct section *s)
{
	Elf64_Rela *rows;
	Elf64_Shdr *sh;
	Elf_Data *data;
	size_t at;

	TRY(rela_rows(w, s, &rows));
	if (is_livepatch_rela(s)) {
		Elf_Scn *scn = elf_getscn(w->elf, w->section_at[s->index]);

		data = elf_getdata(scn, NULL);
		sh = elf64_getshdr(scn);
		if (!data)
			return elf_broke(w);
		*data = (Elf_Data){ .d_buf = rows,
				    .d_type = ELF_T_RELA,
				    .d_version = EV_CURRENT,
				    .d_size = s->relocs.n * sizeof(*rows),
				    .d_align = 8 };
	} else {
		TRY(new_section(w, ".rela", s->name, ELF_T_RELA, rows, s->relocs.n * sizeof(*rows),
				8, &sh, &at));
		sh->sh_type = SHT_RELA;
		sh->sh_flags = SHF_INFO_LINK;
		sh->sh_info = (Elf64_Word)w->section_at[s->index];
	}
	sh->sh_entsize = sizeof(*rows);
	return NULL;
}

static struct error *symbol_name(struct writer *w, const struct symbol *sym, Elf64_Word *at)
{
	uint64_t *known;

	*at = 0;
	if (sym->type == STT_SECTION || !*sym->name)
		return NULL;
	known = hash_get(&w->name_at, sym->name);
	if (known) {
		*at = (Elf64_Word)*known;
		return NULL;
	}
	TRY(add_name(&w->names, sym->name, at));
	return hash_put(&w->name_at, sym->name, *at);
}

static struct error *symbol_row(struct writer *w, const struct symbol *sym, Elf64_Sym *row)
{
	TRY(symbol_name(w, sym, &row->st_name));
	row->st_value = sym->value;
	row->st_size = sym->size;
	row->st_info = ELF64_ST_INFO(sym->bind, sym->type);
	row->st_other = sym->visibility;
	row->st_shndx = sym->shndx;
	if (!sym->section)
		return NULL;
	if (!w->section_at[sym->section->index])
		return error_failed("%s: symbol %s is in section %s, which is not written",
				    w->o->name, sym->name, sym->section->name);
	row->st_shndx = (Elf64_Half)w->section_at[sym->section->index];
	return NULL;
}

/* Section symbols of tables that are made anew have nothing to stand for. */
static bool left_out(const struct symbol *sym)
{
	return sym->type == STT_SECTION && sym->section && made_anew(sym->section);
}

static struct error *write_symbols(struct writer *w)
{
	uint32_t n = 0, locals = 0;
	Elf64_Sym *rows;
	Elf64_Shdr *sh;

	TRY(owned(w, w->o->symbols.n, sizeof(*rows), &rows));
	for (int local = 1; local >= 0; local--) {
		vec_for_each(&w->o->symbols, it) {
			const struct symbol *sym = *it;

			if ((sym->bind == STB_LOCAL) != local || left_out(sym))
				continue;
			w->symbol_at[sym->index] = n;
			TRY(symbol_row(w, sym, &rows[n++]));
		}
		if (local)
			locals = n;
	}
	TRY(new_section(w, "", ".symtab", ELF_T_SYM, rows, n * sizeof(*rows), 8, &sh,
			&w->symtab_at));
	sh->sh_type = SHT_SYMTAB;
	sh->sh_info = locals;
	sh->sh_entsize = sizeof(*rows);
	return NULL;
}

static struct error *write_relas(struct writer *w)
{
	vec_for_each(&w->o->sections, it) {
		const struct section *s = *it;

		if (!s->relocs.n)
			continue;
		if (made_anew(s) && !is_livepatch_rela(s))
			return error_refused("%s: section %s: writing its relocations is not "
					     "supported",
					     w->o->name, s->name);
		TRY(write_rela(w, s));
	}
	return NULL;
}

static struct error *write_strings(struct writer *w)
{
	Elf64_Ehdr *eh = elf64_getehdr(w->elf);
	size_t strtab, shstrtab, i, n;
	Elf64_Shdr *sh;
	Elf_Data *data;

	TRY(new_section(w, "", ".strtab", ELF_T_BYTE, w->names.s, w->names.n, 1, &sh, &strtab));
	sh->sh_type = SHT_STRTAB;
	TRY(new_section(w, "", ".shstrtab", ELF_T_BYTE, NULL, 0, 1, &sh, &shstrtab));
	sh->sh_type = SHT_STRTAB;
	data = elf_getdata(elf_getscn(w->elf, shstrtab), NULL);
	data->d_buf = w->shnames.s; /* complete only now */
	data->d_size = w->shnames.n;
	eh->e_shstrndx = (Elf64_Half)shstrtab;
	elf64_getshdr(elf_getscn(w->elf, w->symtab_at))->sh_link = (Elf64_Word)strtab;
	if (elf_getshdrnum(w->elf, &n))
		return elf_broke(w);
	for (i = 1; i < n; i++) {
		sh = elf64_getshdr(elf_getscn(w->elf, i));
		if (sh->sh_type == SHT_RELA)
			sh->sh_link = (Elf64_Word)w->symtab_at;
	}
	return NULL;
}

static struct error *begin(struct writer *w)
{
	Elf64_Ehdr *eh;

	elf_version(EV_CURRENT);
	w->fd = memfd_create("suture-object", MFD_CLOEXEC);
	if (w->fd < 0)
		return error_errno(errno, "%s: writing", w->o->name);
	w->elf = elf_begin(w->fd, ELF_C_WRITE, NULL);
	eh = w->elf ? elf64_newehdr(w->elf) : NULL;
	if (!eh)
		return elf_broke(w);
	eh->e_ident[EI_DATA] = ELFDATA2LSB;
	eh->e_type = w->o->type;
	eh->e_machine = w->o->machine;
	eh->e_flags = w->o->flags;
	eh->e_version = EV_CURRENT;
	w->section_at = calloc(w->o->sections.n, sizeof(*w->section_at));
	w->symbol_at = calloc(w->o->symbols.n, sizeof(*w->symbol_at));
	if (!w->section_at || !w->symbol_at)
		return error_nomem();
	TRY(strbuf_add(&w->names, "", 1));
	return strbuf_add(&w->shnames, "", 1);
}

static struct error *finish(struct writer *w, const char *path)
{
	struct error *e;
	int64_t size = elf_update(w->elf, ELF_C_WRITE);
	void *bytes;

	if (size <= 0)
		return elf_broke(w);
	bytes = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, w->fd, 0);
	if (bytes == MAP_FAILED)
		return error_errno(errno, "%s: writing", w->o->name);
	e = file_write(path, bytes, (size_t)size, 0644);
	munmap(bytes, (size_t)size);
	return e;
}

struct error *object_write(const struct object *o, const char *path)
{
	struct writer w __cleanup(writer_free) = { .o = o, .fd = -1 };

	if (o->type != ET_REL)
		return error_refused("%s: only relocatable objects can be written", o->name);
	TRY(begin(&w));
	vec_for_each(&o->sections, it)
		if (!made_anew(*it))
			TRY(write_section(&w, *it));
	TRY(write_symbols(&w));
	TRY(write_relas(&w));
	TRY(link_sections(&w));
	TRY(write_strings(&w));
	return finish(&w, path);
}
