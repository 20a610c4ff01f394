// SPDX-License-Identifier: GPL-2.0-or-later
/* Snapshots as files: what is written is what is read, and what is broken is not used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "qemu/snapshot.h"

#define RAM (8u << 20)
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

static int memory(size_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	return fd;
}

static void put(int fd, const char *words, off_t at)
{
	assert_int_equal(pwrite(fd, words, strlen(words), at), strlen(words));
}

/* Words at the beginning, across a page's end, and at the end; the rest zero. */
static const off_t places[] = { 0, 4090, 1u << 20, RAM - 5 };

static struct error *write_one(const char *path)
{
	struct strbuf console __cleanup_strbuf = { 0 }, log __cleanup_strbuf = { 0 };
	int ram __closefd = memory(RAM), state __closefd = memory(5);
	const struct snapshot_parts parts = {
		.ram = ram, .state = state, .ram_size = RAM, .console = &console, .log = &log
	};

	for (size_t i = 0; i < 4; i++)
		put(ram, "words", places[i]);
	put(state, "state", 0);
	OK(strbuf_puts(&console, "on the console"));
	OK(strbuf_puts(&log, "in the log"));
	return snapshot_write(path, &parts);
}

static bool opens(const char *path, struct snapshot *s)
{
	bool found;

	OK(snapshot_open(path, RAM, s, &found));
	return found;
}

static void test_what_was_written_is_read(void **state)
{
	struct snapshot s __cleanup_snapshot = SNAPSHOT_NONE;
	const char *path = in_dir("snapshot-1");
	char words[16] = "";

	(void)state;
	OK(write_one(path));
	assert_true(opens(path, &s));
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pread(s.fd, words, 5, places[i]), 5);
		assert_string_equal(words, "words");
	}
	assert_int_equal(pread(s.fd, words, 5, (off_t)s.state), 5);
	assert_string_equal(words, "state");
	assert_string_equal(strbuf_str(&s.console), "on the console");
	assert_string_equal(strbuf_str(&s.log), "in the log");
}

static void test_pages_of_zeroes_take_no_room(void **state)
{
	const char *path = in_dir("snapshot-sparse");
	struct stat st;

	(void)state;
	OK(write_one(path));
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > RAM);
	assert_true(st.st_blocks * 512 < RAM / 4);
}

static void test_no_snapshot_is_no_error(void **state)
{
	struct snapshot s __cleanup_snapshot = SNAPSHOT_NONE;

	(void)state;
	assert_false(opens(in_dir("snapshot-none"), &s));
}

static void flip(const char *path, off_t at)
{
	int fd __closefd = open(path, O_RDWR);
	char byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

/* It is refused and removed. */
static void expect_broken(const char *path)
{
	struct snapshot s __cleanup_snapshot = SNAPSHOT_NONE;

	assert_false(opens(path, &s));
	assert_false(file_exists(path));
}

static void test_one_flipped_bit_anywhere_is_noticed(void **state)
{
	const char *path = in_dir("snapshot-bit");
	struct stat st;

	(void)state;
	OK(write_one(path));
	assert_int_equal(stat(path, &st), 0);
	/* in used memory, in memory that was zero, in the state, the log, the trailer */
	const off_t at[] = {
		2, 2u << 20, RAM + 1, RAM + 5 + 14 + 3, st.st_size - 20, st.st_size - 1
	};
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		if (!file_exists(path))
			OK(write_one(path));
		flip(path, at[i]);
		expect_broken(path);
	}
}

static void test_one_that_is_cut_off_or_of_another_size_is_noticed(void **state)
{
	const char *path = in_dir("snapshot-cut");
	struct snapshot s __cleanup_snapshot = SNAPSHOT_NONE;
	bool found;

	(void)state;
	OK(write_one(path));
	assert_int_equal(truncate(path, RAM + 30), 0);
	expect_broken(path);
	OK(file_write(path, "x", 1, 0600));
	expect_broken(path);
	OK(write_one(path));
	OK(snapshot_open(path, 2 * RAM, &s, &found));
	assert_false(found);
}

