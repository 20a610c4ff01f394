// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/lookup.h"

#include <elf.h>
#include <link.h>

#define OBJECTS_MOST 1024
#define DYNAMIC_MOST 512
#define CHAIN_MOST 65536
#define VERSIONS_MOST 4096
#define NAME_MOST 1024
#define RELOCS_MOST 65536

struct process_view {
	const struct opened *o;
	uint64_t main_bias;
};

/* One object of the loader's list. */
struct loaded {
	uint64_t bias, dynamic;
	uint64_t hash, symtab, strtab, strsz, versym, verdef, verdefnum, jmprel, pltrelsz, rela,
		relasz;
};

uint32_t lookup_gnu_hash(const char *name)
{
	uint32_t h = 5381;

	for (const unsigned char *p = (const void *)name; *p; p++)
		h = h * 33 + *p;
	return h;
}

static struct error *get(const struct process_view *v, uint64_t at, void *p, size_t n)
{
	return memory_read(&v->o->memory, at, p, n);
}

/* --- the list ------------------------------------------------------------------------- */

static struct error *check_vector(const struct process_view *v)
{
	uint8_t byte;

	if (v->o->vector.phdr)
		return NULL;
	/* Or it has just become another program. */
	TRY(memory_read(&v->o->memory, v->o->low, &byte, 1));
	return error_refused("its auxiliary vector does not tell of a program");
}

/* The program's own dynamic section; 0: a static program. */
static struct error *main_dynamic(struct process_view *v, uint64_t *dynamic)
{
	const struct process_vector *told = &v->o->vector;
	Elf64_Phdr ph[64];
	uint64_t n = told->phnum < ARRAY_SIZE(ph) ? told->phnum : ARRAY_SIZE(ph);

	*dynamic = 0;
	TRY(get(v, told->phdr, ph, n * sizeof(ph[0])));
	for (uint64_t i = 0; i < n; i++)
		if (ph[i].p_type == PT_PHDR)
			v->main_bias = told->phdr - ph[i].p_vaddr;
	for (uint64_t i = 0; i < n; i++)
		if (ph[i].p_type == PT_DYNAMIC)
			*dynamic = v->main_bias + ph[i].p_vaddr;
	return NULL;
}

static struct error *find_debug(struct process_view *v, uint64_t dynamic, uint64_t *debug)
{
	for (int i = 0; i < DYNAMIC_MOST; i++) {
		Elf64_Dyn d;

		TRY(get(v, dynamic + (uint64_t)i * sizeof(d), &d, sizeof(d)));
		*debug = d.d_un.d_val;
		if (d.d_tag == DT_DEBUG && *debug)
			return NULL;
		if (d.d_tag == DT_NULL)
			break;
	}
	return error_refused("its loader has made no list of what it has loaded");
}

/* glibc turns addresses of the section into those in memory, in place; others do not. */
static uint64_t in_memory(const struct loaded *l, uint64_t value)
{
	return value && value < l->bias ? value + l->bias : value;
}

static struct error *read_dynamic(const struct process_view *v, struct loaded *l)
{
	const struct {
		int64_t tag;
		uint64_t *to;
		bool address;
	} wanted[] = {
		{ DT_GNU_HASH, &l->hash, true },	{ DT_SYMTAB, &l->symtab, true },
		{ DT_STRTAB, &l->strtab, true },	{ DT_STRSZ, &l->strsz, false },
		{ DT_VERSYM, &l->versym, true },	{ DT_VERDEF, &l->verdef, true },
		{ DT_VERDEFNUM, &l->verdefnum, false }, { DT_JMPREL, &l->jmprel, true },
		{ DT_PLTRELSZ, &l->pltrelsz, false },	{ DT_RELA, &l->rela, true },
		{ DT_RELASZ, &l->relasz, false },
	};

	for (int i = 0; i < DYNAMIC_MOST; i++) {
		Elf64_Dyn d;

		TRY(get(v, l->dynamic + (uint64_t)i * sizeof(d), &d, sizeof(d)));
		if (d.d_tag == DT_NULL)
			return NULL;
		for (size_t k = 0; k < ARRAY_SIZE(wanted); k++)
			if (wanted[k].tag == d.d_tag)
				*wanted[k].to = wanted[k].address ? in_memory(l, d.d_un.d_val)
								  : d.d_un.d_val;
	}
	return error_refused("a dynamic section without an end");
}

