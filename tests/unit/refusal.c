// SPDX-License-Identifier: GPL-2.0-or-later
/* What a build is refused for, over all its units, and what a person may accept of it. */
#include "flow/refusal.h"

#include "delta_pair.h"

#define USER(n) "int g(int);\nint f(void) { return g(" #n "); }\n"
#define INIT(n)                                                                                \
	"int g(int);\n__attribute__((section(\".init.text\"))) int setup(void) { return g(" #n \
	"); }\n"

struct two {
	struct pair a, b;
	struct unit units[2];
	struct build_unit built[2];
	struct build build;
	struct target target;
};

static void two_make(struct two *t, const char *a, const char *a2, const char *b, const char *b2)
{
	pair_make(&t->a, a, a2);
	pair_make(&t->b, b, b2);
	for (size_t i = 0; i < 2; i++) {
		t->units[i] = (struct unit){ .source = i ? "fs/b.c" : "fs/a.c",
					     .object = i ? "fs/b.o" : "fs/a.o" };
		t->built[i] = (struct build_unit){ .unit = &t->units[i],
						   .delta = i ? t->b.delta : t->a.delta };
	}
	t->target.name = (char *)"kernel:test";
	t->build = (struct build){ .units = t->built, .n = 2, .name = (char *)"fix" };
}

static void two_free(struct two *t)
{
	pair_free(&t->a);
	pair_free(&t->b);
}
#define __cleanup_two __cleanup(two_free)

static struct error *accept(struct two *t, const char *which)
{
	const struct build_accept all[] = { { which, "it is known" } };
	struct build_options opt = { .target = &t->target, .accept = all, .n_accept = 1 };

	return refusal_accept(&t->build, &opt);
}

static void expect_advice(const struct error *e, const char *words)
{
	assert_non_null(error_advice(e));
	if (!strstr(error_advice(e), words))
		fail_msg("\"%s\" does not say \"%s\"", error_advice(e), words);
}

static void test_a_refusal_tells_the_findings_of_all_units_and_the_words_to_accept_them(
	void **state)
{
	struct two t __cleanup_two = { 0 };
	struct error *e __cleanup_error = NULL;

	(void)state;
	two_make(&t, USER(1) "int limit = 1;\n", USER(2) "int limit = 2;\n", INIT(1), INIT(2));
	e = refusal_make(&t.build);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
	assert_non_null(strstr(error_message(e), "for 2 reasons"));
	assert_non_null(strstr(error_message(e), "limit"));
	assert_non_null(strstr(error_message(e), "setup"));
	expect_advice(e, "--accept 'changed-data:limit' --reason WHY");
	expect_advice(e, "--accept 'init-code:setup' --reason WHY");
}

static void test_what_is_accepted_in_any_unit_is_no_longer_refused(void **state)
{
	struct two t __cleanup_two = { 0 };
	struct error *e __cleanup_error = NULL;

	(void)state;
	two_make(&t, USER(1) "int limit = 1;\n", USER(2) "int limit = 2;\n", INIT(1), INIT(2));
	ok(accept(&t, "init-code:setup"));
	e = refusal_make(&t.build);
	assert_non_null(strstr(error_message(e), "for 1 reason:"));
	assert_null(strstr(error_message(e), "setup"));
	ok(accept(&t, "changed-data:limit"));
	assert_null(refusal_make(&t.build));
}

static void test_accepting_what_is_not_there_lists_what_is(void **state)
{
	struct two t __cleanup_two = { 0 };
	struct error *e __cleanup_error = NULL;

	(void)state;
	two_make(&t, USER(1) "int room[2];\n", USER(2) "int room[3];\n", INIT(1), INIT(2));
	e = accept(&t, "init-code:f");
	assert_int_equal(error_kind(e), ERROR_USAGE);
	expect_advice(e, "init-code:setup");
	expect_advice(e, "changed-data:room (can't be accepted)");
}

/* Accepted, they would leave nothing to do. */
static void test_where_no_function_changes_nothing_is_offered(void **state)
{
	struct two t __cleanup_two = { 0 };
	struct error *e __cleanup_error = NULL;

	(void)state;
	two_make(&t, USER(1), USER(1), INIT(1), INIT(2));
	e = refusal_make(&t.build);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
	assert_non_null(strstr(error_message(e), "no function that still runs changes"));
	assert_null(strstr(error_advice(e), "--accept"));
}

/* A header's type is laid out differently in all objects that include it. */
static void test_what_two_units_have_alike_is_told_once(void **state)
{
#define THING(field, n) \
	"struct thing { int a; " field " };\nint f(struct thing *t) { return t->a + " #n "; }\n"
	struct strbuf text __cleanup_strbuf = { 0 };
	struct two t __cleanup_two = { 0 };
	struct error *e __cleanup_error = NULL;
	const char *first;

	(void)state;
	two_make(&t, THING("", 1), THING("int b;", 2), THING("", 3), THING("int b;", 4));
	e = refusal_make(&t.build);
	assert_non_null(strstr(error_message(e), "for 1 reason:"));
	ok(refusal_json(&t.build, &(struct build_options){ .target = &t.target, .refusal = &text },
			"why"));
	first = strstr(strbuf_str(&text), "\"changed-layout\"");
	assert_non_null(first);
	assert_null(strstr(first + 1, "\"changed-layout\""));
	assert_non_null(strstr(strbuf_str(&text), "\"refused\": \"why\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_a_refusal_tells_the_findings_of_all_units_and_the_words_to_accept_them),
		cmocka_unit_test(test_what_is_accepted_in_any_unit_is_no_longer_refused),
		cmocka_unit_test(test_accepting_what_is_not_there_lists_what_is),
		cmocka_unit_test(test_where_no_function_changes_nothing_is_offered),
		cmocka_unit_test(test_what_two_units_have_alike_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
