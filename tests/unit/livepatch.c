// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Linking: what an outside reference is named after, what the module looks like, and what
 * is refused. The image, the binding and the glue are hand-made.
 */
#include "snippet.h"

#include "image/backend.h"
#include "livepatch/assemble.h"
#include "livepatch/check.h"
#include "livepatch/klp.h"
#include "livepatch/exports.h"
#include "livepatch/payload.h"
#include "livepatch/reference.h"

static struct tmpdir dir;

/* --- the world ------------------------------------------------------------------- */

#define TEXT 0xffffffff81000000
#define INIT 0xffffffff82000000

static const struct {
	const char *name;
	uint64_t address;
	char type;
} kernel_symbols[] = {
	{ "kfree", TEXT + 0x100, 'T' },	       { "klp_enable_patch", TEXT + 0x180, 'T' },
	{ "old_function", TEXT + 0x200, 't' }, { "helper", TEXT + 0x300, 't' },
	{ "helper", TEXT + 0x400, 't' },       { "shared", TEXT + 0x500, 'T' }, /* exported */
	{ "shared", TEXT + 0x600, 't' }, /* a static of the same name */
	{ "spaced", TEXT + 0x700, 'T' }, /* exported in a namespace */
	{ "unexported", TEXT + 0x800, 'T' },   { "a_percpu", 0, 'A' },
	{ "with,comma", TEXT + 0x900, 't' },   { "__init_begin", INIT, 'D' },
	{ "gone", INIT + 0x10, 't' },	       { "__init_end", INIT + 0x1000, 'D' },
};

static const char symvers_text[] =
	"0x11111111\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\t\n"
	"0x22222222\tkfree\tvmlinux\tEXPORT_SYMBOL\t\n"
	"0x33333333\tklp_enable_patch\tvmlinux\tEXPORT_SYMBOL_GPL\t\n"
	"0x44444444\tshared\tvmlinux\tEXPORT_SYMBOL_GPL\t\n"
	"0x55555555\tspaced\tvmlinux\tEXPORT_SYMBOL_GPL\tSPACE\n"
	"0x66666666\tof_module\tdrivers/net/some-driver\tEXPORT_SYMBOL\t\n";

static const char glue_text[] =
	"struct layout { unsigned long a, b, c, d, e; };\n"
	"extern const char suture_patch[], suture_funcs[];\n"
	"extern int klp_enable_patch(const void *); extern void kfree(const void *);\n"
	"int init_module(void) { return klp_enable_patch(suture_patch); }\n"
	"void cleanup_module(void) { kfree(suture_funcs); }\n"
	"__attribute__((section(\".modinfo\"), aligned(1), used)) static const char info[] = "
	"\"license=GPL\\0livepatch=Y\";\n"
	"struct { long state; char name[56]; int (*init)(void); } __this_module\n"
	"__attribute__((section(\".gnu.linkonce.this_module\"))) = { .init = init_module };\n"
	"__attribute__((section(\".suture.layout\"), used)) static const struct layout l =\n"
	"{ 8, 56, 64, 8, 8 };\n";

/* What a kernel that forgets nothing needs more. */
static const char reload_text[] =
	"extern const char suture_late[]; extern void kfree(const void *);\n"
	"void suture_forget(void *o) { kfree(suture_late); }\n";

struct world {
	struct image *vmlinux, *module;
	struct symvers symvers;
	struct payload payload;
	struct assemble_from from;
	struct object *object; /* of the part: before and extracted in one */
	struct extraction x;
	struct binding binding;
	struct unit unit;
	struct livepatch_part part;
	struct object *out;
	struct livepatch_account *account;
};

/* A vmlinux with tables of exports: one entry, then its checksum, then its name. */
#define TABLES (TEXT + 0x10000)

static struct {
	const char *name; /* NULL: no tables */
	uint64_t address;
	uint32_t crc;
} export_table;

