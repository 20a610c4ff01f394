// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a diff to two builds, on a small source tree of our own: with the real compiler, and with
 * a make in PATH that answers as the kernel's makefiles do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/log.h"
#include "base/subprocess.h"
#include "source/compile.h"

static const char make[] =
	"#!/bin/sh\n"
	"for o; do case $o in *.o)\n"
	"s=${o%.o}.c; d=${o%/*}/.${o##*/}.d\n"
	"echo \"suture:command $o gcc -Wp,-MMD,$d -O2 -g -I./include -c -o $o $s\"\n"
	"esac; done\n";

static const char units[] = "fs/x.o fs/x.c -\n"
			    "fs/y.o fs/y.c -\n"
			    "net/a/../b/m.o net/a/../b/m.c net/a/mod-ule\n"
			    "net/gone.o net/gone.c net/gone\n"
			    "fs/whole.o fs/whole.c -\n";
static const char includes[] = "fs/whole.c fs/part.c\n";

#define X_C                                                   \
	"#include \"x.h\"\n#include <all.h>\n"                \
	"const char *where(void)\n{\n\treturn __FILE__;\n}\n" \
	"int f(int a)\n{\n\treturn a + X + ALL;\n}\n"
#define X_DIFF                                                                 \
	"--- a/fs/x.c\n+++ b/fs/x.c\n@@ -6,4 +6,4 @@\n }\n int f(int a)\n {\n" \
	"-\treturn a + X + ALL;\n+\treturn a + X + ALL + 1;\n"

struct world {
	struct tmpdir tmp;
	struct target target;
	char *path, *patch, *work, *compiler_text;
};

static void put(const char *dir, const char *name, const char *text, unsigned int mode)
{
	char *path __free = str_printf("%s/%s", dir, name), *folder __free = strdup(path);

	*strrchr(folder, '/') = '\0';
	assert_null(dir_make(folder));
	assert_null(file_write(path, text, strlen(text), mode));
}

static char *compiler_text(void)
{
	struct strbuf out __cleanup_strbuf = { 0 };
	struct subprocess p = { .argv = subprocess_words("gcc", "--version"), .out = &out };

	assert_null(subprocess_check(&p));
	return strndup(out.s, strcspn(out.s, "\n"));
}

static void make_target(struct world *w)
{
	const char *dir = w->target.dir;

	put(dir, "units", units, 0644);
	put(dir, "includes", includes, 0644);
	put(dir, "kbuild.env", "abs_srctree=/nowhere", 0644);
	put(dir, "tree/.config", "\nCONFIG_A=y\n", 0644);
	put(dir, "tree/include/all.h", "#define ALL 7\n", 0644);
	put(dir, "tree/fs/Makefile", "obj-$(CONFIG_OFF) += off.o\n", 0644);
	put(dir, "tree/fs/x.h", "#define X 5\n", 0644);
	put(dir, "tree/fs/x.c", X_C, 0644);
	put(dir, "tree/fs/y.c", "int g(int a)\n{\n\treturn a;\n}\n", 0644);
	put(dir, "tree/fs/off.c", "int off;\n", 0644);
	put(dir, "tree/fs/part.c", "int h(int a)\n{\n\treturn a;\n}\n", 0644);
	put(dir, "tree/fs/whole.c", "#include \"part.c\"\n", 0644);
	put(dir, "tree/net/a/a.h", "\n", 0644);
	put(dir, "tree/net/b/m.c", "#include \"m.h\"\nint m(void)\n{\n\treturn M;\n}\n", 0644);
	put(dir, "tree/net/b/m.h", "#define M 3\n", 0644);
	put(dir, "tree/net/gone.c", "int gone;\n", 0644);
	put(dir, "modules/kernel/net/a/mod-ule.ko", "ko", 0644);
}

