// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Running in another root: a toolchain whose programs are the host's own. Where the system
 * forbids namespaces (a container), that is said, and is the test's answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/subprocess.h"

struct world {
	struct tmpdir top;
	char *dir, *seen, *hidden;
	struct root_bind binds[2];
	struct root root;
};

static char *in(const struct world *w, const char *name)
{
	char *path = str_printf("%s/%s", w->top.path, name);

	assert_non_null(path);
	return path;
}

static void make_folder(const struct world *w, const char *name)
{
	char *path __free = in(w, name);

	assert_null(dir_make(path));
}

static void host_link(const struct world *w, const char *name, const char *to)
{
	char *path __free = in(w, name);

	assert_int_equal(symlink(to, path), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	assert_null(tmpdir_make("/tmp", &w->top));
	make_folder(w, "tools/root");
	make_folder(w, "tools/enter");
	make_folder(w, "seen/below");
	make_folder(w, "hidden");
	host_link(w, "tools/root/usr", "/usr");
	host_link(w, "tools/root/etc", "/etc");
	w->dir = in(w, "tools");
	w->seen = in(w, "seen");
	w->hidden = in(w, "hidden");
	w->binds[0] = (struct root_bind){ w->seen, true };
	w->root = (struct root){ w->dir, w->binds, 1 };
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	tmpdir_remove(&w->top);
	free(w->dir);
	free(w->seen);
	free(w->hidden);
	free(w);
	return 0;
}

static int run(const struct world *w, const char *script, struct strbuf *out)
{
	struct subprocess p = { .argv = subprocess_words("sh", "-c", script, w->seen, w->hidden),
				.cwd = w->seen,
				.root = &w->root,
				.out = out,
				.err = out };
	struct error *e __cleanup_error = subprocess_run(&p);

	if (e)
		print_error("%s\n", error_message(e));
	assert_null(e);
	return p.status;
}

static void test_a_path_means_the_same_inside(void **state)
{
	struct strbuf out __cleanup_strbuf = { 0 }, made __cleanup_strbuf = { 0 };
	struct world *w = *state;
	char *file __free = in(w, "seen/below/made");

	assert_int_equal(run(w, "pwd; echo here > \"$0/below/made\"", &out), 0);
	assert_non_null(strstr(out.s, w->seen));
	assert_null(file_read(file, &made));
	assert_string_equal(made.s, "here\n");
}

static void test_what_is_not_bound_is_not_there(void **state)
{
	struct world *w = *state;
	struct strbuf out __cleanup_strbuf = { 0 };

	assert_int_equal(run(w, "[ ! -e \"$1\" ]", &out), 0);
}

static void test_a_folder_that_is_only_to_be_read_cannot_be_written_to(void **state)
{
	struct world *w = *state;
	struct strbuf out __cleanup_strbuf = { 0 };

	w->binds[0].writable = false;
	assert_int_not_equal(run(w, "echo x > \"$0/below/made\"", &out), 0);
	assert_int_not_equal(run(w, "echo x > /usr/suture-made", &out), 0);
	assert_int_equal(run(w, "[ -d \"$0/below\" ]", &out), 0);
}

static void test_no_network_can_be_reached(void **state)
{
	struct world *w = *state;
	struct strbuf out __cleanup_strbuf = { 0 };

	assert_int_equal(run(w, "cat /proc/self/net/dev", &out), 0);
	assert_non_null(strstr(out.s, "lo:"));
	assert_null(strstr(out.s, "eth"));
	assert_null(strstr(out.s, "en"));
}

static void test_no_mount_stays_behind(void **state)
{
	struct world *w = *state;
	struct strbuf out __cleanup_strbuf = { 0 }, mounts __cleanup_strbuf = { 0 };
	char *enter __free = in(w, "tools/enter/usr");

	assert_int_equal(run(w, "kill -9 $$", &out), 128 + 9);
	assert_null(file_read("/proc/self/mounts", &mounts));
	assert_null(strstr(mounts.s, w->dir));
	assert_false(file_exists(enter));
}

static void test_a_root_that_is_not_there_is_an_error(void **state)
{
	struct world *w = *state;
	struct subprocess p = { .argv = subprocess_words("true"), .root = &w->root };
	struct error *e __cleanup_error = NULL;

	w->root.dir = w->hidden;
	e = subprocess_run(&p);
	assert_non_null(e);
	assert_non_null(strstr(error_message(e), w->hidden));
}

static void test_a_folder_to_bind_that_is_not_there_is_named(void **state)
{
	struct world *w = *state;
	struct subprocess p = { .argv = subprocess_words("true"), .root = &w->root };
	struct error *e __cleanup_error = NULL;

	w->binds[1] = (struct root_bind){ "/nowhere-at-all", false };
	w->root.n = 2;
	e = subprocess_run(&p);
	assert_non_null(e);
	assert_non_null(strstr(error_message(e), "/nowhere-at-all"));
}

static void test_without_namespaces_there_is_advice(void **state)
{
	struct error *e __cleanup_error = root_check();

	(void)state;
	assert_non_null(error_advice(e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_path_means_the_same_inside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_not_bound_is_not_there, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			test_a_folder_that_is_only_to_be_read_cannot_be_written_to, setup,
			teardown),
		cmocka_unit_test_setup_teardown(test_no_network_can_be_reached, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_mount_stays_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_root_that_is_not_there_is_an_error, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_folder_to_bind_that_is_not_there_is_named,
						setup, teardown),
	};
	const struct CMUnitTest forbidden[] = {
		cmocka_unit_test(test_without_namespaces_there_is_advice),
	};
	struct error *e __cleanup_error = root_check();

	if (e)
		return cmocka_run_group_tests(forbidden, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
