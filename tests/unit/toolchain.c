// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A target's own toolchain, made here of the host's programs: what runs in it, who shares it,
 * when it goes. Where the system forbids namespaces nothing runs in one; the rest is tested.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/subprocess.h"
#include "source/manifest.h"
#include "source/store.h"
#include "source/toolchain.h"
#include "source/toolchain_store.h"

#define NAME "sid-gcc-1-1.0-1"

struct world {
	struct tmpdir tmp;
	struct target *target;
};

static char *in(const struct world *w, const char *name)
{
	char *path = str_printf("%s/%s", w->tmp.path, name);

	assert_non_null(path);
	return path;
}

static void put(const struct world *w, const char *name, const char *text)
{
	char *path __free = in(w, name);

	assert_null(file_write(path, text, strlen(text), 0644));
}

static bool is_there(const struct world *w, const char *name)
{
	char *path __free = in(w, name);

	return file_exists(path);
}

/* The host's programs as a toolchain. */
static void make_toolchain(const struct world *w, const char *name)
{
	static const char *const folders[] = { "root", "enter" }, *const links[] = { "usr", "etc" };
	char *json __free = str_printf("cache/toolchains/%s/toolchain.json", name);

	for (size_t i = 0; i < 2; i++) {
		char *folder __free =
			str_printf("%s/cache/toolchains/%s/%s", w->tmp.path, name, folders[i]);

		assert_null(dir_make(folder));
	}
	for (size_t i = 0; i < 2; i++) {
		char *link __free =
			str_printf("%s/cache/toolchains/%s/root/%s", w->tmp.path, name, links[i]);
		char *to __free = str_printf("/%s", links[i]);

		assert_int_equal(symlink(to, link), 0);
	}
	put(w, json,
	    "{\"packages\":[{\"name\":\"gcc-1\",\"version\":\"1.0-1\",\"sha256\":\"ab\","
	    "\"size\":7}]}");
}

/* A target, as target_add() leaves it, with a toolchain. */
static void make_target(const struct world *w, const char *release)
{
	struct target t = { .name = str_printf("kernel:%s", release),
			    .release = (char *)release,
			    .version = (char *)"1",
			    .compiler = (char *)"gcc",
			    .compiler_text = (char *)"gcc" };

	(void)w;
	assert_null(store_path(release, &t.dir));
	assert_null(dir_make(t.dir));
	assert_null(toolchain_open(NAME, t.dir, false, &t.toolchain));
	assert_null(manifest_write(&t, t.dir));
	toolchain_free(&t.toolchain);
	free(t.name);
	free(t.dir);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char *cache __free = NULL;

	assert_non_null(w);
	assert_null(tmpdir_make(NULL, &w->tmp));
	cache = in(w, "cache");
	setenv("SUTURE_CACHE", cache, 1);
	make_toolchain(w, NAME);
	make_target(w, "1.0-amd64");
	assert_null(target_open("kernel:1.0-amd64", &w->target));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	target_free(&w->target);
	tmpdir_remove(&w->tmp);
	free(w);
	return 0;
}

static void test_a_target_says_which_toolchain_it_has(void **state)
{
	struct world *w = *state;

	assert_string_equal(w->target->toolchain->name, NAME);
	assert_int_equal(w->target->toolchain->packages.n, 1);
	assert_string_equal(w->target->toolchain->packages.v[0].version, "1.0-1");
	assert_ptr_equal(target_root(w->target), &w->target->toolchain->root);
}

static void test_a_target_whose_toolchain_is_gone_is_unusable(void **state)
{
	struct world *w = *state;
	char *json __free = in(w, "cache/toolchains/" NAME "/toolchain.json");
	struct target *t __cleanup_target = NULL;
	struct error *e __cleanup_error = NULL;

	assert_int_equal(unlink(json), 0);
	e = target_open("kernel:1.0-amd64", &t);
	assert_non_null(e);
	assert_non_null(strstr(error_message(e), NAME));
}

