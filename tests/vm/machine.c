// SPDX-License-Identifier: GPL-2.0-or-later
/* The VM runner, with the target's own stock kernel. timeout: 1800 s */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/subprocess.h"
#include "tests/lab/lab.h"

static struct lab lab;
static struct vm *vm; /* of the tests that share one */
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

static void run(const char *command)
{
	strbuf_free(&out);
	ok(vm_run(vm, command, 0, &out, &status));
}

static const char *in_dir(const char *name)
{
	const char *path = arena_printf(&lab.arena, "%s/%s", lab.dir.path, name);

	assert_non_null(path);
	return path;
}

static int prepare(void **state)
{
	struct error *e __cleanup_error = lab_open(&lab, "tests/vm/fixes.list");

	(void)state;
	if (!e) {
		e = target_open(lab.target_name, &lab.target);
		if (e) {
			error_free(&e);
			e = target_add(lab.target_name, &lab.target);
		}
	}
	if (e)
		print_error("%s\n", error_message(e));
	return e ? -1 : 0;
}

static int tidy(void **state)
{
	(void)state;
	vm_stop(&vm);
	lab_close(&lab);
	strbuf_free(&out);
	return 0;
}

static struct error *boot(const char *const *files, const char *const *load, const char *keep)
{
	struct vm_options opt = { .kernel = lab.target->vmlinuz,
				  .modules = lab.target->modules,
				  .load = load,
				  .files = files,
				  .keep = keep };

	vm_stop(&vm);
	return vm_boot(&opt, &vm);
}

/* --- one guest, well -----------------------------------------------------------*/

static void test_a_guest_boots_with_the_modules_that_were_asked_for(void **state)
{
	const char *files[] = { arena_printf(&lab.arena, "%s=/bin/suture", lab.suture), NULL };
	const char *load[] = { "8021q", NULL };

	(void)state;
	ok(boot(files, load, in_dir("kept")));
	assert_int_equal(vm_state(vm), VM_RUNNING);
	print_message("accelerator: %s\n", vm_accelerator(vm));
	run("uname -r; grep -c '^8021q ' /proc/modules");
	assert_string_equal(strbuf_str(&out),
			    arena_printf(&lab.arena, "%s\n1\n", lab.target->release));
}

static void test_the_exit_status_and_the_output_come_back_exactly(void **state)
{
	(void)state;
	run("printf 'one\\ntwo'; printf three >&2; exit 7");
	assert_int_equal(status, 7);
	assert_string_equal(strbuf_str(&out), "one\ntwothree");
	run("true");
	assert_int_equal(status, 0);
	assert_int_equal(out.n, 0);
	run("kill -9 $$");
	assert_int_equal(status, 128 + 9);
	run("printf 'a\\000\\377b'");
	assert_int_equal(out.n, 4);
	assert_memory_equal(out.s, "a\0\377b", 4);
	run("no-such-program");
	assert_int_equal(status, 127);
}

static void test_a_megabyte_of_output_comes_whole_and_in_order(void **state)
{
	const char *at;

	(void)state;
	run("seq 1 200000");
	assert_int_equal(status, 0);
	at = strbuf_str(&out);
	for (unsigned int i = 1; i <= 200000; i++) {
		char line[16];
		size_t n = (size_t)snprintf(line, sizeof(line), "%u\n", i);

		if (strncmp(at, line, n))
			fail_msg("line %u is '%.10s'", i, at);
		at += n;
	}
	assert_int_equal(*at, 0);
}

static void test_a_file_of_3_mb_comes_back_byte_for_byte_with_its_mode(void **state)
{
	size_t size = (3 << 20) + 17;
	char *bytes __free = malloc(size);
	struct strbuf back __cleanup_strbuf = { 0 };
	const char *there = in_dir("there"), *again = in_dir("again");
	struct stat st;

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < size; i += 256)
		assert_true(getrandom(bytes + i, size - i < 256 ? size - i : 256, 0) > 0);
	ok(file_write(there, bytes, size, 0750));
	ok(vm_put(vm, there, "/tmp/f"));
	ok(vm_get(vm, "/tmp/f", again));
	ok(file_read(again, &back));
	assert_int_equal(back.n, size);
	assert_memory_equal(back.s, bytes, size);
	run("stat -c '%a %s' /tmp/f");
	assert_string_equal(strbuf_str(&out), arena_printf(&lab.arena, "750 %zu\n", size));
	assert_int_equal(stat(again, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0750);
}