static void add_exports(struct image *img)
{
	static const struct {
		const char *name;
		uint64_t offset;
	} ends[] = { { "__start___ksymtab", 0 },      { "__stop___ksymtab", 12 },
		     { "__start___ksymtab_gpl", 12 }, { "__stop___ksymtab_gpl", 12 },
		     { "__start___kcrctab", 16 },     { "__stop___kcrctab", 20 } };
	uint8_t *bytes = arena_alloc(&img->arena, 64);
	int32_t to_value = (int32_t)(export_table.address - TABLES), to_name = 32 - 4;

	assert_non_null(bytes);
	memcpy(bytes, &to_value, 4);
	memcpy(bytes + 4, &to_name, 4);
	memcpy(bytes + 16, &export_table.crc, 4);
	strcpy((char *)bytes + 32, export_table.name);
	ok(vec_push(&img->segments,
		    (struct image_segment){
			    .address = TABLES, .size = 64, .bytes = bytes, .name = "tables" }));
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		ok(vec_push(&img->symbols,
			    (struct image_symbol){ .address = TABLES + ends[i].offset,
						   .name = ends[i].name,
						   .type = 'R',
						   .position = 100 + (unsigned int)i }));
}

static struct image *make_image(const char *name)
{
	struct image *img = NULL;

	ok(image_new(name, &img));
	for (size_t i = 0; i < ARRAY_SIZE(kernel_symbols); i++)
		ok(vec_push(&img->symbols,
			    (struct image_symbol){ .address = kernel_symbols[i].address,
						   .name = kernel_symbols[i].name,
						   .type = kernel_symbols[i].type,
						   .position = (unsigned int)i }));
	if (export_table.name)
		add_exports(img);
	ok(image_finish(img, false));
	return img;
}

static void make_object(const char *name, const char *text, struct object **out)
{
	char *path __free = str_printf("%s/%s.o", dir.path, name);

	compile_snippet(dir.path, "c", text, path, NULL);
	ok(object_read(path, out));
}

static void world_free(struct world *w)
{
	livepatch_account_free(&w->account);
	object_free(&w->out);
	vec_free(&w->x.outside);
	vec_free(&w->x.replacements);
	free(w->binding.placements);
	object_free(&w->object);
	payload_free(&w->payload);
	symvers_free(&w->symvers);
	image_free(&w->vmlinux);
	image_free(&w->module);
}

#define __cleanup_world __cleanup(world_free)

static const struct image_symbol *symbol_at(const struct image *img, uint64_t address)
{
	size_t first;

	assert_true(image_symbols_at(img, address, &first) > 0);
	return &img->symbols.v[first];
}

static struct placement *placement_of(struct world *w, const char *name)
{
	struct symbol *s = object_symbol(w->object, name);

	assert_non_null(s);
	return &w->binding.placements[s->index];
}

/* Say where the symbol of the before object was proven to be. */
static void place(struct world *w, const char *name, uint64_t address)
{
	*placement_of(w, name) =
		(struct placement){ .how = object_symbol(w->object, name)->section ? BIND_MATCHED
										   : BIND_DERIVED,
				    .address = address,
				    .symbol = symbol_at(w->binding.image, address),
				    .witnesses = 1 };
}

/* 'text' redirects old_function; everything undefined in it is an outside reference. */
static void world_make(struct world *w, const char *object_name, const char *text)
{
	struct symbol *old;

	w->vmlinux = make_image("vmlinux");
	ok(symvers_parse(symvers_text, &w->symvers));
	make_object("glue", glue_text, &w->payload.object);
	ok(payload_check(w->payload.object, &w->payload.layout));
	w->from = (struct assemble_from){ .symvers = &w->symvers, .payload = &w->payload };
	make_object("part", text, &w->object);
	w->x.object = w->object;
	w->binding.object = w->object;
	w->binding.image = w->vmlinux;
	if (strcmp(object_name, "vmlinux") != 0)
		w->binding.image = w->module = make_image(object_name);
	w->binding.placements = calloc(w->object->symbols.n, sizeof(*w->binding.placements));
	assert_non_null(w->binding.placements);
	vec_for_each(&w->object->symbols, it)
		if ((*it)->index && (*it)->shndx == SHN_UNDEF)
			ok(vec_push(&w->x.outside,
				    (struct outside){ .symbol = *it, .before = *it }));
	old = object_symbol(w->object, "old_function");
	assert_non_null(old);
	ok(vec_push(&w->x.replacements, (struct replacement){ .old = old, .new = old }));
	place(w, "old_function", TEXT + 0x200);
	w->unit = (struct unit){ .source = "x.c", .object = "x.o", .module = (char *)object_name };
	w->part = (struct livepatch_part){
		.unit = &w->unit, .extraction = &w->x, .binding = &w->binding, .vmlinux = w->vmlinux
	};
}

