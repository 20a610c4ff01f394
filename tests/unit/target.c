// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Making a target with a package manager and a compiler of our own in PATH: what can fail is
 * an error with advice, and leaves nothing in the store.
 */
#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "source/store.h"
#include "source/target.h"

/* What the fake archive has; $SOURCE is the version of the source, if not the image's. */
static const char apt_cache[] =
	"#!/bin/sh\n"
	"stanza() { printf 'Package: %s\\nVersion: %s\\nDepends: %s\\nSize: 10\\nSHA256: ab\\n\\n' "
	"\"$@\"; }\n"
	"verb=$1; shift 2\n"
	"[ $verb = show ] || set -- \"$1\"\n"
	"for name; do case $verb:$name in\n"
	"pkgnames:*) echo linux-image-6.1.0-1-amd64-unsigned; echo linux-image-6.1.0-1-amd64-dbg;;\n"
	"show:linux-image-6.1.0-1-amd64-unsigned) stanza $name 6.1.5-1 kmod;;\n"
	"show:linux-headers-6.1.0-1-amd64) stanza $name 6.1.5-1 "
	"'linux-headers-6.1.0-1-common (= 6.1.5-1), linux-kbuild-6.1 (>= 6.1.5-1)';;\n"
	"show:linux-headers-6.1.0-1-common) stanza $name 6.1.5-1 x;;\n"
	"show:linux-kbuild-6.1) stanza $name 6.1.7-1 x; stanza $name 6.1.3-1 x;;\n"
	"show:linux-source-6.1) stanza $name ${SOURCE:-6.1.5-1} x;;\n"
	"*) echo \"E: Unable to locate package $name\" >&2;;\n"
	"esac; done\n";

struct world {
	struct tmpdir tmp;
	char *path; /* PATH as it was */
};

static void program(const struct world *w, const char *name, const char *text)
{
	char *path __free = str_printf("%s/bin/%s", w->tmp.path, name);

	assert_null(file_write(path, text, strlen(text), 0755));
}

static int setup(void **state)
{
	static struct world w;
	char *bin __free = NULL, *cache __free = NULL, *path __free = NULL;

	w = (struct world){ .path = strdup(getenv("PATH")) };
	assert_null(tmpdir_make(NULL, &w.tmp));
	bin = str_printf("%s/bin", w.tmp.path);
	cache = str_printf("%s/cache", w.tmp.path);
	path = str_printf("%s:%s", bin, w.path);
	assert_null(dir_make(bin));
	setenv("PATH", path, 1);
	setenv("SUTURE_CACHE", cache, 1);
	unsetenv("SOURCE");
	program(&w, "apt-cache", apt_cache);
	program(&w, "apt-get", "#!/bin/sh\nexit 0\n");
	log_set_level(LOG_QUIET);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	setenv("PATH", w->path, 1);
	free(w->path);
	tmpdir_remove(&w->tmp);
	return 0;
}

static size_t files_in_store(void)
{
	char *dir __free = NULL;
	struct dirent *ent;
	size_t n = 0;
	DIR *d;

	assert_null(store_dir(&dir));
	d = opendir(dir);
	assert_non_null(d);
	while ((ent = readdir(d)))
		n += !str_equal(ent->d_name, ".") && !str_equal(ent->d_name, "..");
	closedir(d);
	return n;
}

static void assert_add_fails(const char *name, enum error_kind kind, const char *says,
			     const char *advises)
{
	struct target *t __cleanup_target = NULL;
	struct error *e __cleanup_error = target_add(name, &t);

	assert_non_null(e);
	assert_int_equal(error_kind(e), kind);
	if (!strstr(error_message(e), says))
		fail_msg("'%s' is not in '%s'", says, error_message(e));
	if (advises && (!error_advice(e) || !strstr(error_advice(e), advises)))
		fail_msg("'%s' is not in '%s'", advises, error_advice(e) ? error_advice(e) : "");
	assert_null(t);
	assert_int_equal(files_in_store(), 0);
}

static void test_an_unknown_release_is_an_error_that_lists_the_known(void **state)
{
	(void)state;
	assert_add_fails("kernel:9.9.9-1-amd64", ERROR_FAILED, "no kernel 9.9.9-1-amd64",
			 "6.1.0-1-amd64");
}

/* apt-get that has one place, and notes what else it is asked for. */
static const char one_place[] =
	"#!/bin/sh\n"
	"[ $1 != indextargets ] || { echo 'Packages|http://mirror.invalid/debian/|sid|main|||"
	"/dev/null:1'; exit; }\n"
	"echo \"$*\" >>'%s'\n"
	"[ $1 != update ] || { echo \"W: GPG error: mirror.invalid sid: NO_PUBKEY 123\"; exit 100; }\n";