static int setup(void **state)
{
	static struct world w;
	char *path __free = NULL, *bin __free = NULL;

	w = (struct world){ .path = strdup(getenv("PATH")), .compiler_text = compiler_text() };
	assert_null(tmpdir_make(NULL, &w.tmp));
	w.target = (struct target){ .name = (char *)"kernel:test",
				    .release = (char *)"test",
				    .version = (char *)"1-1",
				    .compiler = (char *)"gcc",
				    .compiler_text = w.compiler_text };
	w.target.dir = str_printf("%s/target", w.tmp.path);
	w.target.tree = str_printf("%s/tree", w.target.dir);
	w.target.modules = str_printf("%s/modules", w.target.dir);
	w.patch = str_printf("%s/fix.patch", w.tmp.path);
	w.work = str_printf("%s/work", w.tmp.path);
	bin = str_printf("%s/bin", w.tmp.path);
	path = str_printf("%s:%s", bin, w.path);
	put(bin, "make", make, 0755);
	assert_null(dir_make(w.work));
	make_target(&w);
	setenv("PATH", path, 1);
	setenv("TMPDIR", w.work, 1);
	log_set_level(LOG_QUIET);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	setenv("PATH", w->path, 1);
	unsetenv("TMPDIR");
	tmpdir_remove(&w->tmp);
	free(w->path);
	free(w->patch);
	free(w->work);
	free(w->compiler_text);
	free(w->target.dir);
	free(w->target.tree);
	free(w->target.modules);
	return 0;
}

static struct error *build(struct world *w, const char *diff, struct workspace **out)
{
	assert_null(file_write(w->patch, diff, strlen(diff), 0644));
	return workspace_build(&w->target, w->patch, 2, NULL, out);
}

static void assert_build_fails(struct world *w, const char *diff, enum error_kind kind,
			       const char *says)
{
	struct workspace *ws __cleanup_workspace = NULL;
	struct error *e __cleanup_error = build(w, diff, &ws);

	assert_non_null(e);
	if (!strstr(error_message(e), says))
		fail_msg("'%s' is not in '%s'", says, error_message(e));
	assert_int_equal(error_kind(e), kind);
	/* rmdir(2) succeeds if nothing was left in it. */
	assert_int_equal(rmdir(w->work), 0);
	assert_int_equal(mkdir(w->work, 0755), 0);
}

static bool holds(const char *path, const char *text)
{
	struct file_map m __cleanup_map = { 0 };

	assert_null(file_map(path, &m));
	return memmem(m.bytes, m.size, text, strlen(text));
}

static bool same_file(const char *a, const char *b)
{
	struct file_map ma __cleanup_map = { 0 }, mb __cleanup_map = { 0 };

	assert_null(file_map(a, &ma));
	assert_null(file_map(b, &mb));
	return ma.size == mb.size && !memcmp(ma.bytes, mb.bytes, ma.size);
}

static void test_a_fixed_file_is_compiled_before_and_after(void **state)
{
	struct workspace *ws __cleanup_workspace = NULL;
	struct world *w = *state;
	struct error *e __cleanup_error = build(w, X_DIFF, &ws);
	char *source __free = str_printf("%s/fs/x.c", w->target.tree);

	if (e)
		fail_msg("%s", error_message(e));
	assert_int_equal(ws->units.n, 1);
	assert_string_equal(ws->units.v[0].source, "fs/x.c");
	assert_string_equal(ws->units.v[0].object, "fs/x.o");
	assert_string_equal(ws->units.v[0].module, "vmlinux");
	assert_null(ws->units.v[0].module_path);
	assert_false(same_file(ws->units.v[0].before, ws->units.v[0].after));
	assert_true(holds(ws->units.v[0].before, ".text.f"));
	assert_true(ws->compile_seconds > 0);
	assert_true(holds(source, "X + ALL;"));
}

