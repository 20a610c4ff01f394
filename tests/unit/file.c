// SPDX-License-Identifier: GPL-2.0-or-later
/* Files and folders: whole or not at all, links never followed, nothing left behind. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/subprocess.h"

static struct tmpdir dir;

static char *at(const char *name)
{
	static char path[4][512];
	static unsigned int turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", dir.path, name);
	return p;
}

static int setup(void **state)
{
	(void)state;
	return tmpdir_make(NULL, &dir) ? -1 : 0;
}

static int teardown(void **state)
{
	char *path __free = strdup(dir.path);

	(void)state;
	tmpdir_remove(&dir);
	return file_exists(path) ? -1 : 0;
}

static void write_file(const char *path, const char *text)
{
	assert_null(file_write(path, text, strlen(text), 0644));
}

static void test_what_was_written_is_read_and_mapped(void **state)
{
	struct strbuf b __cleanup_strbuf = { 0 };
	struct file_map m __cleanup_map = { 0 };
	struct stat st;

	(void)state;
	assert_null(file_write_durable(at("f"), "hello", 5, 0640));
	assert_null(file_read(at("f"), &b));
	assert_string_equal(strbuf_str(&b), "hello");
	assert_null(file_map(at("f"), &m));
	assert_int_equal(m.size, 5);
	assert_memory_equal(m.bytes, "hello", 5);
	m.bytes[0] = 'j';
	assert_int_equal(stat(at("f"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	strbuf_free(&b);
	assert_null(file_read(at("f"), &b));
	assert_string_equal(strbuf_str(&b), "hello");
}

static void test_files_without_a_size_are_read_to_their_end(void **state)
{
	struct strbuf b __cleanup_strbuf = { 0 };

	(void)state;
	assert_null(file_read("/proc/self/status", &b));
	assert_non_null(strstr(strbuf_str(&b), "Pid:"));
}

static void test_an_empty_file_maps_to_nothing(void **state)
{
	struct file_map m __cleanup_map = { 0 };

	(void)state;
	write_file(at("empty"), "");
	assert_null(file_map(at("empty"), &m));
	assert_null(m.bytes);
	assert_int_equal(m.size, 0);
}

static void test_files_have_the_same_bytes_or_not(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = { { "bytes", "bytes", true },
		     { "bytes", "byteS", false },
		     { "bytes", "byte", false },
		     { "", "b", false },
		     { "", "", true } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool same;

		write_file(at("one"), rows[i].a);
		write_file(at("two"), rows[i].b);
		assert_null(file_compare(at("one"), at("two"), &same));
		assert_int_equal(same, rows[i].same);
	}
}

static void test_what_is_no_regular_file_is_refused_without_waiting(void **state)
{
	struct file_map m __cleanup_map = { 0 };
	struct strbuf b __cleanup_strbuf = { 0 };
	struct error *e __cleanup_error = NULL;

	(void)state;
	assert_int_equal(mkfifo(at("fifo"), 0600), 0);
	e = file_map(at("fifo"), &m);
	assert_non_null(e);
	error_free(&e);
	e = file_map(dir.path, &m);
	assert_non_null(e);
	assert_null(file_read(at("fifo"), &b));
	assert_int_equal(b.n, 0);
}

static void test_a_missing_file_is_named_with_its_reason(void **state)
{
	struct strbuf b __cleanup_strbuf = { 0 };
	struct error *e __cleanup_error = file_read(at("nowhere"), &b);

	(void)state;
	assert_non_null(e);
	assert_int_equal(error_code(e), ENOENT);
	assert_non_null(strstr(error_message(e), "nowhere"));
}

static void test_a_write_that_fails_keeps_the_old_content_and_leaves_nothing_else(void **state)
{
	struct subprocess p = {
		.argv = subprocess_words("sh", "-c", "ls | wc -l"),
		.cwd = dir.path,
	};
	struct strbuf b __cleanup_strbuf = { 0 };
	struct rlimit before, small = { 0 };
	struct error *e __cleanup_error = NULL;

	(void)state;
	/* A file size limit fails a write halfway, as a full disk does. */
	write_file(at("kept"), "old");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){ 4, before.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	e = file_write(at("kept"), "longer than it may be", 21, 0644);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_non_null(e);
	assert_int_equal(error_code(e), EFBIG);
	error_free(&e);
	e = file_write(at("kept/below"), "new", 3, 0644);
	assert_non_null(e);
	error_free(&e);
	assert_int_equal(mkdir(at("folder"), 0755), 0);
	write_file(at("folder/inside"), "x");
	e = file_write(at("folder"), "new", 3, 0644);
	assert_non_null(e);
	assert_null(file_read(at("kept"), &b));
	assert_string_equal(strbuf_str(&b), "old");
	strbuf_free(&b);
	p.out = &b;
	assert_null(subprocess_check(&p));
	assert_string_equal(strbuf_str(&b), "2\n");
}

