// SPDX-License-Identifier: GPL-2.0-or-later
/* What goes into a guest: the archive, libraries, modules; and what its console says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/subprocess.h"
#include "qemu/console.h"
#include "qemu/cpio.h"
#include "qemu/libraries.h"
#include "qemu/modules.h"

#define OK(expr) assert_ok((expr), #expr)

static void assert_ok(struct error *e, const char *what)
{
	if (e)
		fail_msg("%s: %s", what, error_message(e));
}

static void assert_error(struct error *e, const char *words)
{
	assert_non_null(e);
	if (!strstr(error_message(e), words))
		fail_msg("'%s' does not say '%s'", error_message(e), words);
	error_free(&e);
}

/* --- the archive -------------------------------------------------------------- */

static void test_another_cpio_unpacks_the_archive_to_the_same_bytes(void **state)
{
	struct cpio c __cleanup_cpio = { 0 };
	struct tmpdir d __cleanup_tmpdir = { 0 };
	struct strbuf got __cleanup_strbuf = { 0 };
	struct stat st;
	char path[4200], to[64];
	ssize_t n;

	(void)state;
	OK(cpio_file(&c, "/a/b/odd", 0755, "12345", 5));
	OK(cpio_file(&c, "a/empty", 0600, NULL, 0));
	OK(cpio_symlink(&c, "/a/link", "b/odd"));
	OK(cpio_dir(&c, "/x/y"));
	OK(cpio_end(&c));
	OK(tmpdir_make(NULL, &d));
	snprintf(path, sizeof(path), "%s/archive", d.path);
	OK(file_write(path, c.bytes.s, c.bytes.n, 0600));
	struct subprocess p = { .argv = subprocess_words("busybox", "cpio", "-id", "-F", "archive"),
				.cwd = d.path,
				.timeout = 20 };
	OK(subprocess_check(&p));

	snprintf(path, sizeof(path), "%s/a/b/odd", d.path);
	OK(file_read(path, &got));
	assert_string_equal(strbuf_str(&got), "12345");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0755);
	snprintf(path, sizeof(path), "%s/a/empty", d.path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
	snprintf(path, sizeof(path), "%s/a/link", d.path);
	n = readlink(path, to, sizeof(to));
	assert_int_equal(n, 5);
	assert_memory_equal(to, "b/odd", 5);
	snprintf(path, sizeof(path), "%s/x/y", d.path);
	assert_true(file_is_dir(path));
}

static void test_a_path_is_not_put_into_the_archive_twice(void **state)
{
	struct cpio c __cleanup_cpio = { 0 };

	(void)state;
	OK(cpio_file(&c, "/bin/tool", 0755, "x", 1));
	assert_true(cpio_has(&c, "/bin/tool"));
	assert_true(cpio_has(&c, "bin"));
	assert_false(cpio_has(&c, "/bin/other"));
	assert_error(cpio_file(&c, "bin/tool", 0755, "y", 1), "already");
	assert_error(cpio_file(&c, "/bin/tool/below", 0755, "y", 1), "no folder");
	OK(cpio_dir(&c, "/bin"));
}

/* --- modules ------------------------------------------------------------------ */

static const char dep[] = "kernel/drivers/md/dm-mod.ko: kernel/drivers/dax/dax.ko\n"
			  "kernel/drivers/dax/dax.ko:\n"
			  "kernel/drivers/md/dm-crypt.ko: kernel/drivers/md/dm-mod.ko "
			  "kernel/drivers/dax/dax.ko\n"
			  "kernel/fs/fat/vfat.ko.xz: kernel/fs/fat/fat.ko.xz\n"
			  "kernel/fs/fat/fat.ko.xz:\n"
			  "kernel/a.ko: kernel/b.ko\n"
			  "kernel/b.ko: kernel/a.ko\n"
			  "kernel/c.ko: kernel/gone.ko\n";

static void expect_order(const struct module_list *list, const char *const *want)
{
	size_t n = 0;

	while (want[n]) {
		assert_true(n < list->paths.n);
		assert_string_equal(list->paths.v[n], want[n]);
		n++;
	}
	assert_int_equal(list->paths.n, n);
}

static void test_what_a_module_needs_is_loaded_before_it_and_once(void **state)
{
	struct module_list list __cleanup_modules = { 0 };

	(void)state;
	OK(modules_order(dep, "dm_crypt", &list));
	OK(modules_order(dep, "dm-mod", &list));
	OK(modules_order(dep, "vfat", &list));
	expect_order(&list, (const char *const[]){
				    "kernel/drivers/dax/dax.ko", "kernel/drivers/md/dm-mod.ko",
				    "kernel/drivers/md/dm-crypt.ko", "kernel/fs/fat/fat.ko.xz",
				    "kernel/fs/fat/vfat.ko.xz", NULL });
}

