// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading a program: what is asked of its dynamic section is checked against the file. */
#include "image/program.h"

#include <elf.h>
#include <gelf.h>
#include <string.h>

#include "base/file.h"
#include "image/backend.h"
#include "image/program_field.h"

#define MOST_FIELDS 8000000

static void end_elf(Elf **e)
{
	elf_end(*e);
	*e = NULL;
}
#define __cleanup_elf __cleanup(end_elf)

struct private
{
	struct program *program;
	struct file_map file;
};

struct reading {
	struct program *p;
	const uint8_t *bytes;
	size_t size;
	Elf *elf;
	Elf_Scn *dynsym, *versym, *verneed, *verdef;
	size_t strings; /* the section of .dynsym's names */
	struct arena *arena;
	VEC(const char *) versions; /* by index */
};

/* --- symbols and versions ------------------------------------------------------------- */

static struct error *put_version(struct reading *r, size_t index, const char *name)
{
	index &= 0x7fff;
	while (r->versions.n <= index)
		TRY(vec_push(&r->versions, NULL));
	r->versions.v[index] = name ? arena_strdup(r->arena, name) : NULL;
	return name && !r->versions.v[index] ? error_nomem() : NULL;
}

static struct error *read_needed_versions(struct reading *r)
{
	Elf_Data *d = r->verneed ? elf_getdata(r->verneed, NULL) : NULL;
	size_t rounds = 0, names;
	GElf_Shdr h;
	int at = 0;

	if (!d || !gelf_getshdr(r->verneed, &h))
		return NULL;
	names = h.sh_link;
	for (GElf_Verneed need; gelf_getverneed(d, at, &need) && rounds++ < 4096;) {
		int aux = at + (int)need.vn_aux;

		for (GElf_Vernaux x; gelf_getvernaux(d, aux, &x) && rounds++ < 65536;) {
			TRY(put_version(r, x.vna_other, elf_strptr(r->elf, names, x.vna_name)));
			if (!x.vna_next)
				break;
			aux += (int)x.vna_next;
		}
		if (!need.vn_next)
			break;
		at += (int)need.vn_next;
	}
	return NULL;
}

static struct error *read_defined_versions(struct reading *r)
{
	Elf_Data *d = r->verdef ? elf_getdata(r->verdef, NULL) : NULL;
	size_t rounds = 0;
	GElf_Shdr h;
	int at = 0;

	if (!d || !gelf_getshdr(r->verdef, &h))
		return NULL;
	for (GElf_Verdef def; gelf_getverdef(d, at, &def) && rounds++ < 65536;) {
		GElf_Verdaux x;

		/* The first one names the file itself. */
		if (!(def.vd_flags & VER_FLG_BASE) && gelf_getverdaux(d, at + (int)def.vd_aux, &x))
			TRY(put_version(r, def.vd_ndx, elf_strptr(r->elf, h.sh_link, x.vda_name)));
		if (!def.vd_next)
			break;
		at += (int)def.vd_next;
	}
	return NULL;
}

static const char *version_of(const struct reading *r, Elf_Data *versym, int i)
{
	GElf_Versym v;
	size_t index;

	if (!versym || !gelf_getversym(versym, i, &v))
		return NULL;
	index = v & 0x7fff;
	return index > 1 && index < r->versions.n ? r->versions.v[index] : NULL;
}

static struct error *read_dynamic_symbols(struct reading *r)
{
	Elf_Data *d = r->dynsym ? elf_getdata(r->dynsym, NULL) : NULL;
	Elf_Data *versym = r->versym ? elf_getdata(r->versym, NULL) : NULL;
	GElf_Shdr h;
	GElf_Sym s;

	TRY(vec_push(&r->p->symbols, (struct program_symbol){ .name = "" }));
	if (!d || !gelf_getshdr(r->dynsym, &h))
		return NULL;
	TRY(read_needed_versions(r));
	TRY(read_defined_versions(r));
	for (int i = 1; gelf_getsym(d, i, &s); i++) {
		const char *name = elf_strptr(r->elf, h.sh_link, s.st_name);
		struct program_symbol to = { .version = version_of(r, versym, i),
					     .type = GELF_ST_TYPE(s.st_info),
					     .defined = s.st_shndx != SHN_UNDEF };

		to.name = arena_strdup(r->arena, name ? name : "");
		if (!to.name)
			return error_nomem();
		to.address = to.defined ? s.st_value : 0;
		TRY(vec_push(&r->p->symbols, to));
	}
	return NULL;
}