static struct error *world_link(struct world *w)
{
	return assemble(&w->from, "suture_test", &w->part, 1, &w->out, &w->account);
}

static void world_refused(struct world *w, const char *word)
{
	struct error *e = world_link(w);

	assert_non_null(e);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
	expect_error(e, word);
	assert_null(w->out);
}

static const struct reloc *reloc_to(const struct object *o, const char *section, const char *symbol)
{
	const struct section *s = object_section(o, section);

	if (!s)
		return NULL;
	vec_for_each(&s->relocs, r)
		if (str_equal(r->symbol->name, symbol))
			return r;
	return NULL;
}

static uint32_t version_of(const struct object *o, const char *name)
{
	const struct section *s = object_section(o, "__versions");
	uint32_t crc = 0;

	assert_non_null(s);
	for (uint64_t at = 0; at < s->size; at += 64)
		if (str_equal((const char *)s->bytes + at + 8, name))
			memcpy(&crc, s->bytes + at, sizeof(crc));
	return crc;
}

static int setup(void **state)
{
	(void)state;
	ok(tmpdir_make(NULL, &dir));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tmpdir_remove(&dir);
	return 0;
}

/* --- names ----------------------------------------------------------------------- */

#define CALLS(name) "void " name "(void); int old_function(void) { " name "(); return 1; }\n"

static void test_an_exported_symbol_is_an_ordinary_one_with_its_crc(void **state)
{
	struct world w __cleanup_world = { 0 };
	const struct reloc *r;

	(void)state;
	world_make(&w, "vmlinux", CALLS("shared"));
	place(&w, "shared", TEXT + 0x500);
	ok(world_link(&w));
	r = reloc_to(w.out, ".text", "shared");
	assert_non_null(r);
	assert_int_equal(r->symbol->shndx, SHN_UNDEF);
	assert_int_equal(version_of(w.out, "shared"), 0x44444444);
	assert_int_equal(version_of(w.out, "module_layout"), 0x11111111);
	assert_int_equal(version_of(w.out, "kfree"), 0x22222222);
}

static void test_a_static_does_not_bind_to_the_export_of_its_name(void **state)
{
	struct world w __cleanup_world = { 0 };
	const struct reloc *r;

	(void)state;
	world_make(&w, "vmlinux", CALLS("shared"));
	place(&w, "shared", TEXT + 0x600);
	ok(world_link(&w));
	assert_null(reloc_to(w.out, ".text", "shared"));
	r = reloc_to(w.out, ".klp.rela.vmlinux..text", ".klp.sym.vmlinux.shared,2");
	assert_non_null(r);
	assert_int_equal(r->symbol->shndx, SHN_LIVEPATCH);
	assert_int_equal(version_of(w.out, "shared"), 0);
}

static void test_of_two_statics_of_one_name_the_proven_one_is_named_by_position(void **state)
{
	(void)state;
	for (unsigned int i = 1; i <= 2; i++) {
		struct world w __cleanup_world = { 0 };
		char name[64];

		world_make(&w, "vmlinux", CALLS("helper"));
		place(&w, "helper", TEXT + 0x200 + 0x100 * i);
		ok(world_link(&w));
		snprintf(name, sizeof(name), ".klp.sym.vmlinux.helper,%u", i);
		assert_non_null(reloc_to(w.out, ".klp.rela.vmlinux..text", name));
	}
}

static void test_a_unique_symbol_claims_uniqueness(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", CALLS("unexported"));
	place(&w, "unexported", TEXT + 0x800);
	ok(world_link(&w));
	assert_non_null(
		reloc_to(w.out, ".klp.rela.vmlinux..text", ".klp.sym.vmlinux.unexported,0"));
	assert_int_equal(w.account->functions.n, 1);
	assert_string_equal(w.account->functions.v[0].name, "old_function");
}