static void test_a_release_that_is_not_here_is_looked_for_in_other_suites(void **state)
{
	struct world *w = *state;
	char *noted __free = str_printf("%s/noted", w->tmp.path);
	char *apt_get __free = str_printf(one_place, noted);
	char *sources __free = str_printf("%s/cache/apt/sid/sources/suites.sources", w->tmp.path);
	struct strbuf asked __cleanup_strbuf = { 0 }, written __cleanup_strbuf = { 0 };

	program(w, "apt-get", apt_get);
	assert_add_fails("kernel:9.9.9-1-amd64", ERROR_FAILED, "trixie-backports", NULL);
	assert_null(file_read(noted, &asked));
	assert_non_null(strstr(asked.s, "update -c="));
	assert_non_null(strstr(asked.s, "/apt/sid/apt.conf"));
	assert_null(file_read(sources, &written));
	assert_non_null(strstr(written.s, "URIs: http://mirror.invalid/debian/\nSuites: sid\n"));
}

static void test_a_signature_that_cannot_be_verified_is_told(void **state)
{
	struct world *w = *state;
	char *noted __free = str_printf("%s/noted", w->tmp.path);
	char *apt_get __free = str_printf(one_place, noted);

	program(w, "apt-get", apt_get);
	assert_add_fails("kernel:9.9.9-1-amd64", ERROR_FAILED, "NO_PUBKEY 123", NULL);
}

static void test_a_name_that_no_kernel_has_is_looked_for_nowhere_else(void **state)
{
	struct world *w = *state;
	char *noted __free = str_printf("%s/noted", w->tmp.path);
	char *apt_get __free = str_printf(one_place, noted);

	program(w, "apt-get", apt_get);
	assert_add_fails("kernel:9.9.9-none", ERROR_FAILED, "no kernel 9.9.9-none", NULL);
	assert_false(file_exists(noted));
}

static void test_a_source_of_another_version_only_is_a_missing_package(void **state)
{
	(void)state;
	setenv("SOURCE", "6.1.4-1", 1);
	assert_add_fails("kernel:6.1.0-1-amd64", ERROR_FAILED,
			 "linux-source-6.1 of version 6.1.5-1", "apt-get update");
}

static void test_a_failed_download_is_an_error_that_quotes_it(void **state)
{
	program(*state, "apt-get", "#!/bin/sh\necho 'E: 404  Not Found' >&2\nexit 100\n");
	assert_add_fails("kernel:6.1.0-1-amd64", ERROR_FAILED, "404  Not Found", "apt-get update");
}

static void test_a_full_disk_while_unpacking_is_an_error_that_says_so(void **state)
{
	program(*state, "apt-get", "#!/bin/sh\ntouch x.deb\n");
	program(*state, "dpkg-deb",
		"#!/bin/sh\nmkdir -p \"$3\"; : >\"$3/half\"\n"
		"echo 'tar: x: Cannot write: No space left on device' >&2\nexit 2\n");
	assert_add_fails("kernel:6.1.0-1-amd64", ERROR_FAILED, "No space left", "SUTURE_CACHE");
}

static void test_packages_of_another_form_are_an_error(void **state)
{
	program(*state, "apt-get", "#!/bin/sh\ntouch x.deb\n");
	program(*state, "dpkg-deb", "#!/bin/sh\nmkdir -p \"$3/usr\"\n");
	assert_add_fails("kernel:6.1.0-1-amd64", ERROR_FAILED, "unpacking", NULL);
}

static void test_a_host_without_apt_is_told_what_is_needed(void **state)
{
	struct world *w = *state;
	char *bin __free = str_printf("%s/bin", w->tmp.path);
	char *apt __free = str_printf("%s/bin/apt-cache", w->tmp.path);

	assert_null(dir_remove(apt));
	setenv("PATH", bin, 1);
	assert_add_fails("kernel:6.1.0-1-amd64", ERROR_FAILED, "apt-cache: no such program",
			 "Debian");
}

static void test_what_a_killed_add_left_is_removed_by_the_next(void **state)
{
	char *left __free = NULL;

	(void)state;
	assert_null(store_temporary("6.1.0-1-amd64", &left));
	assert_null(dir_make(left));
	assert_int_equal(files_in_store(), 1);
	assert_add_fails("kernel:9.9.9-1-amd64", ERROR_FAILED, "no kernel", NULL);
}

static void test_a_cache_in_a_folder_that_kbuild_cannot_use_is_an_error(void **state)
{
	struct world *w = *state;
	char *cache __free = str_printf("%s/a cache", w->tmp.path);
	struct target *t __cleanup_target = NULL;
	struct error *e __cleanup_error = NULL;

	setenv("SUTURE_CACHE", cache, 1);
	e = target_add("kernel:6.1.0-1-amd64", &t);
	assert_non_null(e);
	assert_non_null(strstr(error_message(e), "blank or colon"));
}

