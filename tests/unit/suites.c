// SPDX-License-Identifier: GPL-2.0-or-later
/* Other suites of the host's archive, derived from what apt says of the host's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "source/kernel_packages.h"
#include "source/suites.h"
#include "source/toolchain.h"

#define MAIN "Packages|http://mirror.invalid/debian/|bookworm|main|Debian|Debian|/etc/a.sources:1\n"
#define SECURITY                                                                                  \
	"Packages|http://mirror.invalid/security/|bookworm-security|main|Debian|Debian-Security|" \
	"/etc/a.sources:2\n"

static void test_places_are_those_of_the_hosts_own_suites(void **state)
{
	struct suite_host h __cleanup_suite_host = { 0 };

	(void)state;
	assert_null(suite_host_read(SECURITY MAIN, "bookworm", &h));
	assert_string_equal(h.main.uri, "http://mirror.invalid/debian/");
	assert_string_equal(h.main.entry, "/etc/a.sources:1");
	assert_string_equal(h.security.uri, "http://mirror.invalid/security/");
}

static void test_archives_of_others_are_left_out(void **state)
{
	struct suite_host h __cleanup_suite_host = { 0 };
	struct error *e __cleanup_error = NULL;

	(void)state;
	e = suite_host_read("Packages|http://node.invalid/|nodistro|main|n|n|/etc/n.sources:1\n"
			    "Packages|http://x.invalid/|bookworm|main|Other|Other|/etc/o:1\n"
			    "Packages|http://mirror.invalid/debian/|bookworm|contrib|Debian|"
			    "Debian|/etc/a.sources:1\n"
			    "Translations|http://mirror.invalid/debian/|bookworm|main|Debian|"
			    "Debian|/etc/a.sources:1\n"
			    "a line of another form\n",
			    "bookworm", &h);
	assert_non_null(e);
	assert_null(h.main.uri);
}

static void test_without_lists_the_hosts_codename_tells_its_archive(void **state)
{
	struct suite_host h __cleanup_suite_host = { 0 };

	(void)state;
	assert_null(suite_host_read(
		"Packages|http://node.invalid/|nodistro|main|||/etc/n.sources:1\n"
		"Packages|http://mirror.invalid/d/|bookworm-updates|main|||/etc/list:3\n",
		"bookworm", &h));
	assert_string_equal(h.main.uri, "http://mirror.invalid/d/");
	assert_null(h.security.uri);
}

static void assert_key(const char *text, bool deb822, unsigned int n, const char *want)
{
	char *key __free = NULL;

	assert_null(suite_signed_by(text, deb822, n, &key));
	if (want)
		assert_string_equal(key, want);
	else
		assert_null(key);
}

static void test_the_key_is_that_of_the_stanza(void **state)
{
	static const char text[] = "# a comment\n\nTypes: deb\nsigned-by: /a.gpg\nURIs: x\n\n\n"
				   "Types: deb\nURIs: y\n# more\nSigned-By:\n -----BEGIN-----\n .\n"
				   " abc\nSuites: s\n\nTypes: deb\n";

	(void)state;
	assert_key(text, true, 1, "/a.gpg");
	assert_key(text, true, 2, "\n -----BEGIN-----\n .\n abc");
	assert_key(text, true, 3, NULL);
	assert_key(text, true, 4, NULL);
	assert_key(text, true, 0, NULL);
}

static void test_the_key_is_that_of_the_line(void **state)
{
	static const char text[] =
		"# deb [signed-by=/no.gpg] u s main\n"
		"deb [ arch=amd64 signed-by=/b.gpg ] http://mirror.invalid s main\n"
		"deb http://mirror.invalid s main # [signed-by=/no.gpg\n";

	(void)state;
	assert_key(text, false, 2, "/b.gpg");
	assert_key(text, false, 3, NULL);
	assert_key(text, false, 9, NULL);
}

static void test_sources_of_a_group_keep_place_and_key(void **state)
{
	struct suite_host h = { .main = { "http://m.invalid/", "f:1", "/k.gpg" },
				.security = { "http://s.invalid/", "f:2", NULL } };
	static const struct suite_group g = {
		"trixie", 13, { "trixie", "trixie-updates" }, { "trixie-security" }
	};
	struct strbuf text __cleanup_strbuf = { 0 };

	(void)state;
	assert_null(suites_sources(&h, &g, &text));
	assert_string_equal(text.s, "Types: deb\nURIs: http://m.invalid/\n"
				    "Suites: trixie trixie-updates\nComponents: main\n"
				    "Architectures: amd64\nSigned-By: /k.gpg\n"
				    "\nTypes: deb\nURIs: http://s.invalid/\n"
				    "Suites: trixie-security\nComponents: main\n"
				    "Architectures: amd64\n");
}

static void test_a_group_without_security_asks_one_place(void **state)
{
	struct suite_host h = { .main = { "http://m.invalid/", "f:1", NULL },
				.security = { "http://s.invalid/", "f:2", NULL } };
	static const struct suite_group g = { "sid", 14, { "sid" }, { NULL } };
	struct strbuf text __cleanup_strbuf = { 0 };

	(void)state;
	assert_null(suites_sources(&h, &g, &text));
	assert_non_null(strstr(text.s, "Suites: sid\n"));
	assert_null(strstr(text.s, "s.invalid"));
}

static void test_nothing_unsigned_is_ever_taken(void **state)
{
	static const char *const need[] = {
		"Acquire::AllowInsecureRepositories \"false\";",
		"Acquire::AllowWeakRepositories \"false\";",
		"Acquire::AllowDowngradeToInsecureRepositories \"false\";",
		"APT::Get::AllowUnauthenticated \"false\";",
		"#clear APT::Update::Post-Invoke;",
		"Dir::State::lists \"/cache/apt/sid/lists/\";",
		"Dir::Etc::sourcelist \"/dev/null\";",
	};
	struct strbuf text __cleanup_strbuf = { 0 };

	(void)state;
	assert_null(suites_apt_conf("/cache/apt/sid", &text));
	for (size_t i = 0; i < ARRAY_SIZE(need); i++)
		assert_non_null(strstr(text.s, need[i]));
}

static void test_the_suite_that_a_release_names_is_asked_first(void **state)
{
	const struct suite_group *order[SUITE_GROUPS];

	(void)state;
	suite_groups_order("6.12.117+deb13-amd64", order);
	assert_string_equal(order[0]->name, "trixie");
	suite_groups_order("7.2.13+deb14-amd64", order);
	assert_string_equal(order[0]->name, "sid");
	suite_groups_order("6.1.0-56-amd64", order);
	assert_string_equal(order[0]->name, "bookworm");
	for (size_t i = 0; i < SUITE_GROUPS; i++)
		for (size_t j = 0; j < i; j++)
			assert_ptr_not_equal(order[i], order[j]);
}

/* --- forms of the image ---------------------------------------------------------------- */