static void test_the_objects_do_not_depend_on_where_they_were_made(void **state)
{
	struct workspace *one __cleanup_workspace = NULL, *two __cleanup_workspace = NULL;
	struct world *w = *state;
	char *objects __free = str_printf("%s/objects", w->target.dir);

	assert_null(build(w, X_DIFF, &one));
	assert_null(dir_remove(objects));
	assert_null(build(w, X_DIFF, &two));
	assert_int_equal(two->n_cached, 0);
	assert_true(same_file(one->units.v[0].before, two->units.v[0].before));
	assert_true(same_file(one->units.v[0].after, two->units.v[0].after));
	assert_false(holds(one->units.v[0].after, w->tmp.path));
	assert_false(holds(one->units.v[0].before, w->tmp.path));
}

static void test_an_unchanged_text_gives_the_same_object_in_the_shadow(void **state)
{
	static const char diff[] = "--- a/fs/y.c\n+++ b/fs/y.c\n@@ -3,2 +3,3 @@\n \treturn a;\n }\n"
				   "+/* a comment at the end */\n";
	struct workspace *ws __cleanup_workspace = NULL;

	assert_null(build(*state, diff, &ws));
	assert_true(same_file(ws->units.v[0].before, ws->units.v[0].after));
}

static void test_the_object_before_is_compiled_once(void **state)
{
	struct workspace *one __cleanup_workspace = NULL, *two __cleanup_workspace = NULL;

	assert_null(build(*state, X_DIFF, &one));
	assert_int_equal(one->n_cached, 0);
	assert_null(build(*state, X_DIFF, &two));
	assert_int_equal(two->n_cached, 1);
	assert_true(same_file(one->units.v[0].before, two->units.v[0].before));
}

static void test_a_part_of_a_module_names_the_shipped_file(void **state)
{
	static const char diff[] = "--- a/net/b/m.c\n+++ b/net/b/m.c\n@@ -4 +4 @@\n-\treturn M;\n"
				   "+\treturn M + 1;\n";
	struct workspace *ws __cleanup_workspace = NULL;
	struct error *e __cleanup_error = build(*state, diff, &ws);

	if (e)
		fail_msg("%s", error_message(e));
	assert_string_equal(ws->units.v[0].source, "net/b/m.c");
	assert_string_equal(ws->units.v[0].object, "net/b/m.o");
	assert_string_equal(ws->units.v[0].module, "mod_ule");
	assert_true(str_ends(ws->units.v[0].module_path, "modules/kernel/net/a/mod-ule.ko"));
}

static void test_a_module_that_is_not_shipped_is_refused(void **state)
{
	assert_build_fails(
		*state, "--- a/net/gone.c\n+++ b/net/gone.c\n@@ -1 +1 @@\n-int gone;\n+int come;\n",
		ERROR_REFUSED, "module gone");
}

static void test_an_included_file_gives_the_object_that_includes_it(void **state)
{
	static const char diff[] = "--- a/fs/part.c\n+++ b/fs/part.c\n@@ -3 +3 @@\n-\treturn a;\n"
				   "+\treturn a + 1;\n";
	struct workspace *ws __cleanup_workspace = NULL;

	assert_null(build(*state, diff, &ws));
	assert_int_equal(ws->units.n, 1);
	assert_string_equal(ws->units.v[0].source, "fs/whole.c");
	assert_false(same_file(ws->units.v[0].before, ws->units.v[0].after));
}

static void test_several_files_are_several_units(void **state)
{
	static const char diff[] = X_DIFF "--- a/fs/y.c\n+++ b/fs/y.c\n@@ -3 +3 @@\n-\treturn a;\n"
					  "+\treturn a + 2;\n";
	struct workspace *ws __cleanup_workspace = NULL;

	assert_null(build(*state, diff, &ws));
	assert_int_equal(ws->units.n, 2);
}

static void test_a_fix_that_does_not_compile_is_shown_with_file_and_line(void **state)
{
	assert_build_fails(*state,
			   "--- a/fs/y.c\n+++ b/fs/y.c\n@@ -3 +3 @@\n-\treturn a;\n+\treturn b;\n",
			   ERROR_FAILED, "fs/y.c:3:");
}