typedef VEC(struct loaded) loaded_list;

static struct error *read_list(struct process_view *v, loaded_list *out)
{
	const struct mapping *vdso = maps_at(&v->o->maps, v->o->vector.vdso);
	uint64_t dynamic, debug = 0, at;

	TRY(main_dynamic(v, &dynamic));
	if (!dynamic)
		return error_refused("it is a static program, and has no loader to ask");
	TRY(find_debug(v, dynamic, &debug));
	TRY(get(v, debug + offsetof(struct r_debug, r_map), &at, sizeof(at)));
	for (int i = 0; at; i++) {
		struct link_map map;
		struct loaded l = { 0 };

		if (i == OBJECTS_MOST)
			return error_refused("its loader's list has no end");
		TRY(get(v, at, &map, sizeof(map)));
		l.bias = map.l_addr;
		l.dynamic = (uintptr_t)map.l_ld;
		at = (uintptr_t)map.l_next;
		/* In the list, but no symbol is bound to it. */
		if (vdso && l.dynamic >= vdso->start && l.dynamic < vdso->end)
			continue;
		TRY(read_dynamic(v, &l));
		TRY(vec_push(out, l));
	}
	return NULL;
}

/* --- one object ----------------------------------------------------------------------- */

static struct error *name_is(const struct process_view *v, const struct loaded *l, uint64_t offset,
			     const char *name, bool *is)
{
	size_t n = strlen(name) + 1;
	char there[NAME_MOST];

	*is = false;
	if (n > sizeof(there) || offset >= l->strsz || n > l->strsz - offset)
		return NULL;
	TRY(get(v, l->strtab + offset, there, n));
	*is = !memcmp(there, name, n);
	return NULL;
}

static struct error *version_is(const struct process_view *v, const struct loaded *l,
				uint16_t index, const char *version, bool *is)
{
	uint64_t at = l->verdef;

	*is = false;
	for (uint64_t i = 0; at && i < l->verdefnum && i < VERSIONS_MOST; i++) {
		Elf64_Verdaux aux;
		Elf64_Verdef def;

		TRY(get(v, at, &def, sizeof(def)));
		if (def.vd_ndx == index) {
			TRY(get(v, at + def.vd_aux, &aux, sizeof(aux)));
			return name_is(v, l, aux.vda_name, version, is);
		}
		at = def.vd_next ? at + def.vd_next : 0;
	}
	return NULL;
}

/* As the loader judges it: the version that is asked for; without one, not a hidden one. */
static struct error *version_fits(const struct process_view *v, const struct loaded *l,
				  uint32_t symbol, const char *version, bool *fits)
{
	uint16_t index;

	*fits = true;
	if (!l->versym)
		return NULL;
	TRY(get(v, l->versym + symbol * 2ull, &index, sizeof(index)));
	if (version)
		return version_is(v, l, index & 0x7fff, version, fits);
	*fits = !(index & 0x8000) && index;
	return NULL;
}

static bool is_definition(const Elf64_Sym *s)
{
	unsigned int bind = ELF64_ST_BIND(s->st_info);

	return s->st_shndx != SHN_UNDEF && s->st_value &&
	       (bind == STB_GLOBAL || bind == STB_WEAK || bind == STB_GNU_UNIQUE);
}

static struct error *find_in(const struct process_view *v, const struct loaded *l, const char *name,
			     const char *version, Elf64_Sym *sym, bool *found)
{
	uint32_t hash = lookup_gnu_hash(name), head[4], at, link;
	uint64_t buckets, chains, bloom;

	*found = false;
	if (!l->hash || !l->symtab || !l->strtab)
		return NULL;
	TRY(get(v, l->hash, head, sizeof(head)));
	if (!head[0] || !head[2])
		return NULL;
	TRY(get(v, l->hash + 16 + 8ull * (hash / 64 % head[2]), &bloom, sizeof(bloom)));
	if (!(bloom >> (hash % 64) & 1) || !(bloom >> ((hash >> (head[3] & 31)) % 64) & 1))
		return NULL;
	buckets = l->hash + 16 + 8ull * head[2];
	chains = buckets + 4ull * head[0];
	TRY(get(v, buckets + 4ull * (hash % head[0]), &at, sizeof(at)));
	for (int i = 0; at >= head[1] && at && i < CHAIN_MOST; i++, at++) {
		bool is = false;

		TRY(get(v, chains + 4ull * (at - head[1]), &link, sizeof(link)));
		if ((link | 1) == (hash | 1)) {
			TRY(get(v, l->symtab + at * sizeof(*sym), sym, sizeof(*sym)));
			if (is_definition(sym))
				TRY(name_is(v, l, sym->st_name, name, &is));
			if (is)
				TRY(version_fits(v, l, at, version, &is));
			*found = is;
			if (is)
				return NULL;
		}
		if (link & 1)
			break;
	}
	return NULL;
}

