// SPDX-License-Identifier: GPL-2.0-or-later
/* Who may include what: words in texts, the index made of them, and the way back from a header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "source/estimate.h"
#include "source/include_index.h"
#include "source/preprocess.h"
#include "source/readers.h"

/* --- texts ------------------------------------------------------------------------- */

static struct error *note(void *arg, enum include_kind kind, const char *name, size_t n)
{
	return strbuf_printf(arg, "%c %.*s;", kind, (int)n, name);
}

static void assert_scan(const char *text, const char *want)
{
	struct strbuf out __cleanup_strbuf = { 0 };

	assert_null(include_scan(text, strlen(text), note, &out));
	assert_string_equal(strbuf_str(&out), want);
}

static void test_every_form_of_an_include_is_seen(void **state)
{
	(void)state;
	assert_scan("#include <linux/mm.h>\n", "a linux/mm.h;");
	assert_scan("  #\tinclude \"a/b.h\"", "q a/b.h;");
	assert_scan("#include_next <x.h>\n", "n x.h;");
	assert_scan("/* why */ #include <x.h>\n", "a x.h;");
	assert_scan("#if __has_include(<new.h>)\n", "a new.h;");
	assert_scan("asm(\".include \\\"x\\\"\");\n\t.include \"y.S\"\n", "q y.S;");
	assert_scan("#ifdef CONFIG_OFF\n#include \"off.h\"\n#endif\n", "q off.h;");
}

static void test_what_is_no_include_is_not_taken_for_one(void **state)
{
	(void)state;
	assert_scan(" * We #include the file to\n", "");
	assert_scan("#error Do not #include directly.\n", "");
	assert_scan("#include \"never ends\n\"", "");
	assert_scan("#include", "");
	assert_scan("int include;\n", "");
}

static void test_macros_that_are_included_are_followed(void **state)
{
	(void)state;
	assert_scan("#define FILE_NAME <linux/a.h>\n#include FILE_NAME\n",
		    "c FILE_NAME;d FILE_NAME;n linux/a.h;");
	assert_scan("#define TRACE_INCLUDE_FILE my_trace\n", "n my_trace.h;");
	assert_scan("#define TRACE_SYSTEM sched\n#include TRACE_INCLUDE(TRACE_INCLUDE_FILE)\n",
		    "n sched.h;");
	assert_scan("#define VERSION \"no file\"\n", "");
}

static void test_makefiles_name_headers_too(void **state)
{
	static const char text[] = "# $(src)/../not/this.h\n"
				   "KBUILD_CFLAGS += -include $(srctree)/include/linux/pre.h\n"
				   "input = $(src)/../asm/list.h\n"
				   "generic-y += export.h\n"
				   "$(obj)/made.h: $(srctree)/include/xen/xen*.h\n";
	struct strbuf out __cleanup_strbuf = { 0 };

	(void)state;
	assert_null(include_scan_makefile(text, strlen(text), note, &out));
	assert_string_equal(strbuf_str(&out),
			    "p include/linux/pre.h;m ../asm/list.h;m include/xen/xen*.h;");
}

/* --- the index --------------------------------------------------------------------- */

static void put(const char *dir, const char *name, const char *text)
{
	char *path __free = str_printf("%s/tree/%s", dir, name), *folder __free = strdup(path);

	*strrchr(folder, '/') = '\0';
	assert_null(dir_make(folder));
	assert_null(file_write(path, text, strlen(text), 0644));
}

static int setup(void **state)
{
	static struct tmpdir tmp;
	char *link __free = NULL;

	assert_null(tmpdir_make(NULL, &tmp));
	put(tmp.path, "include/linux/a.h", "#include <linux/b.h>\n");
	put(tmp.path, "include/linux/b.h", "\n");
	put(tmp.path, "include/linux/loop.h", "#include <linux/loop.h>\n");
	put(tmp.path, "include/uapi/linux/b.h", "\n");
	put(tmp.path, "include/pre.h", "\n");
	put(tmp.path, "include/list.h", "\n");
	put(tmp.path, "Makefile", "C += -include $(srctree)/include/pre.h\n");
	put(tmp.path, "net/Makefile", "made = $(srctree)/include/list.h\n");
	put(tmp.path, "net/core.c", "#include <linux/a.h>\n#include \"own.h\"\n");
	put(tmp.path, "net/own.h", "#include \"../fs/deep.h\"\n");
	put(tmp.path, "fs/own.h", "\n");
	put(tmp.path, "fs/deep.h", "\n");
	put(tmp.path, "fs/x.c", "#include <own.h>\n#include <list.h>\n");
	put(tmp.path, "fs/alias.c", "#include \"link.h\"\n");
	put(tmp.path, "fs/any.c", "#include WHATEVER\n");
	put(tmp.path, "lib/gen_table.c", "#include <stdio.h>\n#include \"../include/list.h\"\n");
	put(tmp.path, "arch/x86/kernel/asm-offsets.c", "#include <linux/a.h>\n");
	put(tmp.path, "arch/x86/lib/copy.S", "#include <linux/b.h>\n");
	put(tmp.path, "arch/x86/boot/main.c", "#include <linux/b.h>\n");
	put(tmp.path, "tools/copy.c", "#include <linux/b.h>\n");
	link = str_printf("%s/tree/fs/link.h", tmp.path);
	assert_return_code(symlink("deep.h", link), 0);
	*state = &tmp;
	return 0;
}