static void test_an_empty_file_and_one_of_proc_are_copied_too(void **state)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	(void)state;
	ok(file_write(in_dir("empty"), NULL, 0, 0600));
	ok(vm_put(vm, in_dir("empty"), "/tmp/empty"));
	ok(vm_get(vm, "/tmp/empty", in_dir("empty2")));
	ok(file_read(in_dir("empty2"), &text));
	assert_int_equal(text.n, 0);
	ok(vm_get(vm, "/proc/version", in_dir("version")));
	ok(file_read(in_dir("version"), &text));
	assert_non_null(strstr(strbuf_str(&text), lab.target->release));
}

static void test_a_copy_that_fails_names_the_file_and_leaves_the_guest_well(void **state)
{
	(void)state;
	expect_error(vm_get(vm, "/no/such", in_dir("x")), "/no/such");
	expect_error(vm_get(vm, "/dev/zero", in_dir("x")), "/dev/zero");
	expect_error(vm_put(vm, in_dir("there"), "/no/such/place"), "/no/such/place");
	expect_error(vm_put(vm, in_dir("missing"), "/tmp/x"), "missing");
	assert_int_equal(vm_state(vm), VM_RUNNING);
	run("echo well");
	assert_string_equal(strbuf_str(&out), "well\n");
}

static void test_a_dynamic_suture_runs_in_the_guest(void **state)
{
	(void)state;
	run("suture --version");
	assert_int_equal(status, 0);
	assert_true(str_starts(strbuf_str(&out), "suture "));
}

static void test_garbage_on_the_line_does_no_harm(void **state)
{
	(void)state;
	run("head -c 3000 /dev/urandom > /dev/ttyS1; printf '\\371su\\376\\371' > /dev/ttyS1");
	run("echo well");
	assert_string_equal(strbuf_str(&out), "well\n");
}

static void test_what_runs_on_in_the_background_keeps_nobody_waiting(void **state)
{
	double start = clock_seconds();

	(void)state;
	run("sleep 1000 & echo $!");
	assert_true(clock_seconds() - start < 30);
	run(arena_printf(&lab.arena, "kill -0 %s && kill %s", strtok(out.s, "\n"), out.s));
	assert_int_equal(status, 0);
}

static void test_a_command_without_end_is_ended_and_the_guest_is_well(void **state)
{
	(void)state;
	strbuf_free(&out);
	expect_error(vm_run(vm, "echo begun; sleep 1000", 2, &out, &status), "no end after");
	assert_string_equal(strbuf_str(&out), "begun\n");
	assert_int_equal(vm_state(vm), VM_RUNNING);
	run("pidof sleep");
	assert_int_equal(status, 1);
}

static void test_output_without_end_is_cut_and_the_guest_is_well(void **state)
{
	(void)state;
	strbuf_free(&out);
	expect_error(vm_run(vm, "yes", 800, &out, &status), "more than 67 MB");
	assert_int_equal(vm_state(vm), VM_RUNNING);
	run("pidof yes");
	assert_int_equal(status, 1);
}

static void test_the_kernel_log_is_read_at_any_time(void **state)
{
	struct strbuf log __cleanup_strbuf = { 0 };

	(void)state;
	run("echo 'a word for the log' > /dev/kmsg");
	ok(vm_dmesg(vm, &log));
	assert_non_null(strstr(strbuf_str(&log), "Linux version"));
	assert_non_null(strstr(strbuf_str(&log), "] a word for the log\n"));
}