/* --- functions that choose functions --------------------------------------------------- */

/* What the loader noted for the file's own calls of it; 0 if it has not yet. */
static struct error *noted_in(const struct process_view *v, const struct loaded *file,
			      uint64_t table, uint64_t size, const char *name, uint64_t *address)
{
	for (uint64_t i = 0; i < size / sizeof(Elf64_Rela) && i < RELOCS_MOST && !*address; i++) {
		const struct mapping *m;
		Elf64_Rela r;
		Elf64_Sym s;
		uint64_t to;
		bool is;

		TRY(get(v, table + i * sizeof(r), &r, sizeof(r)));
		if (ELF64_R_TYPE(r.r_info) != R_X86_64_JUMP_SLOT &&
		    ELF64_R_TYPE(r.r_info) != R_X86_64_GLOB_DAT)
			continue;
		TRY(get(v, file->symtab + ELF64_R_SYM(r.r_info) * sizeof(s), &s, sizeof(s)));
		TRY(name_is(v, file, s.st_name, name, &is));
		if (!is)
			continue;
		TRY(get(v, file->bias + r.r_offset, &to, sizeof(to)));
		m = maps_at(&v->o->maps, to);
		if (m && m->exec && (to < v->o->low || to >= v->o->high))
			*address = to;
	}
	return NULL;
}

static struct error *chosen(const struct process_view *v, const loaded_list *list, const char *name,
			    uint64_t *address)
{
	*address = 0;
	vec_for_each(list, l) {
		if (l->dynamic < v->o->low || l->dynamic >= v->o->high)
			continue;
		TRY(noted_in(v, l, l->jmprel, l->pltrelsz, name, address));
		if (!*address)
			TRY(noted_in(v, l, l->rela, l->relasz, name, address));
	}
	return *address ? NULL
			: error_refused("%s is chosen by a function (IFUNC), and the loader has "
					"not noted yet which it is",
					name);
}

/* --- all of it ------------------------------------------------------------------------ */

static struct error *look_up(const struct process_view *v, const loaded_list *list,
			     struct layout_symbol *s)
{
	vec_for_each(list, l) {
		const struct mapping *m;
		Elf64_Sym sym;
		bool found;

		TRY(find_in(v, l, s->name, s->version, &sym, &found));
		if (!found)
			continue;
		if (ELF64_ST_TYPE(sym.st_info) == STT_TLS)
			return error_refused("%s is thread-local", s->name);
		if (ELF64_ST_TYPE(sym.st_info) == STT_GNU_IFUNC)
			return chosen(v, list, s->name, &s->address);
		s->address = sym.st_shndx == SHN_ABS ? sym.st_value : l->bias + sym.st_value;
		m = maps_at(&v->o->maps, s->address);
		return m && m->read
			       ? NULL
			       : error_refused("%s leads to no memory of the process", s->name);
	}
	return error_refused("nothing that it has loaded has %s%s%s", s->name,
			     s->version ? "@" : "", s->version ? s->version : "");
}

struct error *lookup_symbols(const struct opened *o, struct layout *l, bool *main_program)
{
	struct process_view v = { .o = o };
	loaded_list list = { 0 };
	struct error *e;

	TRY(check_vector(&v));
	*main_program = o->vector.phdr >= o->low && o->vector.phdr < o->high;
	if (!l->symbols.n)
		return NULL;
	e = read_list(&v, &list);
	for (size_t i = 0; i < l->symbols.n && !e; i++)
		e = look_up(&v, &list, &l->symbols.v[i]);
	vec_free(&list);
	return e;
}

struct error *lookup_symbol(const struct opened *o, const char *name, uint64_t *address)
{
	struct layout l __cleanup_layout = { 0 };
	bool main_program;

	TRY(vec_push(&l.symbols, (struct layout_symbol){ .name = name }));
	TRY(lookup_symbols(o, &l, &main_program));
	*address = l.symbols.v[0].address;
	return NULL;
}