static void compile(const struct world *w, const struct root *root, const char *object)
{
	char *dir __free = in(w, "work"), *to __free = in(w, object);
	struct strbuf said __cleanup_strbuf = { 0 };
	struct subprocess p = { .argv = subprocess_words("gcc", "-g", "-O2", "-c", "x.c", "-o", to),
				.env = subprocess_words("LC_ALL=C"),
				.clear_env = true,
				.cwd = dir,
				.root = root,
				.out = &said,
				.err = &said };
	struct error *e __cleanup_error = subprocess_check(&p);

	if (e)
		fail_msg("%s", error_message(e));
}

static void test_an_object_is_the_same_wherever_it_is_compiled(void **state)
{
	struct world *w = *state;
	char *dir __free = in(w, "work");
	char *out_path __free = in(w, "work/out.o"), *in_path __free = in(w, "work/in.o");
	struct strbuf outside __cleanup_strbuf = { 0 }, inside __cleanup_strbuf = { 0 };

	assert_null(dir_make(dir));
	put(w, "work/x.c", "#include <limits.h>\nint f(int x) { return x == INT_MAX; }\n");
	compile(w, NULL, "work/out.o");
	compile(w, target_root(w->target), "work/in.o");
	assert_null(file_read(out_path, &outside));
	assert_null(file_read(in_path, &inside));
	assert_int_equal(inside.n, outside.n);
	assert_memory_equal(inside.s, outside.s, outside.n);
}

static void test_the_compiler_asked_is_the_toolchains(void **state)
{
	struct world *w = *state;
	struct error *e __cleanup_error = NULL;

	free(w->target->compiler_text);
	w->target->compiler_text = strdup("gcc (another) 1.0");
	e = target_check_compiler(w->target);
	assert_non_null(e);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
}

static void test_a_toolchain_goes_with_its_last_target(void **state)
{
	struct world *w = *state;

	make_target(w, "2.0-amd64");
	assert_null(target_remove("kernel:1.0-amd64"));
	assert_true(is_there(w, "cache/toolchains/" NAME "/toolchain.json"));
	assert_null(target_remove("kernel:2.0-amd64"));
	assert_false(is_there(w, "cache/toolchains/" NAME));
}

static void test_what_a_killed_maker_left_is_swept_and_whole_ones_stay(void **state)
{
	struct world *w = *state;

	make_toolchain(w, ".new-half.1");
	assert_null(toolchain_sweep_temporary());
	assert_false(is_there(w, "cache/toolchains/.new-half.1"));
	assert_true(is_there(w, "cache/toolchains/" NAME));
}

static void test_a_name_that_leaves_the_cache_is_no_name(void **state)
{
	(void)state;
	assert_true(toolchain_is_name(NAME));
	assert_false(toolchain_is_name("../x"));
	assert_false(toolchain_is_name(".new-x"));
	assert_false(toolchain_is_name("a/b"));
	assert_false(toolchain_is_name(""));
}

#define test(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_a_target_says_which_toolchain_it_has),
		test(test_a_target_whose_toolchain_is_gone_is_unusable),
		test(test_an_object_is_the_same_wherever_it_is_compiled),
		test(test_the_compiler_asked_is_the_toolchains),
		test(test_a_toolchain_goes_with_its_last_target),
		test(test_what_a_killed_maker_left_is_swept_and_whole_ones_stay),
		cmocka_unit_test(test_a_name_that_leaves_the_cache_is_no_name),
	};

	const struct CMUnitTest everywhere[] = {
		test(test_a_target_says_which_toolchain_it_has),
		test(test_a_target_whose_toolchain_is_gone_is_unusable),
		test(test_a_toolchain_goes_with_its_last_target),
		test(test_what_a_killed_maker_left_is_swept_and_whole_ones_stay),
		cmocka_unit_test(test_a_name_that_leaves_the_cache_is_no_name),
	};
	struct error *forbidden __cleanup_error = root_check();

	if (!forbidden)
		return cmocka_run_group_tests(tests, NULL, NULL);
	print_message("# nothing can run in a root here: %s\n", error_message(forbidden));
	return cmocka_run_group_tests(everywhere, NULL, NULL);
}