/* The last one with this guest. */
static void test_a_panic_is_told_with_its_words_and_the_logs_are_kept(void **state)
{
	struct strbuf log __cleanup_strbuf = { 0 }, console __cleanup_strbuf = { 0 };
	double start = clock_seconds();

	(void)state;
	expect_error(vm_run(vm, "echo c > /proc/sysrq-trigger", 60, &out, &status),
		     "the guest panicked: Kernel panic - not syncing: sysrq triggered crash");
	assert_true(clock_seconds() - start < 30);
	assert_int_equal(vm_state(vm), VM_PANICKED);
	expect_error(vm_run(vm, "true", 60, &out, &status), "has panicked");
	vm_stop(&vm);
	ok(file_read(in_dir("kept/dmesg.log"), &log));
	assert_non_null(strstr(strbuf_str(&log), "a word for the log"));
	ok(file_read(in_dir("kept/console.log"), &console));
	assert_non_null(strstr(strbuf_str(&console), "sysrq triggered crash"));
}

/* --- guests that are lost ------------------------------------------------------*/

static void test_a_guest_that_stops_answering_is_lost(void **state)
{
	static const char hang[] = "echo -1 > /proc/sys/kernel/sched_rt_runtime_us;"
				   "exec chrt -f 99 sh -c 'while :; do :; done'";
	const char *files[] = { "/usr/bin/chrt=/bin/chrt", NULL };
	struct error *e = NULL;

	(void)state;
	ok(boot(files, NULL, NULL));
	/* On a busy machine it may take a while until it hangs. */
	for (double wait = 3; vm_state(vm) == VM_RUNNING && wait < 300; wait *= 4) {
		error_free(&e);
		e = vm_run(vm, hang, wait, &out, &status);
	}
	expect_error(e, "the guest was lost: no answer");
	assert_int_equal(vm_state(vm), VM_LOST);
	expect_error(vm_run(vm, "true", 3, &out, &status), "was lost");
	vm_stop(&vm);
}

static void test_a_guest_that_goes_without_a_panic_is_lost(void **state)
{
	(void)state;
	ok(boot(NULL, NULL, NULL));
	expect_error(vm_run(vm, "echo b > /proc/sysrq-trigger", 30, &out, &status),
		     "the guest was lost: the emulator ended");
	assert_int_equal(vm_state(vm), VM_LOST);
	vm_stop(&vm);
}

static void test_what_is_no_kernel_is_an_error_with_the_emulators_words(void **state)
{
	struct vm_options opt = { .kernel = in_dir("there"), .boot_timeout = 60 };

	(void)state;
	ok(file_write(in_dir("there"), "not a kernel", 12, 0600));
	assert_non_null(opt.kernel);
	expect_error(vm_boot(&opt, &vm), "the emulator ended");
	opt.kernel = in_dir("missing");
	expect_error(vm_boot(&opt, &vm), "missing");
}

static void test_a_boot_that_takes_too_long_is_given_up(void **state)
{
	struct vm_options opt = { .kernel = lab.target->vmlinuz,
				  .boot_timeout = 0.3,
				  .fresh = true };
	double start = clock_seconds();

	(void)state;
	expect_error(vm_boot(&opt, &vm), "no answer");
	assert_true(clock_seconds() - start < 20);
}

/* --- the verb ------------------------------------------------------------------*/

/* The emulator that the process has started, once it has. */
static pid_t child_of(pid_t pid)
{
	char path[64], text[64] = "", comm[32] = "";

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	for (int i = 0; i < 3000; i++) {
		int fd __closefd = open(path, O_RDONLY), cfd __closefd = -1;
		ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

		text[n > 0 ? n : 0] = '\0';
		snprintf(path, sizeof(path), "/proc/%d/comm", atoi(text));
		cfd = open(path, O_RDONLY);
		snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
		if (cfd >= 0 && read(cfd, comm, sizeof(comm) - 1) > 0 && str_starts(comm, "qemu"))
			return atoi(text);
		usleep(10000);
	}
	return 0;
}

static bool gone(pid_t pid)
{
	for (int i = 0; i < 500; i++) {
		if (kill(pid, 0) < 0 && errno == ESRCH)
			return true;
		usleep(10000);
	}
	return false;
}