static void find_image(const char *stanzas, const char *release, const char *image,
		       const char *modules)
{
	struct packages p __cleanup_packages = { 0 };
	struct image_names n = { 0 };
	bool found;

	assert_null(packages_parse(stanzas, &p));
	assert_null(image_names_find(&p, release, &n, &found));
	assert_int_equal(found, image != NULL);
	if (image) {
		assert_string_equal(n.image, image);
		assert_string_equal(n.version, "1-1");
	}
	if (modules)
		assert_string_equal(n.modules, modules);
	else
		assert_null(n.modules);
	image_names_free(&n);
}

#define PACKAGE(name, depends) \
	"Package: " name "\nVersion: 1-1\nDepends: " depends "\nSize: 1\nSHA256: a\n\n"

static void test_an_image_with_its_modules_is_one_package(void **state)
{
	(void)state;
	find_image(PACKAGE("linux-image-6.12-amd64", "kmod")
			   PACKAGE("linux-image-6.12-amd64-unsigned", "kmod"),
		   "6.12-amd64", "linux-image-6.12-amd64-unsigned", NULL);
}

static void test_an_image_in_two_packages_is_found_by_its_dependencies(void **state)
{
	(void)state;
	find_image(PACKAGE("linux-image-7.2-amd64",
			   "dracut | initramfs-tools (>= 0.1), linux-base-7.2-amd64 (= 1-1), "
			   "linux-binary-7.2-amd64 (= 1-1), linux-modules-7.2-amd64 (= 1-1)"),
		   "7.2-amd64", "linux-binary-7.2-amd64", "linux-modules-7.2-amd64");
}

