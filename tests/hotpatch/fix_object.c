// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/hotpatch/fix_object.h"

#include <fcntl.h>
#include <gelf.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

#define SECTIONS_MOST 512

struct file {
	int fd;
	Elf *elf;
	Elf_Data *symbols;
	size_t n, names;
	uint64_t tls; /* bytes from the first thread-local variable to the thread pointer */
};

struct making {
	struct file program, fix;
	struct hotpatch_object *o;
	bool stays;
	uint8_t *bytes[HOTPATCH_PARTS];
	struct {
		int part; /* -1: not taken */
		uint64_t offset;
	} sections[SECTIONS_MOST];
};

static void file_close(struct file *f)
{
	elf_end(f->elf);
	close_fd(&f->fd);
}

static struct error *file_open(const char *path, struct file *f)
{
	Elf_Scn *s = NULL;
	GElf_Shdr sh;
	GElf_Phdr ph;
	size_t n = 0;

	elf_version(EV_CURRENT);
	f->fd = open(path, O_RDONLY | O_CLOEXEC);
	f->elf = f->fd < 0 ? NULL : elf_begin(f->fd, ELF_C_READ, NULL);
	if (!f->elf)
		return error_failed("%s can't be read as ELF", path);
	while ((s = elf_nextscn(f->elf, s))) {
		if (!gelf_getshdr(s, &sh) || sh.sh_type != SHT_SYMTAB)
			continue;
		f->symbols = elf_getdata(s, NULL);
		f->n = sh.sh_size / sh.sh_entsize;
		f->names = sh.sh_link;
	}
	elf_getphdrnum(f->elf, &n);
	for (size_t i = 0; i < n; i++)
		if (gelf_getphdr(f->elf, (int)i, &ph) && ph.p_type == PT_TLS)
			f->tls = (ph.p_memsz + ph.p_align - 1) & -ph.p_align;
	return NULL;
}

static const char *symbol(const struct file *f, size_t i, GElf_Sym *sym)
{
	gelf_getsym(f->symbols, (int)i, sym);
	return elf_strptr(f->elf, f->names, sym->st_name);
}

static bool find(const struct file *f, const char *name, GElf_Sym *sym)
{
	for (size_t i = 1; i < f->n; i++) {
		const char *s = symbol(f, i, sym);

		if (sym->st_shndx != SHN_UNDEF && s && str_equal(s, name))
			return true;
	}
	return false;
}

struct error *fix_object_build_id(const char *program, uint8_t *id, unsigned int *n)
{
	struct file f __cleanup(file_close) = { .fd = -1 };
	Elf_Scn *s = NULL;
	GElf_Shdr sh;

	TRY(file_open(program, &f));
	while ((s = elf_nextscn(f.elf, s))) {
		Elf_Data *d;
		size_t name, desc;
		GElf_Nhdr h;

		if (!gelf_getshdr(s, &sh) || sh.sh_type != SHT_NOTE)
			continue;
		d = elf_getdata(s, NULL);
		for (size_t at = 0; d && (at = gelf_getnote(d, at, &h, &name, &desc)) > 0;) {
			if (h.n_type != NT_GNU_BUILD_ID)
				continue;
			*n = h.n_descsz;
			memcpy(id, (char *)d->d_buf + desc, h.n_descsz);
			return NULL;
		}
	}
	return error_failed("%s has no build-id", program);
}

/* --- parts ---------------------------------------------------------------------------- */

static int part_of(const GElf_Shdr *sh, const char *name)
{
	if (!(sh->sh_flags & SHF_ALLOC) || sh->sh_flags & SHF_TLS || sh->sh_type == SHT_NOTE ||
	    str_equal(name, ".eh_frame"))
		return -1;
	if (sh->sh_flags & SHF_EXECINSTR)
		return HOTPATCH_CODE;
	return sh->sh_flags & SHF_WRITE ? HOTPATCH_DATA : HOTPATCH_CONST;
}

/* Sections with bytes first, those of zeros behind. */
static struct error *lay_out(struct making *m, bool zeros)
{
	Elf_Scn *s = NULL;
	GElf_Shdr sh;
	size_t names;

