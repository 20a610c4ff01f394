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
	assert_false(touched_is_ignored("tools/objtool/check.c"));
}

static void test_what_cannot_be_built_is_refused_by_name(void **state)
{
	static const struct {
		const char *path, *why;
	} rows[] = {
		{ "include/linux/mm.h", "is a header" },
		{ "arch/x86/entry/entry_64.S", "is assembly" },
		{ "fs/Makefile", "configured or built" },
		{ "fs/Kconfig.debug", "configured or built" },
		{ "drivers/x.rs", "is no C source" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct diff_file f = { .path = (char *)rows[i].path };
		struct error *e __cleanup_error = touched_check(&f);

		if (!e || !strstr(error_message(e), rows[i].why))
			fail_msg("%s: %s", rows[i].path, e ? error_message(e) : "taken");
		assert_int_equal(error_kind(e), ERROR_REFUSED);
		assert_non_null(strstr(error_message(e), rows[i].path));
	}
}

static void test_code_outside_of_the_kernel_is_known_as_such(void **state)
{
	(void)state;
	assert_non_null(strstr(touched_outside("arch/x86/boot/compressed/misc.c"), "boot code"));
	assert_non_null(strstr(touched_outside("arch/x86/entry/vdso/vgetcpu.c"), "vdso"));
	assert_non_null(strstr(touched_outside("tools/objtool/check.c"), "is a tool"));
	assert_null(touched_outside("arch/x86/mm/fault.c"));
	assert_null(touched_outside("fs/tools/x.c"));
}

static void test_a_created_or_deleted_source_is_refused(void **state)
{
	struct diff_file made = { .path = (char *)"fs/x.c", .created = true };
	struct diff_file gone = { .path = (char *)"fs/x.c", .deleted = true };
	struct diff_file changed = { .path = (char *)"fs/x.c" };
	struct error *e __cleanup_error = touched_check(&made), *f __cleanup_error = NULL;

	(void)state;
	f = touched_check(&gone);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
	assert_int_equal(error_kind(f), ERROR_REFUSED);
	assert_null(touched_check(&changed));
}

static const char units[] = "fs/proc/cmdline.o fs/proc/cmdline.c -\n"
			    "kernel/sched/build_policy.o kernel/sched/build_policy.c -\n"
			    "drivers/a/b/../c/d.o drivers/a/b/../c/d.c drivers/a/b/ab\n"
			    "net/x.o net/x.c net/one net/two\n";
static const char includes[] = "kernel/sched/build_policy.c kernel/sched/rt.c\n"
			       "kernel/sched/rt.c kernel/sched/pelt.c\n"
			       "include/trace/x.h kernel/trace.c\n"
			       "fs/loop.c fs/loop.c\n"
			       "arch/x86/entry/vdso/vtime.c lib/vdso/time.c\n"
			       "arch/x86/boot/string.c lib/string.c\n";

static struct error *find(const char *source, struct unit_table *t, struct unit_list *out)
{
	TRY(unit_table_read(units, includes, t));
	return unit_table_find(t, source, out);
}

static void assert_units(const char *source, size_t n, const char *object, const char *modfile)
{
	struct unit_table t __cleanup_unit_table = { 0 };
	struct unit_list list = { 0 };
	struct error *e __cleanup_error = find(source, &t, &list);

	assert_null(e);
	assert_int_equal(list.list.n, n);
	if (n)
		assert_string_equal(list.list.v[0]->object, object);
	if (n && modfile)
		assert_string_equal(list.list.v[0]->modfile, modfile);
	vec_free(&list.list);
}

static void test_a_source_is_found_however_kbuild_spells_it(void **state)
{
	(void)state;
	assert_units("fs/proc/cmdline.c", 1, "fs/proc/cmdline.o", NULL);
	assert_units("drivers/a/c/d.c", 1, "drivers/a/b/../c/d.o", "drivers/a/b/ab");
	assert_units("net/x.c", 1, "net/x.o", "net/one net/two");
	assert_units("fs/none.c", 0, NULL, NULL);
}

static void test_who_includes_a_c_file_is_a_unit_of_it(void **state)
{
	(void)state;
	assert_units("kernel/sched/rt.c", 1, "kernel/sched/build_policy.o", NULL);
	assert_units("kernel/sched/pelt.c", 1, "kernel/sched/build_policy.o", NULL);
}

static void assert_refused(const char *source, const char *why)
{
	struct unit_table t __cleanup_unit_table = { 0 };
	struct unit_list list = { 0 };
	struct error *e __cleanup_error = find(source, &t, &list);

	assert_int_equal(error_kind(e), ERROR_REFUSED);
	assert_non_null(strstr(error_message(e), why));
	vec_free(&list.list);
}

static void test_a_c_file_that_a_header_includes_is_refused(void **state)
{
	(void)state;
	assert_refused("kernel/trace.c", "include/trace/x.h");
	assert_refused("fs/loop.c", "includes itself");
}

static void test_a_c_file_that_the_vdso_includes_is_refused(void **state)
{
	(void)state;
	assert_refused("lib/vdso/time.c", "part of the vdso");
	/* Boot code has run: what it included does not matter any more. */
	assert_units("lib/string.c", 0, NULL, NULL);
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
		cmocka_unit_test(test_what_cannot_be_built_is_refused_by_name),
		cmocka_unit_test(test_code_outside_of_the_kernel_is_known_as_such),
		cmocka_unit_test(test_a_created_or_deleted_source_is_refused),
		cmocka_unit_test(test_a_source_is_found_however_kbuild_spells_it),
		cmocka_unit_test(test_who_includes_a_c_file_is_a_unit_of_it),
		cmocka_unit_test(test_a_c_file_that_a_header_includes_is_refused),
		cmocka_unit_test(test_a_c_file_that_the_vdso_includes_is_refused),
		cmocka_unit_test(test_a_damaged_table_is_an_error),
		cmocka_unit_test(test_the_config_symbol_that_is_not_set_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