static void test_a_planted_link_under_the_temporary_name_is_not_followed(void **state)
{
	struct strbuf b __cleanup_strbuf = { 0 };
	char name[64];

	(void)state;
	write_file(at("victim"), "safe");
	snprintf(name, sizeof(name), "out.new.%d", (int)getpid());
	assert_int_equal(symlink(at("victim"), at(name)), 0);
	write_file(at("out"), "fresh");
	assert_null(file_read(at("victim"), &b));
	assert_string_equal(strbuf_str(&b), "safe");
}

static void test_folders_are_made_with_all_above_them(void **state)
{
	struct error *e __cleanup_error = NULL;

	(void)state;
	assert_null(dir_make(at("a//b/c/")));
	assert_true(file_is_dir(at("a/b/c")));
	assert_null(dir_make(at("a/b/c")));
	write_file(at("a/file"), "x");
	e = dir_make(at("a/file"));
	assert_non_null(e);
	error_free(&e);
	e = dir_make(at("a/file/below"));
	assert_non_null(e);
	error_free(&e);
	e = dir_make("");
	assert_non_null(e);
}

static void test_removing_a_tree_leaves_what_its_links_point_to(void **state)
{
	(void)state;
	assert_null(dir_make(at("gone/deep/deeper")));
	assert_null(dir_make(at("stays")));
	write_file(at("stays/file"), "x");
	write_file(at("gone/deep/file"), "x");
	assert_int_equal(symlink(at("stays"), at("gone/deep/link")), 0);
	assert_null(dir_remove(at("gone")));
	assert_false(file_exists(at("gone")));
	assert_true(file_exists(at("stays/file")));
	assert_null(dir_remove(at("gone")));
}

static void test_a_copy_has_the_content_and_the_mode(void **state)
{
	struct strbuf b __cleanup_strbuf = { 0 };
	struct stat st;

	(void)state;
	assert_null(file_write(at("from"), "#!", 2, 0755));
	assert_null(file_copy(at("from"), at("to")));
	assert_null(file_read(at("to"), &b));
	assert_string_equal(strbuf_str(&b), "#!");
	assert_int_equal(stat(at("to"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
}

static void test_the_cache_is_where_the_environment_says_and_its_name_is_absolute(void **state)
{
	char *cache __free = NULL, *here __free = getcwd(NULL, 0);

	(void)state;
	assert_non_null(here);
	assert_int_equal(chdir(dir.path), 0);
	setenv("SUTURE_CACHE", "relative/cache", 1);
	assert_null(cache_dir(&cache));
	assert_int_equal(cache[0], '/');
	assert_true(file_is_dir(cache));
	assert_int_equal(chdir(here), 0);
	assert_true(file_is_dir(cache));
	unsetenv("SUTURE_CACHE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_was_written_is_read_and_mapped, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_files_without_a_size_are_read_to_their_end,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_empty_file_maps_to_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_files_have_the_same_bytes_or_not, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			test_what_is_no_regular_file_is_refused_without_waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_missing_file_is_named_with_its_reason, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			test_a_write_that_fails_keeps_the_old_content_and_leaves_nothing_else,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_planted_link_under_the_temporary_name_is_not_followed, setup,
			teardown),
		cmocka_unit_test_setup_teardown(test_folders_are_made_with_all_above_them, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_removing_a_tree_leaves_what_its_links_point_to,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_copy_has_the_content_and_the_mode, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			test_the_cache_is_where_the_environment_says_and_its_name_is_absolute,
			setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