static void test_a_target_without_manifest_is_unusable_and_can_be_removed(void **state)
{
	struct target *t __cleanup_target = NULL;
	struct error *e __cleanup_error = NULL, *gone __cleanup_error = NULL;
	char *dir __free = NULL;

	(void)state;
	assert_null(store_path("6.1.0-1-amd64", &dir));
	assert_null(dir_make(dir));
	e = target_open("kernel:6.1.0-1-amd64", &t);
	assert_int_equal(error_kind(e), ERROR_FAILED);
	assert_non_null(strstr(error_advice(e), "target remove"));
	assert_null(target_remove("kernel:6.1.0-1-amd64"));
	assert_int_equal(files_in_store(), 0);
	gone = target_remove("kernel:6.1.0-1-amd64");
	assert_int_equal(error_kind(gone), ERROR_NOTHING);
}

static struct error *check_compiler(const char *compiler)
{
	struct target t = { .name = (char *)"kernel:x",
			    .release = (char *)"x",
			    .compiler = (char *)compiler,
			    .compiler_text = (char *)"test-gcc (Debian 1-1) 12.2.0" };

	return target_check_compiler(&t);
}

static void test_the_compiler_must_be_the_one_of_the_kernel(void **state)
{
	struct error *missing __cleanup_error = NULL, *other __cleanup_error = NULL;

	missing = check_compiler("test-gcc");
	assert_int_equal(error_kind(missing), ERROR_FAILED);
	assert_non_null(strstr(error_advice(missing), "package test-gcc"));
	program(*state, "test-gcc", "#!/bin/sh\necho 'test-gcc (Debian 1-2) 12.2.0'; echo more\n");
	other = check_compiler("test-gcc");
	assert_int_equal(error_kind(other), ERROR_REFUSED);
	assert_non_null(strstr(error_message(other), "(Debian 1-2)"));
	assert_non_null(strstr(error_message(other), "(Debian 1-1)"));
	program(*state, "test-gcc", "#!/bin/sh\necho 'test-gcc (Debian 1-1) 12.2.0'; echo more\n");
	assert_null(check_compiler("test-gcc"));
}

struct holder {
	int lock;
	bool done;
};

static void *release_later(void *at)
{
	static const struct timespec pause = { .tv_nsec = 300 * 1000 * 1000 };
	struct holder *h = at;

	nanosleep(&pause, NULL);
	h->done = true;
	close_fd(&h->lock);
	return NULL;
}

static void test_a_second_add_waits_for_the_first(void **state)
{
	struct holder h = { .lock = -1 };
	pthread_t thread;

	(void)state;
	assert_null(store_lock(&h.lock));
	assert_int_equal(pthread_create(&thread, NULL, release_later, &h), 0);
	assert_add_fails("kernel:9.9.9-1-amd64", ERROR_FAILED, "no kernel", NULL);
	assert_true(h.done);
	pthread_join(thread, NULL);
}

static void *interrupt_soon(void *ready)
{
	static const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };

	while (!file_exists(ready))
		nanosleep(&pause, NULL);
	kill(getpid(), SIGINT);
	return NULL;
}

/* The last one: the library notes a signal once and for all. */
static void test_an_interrupted_add_leaves_nothing(void **state)
{
	struct world *w = *state;
	char *ready __free = str_printf("%s/ready", w->tmp.path);
	char *text __free = str_printf("#!/bin/sh\ntouch half.deb '%s'\nexec sleep 60\n", ready);
	struct target *t __cleanup_target = NULL;
	struct error *e __cleanup_error = NULL;
	pthread_t thread;

	program(w, "apt-get", text);
	interrupt_install();
	assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, ready), 0);
	e = target_add("kernel:6.1.0-1-amd64", &t);
	pthread_join(thread, NULL);
	assert_int_equal(error_kind(e), ERROR_INTERRUPTED);
	assert_int_equal(files_in_store(), 0);
}

#define test(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_an_unknown_release_is_an_error_that_lists_the_known),
		test(test_a_release_that_is_not_here_is_looked_for_in_other_suites),
		test(test_a_signature_that_cannot_be_verified_is_told),
		test(test_a_name_that_no_kernel_has_is_looked_for_nowhere_else),
		test(test_a_source_of_another_version_only_is_a_missing_package),
		test(test_a_failed_download_is_an_error_that_quotes_it),
		test(test_a_full_disk_while_unpacking_is_an_error_that_says_so),
		test(test_packages_of_another_form_are_an_error),
		test(test_a_host_without_apt_is_told_what_is_needed),
		test(test_what_a_killed_add_left_is_removed_by_the_next),
		test(test_a_cache_in_a_folder_that_kbuild_cannot_use_is_an_error),
		test(test_a_target_without_manifest_is_unusable_and_can_be_removed),
		test(test_the_compiler_must_be_the_one_of_the_kernel),
		test(test_a_second_add_waits_for_the_first),
		test(test_an_interrupted_add_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