static void test_a_reference_of_module_code_to_the_module_goes_to_a_section_of_the_module(
	void **state)
{
	struct world w __cleanup_world = { 0 };
	const struct section *s;

	(void)state;
	world_make(&w, "some_driver",
		   "void helper(void), shared(void), unexported(void);\n"
		   "int old_function(void) { helper(); shared(); unexported(); return 1; }\n");
	place(&w, "helper", TEXT + 0x300);
	placement_of(&w, "shared")->how = BIND_EXTERNAL;
	placement_of(&w, "unexported")->how = BIND_EXTERNAL;
	ok(world_link(&w));
	s = object_section(w.out, ".klp.rela.some_driver..text");
	assert_non_null(s);
	assert_int_equal(s->relocs.n, 1);
	assert_string_equal(s->relocs.v[0].symbol->name, ".klp.sym.some_driver.helper,1");
	assert_int_equal(s->info, object_section(w.out, ".text")->index);
	assert_int_equal(s->flags, SHF_ALLOC | SHF_INFO_LINK | SHF_RELA_LIVEPATCH);
	assert_non_null(reloc_to(w.out, ".text", "shared"));
	assert_non_null(
		reloc_to(w.out, ".klp.rela.vmlinux..text", ".klp.sym.vmlinux.unexported,0"));
}

static void test_fields_that_wait_for_a_module_are_listed_for_the_glue(void **state)
{
	struct world w __cleanup_world = { 0 }, v __cleanup_world = { 0 };
	struct suture_patch_record head;
	struct suture_late_record late;
	const struct section *s;
	const struct reloc *r;

	(void)state;
	world_make(&w, "some_driver", CALLS("helper"));
	make_object("reload", reload_text, &w.payload.reload);
	place(&w, "helper", TEXT + 0x300);
	ok(world_link(&w));
	s = object_section(w.out, ".suture.late");
	assert_non_null(s);
	memcpy(&head, object_section(w.out, ".suture.patch")->bytes, sizeof(head));
	assert_int_equal(head.n_late, 1);
	assert_non_null(reloc_to(w.out, ".suture.patch", "suture_forget"));
	memcpy(&late, s->bytes, sizeof(late));
	assert_int_equal(late.size, 4);
	assert_string_equal((const char *)s->bytes + sizeof(late), "some_driver");
	r = &s->relocs.v[0];
	assert_string_equal(r->symbol->section->name, ".text");
	assert_int_equal(r->addend,
			 object_section(w.out, ".klp.rela.some_driver..text")->relocs.v[0].offset);

	world_make(&v, "vmlinux", CALLS("helper"));
	make_object("reload", reload_text, &v.payload.reload);
	place(&v, "helper", TEXT + 0x300);
	ok(world_link(&v));
	assert_null(object_section(v.out, ".suture.late"));
	assert_null(object_symbol(v.out, "suture_forget"));
}

static void test_a_new_name_binds_to_the_one_global_of_that_name(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", CALLS("shared"));
	w.x.outside.v[0].before = NULL;
	ok(world_link(&w));
	assert_non_null(reloc_to(w.out, ".text", "shared"));
}

static void test_a_new_name_does_not_bind_to_a_static(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", "int helper(void); int old_function(void) { return helper(); }");
	w.x.outside.v[0].before = NULL;
	world_refused(&w, "helper is defined neither in vmlinux");
}

static void test_namespaces_of_used_exports_are_imported(void **state)
{
	struct world w __cleanup_world = { 0 };
	const struct section *s;

	(void)state;
	world_make(&w, "vmlinux", CALLS("spaced"));
	place(&w, "spaced", TEXT + 0x700);
	ok(world_link(&w));
	s = object_section(w.out, ".modinfo");
	assert_non_null(memmem(s->bytes, s->size, "\0import_ns=SPACE", 17));
	assert_non_null(memmem(s->bytes, s->size, "\0name=suture_test", 18));
	assert_non_null(memmem(s->bytes, s->size, "livepatch=Y", 12));
	assert_non_null(memmem(s->bytes, s->size, "\0depends=", 10));
}

