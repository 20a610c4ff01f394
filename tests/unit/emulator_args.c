// SPDX-License-Identifier: GPL-2.0-or-later
/* What a snapshot's name depends on: all that makes another guest, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "qemu/emulator_args.h"

static const struct emulator_options usual = {
	.kernel = "/boot/a", .cpus = 1, .memory = 512, .ram = -1, .state = -1
};

static void ok(struct error *e)
{
	if (e)
		fail_msg("%s", error_message(e));
}

static bool same_guest(const struct emulator_options *opt)
{
	struct strbuf a __cleanup_strbuf = { 0 }, b __cleanup_strbuf = { 0 };

	ok(emulator_identity(&usual, &a));
	ok(emulator_identity(opt, &b));
	return str_equal(strbuf_str(&a), strbuf_str(&b));
}

static void test_what_makes_another_guest_makes_another_name(void **state)
{
	struct emulator_options append = usual, cpus = usual, memory = usual, kvm = usual,
				counting = usual;

	(void)state;
	assert_true(same_guest(&usual));
	append.append = "nokaslr";
	cpus.cpus = 2;
	memory.memory = 768;
	kvm.kvm = true;
	counting.counting = true;
	assert_false(same_guest(&append));
	assert_false(same_guest(&cpus));
	assert_false(same_guest(&memory));
	assert_false(same_guest(&kvm));
	assert_false(same_guest(&counting));
}

static void test_who_looks_on_and_where_files_lie_does_not(void **state)
{
	struct emulator_options other = usual;

	(void)state;
	other.kernel = "/boot/b";
	other.gdb = "1234";
	other.core = true;
	other.console = "/tmp/console.log";
	assert_true(same_guest(&other));
}

static void expect_words(const struct emulator_options *opt, const char *name, const char *value)
{
	struct emulator_args a __cleanup_emulator_args = { 0 };
	bool found = false;

	ok(emulator_args(opt, &a));
	for (size_t i = 0; i + 2 < a.words.n; i++)
		found |= str_equal(a.words.v[i], name) && strstr(a.words.v[i + 1], value);
	if (!found)
		fail_msg("no %s %s", name, value);
}

/* What two guests from one snapshot write must never reach its file, or each other. */
static void test_memory_is_written_by_the_maker_only(void **state)
{
	struct strbuf initramfs = { 0 };
	struct emulator_options maker = usual, user = usual;

	(void)state;
	maker.ram = user.ram = user.state = 5;
	maker.initramfs = &initramfs;
	expect_words(&maker, "-object", "id=ram,mem-path=/proc/self/fd/8,size=512M,share=on");
	expect_words(&user, "-object", "id=ram,mem-path=/proc/self/fd/8,size=512M,share=off");
	expect_words(&user, "-incoming", "defer");
}

static void test_gdb_is_let_in_from_this_host_only(void **state)
{
	struct emulator_options port = usual, path = usual;

	(void)state;
	port.gdb = "1234";
	path.gdb = "/tmp/socket";
	expect_words(&port, "-gdb", "tcp:127.0.0.1:1234");
	expect_words(&path, "-gdb", "unix:/tmp/socket,server=on,wait=off");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_makes_another_guest_makes_another_name),
		cmocka_unit_test(test_who_looks_on_and_where_files_lie_does_not),
		cmocka_unit_test(test_memory_is_written_by_the_maker_only),
		cmocka_unit_test(test_gdb_is_let_in_from_this_host_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
