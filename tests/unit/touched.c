// SPDX-License-Identifier: GPL-2.0-or-later
/* From touched files to units: what is left out, what is refused, who includes whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "source/config_symbol.h"
#include "source/include_survey.h"
#include "source/touched.h"
#include "source/unit_table.h"

static void assert_plain(const char *from, const char *want)
{
	char path[128];

	strcpy(path, from);
	path_normalise(path);
	assert_string_equal(path, want);
}

static void test_paths_are_made_plain(void **state)
{
	(void)state;
	assert_plain("a/b/c.c", "a/b/c.c");
	assert_plain("a/b/../c.c", "a/c.c");
	assert_plain("./a//b/./c.c", "a/b/c.c");
	assert_plain("a/b/../../c.c", "c.c");
	assert_plain("a/../../c.c", "");
	assert_plain("a/b/..", "a");
	assert_plain("a/b/", "a/b");
	assert_plain("..", "");
	assert_plain("a/..c/x", "a/..c/x");
}

static void test_what_is_no_part_of_this_kernel_is_left_out(void **state)
{
	(void)state;
	assert_true(touched_is_ignored("Documentation/x.rst"));
	assert_true(touched_is_ignored("tools/testing/selftests/x.c"));
	assert_true(touched_is_ignored("arch/arm64/mm/fault.c"));
	assert_true(touched_is_ignored("MAINTAINERS"));
	assert_false(touched_is_ignored("arch/x86/mm/fault.c"));
	assert_false(touched_is_ignored("arch/Kconfig"));
	assert_false(touched_is_ignored("fs/Documentation/x.c"));
	assert_true(touched_is_ignored("tools/objtool/check.c"));
	assert_true(touched_is_ignored("arch/x86/um/delay.c"));
	assert_false(touched_is_ignored("tools/lib/bpf/relo_core.c"));
}

static void test_how_a_kernel_is_built_is_not_changed(void **state)
{
	static const char *const paths[] = { "fs/Makefile", "fs/Kconfig.debug", "arch/x86/Kbuild" };

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		struct diff_file f = { .path = (char *)paths[i] };
		struct error *e __cleanup_error = touched_check(&f);

		assert_int_equal(error_kind(e), ERROR_REFUSED);
		assert_non_null(strstr(error_message(e), paths[i]));
		assert_non_null(strstr(error_message(e), "configured or built"));
	}
}

static void test_code_outside_of_the_kernel_is_known_as_such(void **state)
{
	bool runs = false;

	(void)state;
	assert_non_null(
		strstr(touched_outside("arch/x86/boot/compressed/misc.c", &runs), "boot code"));
	assert_true(runs);
	assert_non_null(strstr(touched_outside("arch/x86/entry/vdso/vgetcpu.c", &runs), "vdso"));
	assert_true(runs);
	assert_non_null(strstr(touched_outside("scripts/sign-file.c", &runs), "the build"));
	assert_false(runs);
	assert_null(touched_outside("arch/x86/mm/fault.c", &runs));
	assert_null(touched_outside("fs/tools/x.c", &runs));
}

static const char units[] = "fs/proc/cmdline.o fs/proc/cmdline.c -\n"
			    "kernel/sched/build_policy.o kernel/sched/build_policy.c -\n"
			    "drivers/a/b/../c/d.o drivers/a/b/../c/d.c drivers/a/b/ab\n"
			    "net/x.o net/x.c net/one net/two\n"
			    "drivers/firmware/efi/libstub/lib-c.o lib/c.c -\n"
			    "lib/c.o lib/c.c -\n";
static const char includes[] = "kernel/sched/build_policy.c kernel/sched/rt.c\n";

static struct error *find(const char *source, struct unit_table *t, struct unit_list *out)
{
	TRY(unit_table_read(units, includes, t));
	return unit_table_find(t, source, out);
}

static void assert_units(const char *source, size_t n, const char *object, const char *modfile)
{
	struct unit_table t __cleanup_unit_table = { 0 };
	struct unit_list list __cleanup_unit_list = { 0 };
	struct error *e __cleanup_error = find(source, &t, &list);

	assert_null(e);
	assert_int_equal(list.list.n, n);
	if (n)
		assert_string_equal(list.list.v[0]->object, object);
	if (n && modfile)
		assert_string_equal(list.list.v[0]->modfile, modfile);
}

static void test_a_source_is_found_however_kbuild_spells_it(void **state)
{
	(void)state;
	assert_units("fs/proc/cmdline.c", 1, "fs/proc/cmdline.o", NULL);
	assert_units("drivers/a/c/d.c", 1, "drivers/a/b/../c/d.o", "drivers/a/b/ab");
	assert_units("net/x.c", 1, "net/x.o", "net/one net/two");
	assert_units("fs/none.c", 0, NULL, NULL);
}

static void test_objects_of_the_efi_stub_are_no_units(void **state)
{
	(void)state;
	assert_units("lib/c.c", 1, "lib/c.o", NULL);
}

static void test_a_unit_is_listed_once(void **state)
{
	struct unit_table t __cleanup_unit_table = { 0 };
	struct unit_list list __cleanup_unit_list = { 0 };

	(void)state;
	assert_null(find("net/x.c", &t, &list));
	assert_null(unit_table_find(&t, "net/x.c", &list));
	assert_null(unit_table_find(&t, "fs/proc/cmdline.c", &list));
	assert_int_equal(list.list.n, 2);
}

static void test_an_included_c_file_is_known(void **state)
{
	struct unit_table t __cleanup_unit_table = { 0 };

	(void)state;
	assert_null(unit_table_read(units, includes, &t));
	assert_true(unit_table_is_included(&t, "kernel/sched/rt.c"));
	assert_false(unit_table_is_included(&t, "kernel/sched/build_policy.c"));
}

static void test_a_damaged_table_is_an_error(void **state)
{
	static const char *const bad[] = { "a.o\n", "a.o a.c\n", "a.o a.c \n" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct unit_table t __cleanup_unit_table = { 0 };
		struct error *e __cleanup_error = unit_table_read(bad[i], "", &t);

		if (!e)
			fail_msg("taken: %s", bad[i]);
	}
}

static void assert_symbol(const char *object, const char *want)
{
	static const char makefile[] = "obj-y += always.o\n"
				       "obj-$(CONFIG_SET) += set.o\n"
				       "obj-$(CONFIG_UNSET)	+= a.o \\\n"
				       "	b.o\n"
				       "obj-$(CONFIG_BIG) += big.o\n"
				       "big-y := part.o other.o\n"
				       "always-$(CONFIG_EXTRA) += extra.o\n";
	char *symbol __free = NULL;

	assert_null(
		config_symbol_in(makefile, "\nCONFIG_SET=y\nCONFIG_BIGGER=m\n", object, &symbol));
	if (want)
		assert_string_equal(symbol, want);
	else
		assert_null(symbol);
}

static void test_the_config_symbol_that_is_not_set_is_named(void **state)
{
	(void)state;
	assert_symbol("b.o", "CONFIG_UNSET");
	assert_symbol("part.o", "CONFIG_BIG");
	assert_symbol("extra.o", "CONFIG_EXTRA");
	assert_symbol("set.o", NULL);
	assert_symbol("none.o", NULL);
	assert_symbol("art.o", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths_are_made_plain),
		cmocka_unit_test(test_what_is_no_part_of_this_kernel_is_left_out),
		cmocka_unit_test(test_how_a_kernel_is_built_is_not_changed),
		cmocka_unit_test(test_code_outside_of_the_kernel_is_known_as_such),
		cmocka_unit_test(test_a_source_is_found_however_kbuild_spells_it),
		cmocka_unit_test(test_objects_of_the_efi_stub_are_no_units),
		cmocka_unit_test(test_a_unit_is_listed_once),
		cmocka_unit_test(test_an_included_c_file_is_known),
		cmocka_unit_test(test_a_damaged_table_is_an_error),
		cmocka_unit_test(test_the_config_symbol_that_is_not_set_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
