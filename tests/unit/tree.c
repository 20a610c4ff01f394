// SPDX-License-Identifier: GPL-2.0-or-later
/* Following a maintainer's tree: what is copied, what is noticed, what is refused. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "source/mirror.h"
#include "source/store.h"
#include "source/tree.h"

struct world {
	struct tmpdir tmp;
	struct mirror mirror;
	char *origin, *copy, *list;
};

static void put(const char *dir, const char *name, const char *text, unsigned int mode)
{
	char *path __free = str_printf("%s/%s", dir, name), *folder __free = strdup(path);

	*strrchr(folder, '/') = '\0';
	assert_null(dir_make(folder));
	assert_null(file_write(path, text, strlen(text), mode));
}

/* Written in the same instant or not, the file has another time than before. */
static void touch(const char *dir, const char *name, long seconds)
{
	char *path __free = str_printf("%s/%s", dir, name);
	struct timespec times[2] = { { .tv_sec = seconds }, { .tv_sec = seconds } };

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void assert_text(const char *dir, const char *name, const char *want)
{
	char *path __free = str_printf("%s/%s", dir, name);
	struct strbuf text __cleanup_strbuf = { 0 };

	assert_null(file_read(path, &text));
	assert_string_equal(strbuf_str(&text), want);
}

static bool there(const char *dir, const char *name)
{
	char *path __free = str_printf("%s/%s", dir, name);

	return file_exists(path);
}

static bool no_objects(const char *path, bool is_folder)
{
	return is_folder ? strcmp(path, "skip") != 0 : !str_ends(path, ".o");
}

static int setup(void **state)
{
	static struct world w;

	w = (struct world){ 0 };
	assert_null(tmpdir_make(NULL, &w.tmp));
	w.origin = str_printf("%s/origin", w.tmp.path);
	w.copy = str_printf("%s/copy", w.tmp.path);
	w.list = str_printf("%s/list", w.tmp.path);
	w.mirror = (struct mirror){
		.origin = w.origin, .copy = w.copy, .list = w.list, .wants = no_objects
	};
	put(w.origin, "fs/a.c", "a\n", 0644);
	put(w.origin, "fs/a.o", "object\n", 0644);
	put(w.origin, "skip/b.c", "b\n", 0644);
	put(w.origin, "scripts/tool", "#!/bin/sh\n", 0755);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	tmpdir_remove(&w->tmp);
	free(w->origin);
	free(w->copy);
	free(w->list);
	return 0;
}

static struct mirror_changes update(struct world *w)
{
	struct mirror_changes changes = { 0 };

	assert_null(mirror_update(&w->mirror, &changes));
	return changes;
}

static void test_what_is_wanted_is_copied_with_its_mode_and_the_rest_is_not(void **state)
{
	struct world *w = *state;
	struct stat st;
	char *tool __free = str_printf("%s/scripts/tool", w->copy);

	assert_int_equal(update(w).files, 2);
	assert_text(w->copy, "fs/a.c", "a\n");
	assert_false(there(w->copy, "fs/a.o"));
	assert_false(there(w->copy, "skip"));
	assert_int_equal(stat(tool, &st), 0);
	assert_int_equal(st.st_mode & 0111, 0111);
}

static void test_nothing_is_copied_again_while_nothing_changes(void **state)
{
	struct world *w = *state;

	update(w);
	put(w->copy, "fs/a.c", "ours\n", 0644);
	assert_int_equal(update(w).files, 0);
	assert_text(w->copy, "fs/a.c", "ours\n");
}

static void test_an_edited_source_is_taken_over_and_is_no_other_change(void **state)
{
	struct world *w = *state;
	struct mirror_changes changes;

	update(w);
	put(w->origin, "fs/a.c", "A\n", 0644);
	touch(w->origin, "fs/a.c", 1000);
	changes = update(w);
	assert_int_equal(changes.files, 1);
	assert_int_equal(changes.other, 0);
	assert_text(w->copy, "fs/a.c", "A\n");
}

static void test_new_files_makefiles_and_files_that_are_gone_are_other_changes(void **state)
{
	struct world *w = *state;
	char *gone __free = str_printf("%s/fs/a.c", w->origin);
	struct mirror_changes changes;

	update(w);
	put(w->origin, "fs/new.c", "new\n", 0644);
	assert_int_equal(update(w).other, 1);
	put(w->origin, "fs/Makefile", "obj-y += new.o\n", 0644);
	assert_int_equal(update(w).other, 1);
	assert_int_equal(unlink(gone), 0);
	changes = update(w);
	assert_int_equal(changes.other, 1);
	assert_false(there(w->copy, "fs/a.c"));
}

static void test_what_the_copy_has_of_its_own_stays(void **state)
{
	struct world *w = *state;

	update(w);
	put(w->copy, "include/generated/asm-offsets.h", "made here\n", 0644);
	put(w->origin, "fs/new.c", "new\n", 0644);
	update(w);
	assert_text(w->copy, "include/generated/asm-offsets.h", "made here\n");
}

static struct error *no_room(const char *from, const char *to)
{
	(void)to;
	return error_failed("%s: the disk is full", from);
}

static void test_an_update_that_failed_is_made_whole_by_the_next(void **state)
{
	struct world *w = *state;
	struct mirror_changes changes = { 0 };
	struct error *e __cleanup_error = NULL;

	update(w);
	put(w->origin, "fs/a.c", "longer\n", 0644);
	w->mirror.put = no_room;
	e = mirror_update(&w->mirror, &changes);
	assert_non_null(e);
	w->mirror.put = NULL;
	assert_int_equal(update(w).files, 2);
	assert_text(w->copy, "fs/a.c", "longer\n");
}

static void make_source(const char *dir)
{
	put(dir, "Kbuild", "", 0644);
	put(dir, "Kconfig", "", 0644);
	put(dir, "scripts/Makefile.build", "", 0644);
	put(dir, "arch/x86/Makefile", "", 0644);
}

static void test_a_source_must_be_configured_and_the_error_says_how(void **state)
{
	struct world *w = *state;
	struct tree_origin o __cleanup_tree_origin = { 0 };
	struct error *e __cleanup_error = NULL;

	make_source(w->origin);
	e = tree_find(w->origin, &o);
	assert_non_null(e);
	assert_non_null(strstr(error_message(e), "no .config"));
	assert_non_null(strstr(error_advice(e), "defconfig"));
	put(w->origin, ".config", "", 0644);
	assert_null(tree_find(w->origin, &o));
	assert_null(o.build);
}

static void test_a_build_folder_leads_to_its_source(void **state)
{
	struct world *w = *state;
	struct tree_origin o __cleanup_tree_origin = { 0 };
	char *build __free = str_printf("%s/build", w->tmp.path);
	char *link __free = str_printf("%s/source", build);

	make_source(w->origin);
	put(build, "Makefile", "include ../origin/Makefile\n", 0644);
	put(build, ".config", "", 0644);
	assert_int_equal(symlink(w->origin, link), 0);
	assert_null(tree_find(build, &o));
	assert_true(str_ends(o.source, "/origin"));
	assert_true(str_ends(o.build, "/build"));
}

static void test_a_folder_that_is_no_kernel_tree_is_an_error(void **state)
{
	struct world *w = *state;
	struct tree_origin o __cleanup_tree_origin = { 0 };
	struct error *e __cleanup_error = tree_find(w->origin, &o);

	assert_non_null(e);
	assert_non_null(strstr(error_message(e), "no kernel tree"));
}

static void test_of_source_and_build_folder_comes_one_tree_without_products(void **state)
{
	struct world *w = *state;
	struct tree_origin o __cleanup_tree_origin = { 0 };
	struct mirror_changes changes = { 0 };
	char *build __free = str_printf("%s/build", w->tmp.path);
	char *tree __free = str_printf("%s/tree", w->copy);

	make_source(w->origin);
	put(w->origin, "Makefile", "the source's\n", 0644);
	put(w->origin, "Documentation/Kconfig", "", 0644);
	put(w->origin, "Documentation/long.rst", "", 0644);
	put(w->origin, "arch/arm64/kernel/a.c", "", 0644);
	put(w->origin, "arch/arm64/crypto/Kconfig", "", 0644);
	put(build, "Makefile", "the build folder's\n", 0644);
	put(build, "include/generated/autoconf.h", "", 0644);
	put(build, "vmlinux", "", 0644);
	put(build, "fs/a.o", "", 0644);
	o.source = strdup(w->origin);
	o.build = strdup(build);
	assert_null(dir_make(w->copy));
	assert_null(tree_copy(&o, w->copy, &changes));
	assert_text(tree, "Makefile", "the source's\n");
	assert_true(there(tree, "include/generated/autoconf.h"));
	assert_true(there(tree, "Documentation/Kconfig"));
	assert_false(there(tree, "Documentation/long.rst"));
	assert_false(there(tree, "arch/arm64/kernel"));
	assert_true(there(tree, "arch/arm64/crypto/Kconfig"));
	assert_false(there(tree, "vmlinux"));
	assert_false(there(tree, "fs/a.o"));
}

static void test_a_tree_has_one_key_however_it_is_named(void **state)
{
	struct world *w = *state;
	char *plain __free = str_printf("tree:%s", w->origin);
	char *odd __free = str_printf("tree:%s/../origin/", w->origin);
	char *full[2] = { 0 }, *key[2] = { 0 };

	assert_null(target_key(plain, &full[0], &key[0]));
	assert_null(target_key(odd, &full[1], &key[1]));
	assert_string_equal(key[0], key[1]);
	assert_string_equal(full[0], full[1]);
	for (int i = 0; i < 2; i++) {
		free(full[i]);
		free(key[i]);
	}
}

#define in_world(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_world(test_what_is_wanted_is_copied_with_its_mode_and_the_rest_is_not),
		in_world(test_nothing_is_copied_again_while_nothing_changes),
		in_world(test_an_edited_source_is_taken_over_and_is_no_other_change),
		in_world(test_new_files_makefiles_and_files_that_are_gone_are_other_changes),
		in_world(test_what_the_copy_has_of_its_own_stays),
		in_world(test_an_update_that_failed_is_made_whole_by_the_next),
		in_world(test_a_source_must_be_configured_and_the_error_says_how),
		in_world(test_a_build_folder_leads_to_its_source),
		in_world(test_a_folder_that_is_no_kernel_tree_is_an_error),
		in_world(test_of_source_and_build_folder_comes_one_tree_without_products),
		in_world(test_a_tree_has_one_key_however_it_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
