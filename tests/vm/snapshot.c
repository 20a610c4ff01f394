// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A kernel boots once: what a guest that goes on from a snapshot must have of its own, and what
 * must not go wrong with the file. timeout: 1500 s
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/lab/lab.h"

static struct lab lab;
static struct strbuf out;
static int status;

static void ok(struct error *e)
{
	if (e)
		fail_msg("%s", error_message(e));
}

static void expect_error(struct error *e, const char *word)
{
	assert_non_null(e);
	if (!strstr(error_message(e), word))
		fail_msg("\"%s\" does not say \"%s\"", error_message(e), word);
	error_free(&e);
}

static const char *in_dir(const char *name)
{
	const char *path = arena_printf(&lab.arena, "%s/%s", lab.dir.path, name);

	assert_non_null(path);
	return path;
}

/* The target is the usual one; snapshots go to a cache of our own. */
static int prepare(void **state)
{
	struct error *e __cleanup_error = lab_open(&lab, "tests/vm/fixes.list");

	(void)state;
	if (!e && (e = target_open(lab.target_name, &lab.target))) {
		error_free(&e);
		e = target_add(lab.target_name, &lab.target);
	}
	if (e) {
		print_error("%s\n", error_message(e));
		return -1;
	}
	return setenv("SUTURE_CACHE", in_dir("cache"), 1);
}

static int tidy(void **state)
{
	(void)state;
	lab_close(&lab);
	strbuf_free(&out);
	return 0;
}

static struct vm_options options(void)
{
	return (struct vm_options){ .kernel = lab.target->vmlinuz, .modules = lab.target->modules };
}

static void run(struct vm *vm, const char *command)
{
	strbuf_free(&out);
	ok(vm_run(vm, command, 0, &out, &status));
}

/* The only snapshot in the cache, or NULL; *n says how many files beside the lock there are. */
static const char *snapshot(size_t *n)
{
	DIR *d = opendir(in_dir("cache/vm"));
	const char *path = NULL;
	struct dirent *ent;

	*n = 0;
	while (d && (ent = readdir(d))) {
		if (ent->d_name[0] == '.' || str_equal(ent->d_name, "lock") ||
		    str_starts(ent->d_name, "kvm-"))
			continue;
		(*n)++;
		if (str_starts(ent->d_name, "snapshot-"))
			path = arena_printf(&lab.arena, "%s/%s", in_dir("cache/vm"), ent->d_name);
	}
	if (d)
		closedir(d);
	return path;
}

static void expect_one_snapshot(void)
{
	size_t n;

	assert_non_null(snapshot(&n));
	assert_int_equal(n, 1);
}

/* --- what a restored guest has of its own -------------------------------------- */

static void test_two_that_start_at_the_same_time_boot_once_and_go_on_from_it(void **state)
{
	struct vm *vm __cleanup_vm = NULL;
	struct vm_options opt = options();
	pid_t pid = fork();
	int wait_status;

	(void)state;
	assert_true(pid >= 0);
	if (!pid) {
		struct error *e __cleanup_error = vm_boot(&opt, &vm);
		bool good = !e && vm_restored(vm);

		vm_stop(&vm);
		_exit(good ? 0 : 1);
	}
	ok(vm_boot(&opt, &vm));
	assert_true(vm_restored(vm));
	assert_int_equal(waitpid(pid, &wait_status, 0), pid);
	assert_int_equal(wait_status, 0);
	expect_one_snapshot();
}

static void test_two_at_a_time_have_memory_randomness_and_files_of_their_own(void **state)
{
	static const char random[] = "head -c 16 /dev/urandom | od -An -tx1; cat "
				     "/proc/sys/kernel/random/uuid";
	struct vm *a __cleanup_vm = NULL, *b __cleanup_vm = NULL;
	struct vm_options opt = options();
	const char *first;

	(void)state;
	ok(vm_boot(&opt, &a));
	ok(vm_boot(&opt, &b));
	assert_true(vm_restored(a) && vm_restored(b));
	run(a, random);
	first = arena_strdup(&lab.arena, strbuf_str(&out));
	run(b, random);
	assert_true(strlen(first) > 60);
	assert_string_not_equal(strbuf_str(&out), first);
	run(a, "echo a > /tmp/mine");
	run(b, "cat /tmp/mine");
	assert_int_equal(status, 1);
	run(b, "echo b > /tmp/mine");
	run(a, "cat /tmp/mine");
	assert_string_equal(strbuf_str(&out), "a\n");
	expect_one_snapshot();
}

static void test_it_has_the_right_time_and_the_whole_log(void **state)
{
	struct strbuf log __cleanup_strbuf = { 0 };
	struct vm *vm __cleanup_vm = NULL;
	struct vm_options opt = options();
	time_t before = time(NULL), there;

	(void)state;
	ok(vm_boot(&opt, &vm));
	run(vm, "date +%s");
	there = (time_t)atoll(strbuf_str(&out));
	assert_true(there >= before - 1 && there <= time(NULL) + 1);
	run(vm, "echo a word of now > /dev/kmsg");
	ok(vm_dmesg(vm, &log));
	assert_non_null(strstr(strbuf_str(&log), "Linux version"));
	assert_non_null(strstr(strbuf_str(&log), "a word of now"));
}

