// SPDX-License-Identifier: GPL-2.0-or-later
/* Folders of modules: what their files tell, what they are called, what their modules need. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "elf/object.h"
#include "source/diff.h"
#include "source/module_folder.h"
#include "source/module_info.h"

static int setup(void **state)
{
	static struct tmpdir tmp;

	tmp = (struct tmpdir){ 0 };
	assert_null(tmpdir_make(NULL, &tmp));
	*state = &tmp;
	return 0;
}

static int teardown(void **state)
{
	tmpdir_remove(*state);
	return 0;
}

static char *make_path(const struct tmpdir *in, const char *name)
{
	char *path = str_printf("%s/%s", in->path, name), *slash = strrchr(path, '/');

	*slash = '\0';
	assert_null(dir_make(path));
	*slash = '/';
	return path;
}

static void put(const struct tmpdir *in, const char *name, const char *text)
{
	char *path __free = make_path(in, name);

	assert_null(file_write(path, text, strlen(text), 0644));
}

/* A module file that has this .modinfo; entries end with NUL. */
static void put_module(const struct tmpdir *in, const char *name, const char *info, size_t n)
{
	struct object *o __cleanup_object = NULL;
	char *path __free = make_path(in, name);
	struct section *s;

	assert_null(object_new(name, EM_X86_64, &o));
	assert_null(object_add_section(o, ".modinfo", SHT_PROGBITS, SHF_ALLOC, 1, info, n, &s));
	assert_null(object_write(o, path));
}
#define PUT_MODULE(in, name, info) put_module(in, name, info, sizeof(info))

static void test_a_makefile_that_lists_modules_makes_a_folder_of_modules(void **state)
{
	struct tmpdir *in = *state;

	assert_false(module_folder_is(in->path));
	put(in, "Makefile", "all:\n\tcc x.c\n");
	assert_false(module_folder_is(in->path));
	put(in, "Kbuild", "obj-m := x.o\n");
	assert_true(module_folder_is(in->path));
}

static void test_modules_tell_their_kernel_and_commands_their_place(void **state)
{
	struct module_folder f __cleanup_module_folder = { 0 };
	struct tmpdir *in = *state;

	PUT_MODULE(in, "sub/x.ko", "license=GPL\0vermagic=6.1.0-50-amd64 SMP mod_unload ");
	put(in, "sub/.x.o.cmd", "savedcmd_/var/build/wound/sub/x.o := gcc -c\n");
	assert_null(module_folder_read(in->path, &f));
	assert_string_equal(f.release, "6.1.0-50-amd64");
	assert_string_equal(f.built_at, "/var/build/wound");
}

static void test_a_folder_without_either_was_built_where_it_is(void **state)
{
	struct module_folder f __cleanup_module_folder = { 0 };
	struct tmpdir *in = *state;

	/* Of another object, or relative: no use. */
	put(in, ".x.o.cmd", "cmd_/elsewhere/y.o := gcc\n");
	put(in, ".z.o.cmd", "cmd_wound/z.o := gcc\n");
	put(in, ".o.cmd", "cmd_/.o := gcc\n");
	assert_null(module_folder_read(in->path, &f));
	assert_null(f.release);
	assert_string_equal(f.built_at, in->path);
}

static void test_modules_for_different_kernels_are_refused(void **state)
{
	struct module_folder f __cleanup_module_folder = { 0 };
	struct error *e __cleanup_error = NULL;
	struct tmpdir *in = *state;

	PUT_MODULE(in, "a.ko", "vermagic=6.1.0-50-amd64 SMP ");
	PUT_MODULE(in, "b.ko", "vermagic=6.1.0-51-amd64 SMP ");
	e = module_folder_read(in->path, &f);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
	assert_non_null(strstr(error_message(e), "6.1.0-51-amd64"));
}

static void test_a_module_without_vermagic_is_an_error(void **state)
{
	struct module_folder f __cleanup_module_folder = { 0 };
	struct error *e __cleanup_error = NULL;
	struct tmpdir *in = *state;

	PUT_MODULE(in, "a.ko", "license=GPL");
	e = module_folder_read(in->path, &f);
	assert_int_equal(error_kind(e), ERROR_FAILED);
}

static void test_a_name_that_the_tree_has_is_not_taken(void **state)
{
	struct error *e __cleanup_error = NULL;
	struct tmpdir *in = *state;
	char *name = NULL;

	put(in, "drivers/Kconfig", "");
	assert_null(module_folder_name("/home/me/wound", in->path, &name));
	assert_string_equal(name, "wound");
	free(name);
	assert_null(module_folder_name("/home/me/drivers", in->path, &name));
	assert_string_equal(name, "module");
	free(name);
	name = NULL;
	e = module_folder_name("/home/me/my modules", in->path, &name);
	assert_int_equal(error_kind(e), ERROR_FAILED);
	assert_null(name);
}

static void test_what_modules_need_is_found_among_all(void **state)
{
	static const char others[] = "kernel/fs/dash-ed.ko.xz:\nkernel/fs/long_name.ko: x\n";
	struct strbuf said __cleanup_strbuf = { 0 };
	struct tmpdir *in = *state;
	char *dep __free = str_printf("%s/modules.dep", in->path);
	char *list __free = str_printf("%s/others", in->path);
	char *want __free = str_printf("%skernel/w/a.ko: kernel/fs/dash-ed.ko.xz kernel/w/b.ko\n"
				       "kernel/w/b.ko:\n",
				       others);

	put(in, "others", others);
	PUT_MODULE(in, "kernel/w/a.ko", "depends=dash_ed,name,b\0vermagic=1 ");
	PUT_MODULE(in, "kernel/w/b.ko", "depends=\0vermagic=1 ");
	assert_null(module_info_index(in->path, "w", list));
	assert_null(file_read(dep, &said));
	assert_string_equal(strbuf_str(&said), want);
}

static void test_the_paths_of_a_diff_can_be_put_into_a_folder(void **state)
{
	static const char text[] = "--- a/x/y.c\n+++ b/x/y.c\n@@ -1 +1 @@\n-a\n+b\n";
	struct diff d __cleanup_diff = { 0 };

	(void)state;
	assert_null(diff_parse(text, strlen(text), &d));
	assert_null(diff_move(&d, "wound"));
	assert_string_equal(d.files.v[0].path, "wound/x/y.c");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_makefile_that_lists_modules_makes_a_folder_of_modules),
		T(modules_tell_their_kernel_and_commands_their_place),
		T(a_folder_without_either_was_built_where_it_is),
		T(modules_for_different_kernels_are_refused),
		T(a_module_without_vermagic_is_an_error),
		T(a_name_that_the_tree_has_is_not_taken),
		T(what_modules_need_is_found_among_all),
		T(the_paths_of_a_diff_can_be_put_into_a_folder),
	};
#undef T

	return cmocka_run_group_tests_name("module_folder", tests, NULL, NULL);
}