static void test_the_tables_of_the_image_decide_what_an_export_is(void **state)
{
	struct world v __cleanup_world = { 0 };
	struct livepatch_reference r = { 0 };
	struct image_exports x __cleanup_exports = { 0 };
	struct naming n = { .symvers = &v.symvers, .exports = &x, .export_name_max = 56 };

	(void)state;
	export_table.name = "shared";
	export_table.address = TEXT + 0x500;
	export_table.crc = 0x44444444;
	world_make(&v, "vmlinux", CALLS("shared"));
	place(&v, "shared", TEXT + 0x500);
	n.arena = &v.vmlinux->arena;
	ok(image_exports_read(v.vmlinux, &x));
	assert_true(x.known);
	ok(reference_resolve(&n, &v.part, &v.x.outside.v[0], &r));
	assert_int_equal(r.named, LIVEPATCH_EXPORT);

	x.v.v[0].address = TEXT + 0x600; /* the export leads to the static */
	ok(reference_resolve(&n, &v.part, &v.x.outside.v[0], &r));
	assert_int_equal(r.named, LIVEPATCH_SYMBOL);
	assert_int_equal(r.sympos, 1);

	x.v.v[0].address = TEXT + 0x500;
	x.v.v[0].crc++;
	expect_error(reference_resolve(&n, &v.part, &v.x.outside.v[0], &r),
		     "do not belong together");

	expect_error(reference_for_glue(&n, v.vmlinux, "nothing", &r), "does not have");
	export_table.name = NULL;
}

/* --- refusals -------------------------------------------------------------------- */

static void test_a_reference_without_a_binding_is_refused_with_the_reason(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", CALLS("helper"));
	placement_of(&w, "helper")->trouble = "nobody refers to it";
	world_refused(&w, "nobody refers to it");
}

static void test_a_place_without_a_symbol_is_refused(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", CALLS("helper"));
	*placement_of(&w, "helper") =
		(struct placement){ .how = BIND_DERIVED, .address = TEXT + 0x303 };
	world_refused(&w, "no symbol");
}

static void test_what_is_gone_after_boot_is_refused(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", CALLS("gone"));
	place(&w, "gone", INIT + 0x10);
	world_refused(&w, "gone is init code");
}

static void test_address_zero_is_refused(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux",
		   "extern int a_percpu; int old_function(void) { return a_percpu; }");
	place(&w, "a_percpu", 0);
	world_refused(&w, "address 0");
}

static void test_a_name_that_the_kernel_would_misread_is_refused(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", CALLS("helper"));
	place(&w, "helper", TEXT + 0x900);
	world_refused(&w, "with,comma");
}

static void test_a_function_that_was_not_matched_is_not_redirected(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", CALLS("kfree"));
	place(&w, "kfree", TEXT + 0x100);
	placement_of(&w, "old_function")->how = BIND_DERIVED;
	world_refused(&w, "old_function");
}

static void test_vmlinux_code_cannot_use_what_a_module_exports(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", CALLS("of_module"));
	w.x.outside.v[0].before = NULL;
	world_refused(&w, "drivers/net/some-driver");
}

static void test_a_table_that_refers_to_a_module_is_refused(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "some_driver",
		   "extern int helper;\n"
		   "int old_function(void) { return 1; }\n"
		   "__attribute__((section(\"__jump_table\"), used)) static int *key = &helper;\n");
	place(&w, "helper", TEXT + 0x300);
	world_refused(&w, "__jump_table refers to helper of the module some_driver");
}

static void test_code_that_is_replaced_at_load_may_not_wait_for_a_module(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "some_driver",
		   "int old_function(void) { asm volatile(\"661: call helper\\n662:\\n"
		   ".pushsection .altinstructions,\\\"a\\\"\\n"
		   ".long 661b - .\\n.long 661b - .\\n.word 7\\n.byte 662b-661b\\n.byte 0\\n"
		   ".popsection\"); return 1; }\n");
	place(&w, "helper", TEXT + 0x300);
	world_refused(&w, "is replaced when the patch loads");
}