static void test_folders_and_modules_come_afterwards(void **state)
{
	struct vm *vm __cleanup_vm = NULL;
	struct vm_options opt = options();

	(void)state;
	ok(vm_boot(&opt, &vm));
	ok(dir_make(in_dir("share/sub")));
	ok(file_write(in_dir("share/sub/f"), "words\n", 6, 0640));
	ok(vm_share(vm, in_dir("share"), "/there"));
	run(vm, "cat /there/sub/f; stat -c %a /there/sub/f");
	assert_string_equal(strbuf_str(&out), "words\n640\n");
	expect_error(vm_share(vm, in_dir("missing"), "/x"), "missing");
	ok(vm_load(vm, "8021q"));
	ok(vm_load(vm, "8021q"));
	run(vm, "grep -c -e ^8021q -e ^garp -e ^mrp /proc/modules");
	assert_string_equal(strbuf_str(&out), "3\n");
	expect_error(vm_load(vm, "no-such-module"), "no module no-such-module");
	run(vm, "true");
	assert_int_equal(status, 0);
	expect_one_snapshot();
}

static void test_tools_are_in_a_snapshot_of_their_own_that_follows_them(void **state)
{
	const char *tool = in_dir("tool");
	const char *tools[] = { arena_printf(&lab.arena, "%s=/bin/tool", tool), NULL };
	struct vm_options opt = options();
	size_t n;

	(void)state;
	opt.tools = tools;
	for (unsigned int i = 1; i <= 2; i++) {
		const char *words = arena_printf(&lab.arena, "#!/bin/sh\necho %u\n", i);
		struct vm *vm __cleanup_vm = NULL;

		ok(file_write(tool, words, strlen(words), 0755));
		ok(vm_boot(&opt, &vm));
		assert_true(vm_restored(vm));
		run(vm, "tool");
		assert_string_equal(strbuf_str(&out), arena_printf(&lab.arena, "%u\n", i));
	}
	snapshot(&n);
	assert_int_equal(n, 3);
	ok(dir_remove(in_dir("cache/vm")));
}

/* --- the file ------------------------------------------------------------------- */

static void test_a_fresh_boot_neither_uses_a_snapshot_nor_makes_one(void **state)
{
	struct vm *vm __cleanup_vm = NULL;
	struct vm_options opt = options();
	size_t n;

	(void)state;
	opt.fresh = true;
	ok(vm_boot(&opt, &vm));
	assert_false(vm_restored(vm));
	run(vm, "uname -r");
	assert_string_equal(strbuf_str(&out),
			    arena_printf(&lab.arena, "%s\n", lab.target->release));
	assert_null(snapshot(&n));
}

static void test_a_broken_snapshot_is_made_again(void **state)
{
	struct vm_options opt = options();
	struct stat before, after;
	const char *path;
	size_t n;
	int fd;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct vm *vm __cleanup_vm = NULL;

		ok(vm_boot(&opt, &vm));
		assert_true(vm_restored(vm));
		path = snapshot(&n);
		assert_int_equal(n, 1);
		if (i) {
			assert_int_equal(stat(path, &after), 0);
			assert_int_not_equal(before.st_ino, after.st_ino);
			break;
		}
		fd = open(path, O_RDWR);
		assert_true(fd >= 0 && !fstat(fd, &before));
		assert_int_equal(pwrite(fd, "broken", 6, 16 << 20), 6);
		close(fd);
	}
}

static void test_a_cache_without_room_costs_the_snapshot_and_not_the_guest(void **state)
{
	struct vm *vm __cleanup_vm = NULL;
	struct vm_options opt = options();
	const char *small = in_dir("small");
	struct dirent *ent;
	DIR *d;
	size_t n = 0;

	(void)state;
	ok(dir_make(small));
	if (mount("tmpfs", small, "tmpfs", 0, "size=8m") < 0) {
		print_message("# SKIP a small file system cannot be mounted: %s\n",
			      strerror(errno));
		skip();
	}
	setenv("SUTURE_CACHE", small, 1);
	ok(vm_boot(&opt, &vm));
	assert_false(vm_restored(vm));
	run(vm, "echo well");
	assert_string_equal(strbuf_str(&out), "well\n");
	setenv("SUTURE_CACHE", in_dir("cache"), 1);
	d = opendir(in_dir("small/vm"));
	while (d && (ent = readdir(d)))
		n += !strncmp(ent->d_name, "snapshot", 8);
	closedir(d);
	assert_int_equal(n, 0);
	assert_int_equal(umount(small), 0);
}

