// SPDX-License-Identifier: GPL-2.0-or-later
/* What apt says: stanzas, dependencies, versions; and the names of targets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "source/packages.h"
#include "source/store.h"

static const char stanzas[] = "Package: linux-kbuild-6.1\n"
			      "Version: 6.1.192-2\n"
			      "Description: a\n multi-line text\n"
			      "Size: 100\n"
			      "SHA256: aa\n"
			      "\n"
			      "Package: linux-kbuild-6.1\n"
			      "Version: 6.1.176-1\n"
			      "Depends: libc6 (>= 2.34)\n"
			      "Size: 90\n"
			      "SHA256: bb\n"
			      "\n"
			      "Package: no-digest\n"
			      "Version: 1\n";

static void test_each_version_of_a_package_is_read(void **state)
{
	struct packages p __cleanup_packages = { 0 };

	(void)state;
	assert_null(packages_parse(stanzas, &p));
	assert_int_equal(p.list.n, 2);
	assert_string_equal(p.list.v[0].version, "6.1.192-2");
	assert_string_equal(p.list.v[0].depends, "");
	assert_int_equal(p.list.v[1].size, 90);
	assert_string_equal(p.list.v[1].depends, "libc6 (>= 2.34)");
}

static void test_a_size_that_is_no_number_is_an_error(void **state)
{
	struct packages p __cleanup_packages = { 0 };
	struct error *e __cleanup_error = packages_parse("Package: a\nSize: many\n", &p);

	(void)state;
	assert_non_null(e);
}

static void assert_dependency(const char *depends, const char *name, const char *want,
			      const char *version)
{
	struct dependency d __cleanup_dependency = { 0 };
	bool found;

	assert_null(package_dependency(depends, name, &d, &found));
	assert_int_equal(found, want != NULL);
	if (!want)
		return;
	assert_string_equal(d.name, want);
	if (version)
		assert_string_equal(d.version, version);
	else
		assert_null(d.version);
}

static void test_a_dependency_is_found_with_its_version(void **state)
{
	static const char depends[] =
		"linux-headers-6.1.0-56-common (= 6.1.192-2), linux-kbuild-6.1 "
		"(>= 6.1.192-2), gcc-12 | gcc-13, libc6";

	(void)state;
	assert_dependency(depends, "linux-kbuild-*", "linux-kbuild-6.1", "6.1.192-2");
	assert_dependency(depends, "linux-headers-*", "linux-headers-6.1.0-56-common", "6.1.192-2");
	assert_dependency(depends, "gcc-13", "gcc-13", NULL);
	assert_dependency(depends, "libc6", "libc6", NULL);
	assert_dependency(depends, "linux-kbuild", NULL, NULL);
}

static void assert_before(const char *a, const char *b)
{
	if (version_compare(a, b) >= 0 || version_compare(b, a) <= 0)
		fail_msg("%s should be before %s", a, b);
}

static void test_versions_are_ordered_as_debian_orders_them(void **state)
{
	(void)state;
	assert_before("6.1.170-3", "6.1.176-1");
	assert_before("6.1.99-1", "6.1.176-1");
	assert_before("6.1.192-1", "6.1.192-2");
	assert_before("6.1.192-2", "6.1.192-10");
	assert_before("6.12~rc1-1", "6.12-1");
	assert_before("6.12.9-1~bpo12+1", "6.12.9-1");
	assert_before("6.1-1", "1:1-1");
	assert_before("1.0", "1.0a");
	assert_before("1.0a", "1.0+b");
	assert_int_equal(version_compare("1.010-1", "1.10-1"), 0);
	assert_int_equal(version_compare("0:1-1", "1-1"), 0);
	assert_before("1.99999999999999999999", "1.100000000000000000000");
}

static const char *nearest(struct packages *p, const char *version)
{
	return packages_nearest(p, "linux-kbuild-6.1", version)->version;
}

static void test_the_nearest_version_is_itself_then_the_next_then_the_last(void **state)
{
	struct packages p __cleanup_packages = { 0 };
	struct packages none = { 0 };

	(void)state;
	assert_null(packages_parse(stanzas, &p));
	assert_string_equal(nearest(&p, "6.1.176-1"), "6.1.176-1");
	assert_string_equal(nearest(&p, "6.1.170-3"), "6.1.176-1");
	assert_string_equal(nearest(&p, "6.1.187-1"), "6.1.192-2");
	assert_string_equal(nearest(&p, "6.1.200-1"), "6.1.192-2");
	assert_null(packages_nearest(&none, "linux-kbuild-6.1", "1"));
	assert_null(packages_nearest(&p, "linux-kbuild-6.12", "6.1.176-1"));
}

static void test_a_target_is_written_as_kernel_and_release(void **state)
{
	char *release = NULL;

	(void)state;
	assert_null(target_release("kernel:6.1.0-56-cloud-amd64", &release));
	assert_string_equal(release, "6.1.0-56-cloud-amd64");
	free(release);
	assert_null(target_release("kernel:6.12.117+deb12-amd64", &release));
	free(release);
}

static void test_a_name_that_could_leave_the_store_is_no_target(void **state)
{
	static const char *const bad[] = { "kernel:",	      "kernel:../x", "kernel:6/1", "6.1.0",
					   "kernel:6.1 -o x", "kernel:-o",   "app:x",	   "" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char *release = NULL;
		struct error *e __cleanup_error = target_release(bad[i], &release);

		if (!e)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(error_kind(e), ERROR_USAGE);
		assert_null(release);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_version_of_a_package_is_read),
		cmocka_unit_test(test_a_size_that_is_no_number_is_an_error),
		cmocka_unit_test(test_a_dependency_is_found_with_its_version),
		cmocka_unit_test(test_versions_are_ordered_as_debian_orders_them),
		cmocka_unit_test(test_the_nearest_version_is_itself_then_the_next_then_the_last),
		cmocka_unit_test(test_a_target_is_written_as_kernel_and_release),
		cmocka_unit_test(test_a_name_that_could_leave_the_store_is_no_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
