// SPDX-License-Identifier: GPL-2.0-or-later
/* The shadow of a tree: what is real in it, where ".." leads, and what gives a leak away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/file.h"
#include "source/shadow.h"

struct place {
	struct tmpdir tmp;
	char *tree, *dir;
};

static char *below(const char *dir, const char *name)
{
	char *path = str_printf("%s/%s", dir, name);

	assert_non_null(path);
	return path;
}

static void put(const char *dir, const char *name, const char *text)
{
	char *path __free = below(dir, name), *folder __free = below(dir, name);

	*strrchr(folder, '/') = '\0';
	assert_null(dir_make(folder));
	assert_null(file_write(path, text, strlen(text), 0644));
}

static void assert_holds(const char *dir, const char *name, const char *text)
{
	char *path __free = below(dir, name);
	struct strbuf got __cleanup_strbuf = { 0 };

	assert_null(file_read(path, &got));
	assert_string_equal(strbuf_str(&got), text);
}

static bool is_link(const char *dir, const char *name)
{
	char *path __free = below(dir, name);
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return S_ISLNK(st.st_mode);
}

static int setup(void **state)
{
	static struct place p;

	p = (struct place){ 0 };
	assert_null(tmpdir_make(NULL, &p.tmp));
	p.tree = below(p.tmp.path, "tree");
	p.dir = below(p.tmp.path, "shadow");
	put(p.tree, "Makefile", "m");
	put(p.tree, "fs/a/x.c", "old");
	put(p.tree, "fs/a/y.h", "y");
	put(p.tree, "fs/b/z.c", "z");
	put(p.tree, "fs/ax.c", "ax");
	put(p.tree, "fs/a_x.c", "a_x");
	put(p.tree, "include/i.h", "i");
	*state = &p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	tmpdir_remove(&p->tmp);
	free(p->tree);
	free(p->dir);
	return 0;
}

static const struct shadow_file changed[] = { { "fs/a/x.c", "new", 3 } };

static void test_only_the_changed_file_and_the_way_to_it_are_real(void **state)
{
	struct place *p = *state;

	assert_null(shadow_make(p->tree, p->dir, changed, 1, NULL, 0));
	assert_holds(p->dir, "fs/a/x.c", "new");
	assert_holds(p->tree, "fs/a/x.c", "old");
	assert_holds(p->dir, "fs/a/y.h", "y");
	assert_holds(p->dir, "fs/ax.c", "ax");
	assert_false(is_link(p->dir, "fs/a/x.c"));
	assert_false(is_link(p->dir, "fs/a"));
	assert_true(is_link(p->dir, "fs/a/y.h"));
	assert_true(is_link(p->dir, "fs/b"));
	assert_true(is_link(p->dir, "include"));
	assert_true(is_link(p->dir, "Makefile"));
}

static void test_a_way_with_dots_leads_to_the_changed_file(void **state)
{
	static const char *const ways[] = { "fs/b/../a/x.c" };
	struct place *p = *state;

	assert_null(shadow_make(p->tree, p->dir, changed, 1, ways, 1));
	assert_false(is_link(p->dir, "fs/b"));
	assert_holds(p->dir, "fs/b/../a/x.c", "new");
	assert_holds(p->dir, "fs/b/z.c", "z");
}

static void test_a_file_is_not_taken_for_one_with_the_same_end_of_its_name(void **state)
{
	/* "fs/a_x.c" is not "x.c" in "fs/a". */
	static const struct shadow_file ax[] = { { "fs/a_x.c", "new", 3 } };
	static const char *const ways[] = { "fs/a/y.h" };
	struct place *p = *state;

	assert_null(shadow_make(p->tree, p->dir, ax, 1, ways, 1));
	assert_holds(p->dir, "fs/a_x.c", "new");
	assert_holds(p->dir, "fs/a/x.c", "old");
}

static struct error *check(struct place *p, const char *deps, bool *used)
{
	char *depfile __free = below(p->tmp.path, "x.d");

	put(p->tmp.path, "x.d", deps);
	return shadow_check(p->tree, p->dir, changed, 1, depfile, used);
}

static void test_a_compile_that_read_the_changed_file_passes(void **state)
{
	struct place *p = *state;
	bool used = false;

	assert_null(shadow_make(p->tree, p->dir, changed, 1, NULL, 0));
	assert_null(check(p, "x.o: fs/a/x.c \\\n  fs/a/y.h include/i.h\n", &used));
	assert_true(used);
}

static void test_a_compile_that_read_something_else_has_not_used_the_fix(void **state)
{
	struct place *p = *state;
	bool used = false;

	assert_null(shadow_make(p->tree, p->dir, changed, 1, NULL, 0));
	assert_null(check(p, "x.o: fs/b/z.c fs/ax.c\n", &used));
	assert_false(used);
}

static void test_a_compile_that_read_the_original_is_an_error(void **state)
{
	struct place *p = *state;
	struct error *e __cleanup_error = NULL, *f __cleanup_error = NULL;
	char *deps __free = NULL;
	bool used = false;

	assert_null(shadow_make(p->tree, p->dir, changed, 1, NULL, 0));
	/* fs/b is a link into the tree, and ".." leaves it there. */
	e = check(p, "x.o: fs/b/../a/x.c\n", &used);
	assert_int_equal(error_kind(e), ERROR_FAILED);
	assert_non_null(strstr(error_message(e), "before the fix"));
	deps = str_printf("x.o: %s/fs/a/x.c\n", p->tree);
	f = check(p, deps, &used);
	assert_int_equal(error_kind(f), ERROR_FAILED);
	assert_false(used);
}

static void test_what_is_no_dependency_file_is_an_error(void **state)
{
	struct place *p = *state;
	struct error *e __cleanup_error = NULL;
	bool used = false;

	assert_null(shadow_make(p->tree, p->dir, changed, 1, NULL, 0));
	e = check(p, "", &used);
	assert_non_null(e);
}

#define test(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_only_the_changed_file_and_the_way_to_it_are_real),
		test(test_a_way_with_dots_leads_to_the_changed_file),
		test(test_a_file_is_not_taken_for_one_with_the_same_end_of_its_name),
		test(test_a_compile_that_read_the_changed_file_passes),
		test(test_a_compile_that_read_something_else_has_not_used_the_fix),
		test(test_a_compile_that_read_the_original_is_an_error),
		test(test_what_is_no_dependency_file_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