static void test_without_an_emulator_the_error_says_what_to_install(void **state)
{
	const char *path = arena_strdup(&lab.arena, getenv("PATH"));
	struct vm *vm __cleanup_vm = NULL;
	struct vm_options opt = options();
	struct error *e;

	(void)state;
	setenv("PATH", in_dir("nothing"), 1);
	opt.cpus = 2;
	e = vm_boot(&opt, &vm);
	setenv("PATH", path, 1);
	assert_non_null(e);
	assert_int_equal(error_kind(e), ERROR_FAILED);
	assert_non_null(strstr(error_advice(e), "qemu-system-x86"));
	expect_error(e, "qemu-system-x86_64: no such program");
}

/* --- what is left of a guest ------------------------------------------------------ */

static bool contains(const char *path, const char *words)
{
	struct file_map m __cleanup_map = { 0 };

	ok(file_map(path, &m));
	return memmem(m.bytes, m.size, words, strlen(words));
}

static void test_a_panic_leaves_console_log_and_memory_where_it_says(void **state)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct vm *vm __cleanup_vm = NULL;
	struct vm_options opt = options();
	struct error *e;
	Elf64_Ehdr head;
	int fd;

	(void)state;
	opt.crash = in_dir("crash");
	opt.core = true;
	ok(vm_boot(&opt, &vm));
	assert_false(file_exists(opt.crash));
	run(vm, "echo 'wound' > /dev/kmsg; f=deep; echo ${f}within > /tmp/f");
	e = vm_run(vm, "echo c > /proc/sysrq-trigger", 60, &out, &status);
	assert_non_null(e);
	assert_non_null(strstr(error_advice(e), in_dir("crash/core")));
	expect_error(e, "sysrq triggered crash");
	assert_int_equal(vm_state(vm), VM_PANICKED);
	ok(file_read(in_dir("crash/console.log"), &text));
	assert_non_null(strstr(strbuf_str(&text), "sysrq triggered crash"));
	strbuf_free(&text);
	ok(file_read(in_dir("crash/dmesg.log"), &text));
	assert_non_null(strstr(strbuf_str(&text), "wound"));
	fd = open(in_dir("crash/core"), O_RDONLY);
	assert_int_equal(read(fd, &head, sizeof(head)), sizeof(head));
	close(fd);
	assert_memory_equal(head.e_ident, ELFMAG, SELFMAG);
	assert_int_equal(head.e_type, ET_CORE);
	assert_true(contains(in_dir("crash/core"), "deepwithin"));
	assert_true(contains(in_dir("crash/core"), "sysrq triggered crash"));
}

static void test_a_guest_that_hangs_leaves_its_memory_too(void **state)
{
	static const char hang[] = "echo -1 > /proc/sys/kernel/sched_rt_runtime_us;"
				   "exec chrt -f 99 sh -c 'while :; do :; done'";
	const char *files[] = { "/usr/bin/chrt=/bin/chrt", NULL };
	struct vm *vm __cleanup_vm = NULL;
	struct vm_options opt = options();
	struct error *e = NULL;

	(void)state;
	opt.crash = in_dir("hung");
	opt.core = true;
	opt.files = files;
	ok(vm_boot(&opt, &vm));
	/* On a busy machine it may take a while until it hangs. */
	for (double wait = 3; vm_state(vm) == VM_RUNNING && wait < 300; wait *= 4) {
		error_free(&e);
		e = vm_run(vm, hang, wait, &out, &status);
	}
	expect_error(e, "the guest was lost: no answer");
	assert_int_equal(vm_state(vm), VM_LOST);
	assert_true(contains(in_dir("hung/core"), "sched_rt_runtime_us"));
}

static void test_a_guest_that_is_well_leaves_nothing(void **state)
{
	struct vm *vm __cleanup_vm = NULL;
	struct vm_options opt = options();

	(void)state;
	opt.crash = in_dir("well");
	opt.core = true;
	ok(vm_boot(&opt, &vm));
	run(vm, "exit 3");
	assert_int_equal(status, 3);
	vm_stop(&vm);
	assert_false(file_exists(opt.crash));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_that_start_at_the_same_time_boot_once_and_go_on_from_it),
		cmocka_unit_test(test_two_at_a_time_have_memory_randomness_and_files_of_their_own),
		cmocka_unit_test(test_it_has_the_right_time_and_the_whole_log),
		cmocka_unit_test(test_folders_and_modules_come_afterwards),
		cmocka_unit_test(test_tools_are_in_a_snapshot_of_their_own_that_follows_them),
		cmocka_unit_test(test_a_fresh_boot_neither_uses_a_snapshot_nor_makes_one),
		cmocka_unit_test(test_a_broken_snapshot_is_made_again),
		cmocka_unit_test(test_a_cache_without_room_costs_the_snapshot_and_not_the_guest),
		cmocka_unit_test(test_without_an_emulator_the_error_says_what_to_install),
		cmocka_unit_test(test_a_panic_leaves_console_log_and_memory_where_it_says),
		cmocka_unit_test(test_a_guest_that_hangs_leaves_its_memory_too),
		cmocka_unit_test(test_a_guest_that_is_well_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, prepare, tidy);
}