/* Where private symbols are not listed: what others may link to. */
static struct error *name_image(struct reading *r)
{
	for (size_t i = 1; i < r->p->symbols.n; i++) {
		const struct program_symbol *s = &r->p->symbols.v[i];

		if (!s->defined || !*s->name || s->type == STT_TLS || !s->address)
			continue;
		TRY(vec_push(&r->p->image->symbols,
			     (struct image_symbol){ .address = s->address,
						    .name = s->name,
						    .type = s->type == STT_OBJECT ? 'D' : 'T',
						    .position = (unsigned int)i }));
	}
	return NULL;
}

/* --- fields -------------------------------------------------------------------------- */

static struct error *read_fields(struct reading *r, Elf_Scn *scn, const GElf_Shdr *h)
{
	Elf_Data *d = elf_getdata(scn, NULL);
	bool dynamic = r->dynsym && h->sh_link == elf_ndxscn(r->dynsym);
	GElf_Rela rela;

	for (int i = 0; d && gelf_getrela(d, i, &rela); i++) {
		struct program_field f = { .at = rela.r_offset,
					   .type = (uint32_t)GELF_R_TYPE(rela.r_info),
					   .symbol = (uint32_t)GELF_R_SYM(rela.r_info),
					   .addend = rela.r_addend };

		if (f.symbol && (!dynamic || f.symbol >= r->p->symbols.n))
			return error_failed("a relocation names a symbol that is not there");
		if (r->p->fields.n >= MOST_FIELDS)
			return error_refused("it has too many relocations");
		TRY(vec_push(&r->p->fields, f));
	}
	return NULL;
}

static int by_place(const void *a, const void *b)
{
	const struct program_field *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* DT_RELR: words that get the load bias added to what they hold. */
static struct error *read_packed_fields(struct reading *r, Elf_Scn *scn)
{
	Elf_Data *d = elf_rawdata(scn, NULL);
	uint64_t where = 0;

	for (size_t i = 0; d && i + 8 <= d->d_size; i += 8) {
		uint64_t word, addend;

		memcpy(&word, (const char *)d->d_buf + i, sizeof(word));
		for (unsigned int bit = 0; bit < 64; bit++) {
			uint64_t at = word & 1 ? where + 8 * (bit - 1) : word;
			const uint8_t *p;

			if (word & 1 && (!bit || !(word >> bit & 1)))
				continue;
			p = image_bytes(r->p->image, at, 8);
			if (!p || r->p->fields.n >= MOST_FIELDS)
				return error_failed("a packed relocation leads nowhere");
			memcpy(&addend, p, 8);
			TRY(vec_push(&r->p->fields,
				     (struct program_field){ .at = at,
							     .type = R_X86_64_RELATIVE,
							     .addend = (int64_t)addend }));
			if (!(word & 1))
				break;
		}
		where = word & 1 ? where + 63 * 8 : word + 8;
	}
	return NULL;
}

static struct error *read_all_fields(struct reading *r)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr h;

	while ((scn = elf_nextscn(r->elf, scn))) {
		if (!gelf_getshdr(scn, &h) || !(h.sh_flags & SHF_ALLOC))
			continue;
		if (h.sh_type == SHT_RELA)
			TRY(read_fields(r, scn, &h));
		else if (h.sh_type == 19 /* SHT_RELR */)
			TRY(read_packed_fields(r, scn));
		else if (h.sh_type == SHT_REL)
			return error_refused("it has relocations of a kind that x86-64 does not "
					     "have");
	}
	vec_sort(&r->p->fields, by_place);
	return NULL;
}

/* --- the unwind table ------------------------------------------------------------------ */

