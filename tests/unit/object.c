// SPDX-License-Identifier: GPL-2.0-or-later
/* The object model: what is read is what is there, and nothing hostile gets through. */
#include "snippet.h"

static struct tmpdir dir;
static char path[256], out_path[256];

static int setup(void **state)
{
	static const char text[] =
		"int counter = 3; static char room[64];\n"
		"extern int outside(const char *);\n"
		"int caller(void) { room[1]++; return outside(\"a word\") + counter; }\n"
		"int other(void) { return caller() + room[2]; }\n";
	(void)state;
	ok(tmpdir_make(NULL, &dir));
	snprintf(path, sizeof(path), "%s/a.o", dir.path);
	snprintf(out_path, sizeof(out_path), "%s/out.o", dir.path);
	compile_snippet(dir.path, "c", text, path, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tmpdir_remove(&dir);
	return 0;
}

static const struct reloc *reloc_to(const struct section *s, const char *name)
{
	vec_for_each(&s->relocs, r)
		if (str_equal(r->symbol->name, name))
			return r;
	return NULL;
}

static void test_sections_symbols_and_relocations_point_to_one_another(void **state)
{
	struct object *o __cleanup_object = NULL;
	struct symbol *caller;

	(void)state;
	ok(object_read(path, &o));
	caller = object_symbol(o, "caller");
	assert_non_null(caller);
	assert_string_equal(caller->section->name, ".text.caller");
	assert_ptr_equal(caller->section, object_section(o, ".text.caller"));
	assert_ptr_equal(caller->section->symbols.v[0], caller);
	assert_int_equal(caller->section->size, caller->size);
	assert_non_null(reloc_to(caller->section, "outside"));
	assert_int_equal(reloc_to(caller->section, "outside")->symbol->shndx, SHN_UNDEF);
	assert_non_null(reloc_to(caller->section, "counter"));
	assert_ptr_equal(section_symbol_at(caller->section, caller->size / 2), caller);
	assert_null(object_symbol(o, "nobody"));
	assert_null(object_section(o, ".text.nobody"));
}

static void test_relocations_are_found_by_offset(void **state)
{
	struct object *o __cleanup_object = NULL;
	struct section *s;

	(void)state;
	ok(object_read(path, &o));
	s = object_section(o, ".text.caller");
	assert_true(s->relocs.n > 1);
	for (size_t i = 0; i < s->relocs.n; i++)
		assert_int_equal(section_reloc_at(s, s->relocs.v[i].offset), i);
	assert_int_equal(section_reloc_at(s, s->relocs.v[0].offset + 1), 1);
	assert_int_equal(section_reloc_at(s, s->size), s->relocs.n);
}

static void same_object(const struct object *a, const struct object *b)
{
	vec_for_each(&a->sections, it) {
		const struct section *s = *it, *t;

		if (!(s->flags & SHF_ALLOC))
			continue;
		t = object_section(b, s->name);
		assert_non_null(t);
		assert_int_equal(s->size, t->size);
		assert_int_equal(s->flags, t->flags);
		assert_int_equal(s->relocs.n, t->relocs.n);
		if (s->bytes)
			assert_memory_equal(s->bytes, t->bytes, s->size);
		for (size_t i = 0; i < s->relocs.n; i++) {
			assert_int_equal(s->relocs.v[i].offset, t->relocs.v[i].offset);
			assert_int_equal(s->relocs.v[i].type, t->relocs.v[i].type);
			assert_int_equal(s->relocs.v[i].addend, t->relocs.v[i].addend);
			assert_string_equal(s->relocs.v[i].symbol->name,
					    t->relocs.v[i].symbol->name);
		}
	}
}

static void run(const char *const *argv)
{
	struct strbuf log __cleanup_strbuf = { 0 };
	struct subprocess p = { .argv = argv, .out = &log, .err = &log };

	ok(subprocess_check(&p));
	assert_null(strstr(strbuf_str(&log), "Warning"));
	assert_null(strstr(strbuf_str(&log), "Error"));
}

static void test_an_object_survives_reading_and_writing(void **state)
{
	struct object *a __cleanup_object = NULL, *b __cleanup_object = NULL;
	char linked[300];

	(void)state;
	ok(object_read(path, &a));
	ok(object_write(a, out_path));
	ok(object_read(out_path, &b));
	same_object(a, b);
	same_object(b, a);
	snprintf(linked, sizeof(linked), "%s/linked.o", dir.path);
	run(subprocess_words("readelf", "-aW", out_path));
	run(subprocess_words("ld", "-r", "-o", linked, out_path));
}

static void test_writing_twice_gives_the_same_bytes(void **state)
{
	struct object *o __cleanup_object = NULL;
	struct strbuf one __cleanup_strbuf = { 0 }, two __cleanup_strbuf = { 0 };

	(void)state;
	ok(object_read(path, &o));
	ok(object_write(o, out_path));
	ok(file_read(out_path, &one));
	ok(object_write(o, out_path));
	ok(file_read(out_path, &two));
	assert_int_equal(one.n, two.n);
	assert_memory_equal(one.s, two.s, one.n);
}

static void test_a_made_object_reads_back(void **state)
{
	struct object *o __cleanup_object = NULL, *back __cleanup_object = NULL;
	struct section *text, *klp;
	struct symbol *f, *live, *outside, *own;

	(void)state;
	ok(object_new("made", EM_X86_64, &o));
	ok(object_add_section(o, ".text.f", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 16,
			      "\xe8\0\0\0\0\xe9\0\0\0\0\xc3", 11, &text));
	ok(object_add_symbol(o, "outside", STT_NOTYPE, STB_GLOBAL, NULL, 0, 0, &outside));
	ok(object_add_symbol(o, "f", STT_FUNC, STB_LOCAL, text, 0, 11, &f));
	ok(object_add_symbol(o, ".klp.sym.vmlinux.g,0", STT_NOTYPE, STB_GLOBAL, NULL, 0, 0, &live));
	live->shndx = SHN_LIVEPATCH;
	ok(object_section_symbol(o, text, &own));
	ok(object_add_reloc(text, 6, R_X86_64_PLT32, own, -4));
	ok(object_add_reloc(text, 1, R_X86_64_PLT32, outside, -4));
	ok(object_add_section(o, ".klp.rela.vmlinux..text.f", SHT_RELA,
			      SHF_ALLOC | SHF_RELA_LIVEPATCH | SHF_INFO_LINK, 8, NULL, 0, &klp));
	klp->info = text->index;
	ok(object_add_reloc(klp, 6, R_X86_64_PLT32, live, -4));
	ok(object_write(o, out_path));

	ok(object_read(out_path, &back));
	text = object_section(back, ".text.f");
	klp = object_section(back, ".klp.rela.vmlinux..text.f");
	assert_int_equal(text->relocs.n, 2);
	assert_int_equal(text->relocs.v[0].offset, 1);
	assert_string_equal(text->relocs.v[0].symbol->name, "outside");
	assert_ptr_equal(text->relocs.v[1].symbol, text->symbol);
	assert_int_equal(klp->relocs.n, 1);
	assert_int_equal(klp->info, text->index);
	assert_int_equal(klp->flags, SHF_ALLOC | SHF_RELA_LIVEPATCH | SHF_INFO_LINK);
	assert_int_equal(klp->relocs.v[0].symbol->shndx, SHN_LIVEPATCH);
	assert_int_equal(object_symbol(back, "f")->bind, STB_LOCAL);
	assert_int_equal(object_symbol(back, "f")->size, 11);
}

static void test_a_symbol_outside_of_its_section_is_not_made(void **state)
{
	struct object *o __cleanup_object = NULL;
	struct section *s;

	(void)state;
	ok(object_new("made", EM_X86_64, &o));
	ok(object_add_section(o, ".data", SHT_PROGBITS, SHF_ALLOC, 1, NULL, 8, &s));
	expect_error(object_add_symbol(o, "x", STT_OBJECT, STB_LOCAL, s, 4, 5, NULL), "outside");
	expect_error(object_add_symbol(o, "x", STT_OBJECT, STB_LOCAL, s, 9, 0, NULL), "outside");
}

static void test_the_covering_symbol_is_the_innermost_with_a_size(void **state)
{
	struct object *o __cleanup_object = NULL;
	struct symbol *outer, *inner, *label;
	struct section *s;

	(void)state;
	ok(object_new("made", EM_X86_64, &o));
	ok(object_add_section(o, ".text", SHT_PROGBITS, SHF_ALLOC, 1, NULL, 64, &s));
	ok(object_add_symbol(o, "label", STT_NOTYPE, STB_LOCAL, s, 20, 0, &label));
	ok(object_add_symbol(o, "outer", STT_FUNC, STB_LOCAL, s, 0, 40, &outer));
	ok(object_add_symbol(o, "inner", STT_FUNC, STB_LOCAL, s, 8, 4, &inner));
	assert_ptr_equal(section_symbol_at(s, 7), outer);
	assert_ptr_equal(section_symbol_at(s, 8), inner);
	assert_ptr_equal(section_symbol_at(s, 12), outer);
	assert_ptr_equal(section_symbol_at(s, 20), outer);
	assert_null(section_symbol_at(s, 40));
}

/* The file's bytes, to be damaged. */
static void load(struct strbuf *b, Elf64_Ehdr **eh, Elf64_Shdr **sh)
{
	ok(file_read(path, b));
	*eh = (Elf64_Ehdr *)b->s;
	*sh = (Elf64_Shdr *)(b->s + (*eh)->e_shoff);
}

static Elf64_Shdr *section_of_type(Elf64_Ehdr *eh, Elf64_Shdr *sh, unsigned int type)
{
	for (unsigned int i = 1; i < eh->e_shnum; i++)
		if (sh[i].sh_type == type && sh[i].sh_size)
			return &sh[i];
	fail_msg("no section of type %u", type);
	return NULL;
}

static void refused(const struct strbuf *b, const char *word)
{
	struct object *o = NULL;

	expect_error(object_parse("damaged.o", b->s, b->n, &o), word);
	assert_null(o);
}

static void test_what_is_no_elf_is_refused(void **state)
{
	struct object *o = NULL;

	(void)state;
	expect_error(object_parse("x", "#!/bin/sh\nexit 0\n", 17, &o), "not an ELF file");
	expect_error(object_parse("x", "", 0, &o), "not an ELF file");
	expect_error(object_read("/nonexistent.o", &o), "/nonexistent.o");
}

static void test_a_file_cut_off_anywhere_is_refused(void **state)
{
	struct strbuf b __cleanup_strbuf = { 0 };
	struct object *o = NULL;
	Elf64_Ehdr *eh;
	Elf64_Shdr *sh;

	(void)state;
	load(&b, &eh, &sh);
	for (size_t n = 0; n < b.n; n += 7) {
		struct error *e = object_parse("cut.o", b.s, n, &o);

		assert_non_null(e);
		error_free(&e);
	}
}

static void test_section_headers_at_an_odd_place_are_refused(void **state)
{
	struct strbuf b __cleanup_strbuf = { 0 };
	struct object *o = NULL;
	Elf64_Ehdr *eh;
	Elf64_Shdr *sh;

	(void)state;
	load(&b, &eh, &sh);
	ok(strbuf_add(&b, "\0", 1));
	eh = (Elf64_Ehdr *)b.s;
	memmove(b.s + eh->e_shoff + 1, b.s + eh->e_shoff, b.n - 1 - eh->e_shoff);
	eh->e_shoff++;
	expect_error(object_parse("odd.o", b.s, b.n, &o), "aligned");
}

static void test_wrong_links_are_refused(void **state)
{
	struct strbuf b __cleanup_strbuf = { 0 };
	Elf64_Ehdr *eh;
	Elf64_Shdr *sh, *s, was;

	(void)state;
	load(&b, &eh, &sh);
	s = section_of_type(eh, sh, SHT_RELA);
	was = *s;
	s->sh_link = eh->e_shnum;
	refused(&b, "sh_link");
	s->sh_link = 1;
	refused(&b, "sh_link");
	*s = was;
	s->sh_info = eh->e_shnum;
	refused(&b, "sh_info");
	*s = was;
	s->sh_entsize = 8;
	refused(&b, "entries of 8 bytes");
	*s = was;
	s->sh_offset = UINT64_MAX - 8;
	refused(&b, "cut off");
	*s = was;
	s = section_of_type(eh, sh, SHT_SYMTAB);
	was = *s;
	s->sh_link = 1;
	refused(&b, "string table");
}

static void test_wrong_relocations_are_refused(void **state)
{
	struct strbuf b __cleanup_strbuf = { 0 };
	Elf64_Ehdr *eh;
	Elf64_Shdr *sh;
	Elf64_Rela *r, was;

	(void)state;
	load(&b, &eh, &sh);
	r = (Elf64_Rela *)(b.s + section_of_type(eh, sh, SHT_RELA)->sh_offset);
	was = *r;
	r->r_info = ELF64_R_INFO(100000ULL, R_X86_64_PC32);
	refused(&b, "names symbol 100000");
	*r = was;
	r->r_offset = 1 << 20;
	refused(&b, "lies outside");
}

static void test_wrong_symbols_are_refused(void **state)
{
	struct strbuf b __cleanup_strbuf = { 0 };
	Elf64_Ehdr *eh;
	Elf64_Shdr *sh, *table;
	Elf64_Sym *sym, was;

	(void)state;
	load(&b, &eh, &sh);
	table = section_of_type(eh, sh, SHT_SYMTAB);
	sym = (Elf64_Sym *)(b.s + table->sh_offset);
	sym[0].st_value = 1;
	refused(&b, "symbol 0");
	sym[0].st_value = 0;
	sym += table->sh_info; /* the first global one */
	was = *sym;
	sym->st_shndx = eh->e_shnum;
	refused(&b, "which is none");
	sym->st_shndx = SHN_XINDEX;
	refused(&b, "SHN_XINDEX");
	sym->st_shndx = 0xff33;
	refused(&b, "0xff33");
	*sym = was;
	sym->st_size = UINT64_MAX;
	refused(&b, "outside of section");
	*sym = was;
	sym->st_name = 1 << 30;
	refused(&b, "string table");
}

static void test_an_alignment_that_would_fill_the_disk_is_refused(void **state)
{
	struct object *o __cleanup_object = NULL;
	struct section *s;

	(void)state;
	ok(object_new("made", EM_X86_64, &o));
	ok(object_add_section(o, ".data", SHT_PROGBITS, SHF_ALLOC, (uint64_t)1 << 40, NULL, 8, &s));
	expect_error(object_write(o, out_path), "alignment");
}

static void test_an_unwritable_place_is_an_error_and_leaves_nothing(void **state)
{
	struct object *o __cleanup_object = NULL;

	(void)state;
	ok(object_read(path, &o));
	expect_error(object_write(o, "/nonexistent/folder/x.o"), "/nonexistent/folder");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sections_symbols_and_relocations_point_to_one_another),
		cmocka_unit_test(test_relocations_are_found_by_offset),
		cmocka_unit_test(test_an_object_survives_reading_and_writing),
		cmocka_unit_test(test_writing_twice_gives_the_same_bytes),
		cmocka_unit_test(test_a_made_object_reads_back),
		cmocka_unit_test(test_a_symbol_outside_of_its_section_is_not_made),
		cmocka_unit_test(test_the_covering_symbol_is_the_innermost_with_a_size),
		cmocka_unit_test(test_what_is_no_elf_is_refused),
		cmocka_unit_test(test_a_file_cut_off_anywhere_is_refused),
		cmocka_unit_test(test_section_headers_at_an_odd_place_are_refused),
		cmocka_unit_test(test_wrong_links_are_refused),
		cmocka_unit_test(test_wrong_relocations_are_refused),
		cmocka_unit_test(test_wrong_symbols_are_refused),
		cmocka_unit_test(test_an_alignment_that_would_fill_the_disk_is_refused),
		cmocka_unit_test(test_an_unwritable_place_is_an_error_and_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
