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
#include "base/subprocess.h"
#include "elf/object.h"
#include "source/diff.h"
#include "source/module_folder.h"
#include "source/module_info.h"
#include "source/module_variables.h"

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

/* As kbuild does from 6.13 on. */
static void test_commands_seen_from_the_folder_tell_where_the_kernel_was(void **state)
{
	struct module_folder f __cleanup_module_folder = { 0 };
	struct tmpdir *in = *state;

	put(in, "sub/.x.o.cmd",
	    "savedcmd_sub/x.o := gcc -include /usr/src/k/include/linux/compiler-version.h "
	    "-include /usr/src/k/include/linux/kconfig.h -c -o sub/x.o sub/x.c\n"
	    "-include /no/command/include/linux/kconfig.h\n");
	put(in, ".y.o.cmd", "savedcmd_elsewhere/y.o := gcc -include /no/include/linux/kconfig.h\n");
	assert_null(module_folder_read(in->path, &f));
	assert_string_equal(f.kernel_at, "/usr/src/k");
	assert_string_equal(f.built_at, in->path);
}

static void test_a_command_without_the_kernels_place_tells_none(void **state)
{
	struct module_folder f __cleanup_module_folder = { 0 };
	struct tmpdir *in = *state;

	put(in, ".x.o.cmd",
	    "savedcmd_x.o := gcc -include ./include/linux/kconfig.h -include /include/linux/kconfig.h\n"
	    "-include /no/command/include/linux/kconfig.h\n");
	assert_null(module_folder_read(in->path, &f));
	assert_null(f.kernel_at);
}

static void test_a_kernel_whose_makefile_has_mo_compiles_within_the_folder(void **state)
{
	struct tmpdir *in = *state;
	bool within = true;

	put(in, "Makefile", "ifeq (\"$(origin M)\", \"command line\")\n");
	assert_null(module_compiles_within(in->path, &within));
	assert_false(within);
	put(in, "Makefile", "  KBUILD_EXTMOD_OUTPUT := $(MO)\n");
	assert_null(module_compiles_within(in->path, &within));
	assert_true(within);
}

/* $(src) as scripts/Makefile.build would have it, and $(PWD), for that object folder. */
static void assert_make_says(const struct tmpdir *in, const struct module_build *b, const char *obj,
			     const char *want)
{
	struct strbuf variables __cleanup_strbuf = { 0 }, said __cleanup_strbuf = { 0 };
	char *variable __free = str_printf("obj=%s", obj);
	struct subprocess make = { .argv = subprocess_words("make", "-sr", "-f", "variables", "-f",
							    "build", variable),
				   .env = subprocess_words("PWD=/somewhere"),
				   .cwd = in->path,
				   .out = &said };

	assert_null(module_variables(b, &variables));
	put(in, "variables", strbuf_str(&variables));
	put(in, "build", "src := ./$(obj)\nall:\n\t@echo '$(src) $(PWD)'\n");
	assert_null(subprocess_check(&make));
	assert_string_equal(strbuf_str(&said), want);
}

static void test_each_way_to_name_the_folder_is_spelled_in_one_of_its_own(void **state)
{
	const struct module_build new = { "wound", "/home/me/wound", "/usr/src/k" };
	const struct module_build old = { "wound", "/home/me/wound", NULL };

	assert_make_says(*state, &new, "wound", "wound/./. ./wound\n");
	assert_make_says(*state, &new, "wound/sub", "wound/./sub ./wound\n");
	assert_make_says(*state, &new, "wound/wound", "wound/./wound ./wound\n");
	assert_make_says(*state, &old, "wound/sub", "./wound/sub wound\n");
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
		T(commands_seen_from_the_folder_tell_where_the_kernel_was),
		T(a_command_without_the_kernels_place_tells_none),
		T(a_kernel_whose_makefile_has_mo_compiles_within_the_folder),
		T(each_way_to_name_the_folder_is_spelled_in_one_of_its_own),
		T(modules_for_different_kernels_are_refused),
		T(a_module_without_vermagic_is_an_error),
		T(a_name_that_the_tree_has_is_not_taken),
		T(what_modules_need_is_found_among_all),
		T(the_paths_of_a_diff_can_be_put_into_a_folder),
	};
#undef T

	return cmocka_run_group_tests_name("module_folder", tests, NULL, NULL);
}