static void test_the_same_code_may_call_vmlinux(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux",
		   "int old_function(void) { asm volatile(\"661: call helper\\n662:\\n"
		   ".pushsection .altinstructions,\\\"a\\\"\\n"
		   ".long 661b - .\\n.long 661b - .\\n.word 7\\n.byte 662b-661b\\n.byte 0\\n"
		   ".popsection\"); return 1; }\n");
	place(&w, "helper", TEXT + 0x300);
	ok(world_link(&w));
}

static void test_a_relocation_that_the_loader_does_not_know_is_refused_by_name(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(
		&w, "vmlinux",
		"int old_function(void) { asm volatile(\"1: .word 0\\n.reloc 1b, R_X86_64_16, kfree\"); "
		"return 1; }\n");
	place(&w, "kfree", TEXT + 0x100);
	world_refused(&w, "does not know relocations of type 12");
}

static void test_a_symbol_of_the_extraction_that_is_not_listed_is_refused(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", CALLS("kfree"));
	w.x.outside.n = 0;
	world_refused(&w, "kfree, which is not part of the module");
}

/* --- the module ------------------------------------------------------------------ */

static const char several_sections[] =
	"void kfree(const void *); static int counter = 3; static char room[64];\n"
	"int old_function(void) { static const char *const s[2] = { \"one\", \"two\" };\n"
	"	kfree(s[counter & 1]); room[1]++; return counter; }\n"
	"int second(void) { return old_function() + room[2]; }\n";

static void test_sections_of_one_name_become_one_and_references_follow(void **state)
{
	struct world w __cleanup_world = { 0 };
	const struct section *funcs;
	const struct symbol *second;

	(void)state;
	world_make(&w, "vmlinux", several_sections);
	place(&w, "kfree", TEXT + 0x100);
	ok(world_link(&w));
	assert_null(object_section(w.out, ".text.second"));
	second = object_symbol(w.out, "second");
	assert_non_null(second);
	assert_string_equal(second->section->name, ".text");
	assert_int_equal(second->bind, STB_LOCAL);
	assert_true(second->value > 0);
	assert_non_null(object_section(w.out, ".rodata"));
	assert_non_null(object_section(w.out, ".bss"));
	assert_null(object_section(w.out, ".suture.layout"));
	funcs = object_section(w.out, ".suture.funcs");
	assert_non_null(funcs);
	assert_int_equal(funcs->size, sizeof(struct suture_func_record));
	assert_non_null(reloc_to(w.out, ".suture.funcs", "old_function"));
	assert_string_equal((char *)object_section(w.out, ".suture.names")->bytes, "old_function");
	assert_string_equal((char *)object_section(w.out, ".gnu.linkonce.this_module")->bytes + 8,
			    "suture_test");
}

static void test_the_same_inputs_make_the_same_bytes(void **state)
{
	struct strbuf bytes[2] = { { 0 }, { 0 } };
	char ids[2][41];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world w __cleanup_world = { 0 };
		char *path __free = str_printf("%s/out%d.ko", dir.path, i);

		world_make(&w, "vmlinux", several_sections);
		place(&w, "kfree", TEXT + 0x100);
		ok(world_link(&w));
		ok(object_write(w.out, path));
		ok(file_read(path, &bytes[i]));
		memcpy(ids[i], w.account->build_id, sizeof(ids[i]));
	}
	assert_int_equal(bytes[0].n, bytes[1].n);
	assert_memory_equal(bytes[0].s, bytes[1].s, bytes[0].n);
	assert_string_equal(ids[0], ids[1]);
	strbuf_free(&bytes[0]);
	strbuf_free(&bytes[1]);
}

static void test_another_constant_makes_another_build_id(void **state)
{
	struct world w __cleanup_world = { 0 }, v __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", "void kfree(void); int old_function(void) { return 1; }");
	ok(world_link(&w));
	world_make(&v, "vmlinux", "void kfree(void); int old_function(void) { return 2; }");
	ok(world_link(&v));
	assert_string_not_equal(w.account->build_id, v.account->build_id);
}