	elf_getshdrstrndx(m->fix.elf, &names);
	while ((s = elf_nextscn(m->fix.elf, s))) {
		size_t i = elf_ndxscn(s);
		struct hotpatch_part *p;
		uint8_t *more;
		int part;

		gelf_getshdr(s, &sh);
		if (i >= SECTIONS_MOST || (sh.sh_type == SHT_NOBITS) != zeros)
			continue;
		part = part_of(&sh, elf_strptr(m->fix.elf, names, sh.sh_name));
		m->sections[i].part = part;
		if (part < 0)
			continue;
		p = &m->o->parts[part];
		p->size = (p->size + sh.sh_addralign - 1) & -sh.sh_addralign;
		p->align = p->align > sh.sh_addralign ? p->align : sh.sh_addralign;
		m->sections[i].offset = p->size;
		p->size += sh.sh_size;
		if (zeros || !sh.sh_size)
			continue;
		more = realloc(m->bytes[part], p->size);
		if (!more)
			return error_nomem();
		memset(more + p->n, 0, p->size - p->n);
		memcpy(more + m->sections[i].offset, elf_getdata(s, NULL)->d_buf, sh.sh_size);
		m->bytes[part] = more;
		p->n = p->size;
	}
	return NULL;
}

/* --- references ----------------------------------------------------------------------- */

static struct error *lead_outside(struct making *m, const char *name, struct hotpatch_reference *r)
{
	GElf_Sym sym;
	char *at;

	if (find(&m->program, name, &sym)) {
		r->to = HOTPATCH_TO_FILE;
		r->to_offset = sym.st_value;
		if (GELF_ST_TYPE(sym.st_info) == STT_TLS) {
			r->to = HOTPATCH_TO_TLS;
			r->to_offset = sym.st_value - m->program.tls;
		}
		return NULL;
	}
	r->to = HOTPATCH_TO_SYMBOL;
	r->symbol = at = arena_strdup(&m->o->arena, name);
	if (!at)
		return error_nomem();
	at = strchr(at, '@');
	if (at) {
		*at = 0;
		r->version = at + 1 + (at[1] == '@');
	}
	return NULL;
}

/* mov name@GOTPCREL(%rip) of something near is lea name(%rip). */
static struct error *from_got(struct making *m, struct hotpatch_reference *r)
{
	uint8_t *opcode = m->bytes[r->part] + r->offset - 2;

	r->type = R_X86_64_PC32;
	if (r->to == HOTPATCH_TO_SYMBOL) {
		r->to = HOTPATCH_TO_GOT;
		return NULL;
	}
	if (*opcode != 0x8b)
		return error_failed("a use of the GOT that is no load");
	*opcode = 0x8d;
	return NULL;
}

static struct error *add_reference(struct making *m, size_t section, const GElf_Rela *rela)
{
	struct hotpatch_reference r = { .part = (enum hotpatch_part_kind)m->sections[section].part,
					.offset = m->sections[section].offset + rela->r_offset,
					.type = (uint32_t)GELF_R_TYPE(rela->r_info),
					.addend = rela->r_addend };
	GElf_Sym sym;
	const char *name = symbol(&m->fix, GELF_R_SYM(rela->r_info), &sym);

	if (sym.st_shndx != SHN_UNDEF) {
		if (sym.st_shndx >= SECTIONS_MOST || m->sections[sym.st_shndx].part < 0)
			return error_failed("a reference to %s, which is not taken", name);
		r.to = HOTPATCH_TO_PART;
		r.to_part = (enum hotpatch_part_kind)m->sections[sym.st_shndx].part;
		r.to_offset = m->sections[sym.st_shndx].offset + sym.st_value;
	} else {
		TRY(lead_outside(m, name, &r));
	}
	switch (r.type) {
	case R_X86_64_PLT32:
		r.type = R_X86_64_PC32;
		break;
	case R_X86_64_GOTPCREL:
	case R_X86_64_GOTPCRELX:
	case R_X86_64_REX_GOTPCRELX:
		TRY(from_got(m, &r));
	}
	return vec_push(&m->o->references, r);
}

static struct error *add_references(struct making *m)
{
	Elf_Scn *s = NULL;
	GElf_Shdr sh;