static void test_a_tree_that_does_not_compile_is_told_apart_from_the_fix(void **state)
{
	struct world *w = *state;

	put(w->target.dir, "tree/fs/y.c", "int g(int a)\n{\n\treturn b;\n}\n", 0644);
	assert_build_fails(w,
			   "--- a/fs/y.c\n+++ b/fs/y.c\n@@ -3 +3 @@\n-\treturn b;\n+\treturn a;\n",
			   ERROR_FAILED, "even without the fix");
}

#define OFF_DIFF "--- a/fs/off.c\n+++ b/fs/off.c\n@@ -1 +1 @@\n-int off;\n+int on;\n"

static void test_a_fix_of_nothing_that_is_compiled_is_nothing_to_do(void **state)
{
	assert_build_fails(*state, OFF_DIFF, ERROR_NOTHING, "CONFIG_OFF is not set");
}

static void test_a_file_that_is_not_compiled_is_left_out(void **state)
{
	struct workspace *ws __cleanup_workspace = NULL;

	assert_null(build(*state, OFF_DIFF X_DIFF, &ws));
	assert_int_equal(ws->units.n, 1);
	assert_int_equal(ws->ignored.n, 1);
	assert_string_equal(ws->ignored.v[0], "fs/off.c");
}

#define HEADER_DIFF "--- a/include/all.h\n+++ b/include/all.h\n@@ -1 +1 @@\n-#define ALL 7\n"

static void test_a_fixed_header_gives_the_objects_that_include_it(void **state)
{
	struct workspace *ws __cleanup_workspace = NULL;
	struct error *e __cleanup_error = build(*state, HEADER_DIFF "+#define ALL 8\n", &ws);

	if (e)
		fail_msg("%s", error_message(e));
	assert_int_equal(ws->units.n, 1);
	assert_string_equal(ws->units.v[0].source, "fs/x.c");
	assert_false(same_file(ws->units.v[0].before, ws->units.v[0].after));
}

static void test_objects_whose_text_stays_the_same_are_not_compiled(void **state)
{
	struct workspace *ws __cleanup_workspace = NULL;
	struct world *w = *state;
	char *before __free = str_printf("%s/objects/compile-cost", w->target.dir);
	struct error *e __cleanup_error =
		build(*state, HEADER_DIFF "+#define ALL 7\n+#define NOBODY 1\n", &ws);

	if (e)
		fail_msg("%s", error_message(e));
	assert_int_equal(ws->units.n, 0);
	assert_false(file_exists(before));
}

static void test_what_is_read_is_known_from_the_last_time(void **state)
{
	struct workspace *one __cleanup_workspace = NULL, *two __cleanup_workspace = NULL;
	struct world *w = *state;
	char *reads __free = str_printf("%s/objects/reads-2", w->target.dir);

	assert_null(build(w, HEADER_DIFF "+#define ALL 9\n", &one));
	assert_true(file_is_dir(reads));
	assert_null(build(w, HEADER_DIFF "+#define ALL 9\n", &two));
	assert_int_equal(two->units.n, 1);
}

static void test_a_header_that_only_a_part_includes_reaches_the_whole(void **state)
{
	struct workspace *ws __cleanup_workspace = NULL;
	struct world *w = *state;
	struct error *e __cleanup_error = NULL;

	put(w->target.dir, "tree/fs/part.c",
	    "#include \"deep.h\"\nint h(void)\n{\n\treturn DEEP;\n}\n", 0644);
	put(w->target.dir, "tree/fs/deep.h", "#include \"../net/a/deeper.h\"\n", 0644);
	put(w->target.dir, "tree/net/a/deeper.h", "#define DEEP 1\n", 0644);
	e = build(w,
		  "--- a/net/a/deeper.h\n+++ b/net/a/deeper.h\n@@ -1 +1 @@\n-#define DEEP 1\n"
		  "+#define DEEP 2\n",
		  &ws);
	if (e)
		fail_msg("%s", error_message(e));
	assert_int_equal(ws->units.n, 1);
	assert_string_equal(ws->units.v[0].source, "fs/whole.c");
	assert_false(same_file(ws->units.v[0].before, ws->units.v[0].after));
}