static void test_one_that_is_there_stays_and_nothing_is_left_beside_it(void **state)
{
	const char *path = in_dir("twice/snapshot-1");
	struct stat before, after;

	(void)state;
	OK(dir_make(in_dir("twice")));
	OK(write_one(path));
	assert_int_equal(stat(path, &before), 0);
	OK(write_one(path));
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(in_dir("twice")), 0);
}

static void make_old(const char *path, time_t age)
{
	struct timespec t[2] = { { .tv_sec = 1000000 - age }, { .tv_sec = 1000000 - age } };

	OK(write_one(path));
	assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
}

static void test_those_used_longest_ago_make_room(void **state)
{
	const char *place = in_dir("prune");
	const char *a = in_dir("prune/snapshot-a"), *b = in_dir("prune/snapshot-b");
	const char *c = in_dir("prune/snapshot-c"), *other = in_dir("prune/kvm-1");
	struct stat st;

	(void)state;
	OK(dir_make(place));
	make_old(a, 300);
	make_old(b, 100);
	make_old(c, 200);
	OK(file_write(other, "", 0, 0600));
	OK(snapshot_prune(place, NULL, 2, 1ull << 40));
	assert_false(file_exists(a));
	assert_true(file_exists(b) && file_exists(c) && file_exists(other));
	/* By size; the one that is named stays, however old. */
	assert_int_equal(stat(b, &st), 0);
	OK(snapshot_prune(place, c, 10, (uint64_t)st.st_blocks * 512 + 1));
	assert_true(file_exists(b) && file_exists(c));
	OK(snapshot_prune(place, NULL, 10, (uint64_t)st.st_blocks * 512 + 1));
	assert_true(file_exists(b) && !file_exists(c));
}

static void test_what_a_killed_writer_left_is_swept_and_a_living_ones_is_not(void **state)
{
	const char *place = in_dir("sweep");
	const char *dead = in_dir("sweep/new-dead"), *living = in_dir("sweep/new-living");
	int fd __closefd = -1;

	(void)state;
	OK(dir_make(place));
	OK(file_write(dead, "x", 1, 0600));
	OK(file_write(living, "x", 1, 0600));
	fd = open(living, O_RDONLY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	OK(snapshot_prune(place, NULL, 10, 1ull << 40));
	assert_false(file_exists(dead));
	assert_true(file_exists(living));
}

static void test_one_snapshot_has_one_maker_and_another_one_another(void **state)
{
	const char *a = in_dir("snapshot-00000000000000000000000000000010");
	const char *b = in_dir("snapshot-00000000000000000000000000000020");
	int first __closefd = -1, second __closefd = -1, other __closefd = -1;

	(void)state;
	OK(snapshot_lock(a, clock_seconds(), &first));
	assert_true(first >= 0);
	OK(snapshot_lock(a, clock_seconds(), &second));
	assert_true(second < 0);
	OK(snapshot_lock(b, clock_seconds(), &other));
	assert_true(other >= 0);
	close_fd(&first);
	OK(snapshot_lock(a, clock_seconds(), &second));
	assert_true(second >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_written_is_read),
		cmocka_unit_test(test_pages_of_zeroes_take_no_room),
		cmocka_unit_test(test_no_snapshot_is_no_error),
		cmocka_unit_test(test_one_flipped_bit_anywhere_is_noticed),
		cmocka_unit_test(test_one_that_is_cut_off_or_of_another_size_is_noticed),
		cmocka_unit_test(test_one_that_is_there_stays_and_nothing_is_left_beside_it),
		cmocka_unit_test(test_those_used_longest_ago_make_room),
		cmocka_unit_test(test_what_a_killed_writer_left_is_swept_and_a_living_ones_is_not),
		cmocka_unit_test(test_one_snapshot_has_one_maker_and_another_one_another),
	};

	return cmocka_run_group_tests(tests, prepare, tidy);
}