static int teardown(void **state)
{
	tmpdir_remove(*state);
	return 0;
}

static bool reaches(const struct include_index *x, const struct include_reach *r, const char *path)
{
	struct include_index *index = (struct include_index *)x;
	uint64_t *number = hash_get(&index->by_path, path);

	return number && r->files[*number];
}

/* All that 'from' reaches, of the files named, is exactly 'want'. */
static void assert_reach(const char *dir, const char *from, const char *want)
{
	static const char *const all[] = { "net/core.c",   "fs/x.c",	"fs/alias.c",
					   "net/own.h",	   "fs/own.h",	"fs/deep.h",
					   "tools/copy.c", "fs/link.h", "include/linux/a.h" };
	struct include_index x __cleanup_include_index = { 0 };
	struct include_reach r __cleanup_include_reach = { 0 };
	struct strbuf got __cleanup_strbuf = { 0 };

	assert_null(include_index_open(dir, &x));
	assert_null(include_index_reach(&x, &from, 1, &r));
	assert_true(reaches(&x, &r, "fs/any.c"));
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (reaches(&x, &r, all[i]))
			assert_null(strbuf_printf(&got, "%s ", all[i]));
	assert_string_equal(strbuf_str(&got), want);
}

static void test_includers_of_includers_are_found(void **state)
{
	const char *dir = ((struct tmpdir *)*state)->path;

	assert_reach(dir, "include/linux/b.h", "net/core.c include/linux/a.h ");
	assert_reach(dir, "include/linux/loop.h", "");
}

static void test_the_first_of_several_with_a_name_is_meant(void **state)
{
	const char *dir = ((struct tmpdir *)*state)->path;

	/* <linux/b.h> is that of include/, never that of include/uapi/. */
	assert_reach(dir, "include/uapi/linux/b.h", "");
	/* "own.h" of net/core.c is beside it; <own.h> may be any. */
	assert_reach(dir, "fs/own.h", "fs/x.c fs/own.h ");
	assert_reach(dir, "net/own.h", "net/core.c fs/x.c net/own.h ");
}

static void test_ways_up_and_links_are_followed(void **state)
{
	const char *dir = ((struct tmpdir *)*state)->path;

	assert_reach(dir, "fs/deep.h",
		     "net/core.c fs/x.c fs/alias.c net/own.h fs/deep.h fs/link.h ");
}

static void test_a_file_that_is_not_there_yet_may_be_meant_by_all_who_name_it(void **state)
{
	assert_reach(((struct tmpdir *)*state)->path, "arch/x86/include/linux/b.h",
		     "net/core.c include/linux/a.h ");
}

static void test_what_makefiles_include_reaches_everything(void **state)
{
	const char *dir = ((struct tmpdir *)*state)->path;

	assert_reach(dir, "include/pre.h", "net/core.c fs/x.c fs/alias.c ");
}

static void test_the_index_is_kept_and_read_again(void **state)
{
	const char *dir = ((struct tmpdir *)*state)->path;
	char *tree __free = str_printf("%s/tree", dir);

	assert_reach(dir, "fs/own.h", "fs/x.c fs/own.h ");
	assert_null(dir_remove(tree));
	assert_reach(dir, "fs/own.h", "fs/x.c fs/own.h ");
}

static void test_a_damaged_index_is_an_error(void **state)
{
	static const char *const bad[] = {
		"q",	"q a.h",	  "z a.h\n",	    "q a.h\n\nf.c 2\n",
		"q \n", "q a.h\n\nf 0\n", "q a.h\n\nf 1x\n"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct include_index x __cleanup_include_index = { 0 };
		struct error *e __cleanup_error = include_index_read(bad[i], &x);

		if (!e)
			fail_msg("taken: %s", bad[i]);
	}
}

/* --- readers ----------------------------------------------------------------------- */

static struct error *find_readers(const char *dir, const char *path, struct unit_list *units,
				  struct readers *out)
{
	struct include_index x __cleanup_include_index = { 0 };
	struct include_reach r __cleanup_include_reach = { 0 };
	struct unit_table t __cleanup_unit_table = { 0 };

	TRY(unit_table_read("net/core.o net/core.c -\nfs/x.o fs/x.c -\n", "", &t));
	TRY(include_index_open(dir, &x));
	TRY(include_index_reach(&x, &path, 1, &r));
	TRY(readers_find(&x, &r, &t, &path, 1, units, out));
	return NULL;
}