static size_t entries(const char *path)
{
	DIR *d = opendir(path);
	size_t n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

/* Start "suture vm run", end it with a signal once the emulator runs. */
static void interrupt_the_verb(int sig, int *wait_status)
{
	const char *tmp = in_dir("tmp");
	pid_t pid, emulator;

	ok(dir_make(tmp));
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		setenv("TMPDIR", tmp, 1);
		freopen("/dev/null", "w", stderr);
		execl(lab.suture, lab.suture, "vm", "run", lab.target->vmlinuz, "--", "sleep 1000",
		      NULL);
		_exit(126);
	}
	emulator = child_of(pid);
	assert_true(emulator > 0);
	kill(pid, sig);
	assert_int_equal(waitpid(pid, wait_status, 0), pid);
	assert_true(gone(emulator));
	assert_int_equal(entries(tmp), 2);
}

static void test_ctrl_c_ends_the_guest_and_leaves_no_file(void **state)
{
	int wait_status;

	(void)state;
	interrupt_the_verb(SIGINT, &wait_status);
	assert_true(WIFEXITED(wait_status));
	assert_int_equal(WEXITSTATUS(wait_status), ERROR_INTERRUPTED);
}

static void test_the_guest_dies_with_a_runner_that_is_killed(void **state)
{
	int wait_status;

	(void)state;
	interrupt_the_verb(SIGKILL, &wait_status);
	assert_true(WIFSIGNALED(wait_status));
}

static void test_suture_vm_run_carries_files_output_and_exit_status(void **state)
{
	struct strbuf said __cleanup_strbuf = { 0 }, err __cleanup_strbuf = { 0 };
	const char *put = arena_printf(&lab.arena, "%s=/tmp/in", in_dir("there"));
	const char *get = arena_printf(&lab.arena, "/tmp/out=%s", in_dir("out"));
	struct subprocess p = { .argv = subprocess_words(lab.suture, "vm", "run", lab.target_name,
							 "--file", put, "--get", get, "--", "sh",
							 "-c",
							 "cat $1; echo \"$2\" >/tmp/out; exit 9",
							 "sh", "/tmp/in", "it's 'quoted'"),
				.out = &said,
				.err = &err,
				.timeout = 200 };

	(void)state;
	ok(file_write(in_dir("there"), "words\n", 6, 0600));
	ok(subprocess_run(&p));
	assert_int_equal(p.status, 9);
	assert_string_equal(strbuf_str(&said), "words\n");
	assert_non_null(strstr(strbuf_str(&err), "ended with status 9"));
	strbuf_free(&said);
	ok(file_read(in_dir("out"), &said));
	assert_string_equal(strbuf_str(&said), "it's 'quoted'\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_guest_boots_with_the_modules_that_were_asked_for),
		cmocka_unit_test(test_the_exit_status_and_the_output_come_back_exactly),
		cmocka_unit_test(test_a_megabyte_of_output_comes_whole_and_in_order),
		cmocka_unit_test(test_a_file_of_3_mb_comes_back_byte_for_byte_with_its_mode),
		cmocka_unit_test(test_an_empty_file_and_one_of_proc_are_copied_too),
		cmocka_unit_test(test_a_copy_that_fails_names_the_file_and_leaves_the_guest_well),
		cmocka_unit_test(test_a_dynamic_suture_runs_in_the_guest),
		cmocka_unit_test(test_garbage_on_the_line_does_no_harm),
		cmocka_unit_test(test_what_runs_on_in_the_background_keeps_nobody_waiting),
		cmocka_unit_test(test_a_command_without_end_is_ended_and_the_guest_is_well),
		cmocka_unit_test(test_output_without_end_is_cut_and_the_guest_is_well),
		cmocka_unit_test(test_the_kernel_log_is_read_at_any_time),
		cmocka_unit_test(test_a_panic_is_told_with_its_words_and_the_logs_are_kept),
		cmocka_unit_test(test_a_guest_that_stops_answering_is_lost),
		cmocka_unit_test(test_a_guest_that_goes_without_a_panic_is_lost),
		cmocka_unit_test(test_what_is_no_kernel_is_an_error_with_the_emulators_words),
		cmocka_unit_test(test_a_boot_that_takes_too_long_is_given_up),
		cmocka_unit_test(test_ctrl_c_ends_the_guest_and_leaves_no_file),
		cmocka_unit_test(test_the_guest_dies_with_a_runner_that_is_killed),
		cmocka_unit_test(test_suture_vm_run_carries_files_output_and_exit_status),
	};

	return cmocka_run_group_tests(tests, prepare, tidy);
}