static void test_fields_of_relocations_are_zero(void **state)
{
	struct world w __cleanup_world = { 0 };
	const struct reloc *r;
	uint32_t field;

	(void)state;
	world_make(&w, "vmlinux", CALLS("unexported"));
	place(&w, "unexported", TEXT + 0x800);
	r = reloc_to(w.object, ".text.old_function", "unexported");
	memset(object_section(w.object, ".text.old_function")->bytes + r->offset, 0x5a, 4);
	ok(world_link(&w));
	r = reloc_to(w.out, ".klp.rela.vmlinux..text", ".klp.sym.vmlinux.unexported,0");
	memcpy(&field, object_section(w.out, ".text")->bytes + r->offset, sizeof(field));
	assert_int_equal(field, 0);
}

static void test_a_module_name_that_the_kernel_cannot_take_is_refused(void **state)
{
	static const char *const names[] = {
		"",    "a-b", "A",
		"a.b", "a b", "a1234567890123456789012345678901234567890123456789012345"
	};
	struct target t = { .tree = "/nonexistent" };
	struct livepatch_account *a = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		expect_error(livepatch_link(&t, names[i], NULL, 0, "/nonexistent/x", &a),
			     "can't be a module's name");
}

static void test_module_symvers_that_make_no_sense_are_refused(void **state)
{
	static const char *const bad[] = {
		"0x1\ta\tvmlinux\tEXPORT_SYMBOL\n",  "0x1\ta\tvmlinux\tEXPORT_SYMBOL\t\t\n",
		"x\ta\tvmlinux\tEXPORT_SYMBOL\t\n",  "0x100000000\ta\tvmlinux\tEXPORT_SYMBOL\t\n",
		"0x1\t\tvmlinux\tEXPORT_SYMBOL\t\n", "0x1\ta\tv\tE\t\n0x1\ta\tv\tE\t\n"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct symvers s __cleanup_symvers = { 0 };

		expect_error(symvers_parse(bad[i], &s), "line");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_exported_symbol_is_an_ordinary_one_with_its_crc),
		cmocka_unit_test(test_a_static_does_not_bind_to_the_export_of_its_name),
		cmocka_unit_test(
			test_of_two_statics_of_one_name_the_proven_one_is_named_by_position),
		cmocka_unit_test(test_a_unique_symbol_claims_uniqueness),
		cmocka_unit_test(
			test_a_reference_of_module_code_to_the_module_goes_to_a_section_of_the_module),
		cmocka_unit_test(test_fields_that_wait_for_a_module_are_listed_for_the_glue),
		cmocka_unit_test(test_a_new_name_binds_to_the_one_global_of_that_name),
		cmocka_unit_test(test_a_new_name_does_not_bind_to_a_static),
		cmocka_unit_test(test_namespaces_of_used_exports_are_imported),
		cmocka_unit_test(test_the_tables_of_the_image_decide_what_an_export_is),
		cmocka_unit_test(test_a_reference_without_a_binding_is_refused_with_the_reason),
		cmocka_unit_test(test_a_place_without_a_symbol_is_refused),
		cmocka_unit_test(test_what_is_gone_after_boot_is_refused),
		cmocka_unit_test(test_address_zero_is_refused),
		cmocka_unit_test(test_a_name_that_the_kernel_would_misread_is_refused),
		cmocka_unit_test(test_a_function_that_was_not_matched_is_not_redirected),
		cmocka_unit_test(test_vmlinux_code_cannot_use_what_a_module_exports),
		cmocka_unit_test(test_a_table_that_refers_to_a_module_is_refused),
		cmocka_unit_test(test_code_that_is_replaced_at_load_may_not_wait_for_a_module),
		cmocka_unit_test(test_the_same_code_may_call_vmlinux),
		cmocka_unit_test(
			test_a_relocation_that_the_loader_does_not_know_is_refused_by_name),
		cmocka_unit_test(test_a_symbol_of_the_extraction_that_is_not_listed_is_refused),
		cmocka_unit_test(test_sections_of_one_name_become_one_and_references_follow),
		cmocka_unit_test(test_the_same_inputs_make_the_same_bytes),
		cmocka_unit_test(test_another_constant_makes_another_build_id),
		cmocka_unit_test(test_fields_of_relocations_are_zero),
		cmocka_unit_test(test_a_module_name_that_the_kernel_cannot_take_is_refused),
		cmocka_unit_test(test_module_symvers_that_make_no_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