	while ((s = elf_nextscn(m->fix.elf, s))) {
		gelf_getshdr(s, &sh);
		if (sh.sh_type != SHT_RELA || m->sections[sh.sh_info].part < 0)
			continue;
		for (size_t i = 0; i < sh.sh_size / sh.sh_entsize; i++) {
			GElf_Rela rela;

			gelf_getrela(elf_getdata(s, NULL), (int)i, &rela);
			TRY(add_reference(m, sh.sh_info, &rela));
		}
	}
	return NULL;
}

/* --- functions ------------------------------------------------------------------------ */

/* Up to the next symbol, or the section's end. */
static uint64_t room_of(const struct file *f, const GElf_Sym *of)
{
	GElf_Shdr sh;
	uint64_t end;

	gelf_getshdr(elf_getscn(f->elf, of->st_shndx), &sh);
	end = sh.sh_addr + sh.sh_size;
	for (size_t i = 1; i < f->n; i++) {
		GElf_Sym s;

		symbol(f, i, &s);
		if (s.st_shndx == of->st_shndx && s.st_value > of->st_value && s.st_value < end)
			end = s.st_value;
	}
	return end - of->st_value;
}

static struct error *add_function(struct making *m, const char *name, const GElf_Sym *fresh,
				  const GElf_Sym *old)
{
	GElf_Shdr sh;
	Elf_Scn *s = elf_getscn(m->program.elf, old->st_shndx);
	struct hotpatch_function f = { .name = arena_strdup(&m->o->arena, name),
				       .old = old->st_value,
				       .size = old->st_size,
				       .room = room_of(&m->program, old),
				       .fresh_size = fresh->st_size,
				       .may_be_on_stack = m->stays };

	gelf_getshdr(s, &sh);
	f.bytes = arena_dup(&m->o->arena,
			    (char *)elf_getdata(s, NULL)->d_buf + (old->st_value - sh.sh_addr),
			    old->st_size);
	f.fresh = m->sections[fresh->st_shndx].offset + fresh->st_value;
	return f.name && f.bytes ? vec_push(&m->o->functions, f) : error_nomem();
}

static struct error *add_functions(struct making *m)
{
	for (size_t i = 1; i < m->fix.n; i++) {
		GElf_Sym fresh, old;
		const char *name = symbol(&m->fix, i, &fresh);

		if (fresh.st_shndx != SHN_UNDEF && GELF_ST_TYPE(fresh.st_info) == STT_FUNC &&
		    find(&m->program, name, &old))
			TRY(add_function(m, name, &fresh, &old));
	}
	return NULL;
}

/* --- all of it ------------------------------------------------------------------------ */

void fix_object_free(struct hotpatch_object *o)
{
	for (int i = 0; i < HOTPATCH_PARTS; i++)
		free((void *)o->parts[i].bytes);
	vec_free(&o->references);
	vec_free(&o->functions);
	arena_free(&o->arena);
	memset(o, 0, sizeof(*o));
}

static struct error *make(struct making *m, const char *program, const char *relocatable,
			  const char *name)
{
	for (size_t i = 0; i < SECTIONS_MOST; i++)
		m->sections[i].part = -1;
	TRY(file_open(program, &m->program));
	TRY(file_open(relocatable, &m->fix));
	TRY(fix_object_build_id(program, m->o->build_id, &m->o->build_id_n));
	m->o->fix = arena_strdup(&m->o->arena, name);
	TRY(lay_out(m, false));
	TRY(lay_out(m, true));
	TRY(add_references(m));
	return add_functions(m);
}

struct error *fix_object_make(const char *program, const char *relocatable, const char *name,
			      bool may_be_on_stack, struct hotpatch_object *out)
{
	struct hotpatch_object o __cleanup_fix_object = { 0 };
	struct making m = { { .fd = -1 }, { .fd = -1 }, &o, may_be_on_stack, { 0 }, { { 0, 0 } } };
	struct error *e = make(&m, program, relocatable, name);

	for (int i = 0; i < HOTPATCH_PARTS; i++)
		o.parts[i].bytes = m.bytes[i];
	file_close(&m.program);
	file_close(&m.fix);
	if (e)
		return e;
	*out = o;
	memset(&o, 0, sizeof(o));
	return NULL;
}
