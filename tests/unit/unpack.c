// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's unpacking of archives: the same files whatever the pieces, and nothing beside them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/file.h"
#include "qemu/cpio.h"
#include "qemu/payload.h"

/* The guest's own code, which is in no library. */
#include "qemu/guest/unpack.c"

#define OK(expr) assert_ok((expr), #expr)

static struct tmpdir dir;
static struct arena arena;

static void assert_ok(struct error *e, const char *what)
{
	if (e)
		fail_msg("%s: %s", what, error_message(e));
}

static int prepare(void **state)
{
	(void)state;
	OK(tmpdir_make(NULL, &dir));
	return 0;
}

static int tidy(void **state)
{
	(void)state;
	tmpdir_remove(&dir);
	arena_free(&arena);
	return 0;
}

static const char *in_dir(const char *name)
{
	const char *path = arena_printf(&arena, "%s/%s", dir.path, name);

	assert_non_null(path);
	return path;
}

/* In pieces of so many bytes. */
static int unpack(const struct cpio *c, const char *at, size_t piece)
{
	int err = 0;

	unpack_begin(at);
	for (size_t i = 0; i < c->bytes.n && !err; i += piece) {
		size_t n = c->bytes.n - i < piece ? c->bytes.n - i : piece;

		err = unpack_bytes((const uint8_t *)c->bytes.s + i, n);
	}
	return err ? err : unpack_end();
}

static void expect(const char *path, const char *words, unsigned int mode)
{
	struct strbuf got __cleanup_strbuf = { 0 };
	struct stat st;

	OK(file_read(path, &got));
	assert_string_equal(strbuf_str(&got), words);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, mode);
}

static void test_the_files_are_the_same_whatever_the_pieces(void **state)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 110, 4096, 1u << 20 };
	struct cpio c __cleanup_cpio = { 0 };
	char target[16] = "";

	(void)state;
	OK(cpio_file(&c, "/a/b/odd", 0755, "12345", 5));
	OK(cpio_file(&c, "/a/empty", 0600, NULL, 0));
	OK(cpio_symlink(&c, "/a/link", "b/odd"));
	OK(cpio_file(&c, "/a/last", 0644, "1234", 4));
	OK(cpio_end(&c));
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		const char *at = arena_printf(&arena, "%s/%zu", dir.path, pieces[i]);

		OK(dir_make(at));
		assert_int_equal(unpack(&c, at, pieces[i]), 0);
		expect(arena_printf(&arena, "%s/a/b/odd", at), "12345", 0755);
		expect(arena_printf(&arena, "%s/a/empty", at), "", 0600);
		expect(arena_printf(&arena, "%s/a/last", at), "1234", 0644);
		assert_int_equal(readlink(arena_printf(&arena, "%s/a/link", at), target, 15), 5);
		assert_string_equal(target, "b/odd");
	}
}

static void test_a_link_that_is_there_is_replaced_and_not_written_through(void **state)
{
	struct cpio c __cleanup_cpio = { 0 };
	struct stat st;

	(void)state;
	OK(dir_make(in_dir("bin")));
	OK(file_write(in_dir("bin/busybox"), "busybox", 7, 0755));
	assert_int_equal(symlink("busybox", in_dir("bin/sh")), 0);
	OK(cpio_file(&c, "/bin/sh", 0755, "shell", 5));
	OK(cpio_end(&c));
	assert_int_equal(unpack(&c, dir.path, 50), 0);
	expect(in_dir("bin/busybox"), "busybox", 0755);
	expect(in_dir("bin/sh"), "shell", 0755);
	assert_int_equal(lstat(in_dir("bin/sh"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void test_what_cannot_be_written_and_what_is_cut_off_are_told(void **state)
{
	struct cpio c __cleanup_cpio = { 0 }, cut __cleanup_cpio = { 0 };

	(void)state;
	OK(file_write(in_dir("file"), "", 0, 0600));
	OK(cpio_file(&c, "/x", 0644, "1", 1));
	OK(cpio_end(&c));
	assert_int_equal(unpack(&c, in_dir("file"), 4096), ENOTDIR);
	assert_string_equal(unpack_path(), in_dir("file/x"));
	OK(cpio_file(&cut, "/y", 0644, "12345678", 8));
	OK(cpio_end(&cut));
	cut.bytes.n = 118;
	assert_int_equal(unpack(&cut, dir.path, 4096), EBADMSG);
	memcpy(c.bytes.s, "070702", 6);
	assert_int_equal(unpack(&c, dir.path, 4096), EBADMSG);
}

static void test_a_folder_is_packed_as_it_is(void **state)
{
	struct cpio c __cleanup_cpio = { 0 };
	char target[16] = "";

	(void)state;
	OK(dir_make(in_dir("from/sub")));
	OK(file_write(in_dir("from/sub/f"), "words", 5, 0640));
	assert_int_equal(symlink("nowhere", in_dir("from/link")), 0);
	OK(payload_tree(&c, in_dir("from"), "/to/here"));
	OK(cpio_end(&c));
	assert_int_equal(unpack(&c, dir.path, 100), 0);
	expect(in_dir("to/here/sub/f"), "words", 0640);
	assert_int_equal(readlink(in_dir("to/here/link"), target, 15), 7);
	assert_string_equal(target, "nowhere");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_files_are_the_same_whatever_the_pieces),
		cmocka_unit_test(test_a_link_that_is_there_is_replaced_and_not_written_through),
		cmocka_unit_test(test_what_cannot_be_written_and_what_is_cut_off_are_told),
		cmocka_unit_test(test_a_folder_is_packed_as_it_is),
	};

	return cmocka_run_group_tests(tests, prepare, tidy);
}