static void test_a_header_that_nobody_includes_is_nothing_to_do(void **state)
{
	struct world *w = *state;

	put(w->target.dir, "tree/include/alone.h", "int alone;\n", 0644);
	assert_build_fails(w,
			   "--- a/include/alone.h\n+++ b/include/alone.h\n@@ -1 +1 @@\n"
			   "-int alone;\n+int together;\n",
			   ERROR_NOTHING, "include/alone.h is read by nothing");
}

static void test_a_new_header_is_read_by_those_who_name_it(void **state)
{
	struct workspace *ws __cleanup_workspace = NULL;
	struct error *e __cleanup_error = build(
		*state,
		"--- /dev/null\n+++ b/fs/new/new.h\n@@ -0,0 +1 @@\n+#define NEW 3\n"
		"--- a/fs/y.c\n+++ b/fs/y.c\n@@ -1,4 +1,5 @@\n+#include \"new/new.h\"\n int g(int a)\n"
		" {\n-\treturn a;\n+\treturn a + NEW;\n }\n",
		&ws);

	if (e)
		fail_msg("%s", error_message(e));
	assert_int_equal(ws->units.n, 1);
	assert_string_equal(ws->units.v[0].source, "fs/y.c");
}

static void test_a_new_header_hides_one_of_the_same_name(void **state)
{
	struct workspace *ws __cleanup_workspace = NULL;
	struct error *e __cleanup_error =
		build(*state,
		      "--- /dev/null\n+++ b/fs/m.h\n@@ -0,0 +1 @@\n+#define M 3\n"
		      "--- /dev/null\n+++ b/net/b/all.h\n@@ -0,0 +1 @@\n+#define ALL 3\n" X_DIFF,
		      &ws);

	/* x.c says <all.h> and m.c has an m.h beside it: neither sees the new ones. */
	if (e)
		fail_msg("%s", error_message(e));
	assert_int_equal(ws->units.n, 1);
	assert_int_equal(ws->ignored.n, 2);
}

static void test_a_deleted_header_is_gone(void **state)
{
	assert_build_fails(*state, "--- a/fs/x.h\n+++ /dev/null\n@@ -1 +0,0 @@\n-#define X 5\n",
			   ERROR_FAILED, "x.h");
}

static void test_a_deleted_source_that_is_compiled_is_refused(void **state)
{
	assert_build_fails(*state,
			   "--- a/fs/y.c\n+++ /dev/null\n@@ -1,4 +0,0 @@\n-int g(int a)\n-{\n"
			   "-\treturn a;\n-}\n",
			   ERROR_REFUSED, "fs/y.c is deleted");
}

static struct error *keep_none(void *arg, const struct unit *u, bool *keep)
{
	size_t *n = arg;

	assert_true(file_exists(u->before) && file_exists(u->after));
	++*n;
	*keep = false;
	return NULL;
}

static void test_objects_that_are_not_kept_are_gone(void **state)
{
	struct workspace *ws __cleanup_workspace = NULL;
	struct world *w = *state;
	size_t n = 0;
	const struct workspace_judge judge = { keep_none, &n };
	struct strbuf out __cleanup_strbuf = { 0 };
	struct subprocess find = { .argv = subprocess_words("find", w->work, "-name", "*.o",
							    "-path", "*/after/*"),
				   .out = &out };

	assert_null(file_write(w->patch, X_DIFF, strlen(X_DIFF), 0644));
	assert_null(workspace_build(&w->target, w->patch, 2, &judge, &ws));
	assert_int_equal(n, 1);
	assert_int_equal(ws->units.n, 0);
	assert_null(subprocess_check(&find));
	assert_string_equal(strbuf_str(&out), "");
}

