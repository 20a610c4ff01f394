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

/* The kernel loads no module that imports the namespace of another one. */
static void test_what_is_exported_for_one_module_goes_by_livepatch(void **state)
{
	struct world w __cleanup_world = { 0 };
	const struct section *s;

	(void)state;
	world_make(&w, "vmlinux", CALLS("spaced"));
	place(&w, "spaced", TEXT + 0x700);
	vec_for_each(&w.symvers.exports, e)
		if (!strcmp(e->name, "spaced"))
			e->name_space = "module:other";
	ok(world_link(&w));
	assert_non_null(reloc_to(w.out, ".klp.rela.vmlinux..text", ".klp.sym.vmlinux.spaced,0"));
	s = object_section(w.out, ".modinfo");
	assert_null(memmem(s->bytes, s->size, "import_ns=", 10));
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

/* The module says that it depends on these. */
static void depend(struct world *w, const char *names)
{
	char *info =
		arena_printf(&w->module->arena, "license=GPL%cdepends=%s%cname=x", 0, names, 0);

	assert_non_null(info);
	ok(vec_push(&w->module->segments,
		    (struct image_segment){ .address = 0x1000,
					    .size = strlen("license=GPL depends= name=x") +
						    strlen(names) + 1,
					    .bytes = (const uint8_t *)info,
					    .name = ".modinfo" }));
}

static void make_exporter(struct world *w)
{
	char *to __free = str_printf("%s/kernel/drivers/net", dir.path);
	char *part = to;

	for (part += strlen(dir.path) + 1; part; part = strchr(part + 1, '/')) {
		char *folder __free = strndup(to, (size_t)(part - to));

		ok(dir_make(folder));
	}
	ok(dir_make(to));
	make_object("kernel/drivers/net/some-driver", "void of_module(void) {}\n", &w->x.object);
	object_free(&w->x.object);
	w->x.object = w->object;
	w->from.modules = dir.path;
}

static void test_new_code_may_use_what_its_module_depends_on(void **state)
{
	struct world w __cleanup_world = { 0 };
	char *from __free = str_printf("%s/kernel/drivers/net/some-driver.o", dir.path);
	char *to __free = str_printf("%s/kernel/drivers/net/some-driver.ko", dir.path);

	(void)state;
	world_make(&w, "another", CALLS("of_module"));
	w.x.outside.v[0].before = NULL;
	depend(&w, "third,some_driver");
	make_exporter(&w);
	assert_int_equal(rename(from, to), 0);
	ok(world_link(&w));
	assert_non_null(
		reloc_to(w.out, ".klp.rela.another..text", ".klp.sym.some_driver.of_module,0"));
}

static void test_new_code_may_not_use_what_its_module_does_not_depend_on(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "another", CALLS("of_module"));
	w.x.outside.v[0].before = NULL;
	depend(&w, "some_driver_too,some");
	world_refused(&w, "does not depend on");
}

/* A part of vmlinux that defines novel(), and a module's that calls it; or the other way. */
static struct error *link_two(struct world *w, const char *definer, struct world *v,
			      const char *caller)
{
	struct livepatch_part parts[2];

	world_make(w, definer,
		   "int old_function(void) { return 1; }\n"
		   "int novel(void) { return 2; }\n");
	world_make(v, caller, CALLS("novel"));
	v->x.outside.v[0].before = NULL;
	w->unit.source = "y.c";
	parts[0] = w->part;
	parts[1] = v->part;
	return assemble(&w->from, &(struct livepatch_request){ .name = "suture_test" }, parts, 2,
			&w->out, &w->account);
}

static void test_a_module_may_use_what_the_patch_adds_to_vmlinux(void **state)
{
	struct world w __cleanup_world = { 0 }, v __cleanup_world = { 0 };
	const struct reloc *r;

	(void)state;
	ok(link_two(&w, "vmlinux", &v, "some_driver"));
	r = reloc_to(w.out, ".text", "novel");
	assert_non_null(r);
	assert_non_null(r->symbol->section);
}

static void test_vmlinux_may_not_use_what_the_patch_adds_to_a_module(void **state)
{
	struct world w __cleanup_world = { 0 }, v __cleanup_world = { 0 };

	(void)state;
	expect_error(link_two(&w, "some_driver", &v, "vmlinux"), "novel");
	assert_null(w.out);
}

static void test_a_percpu_variable_among_init_data_is_not_gone(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", CALLS("a_counter"));
	place(&w, "a_counter", INIT + 0x808);
	ok(world_link(&w));
	assert_non_null(reloc_to(w.out, ".klp.rela.vmlinux..text", ".klp.sym.vmlinux.a_counter,0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_percpu_variable_among_init_data_is_not_gone),
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
		cmocka_unit_test(test_what_is_exported_for_one_module_goes_by_livepatch),
		cmocka_unit_test(test_the_tables_of_the_image_decide_what_an_export_is),
		cmocka_unit_test(test_new_code_may_use_what_its_module_depends_on),
		cmocka_unit_test(test_new_code_may_not_use_what_its_module_does_not_depend_on),
		cmocka_unit_test(test_a_module_may_use_what_the_patch_adds_to_vmlinux),
		cmocka_unit_test(test_vmlinux_may_not_use_what_the_patch_adds_to_a_module),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