static int by_start(const void *a, const void *b)
{
	const struct program_extent *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* Only the form that x86-64 compilers write: distances of four bytes. */
static struct error *read_extents(struct reading *r, const struct image_segment *s)
{
	uint64_t at = 0;

	while (s->bytes && s->size - at >= 16) {
		uint32_t length, id;
		int32_t begin, size;
		const uint8_t *cie, *aug;
		uint64_t here = at + 4;

		memcpy(&length, s->bytes + at, 4);
		memcpy(&id, s->bytes + here, 4);
		if (!length || length > s->size - here)
			return NULL;
		at = here + length;
		if (!id || id > here || length < 12)
			continue;
		cie = s->bytes + (here - id);
		aug = cie + 9;
		/* "zR", "zPR", "zPLR" and the like, and "R" is pcrel|sdata4: else not understood.
		 */
		if (s->bytes + s->size - aug < 8 || aug[0] != 'z' || !memchr(aug, 'R', 5))
			continue;
		memcpy(&begin, s->bytes + here + 4, 4);
		memcpy(&size, s->bytes + here + 8, 4);
		if (size <= 0)
			continue;
		TRY(vec_push(
			&r->p->extents,
			(struct program_extent){ s->address + here + 4 + (uint64_t)(int64_t)begin,
						 (uint64_t)size }));
	}
	return NULL;
}

/* --- the file ------------------------------------------------------------------------ */

static void take_note(struct program *p, const uint8_t *b, size_t n)
{
	while (n >= 12) {
		uint32_t name, desc, type;
		size_t at;

		memcpy(&name, b, 4);
		memcpy(&desc, b + 4, 4);
		memcpy(&type, b + 8, 4);
		if (name > n || desc > n)
			return;
		at = 12 + ((name + 3) & ~3u);
		if (at > n || desc > n - at)
			return;
		if (type == NT_GNU_BUILD_ID && name == 4 && !memcmp(b + 12, "GNU", 4) &&
		    desc <= sizeof(p->build_id)) {
			memcpy(p->build_id, b + at, desc);
			p->build_id_n = desc;
		}
		at += (desc + 3) & ~3u;
		if (at > n)
			return;
		b += at;
		n -= at;
	}
}

static struct error *read_headers(struct reading *r)
{
	size_t n = 0;
	GElf_Phdr h;

	r->p->is_static = true;
	if (elf_getphdrnum(r->elf, &n))
		return error_failed("program headers: %s", elf_errmsg(-1));
	for (size_t i = 0; i < n && gelf_getphdr(r->elf, (int)i, &h); i++) {
		if (h.p_type == PT_INTERP)
			r->p->is_static = false;
		if (h.p_type == PT_NOTE && h.p_offset <= r->size &&
		    h.p_filesz <= r->size - h.p_offset)
			take_note(r->p, r->bytes + h.p_offset, h.p_filesz);
		if (h.p_type == PT_TLS) {
			r->p->tls_size = h.p_memsz;
			r->p->tls_align = h.p_align ? h.p_align : 1;
			r->p->tls_address = h.p_vaddr;
		}
	}
	return NULL;
}

/* By the name that programs ask for it by. */
static bool is_loader(const char *soname)
{
	static const char *const names[] = { "ld-linux", "ld-musl", "ld.so", "ld64.so" };

	for (size_t i = 0; soname && i < ARRAY_SIZE(names); i++)
		if (str_starts(soname, names[i]))
			return true;
	return false;
}

static struct error *read_dynamic(struct reading *r, Elf_Scn *scn, const GElf_Shdr *h)
{
	Elf_Data *d = elf_getdata(scn, NULL);
	GElf_Dyn dyn;

	for (int i = 0; d && gelf_getdyn(d, i, &dyn) && dyn.d_tag != DT_NULL; i++) {
		const char *name;

		if (dyn.d_tag == DT_SONAME)
			r->p->is_loader = is_loader(elf_strptr(r->elf, h->sh_link, dyn.d_un.d_val));
		r->p->text_fields |= dyn.d_tag == DT_TEXTREL ||
				     (dyn.d_tag == DT_FLAGS && dyn.d_un.d_val & DF_TEXTREL);
		if (dyn.d_tag != DT_NEEDED)
			continue;
		name = elf_strptr(r->elf, h->sh_link, dyn.d_un.d_val);
		name = arena_strdup(r->arena, name ? name : "");
		if (!name)
			return error_nomem();
		TRY(vec_push(&r->p->needed, name));
	}
	return NULL;
}

static struct error *find_sections(struct reading *r)
{
	Elf_Scn *scn = NULL;
	size_t names = 0;
	GElf_Shdr h;

	if (elf_getshdrstrndx(r->elf, &names))
		return error_failed("section names: %s", elf_errmsg(-1));
	while ((scn = elf_nextscn(r->elf, scn))) {
		const char *name;

		if (!gelf_getshdr(scn, &h))
			return error_failed("section headers: %s", elf_errmsg(-1));
		name = elf_strptr(r->elf, names, h.sh_name);
		if (h.sh_type == SHT_DYNSYM)
			r->dynsym = scn;
		else if (h.sh_type == SHT_GNU_versym)
			r->versym = scn;
		else if (h.sh_type == SHT_GNU_verneed)
			r->verneed = scn;
		else if (h.sh_type == SHT_GNU_verdef)
			r->verdef = scn;
		else if (h.sh_type == SHT_SYMTAB)
			r->p->has_names = true;
		else if (h.sh_type == SHT_DYNAMIC)
			TRY(read_dynamic(r, scn, &h));
		r->p->lto = r->p->lto || (name && str_starts(name, ".gnu.lto_"));
	}
	return NULL;
}

static const struct image_ops ops;

static struct error *read_program(struct program *p, struct private *own, const char *path)
{
	Elf *e __cleanup_elf = NULL;
	struct reading r = { .p = p, .bytes = own->file.bytes, .size = own->file.size };
	struct error *error;
	GElf_Ehdr h;

	r.arena = &p->image->arena;
	p->image->arch = arch_find_process(EM_X86_64);
	if (!r.size)
		return error_failed("%s is empty", path);
	if (elf_version(EV_CURRENT) == EV_NONE)
		return error_failed("libelf: %s", elf_errmsg(-1));
	e = elf_memory((char *)r.bytes, r.size);
	if (!e || elf_kind(e) != ELF_K_ELF || !gelf_getehdr(e, &h))
		return error_failed("it is no ELF file");
	r.elf = e;
	p->type = h.e_type;
	TRY(read_headers(&r));
	TRY(find_sections(&r));
	TRY(image_add_elf(p->image, r.bytes, r.size, p->has_names));
	error = read_dynamic_symbols(&r);
	vec_free(&r.versions);
	TRY(error);
	if (!p->has_names)
		TRY(name_image(&r));
	TRY(read_all_fields(&r));
	vec_for_each(&p->image->segments, s)
		if (str_equal(s->name, ".eh_frame"))
			TRY(read_extents(&r, s));
	vec_sort(&p->extents, by_start);
	return image_finish(p->image, false);
}

struct error *program_open(const char *path, struct program **out)
{
	struct program *p __cleanup_program = calloc(1, sizeof(*p));
	const char *slash = strrchr(path, '/');
	struct private *own;

	if (!p)
		return error_nomem();
	TRY(image_new(slash ? slash + 1 : path, &p->image));
	own = arena_new(&p->image->arena, struct private);
	if (!own)
		return error_nomem();
	own->program = p;
	TRY(file_map(path, &own->file));
	p->image->private = own;
	p->image->ops = &ops;
	TRY_CONTEXT(read_program(p, own, path), "%s", path);
	*out = take(p);
	return NULL;
}

void program_free(struct program **at)
{
	struct program *p = *at;

	if (!p)
		return;
	vec_free(&p->symbols);
	vec_free(&p->fields);
	vec_free(&p->extents);
	vec_free(&p->needed);
	image_free(&p->image);
	free(p);
	*at = NULL;
}

static void release(struct image *img)
{
	struct private *own = img->private;

	if (own && own->program->image == img)
		file_unmap(&own->file);
}

/* --- as an image ---------------------------------------------------------------------- */

const struct program *program_of(const struct image *img)
{
	return img->ops == &ops ? ((const struct private *)img->private)->program : NULL;
}
static bool refers(const struct image *img, uint64_t field, const struct reloc_kind *kind,
		   struct image_target *out)
{
	const struct program *p = program_of(img);
	const struct program_field *f = program_field_at(p, field);
	struct program_meaning m;

	if (!f)
		return image_refers_linked(img, field, kind, out);
	if (kind->size != 8 || kind->pc_relative)
		return false;
	m = program_field_meaning(p, f);
	*out = (struct image_target){ .address = m.address, .name = m.name };
	if (m.name)
		out->addend = f->addend;
	else if (f->symbol)
		out->address += (uint64_t)f->addend;
	return m.known;
}

static uint64_t next_field(const struct image *img, uint64_t from, uint64_t to)
{
	const struct program *p = program_of(img);
	size_t i = program_first_field(p, from);

	return i < p->fields.n && p->fields.v[i].at < to ? p->fields.v[i].at : to;
}

static const struct image_ops ops = { .refers = refers,
				      .next_field = next_field,
				      .release = release };

struct error *program_with_names(const struct program *p, const struct image_symbol *symbols,
				 size_t n, struct image **out)
{
	struct image *img __cleanup_image = NULL;

	TRY(image_new(p->image->name, &img));
	img->arch = p->image->arch;
	vec_for_each(&p->image->segments, s)
		TRY(vec_push(&img->segments, *s));
	for (size_t i = 0; i < n; i++) {
		struct image_symbol s = symbols[i];

		s.name = arena_strdup(&img->arena, s.name);
		if (!s.name)
			return error_nomem();
		s.position = (unsigned int)i + 1;
		TRY(vec_push(&img->symbols, s));
	}
	TRY(image_finish(img, false));
	img->private = p->image->private;
	img->ops = &ops;
	*out = take(img);
	return NULL;
}
