// SPDX-License-Identifier: GPL-2.0-or-later
/* How the linked module names what it refers to. */
#include "livepatch_world.h"

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
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