static void test_readers_outside_of_objects_are_told_apart(void **state)
{
	struct readers r __cleanup_readers = { 0 };
	struct unit_list units __cleanup_unit_list = { 0 };

	assert_null(find_readers(((struct tmpdir *)*state)->path, "include/linux/b.h", &units, &r));
	assert_int_equal(units.list.n, 1);
	assert_int_equal(r.outside.n, 2);
	assert_string_equal(r.outside.v[0]->what, "makes a header of offsets and sizes that "
						  "assembly reads");
	assert_string_equal(r.outside.v[1]->what, "is assembly");
	assert_null(r.outside.v[1]->object);
	assert_true(r.boot);
}

static void test_what_the_source_is_generated_from_is_refused(void **state)
{
	struct readers r __cleanup_readers = { 0 };
	struct unit_list units __cleanup_unit_list = { 0 };
	struct error *e __cleanup_error =
		find_readers(((struct tmpdir *)*state)->path, "include/list.h", &units, &r);
	struct error *f __cleanup_error = NULL;
	char *makefile __free = str_printf("%s/tree/net/Makefile", ((struct tmpdir *)*state)->path);
	char *index __free = str_printf("%s/objects/headers-2", ((struct tmpdir *)*state)->path);

	assert_int_equal(error_kind(e), ERROR_REFUSED);
	assert_non_null(strstr(error_message(e), "net/Makefile"));
	assert_null(dir_remove(makefile));
	assert_null(dir_remove(index));
	f = find_readers(((struct tmpdir *)*state)->path, "include/list.h", &units, &r);
	assert_int_equal(error_kind(f), ERROR_REFUSED);
	assert_non_null(strstr(error_message(f), "lib/gen_table.c"));
}

/* --- texts behind the preprocessor ------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	struct digest da, db;

	assert_null(preprocess_digest(a, strlen(a), &da));
	assert_null(preprocess_digest(b, strlen(b), &db));
	return str_equal(da.hex, db.hex);
}

static void test_only_empty_lines_do_not_count_in_a_text(void **state)
{
	(void)state;
	assert_true(same_text("int a;\n\n\nint b;\n", "\nint a;\nint b;\n"));
	assert_false(same_text("int a;\n", "int  a;\n"));
	assert_false(same_text("x = \"a  b\";\n", "x = \"a b\";\n"));
	assert_false(same_text("f(12);\n", "f(13);\n"));
	assert_true(same_text("", "\n"));
}

static void test_looking_stops_where_nothing_falls_out(void **state)
{
	(void)state;
	assert_true(preprocess_pays(0, 0));
	assert_false(preprocess_pays(16, 0));
	assert_false(preprocess_pays(1000, 100));
	assert_true(preprocess_pays(1000, 300));
}

/* --- the estimate ------------------------------------------------------------------- */

static void test_an_estimate_counts_rounds_of_jobs(void **state)
{
	struct compile_cost cost = { 2, 10 };

	(void)state;
	assert_true(compile_estimate(cost, 1, 4) == 2);
	assert_true(compile_estimate(cost, 9, 4) == 6);
	assert_true(compile_estimate(cost, 0, 4) == 0);
	assert_string_equal(compile_estimate_text(0.2).s, "about 1 s");
	assert_string_equal(compile_estimate_text(59).s, "about 59 s");
	assert_string_equal(compile_estimate_text(800).s, "about 14 min");
	assert_string_equal(compile_estimate_text(7200).s, "about 2.0 h");
}

static void test_an_estimate_learns_from_what_was_measured(void **state)
{
	struct compile_cost cost = compile_cost_learn((struct compile_cost){ 1.5, 0 }, 10, 15, 2);

	(void)state;
	assert_true(cost.each == 3);
	assert_true(cost.n == 10);
	cost = compile_cost_learn(cost, 1, 1, 8);
	assert_true(cost.each > 2.8 && cost.each < 2.82);
	cost = compile_cost_learn(cost, 100000, 100000, 1);
	assert_true(cost.each < 1.01);
	assert_true(cost.n <= 200);
	assert_true(compile_cost_learn(cost, 0, 10, 1).n == cost.n);
}

#define in_tree(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_form_of_an_include_is_seen),
		cmocka_unit_test(test_what_is_no_include_is_not_taken_for_one),
		cmocka_unit_test(test_macros_that_are_included_are_followed),
		cmocka_unit_test(test_makefiles_name_headers_too),
		in_tree(test_includers_of_includers_are_found),
		in_tree(test_the_first_of_several_with_a_name_is_meant),
		in_tree(test_ways_up_and_links_are_followed),
		in_tree(test_a_file_that_is_not_there_yet_may_be_meant_by_all_who_name_it),
		in_tree(test_what_makefiles_include_reaches_everything),
		in_tree(test_the_index_is_kept_and_read_again),
		cmocka_unit_test(test_a_damaged_index_is_an_error),
		in_tree(test_readers_outside_of_objects_are_told_apart),
		in_tree(test_what_the_source_is_generated_from_is_refused),
		cmocka_unit_test(test_only_empty_lines_do_not_count_in_a_text),
		cmocka_unit_test(test_looking_stops_where_nothing_falls_out),
		cmocka_unit_test(test_an_estimate_counts_rounds_of_jobs),
		cmocka_unit_test(test_an_estimate_learns_from_what_was_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