static void test_a_module_that_is_unknown_or_needs_itself_is_an_error(void **state)
{
	struct module_list list __cleanup_modules = { 0 };

	(void)state;
	assert_error(modules_order(dep, "dm", &list), "no module dm");
	assert_error(modules_order(dep, "dm_crypt2", &list), "no module dm_crypt2");
	assert_error(modules_order(dep, "a", &list), "needs itself");
	assert_error(modules_order(dep, "c", &list), "kernel/gone.ko");
	assert_error(modules_order("", "dax", &list), "no module dax");
}

/* --- libraries ---------------------------------------------------------------- */

static void test_the_loaders_answer_gives_the_libraries_paths(void **state)
{
	struct library_list list __cleanup_libraries = { 0 };

	(void)state;
	OK(libraries_parse("\tlinux-vdso.so.1 (0x00007ffd)\n"
			   "\tlibz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x00007f)\n"
			   "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)\n"
			   "\t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n",
			   &list));
	assert_int_equal(list.paths.n, 2);
	assert_string_equal(list.paths.v[0], "/lib/x86_64-linux-gnu/libz.so.1");
	assert_string_equal(list.paths.v[1], "/lib/x86_64-linux-gnu/libc.so.6");
	assert_error(libraries_parse("\tlibgone.so.2 => not found\n", &list), "libgone.so.2");
}

static void test_a_dynamic_program_brings_its_loader_and_a_text_brings_nothing(void **state)
{
	struct library_list list __cleanup_libraries = { 0 };
	bool loader = false, libc = false;
	char self[4096] = "";

	(void)state;
	OK(libraries_of("/etc/passwd", &list));
	assert_int_equal(list.paths.n, 0);
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	OK(libraries_of(self, &list));
	for (size_t i = 0; i < list.paths.n; i++) {
		loader |= strstr(list.paths.v[i], "/ld-linux") != NULL;
		libc |= strstr(list.paths.v[i], "/libc.so.6") != NULL;
	}
	assert_true(loader);
	assert_true(libc);
}

/* --- the console -------------------------------------------------------------- */

static void test_only_the_kernels_own_panic_line_is_a_panic(void **state)
{
	struct strbuf line __cleanup_strbuf = { 0 };

	(void)state;
	assert_true(console_panicked(
		"[    1.0] x\r\n[    2.693113] Kernel panic - not syncing: sysrq triggered crash\r\n",
		&line));
	assert_string_equal(strbuf_str(&line), "Kernel panic - not syncing: sysrq triggered crash");
	assert_true(console_panicked("[    2.1][    T1] Kernel panic - not syncing: VFS\n", NULL));
	assert_true(console_panicked("Kernel panic - not syncing: VFS\n", NULL));
	assert_false(console_panicked("grep: Kernel panic - not syncing\n", NULL));
	assert_false(console_panicked("[    2.1] note: no Kernel panic - not syncing\n", NULL));
	assert_false(console_panicked("", NULL));
}

static void test_the_consoles_tail_is_its_last_lines_without_control_characters(void **state)
{
	struct strbuf out __cleanup_strbuf = { 0 };

	(void)state;
	OK(console_tail("one\ntwo\r\n\n\033[1;31mthree\033[0m\a\r\n\r\n", 2, &out));
	assert_string_equal(strbuf_str(&out), "\n    two\n    three");
	strbuf_free(&out);
	OK(console_tail("only", 5, &out));
	assert_string_equal(strbuf_str(&out), "\n    only");
	strbuf_free(&out);
	OK(console_tail("", 5, &out));
	assert_string_equal(strbuf_str(&out), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_another_cpio_unpacks_the_archive_to_the_same_bytes),
		cmocka_unit_test(test_a_path_is_not_put_into_the_archive_twice),
		cmocka_unit_test(test_what_a_module_needs_is_loaded_before_it_and_once),
		cmocka_unit_test(test_a_module_that_is_unknown_or_needs_itself_is_an_error),
		cmocka_unit_test(test_the_loaders_answer_gives_the_libraries_paths),
		cmocka_unit_test(
			test_a_dynamic_program_brings_its_loader_and_a_text_brings_nothing),
		cmocka_unit_test(test_only_the_kernels_own_panic_line_is_a_panic),
		cmocka_unit_test(
			test_the_consoles_tail_is_its_last_lines_without_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