static void test_an_image_of_another_form_is_not_taken(void **state)
{
	(void)state;
	find_image(PACKAGE("linux-image-7.2-amd64", "linux-binary-7.2-amd64 (>= 1-1), "
						    "linux-modules-7.2-amd64 (= 1-1)"),
		   "7.2-amd64", NULL, NULL);
	find_image(PACKAGE("linux-image-6.12-amd64", "kmod"), "6.12-amd64", NULL, NULL);
}

/* --- compilers -------------------------------------------------------------------------- */

static void assert_compiler(const char *text, const char *package, const char *version)
{
	char *p __free = NULL, *v __free = NULL;

	assert_null(toolchain_compiler(text, &p, &v));
	assert_string_equal(p, package);
	assert_string_equal(v, version);
}

static void test_a_compilers_text_names_its_package(void **state)
{
	(void)state;
	assert_compiler("x86_64-linux-gnu-gcc-14 (Debian 14.2.0-19) 14.2.0", "gcc-14", "14.2.0-19");
	assert_compiler("gcc-10 (Debian 10.2.1-6) 10.2.1 20210110", "gcc-10", "10.2.1-6");
}

static void test_a_compiler_that_is_not_debians_is_refused(void **state)
{
	static const char *const strange[] = {
		"gcc (GCC) 13.1",
		"clang version 14 (Debian 1)",
		"gcc-14 (Debian ../../x) 14",
		"",
		"gcc-1/2 (Debian 1) 1",
		"gcc-14 (Debian 14.2.0-19",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(strange); i++) {
		char *p __free = NULL, *v __free = NULL;
		struct error *e __cleanup_error = toolchain_compiler(strange[i], &p, &v);

		assert_non_null(e);
		assert_int_equal(error_kind(e), ERROR_REFUSED);
		assert_null(p);
	}
}

static void test_a_simulated_installation_is_read(void **state)
{
	struct simulated s = { 0 };

	(void)state;
	assert_null(simulated_parse("NOTE: a simulation\n"
				    "Inst gcc-14-base (14.2.0-19 Debian:13.7/stable [amd64])\n"
				    "Inst libc6 [2.36] (2.41-12 Debian:13.7/stable [amd64]) []\n"
				    "Conf libc6 (2.41-12 Debian:13.7/stable [amd64])\n",
				    &s));
	assert_int_equal(s.list.n, 2);
	assert_string_equal(s.list.v[0].name, "gcc-14-base");
	assert_string_equal(s.list.v[0].version, "14.2.0-19");
	assert_string_equal(s.list.v[1].name, "libc6");
	assert_string_equal(s.list.v[1].version, "2.41-12");
	simulated_free(&s);
}

static void test_a_simulation_of_another_form_is_an_error(void **state)
{
	static const char *const bad[] = { "Inst a\n", "Inst (1 x)\n", "Inst a ()\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct simulated s = { 0 };
		struct error *e __cleanup_error = simulated_parse(bad[i], &s);

		assert_non_null(e);
		simulated_free(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places_are_those_of_the_hosts_own_suites),
		cmocka_unit_test(test_archives_of_others_are_left_out),
		cmocka_unit_test(test_without_lists_the_hosts_codename_tells_its_archive),
		cmocka_unit_test(test_the_key_is_that_of_the_stanza),
		cmocka_unit_test(test_the_key_is_that_of_the_line),
		cmocka_unit_test(test_sources_of_a_group_keep_place_and_key),
		cmocka_unit_test(test_a_group_without_security_asks_one_place),
		cmocka_unit_test(test_nothing_unsigned_is_ever_taken),
		cmocka_unit_test(test_the_suite_that_a_release_names_is_asked_first),
		cmocka_unit_test(test_an_image_with_its_modules_is_one_package),
		cmocka_unit_test(test_an_image_in_two_packages_is_found_by_its_dependencies),
		cmocka_unit_test(test_an_image_of_another_form_is_not_taken),
		cmocka_unit_test(test_a_compilers_text_names_its_package),
		cmocka_unit_test(test_a_compiler_that_is_not_debians_is_refused),
		cmocka_unit_test(test_a_simulated_installation_is_read),
		cmocka_unit_test(test_a_simulation_of_another_form_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
