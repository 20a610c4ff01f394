// SPDX-License-Identifier: GPL-2.0-or-later
/* What a monitor is told of patches, to the letter. */
#include "snippet.h"

#include "base/exposition.h"
#include "flow/patch_metrics.h"

/* The samples alone. */
static char *samples(const struct strbuf *all)
{
	struct strbuf out = { 0 };

	for (const char *at = all->s; at && *at; at += strcspn(at, "\n") + 1)
		if (*at != '#')
			ok(strbuf_printf(&out, "%.*s\n", (int)strcspn(at, "\n"), at));
	return out.s;
}

static void test_a_sample_has_its_labels_escaped(void **state)
{
	struct strbuf out __cleanup_strbuf = { 0 };

	(void)state;
	ok(exposition_family(&out, "a_total", "counter", "What it is."));
	ok(exposition_sample(&out, "a_total", UINT64_MAX, NULL));
	ok(exposition_sample(&out, "a_total", 0, "x", "a\"b\\c\nd", "y", "", NULL));
	assert_string_equal(out.s, "# HELP a_total What it is.\n# TYPE a_total counter\n"
				   "a_total 18446744073709551615\n"
				   "a_total{x=\"a\\\"b\\\\c\\nd\",y=\"\"} 0\n");
}

static void test_of_a_patch_each_state_has_a_sample(void **state)
{
	const struct patch_metrics row = { .name = "fuse_uaf",
					   .known = true,
					   .proof = PROOF_LOST,
					   .confirmed = false,
					   .deadline = 1795726801,
					   .verdict = "inconclusive" };
	struct strbuf out __cleanup_strbuf = { 0 };
	char *said __free = NULL;

	(void)state;
	ok(patch_metrics_print(&row, 1, &out));
	said = samples(&out);
	assert_string_equal(
		said, "suture_patch_proof{patch=\"fuse_uaf\",state=\"exercised\"} 0\n"
		      "suture_patch_proof{patch=\"fuse_uaf\",state=\"in place\"} 0\n"
		      "suture_patch_proof{patch=\"fuse_uaf\",state=\"lost\"} 1\n"
		      "suture_patch_proof{patch=\"fuse_uaf\",state=\"not patched\"} 0\n"
		      "suture_patch_proof{patch=\"fuse_uaf\",state=\"unknown\"} 0\n"
		      "suture_patch_confirmed{patch=\"fuse_uaf\"} 0\n"
		      "suture_patch_deadline_timestamp_seconds{patch=\"fuse_uaf\"} 1795726801\n"
		      "suture_patch_verdict{patch=\"fuse_uaf\",word=\"healthy\"} 0\n"
		      "suture_patch_verdict{patch=\"fuse_uaf\",word=\"inconclusive\"} 1\n"
		      "suture_patch_verdict{patch=\"fuse_uaf\",word=\"degraded\"} 0\n"
		      "suture_patch_verdict{patch=\"fuse_uaf\",word=\"failed\"} 0\n"
		      "suture_patch_verdict{patch=\"fuse_uaf\",word=\"none\"} 0\n");
}

static void test_of_one_for_processes_they_are_counted(void **state)
{
	const struct patch_metrics row = { .name = "redis",
					   .of_processes = true,
					   .known = true,
					   .processes = { .all = 5, .have = 3, .lost = 1 },
					   .confirmed = true };
	struct strbuf out __cleanup_strbuf = { 0 };
	char *said __free = NULL;

	(void)state;
	ok(patch_metrics_print(&row, 1, &out));
	said = samples(&out);
	assert_non_null(strstr(said, "suture_patch_processes{patch=\"redis\",state=\"lost\"} 1\n"));
	assert_non_null(
		strstr(said, "suture_patch_processes{patch=\"redis\",state=\"without\"} 1\n"));
	assert_non_null(strstr(said, "word=\"none\"} 1\n"));
	/* No proof of the kernel's, and no deadline that is pending. */
	assert_null(strstr(said, "suture_patch_proof"));
	assert_null(strstr(said, "deadline"));
}

static void test_without_a_patch_the_families_are_told_all_the_same(void **state)
{
	struct strbuf out __cleanup_strbuf = { 0 };

	(void)state;
	ok(patch_metrics_print(NULL, 0, &out));
	assert_non_null(strstr(out.s, "# TYPE suture_patch_deadline_timestamp_seconds gauge\n"));
	assert_null(samples(&out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_sample_has_its_labels_escaped),
		cmocka_unit_test(test_of_a_patch_each_state_has_a_sample),
		cmocka_unit_test(test_of_one_for_processes_they_are_counted),
		cmocka_unit_test(test_without_a_patch_the_families_are_told_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