static void test_a_diff_for_another_version_names_file_and_hunk(void **state)
{
	assert_build_fails(*state,
			   "--- a/fs/y.c\n+++ b/fs/y.c\n@@ -3 +3 @@\n-\treturn 0;\n+\treturn 1;\n",
			   ERROR_FAILED, "fs/y.c: hunk 1");
	assert_build_fails(*state, "--- a/fs/n.c\n+++ b/fs/n.c\n@@ -3 +3 @@\n-\ta\n+\tb\n",
			   ERROR_FAILED, "has no such file");
}

static void test_only_documentation_is_nothing_to_do(void **state)
{
	assert_build_fails(*state,
			   "--- a/Documentation/a\n+++ b/Documentation/a\n@@ -1 +1 @@\n-a\n+b\n",
			   ERROR_NOTHING, "nothing");
}

static void test_the_wrong_compiler_is_refused(void **state)
{
	struct world *w = *state;

	w->target.compiler_text = (char *)"gcc (another) 1.0";
	assert_build_fails(w, X_DIFF, ERROR_REFUSED, "gcc (another) 1.0");
}

static void test_the_callers_environment_does_not_reach_the_compiler(void **state)
{
	struct workspace *one __cleanup_workspace = NULL, *two __cleanup_workspace = NULL;
	struct world *w = *state;
	char *objects __free = str_printf("%s/objects", w->target.dir);
	char *evil __free = str_printf("%s/evil", w->tmp.path);

	put(w->target.dir, "tree/fs/y.c",
	    "#if __has_include(<evil.h>)\nint evil;\n#endif\nint g(int a)\n{\n\treturn a;\n}\n",
	    0644);
	put(evil, "evil.h", "\n", 0644);
	setenv("CPATH", evil, 1);
	assert_null(build(
		w, "--- a/fs/y.c\n+++ b/fs/y.c\n@@ -6 +6 @@\n-\treturn a;\n+\treturn 1;\n", &one));
	unsetenv("CPATH");
	assert_null(dir_remove(objects));
	assert_null(build(
		w, "--- a/fs/y.c\n+++ b/fs/y.c\n@@ -6 +6 @@\n-\treturn a;\n+\treturn 1;\n", &two));
	assert_true(same_file(one->units.v[0].after, two->units.v[0].after));
	assert_true(same_file(one->units.v[0].before, two->units.v[0].before));
}

#define test(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_a_fixed_file_is_compiled_before_and_after),
		test(test_the_objects_do_not_depend_on_where_they_were_made),
		test(test_an_unchanged_text_gives_the_same_object_in_the_shadow),
		test(test_the_object_before_is_compiled_once),
		test(test_a_part_of_a_module_names_the_shipped_file),
		test(test_a_module_that_is_not_shipped_is_refused),
		test(test_an_included_file_gives_the_object_that_includes_it),
		test(test_several_files_are_several_units),
		test(test_a_fix_that_does_not_compile_is_shown_with_file_and_line),
		test(test_a_tree_that_does_not_compile_is_told_apart_from_the_fix),
		test(test_a_fix_of_nothing_that_is_compiled_is_nothing_to_do),
		test(test_a_file_that_is_not_compiled_is_left_out),
		test(test_a_fixed_header_gives_the_objects_that_include_it),
		test(test_objects_whose_text_stays_the_same_are_not_compiled),
		test(test_what_is_read_is_known_from_the_last_time),
		test(test_a_header_that_only_a_part_includes_reaches_the_whole),
		test(test_a_header_that_nobody_includes_is_nothing_to_do),
		test(test_a_new_header_is_read_by_those_who_name_it),
		test(test_a_new_header_hides_one_of_the_same_name),
		test(test_a_deleted_header_is_gone),
		test(test_a_deleted_source_that_is_compiled_is_refused),
		test(test_objects_that_are_not_kept_are_gone),
		test(test_a_diff_for_another_version_names_file_and_hunk),
		test(test_only_documentation_is_nothing_to_do),
		test(test_the_wrong_compiler_is_refused),
		test(test_the_callers_environment_does_not_reach_the_compiler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
