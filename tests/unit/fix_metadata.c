// SPDX-License-Identifier: GPL-2.0-or-later
/* fix.yaml: what is taken, and what is refused with file, line, key and what is allowed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/yaml_read.h"
#include "fix/metadata.h"
#include "fix/reproducer.h"

static struct fix_metadata *taken(const char *text)
{
	struct fix_metadata *m = NULL;
	struct error *e __cleanup_error = fix_metadata_parse(text, strlen(text), "f.yaml", &m);

	if (e)
		fail_msg("%s: %s", text, error_message(e));
	return m;
}

/* Its message is 'says', and its advice begins with 'advises' (NULL: not looked at). */
static void refused(const char *text, const char *says, const char *advises)
{
	struct fix_metadata *m = NULL;
	struct error *e __cleanup_error = fix_metadata_parse(text, strlen(text), "f.yaml", &m);

	if (!e)
		fail_msg("%s is taken", text);
	assert_null(m);
	assert_string_equal(error_message(e), says);
	assert_int_equal(error_kind(e), ERROR_USAGE);
	if (advises && (!error_advice(e) || !str_starts(error_advice(e), advises)))
		fail_msg("'%s' does not begin with '%s'", error_advice(e), advises);
}

#define SCHEMA "schema: suture-fix/1\n"

static void test_a_file_that_says_nothing_has_the_usual(void **state)
{
	struct fix_metadata *m __cleanup_fix_metadata = taken(SCHEMA);

	(void)state;
	assert_int_equal(m->n_diffs, 1);
	assert_string_equal(m->diffs[0].file, "fix.patch");
	assert_null(m->reproducer.file);
	assert_null(m->facts.title);
	assert_int_equal(m->expect.verdict, FIX_HEALTHY);
	assert_int_equal(m->reproducer.before.exit, 1);
	assert_int_equal(m->reproducer.after.exit, 0);
	assert_int_equal(m->transition_timeout, 60);
}

static void test_everything_that_can_be_said_is_read(void **state)
{
	static const char text[] = SCHEMA "name: fuse_uaf\n"
					  "title: 'fuse: no use after free'\n"
					  "description: |\n  Two\n  lines.\n"
					  "severity: high\n"
					  "cves: [CVE-2026-12345, CVE-2026-1]\n";
	static const char more[] = SCHEMA
		"name: fuse_uaf\n"
		"title: 'fuse: no use after free'\n"
		"description: |\n  Two\n  lines.\n"
		"severity: high\n"
		"cves: [CVE-2026-12345]\n"
		"fixed-in: 6.1.192-1\n"
		"serial: 7\n"
		"requires: [a]\nconflicts: [b]\nsupersedes: [c, d]\n"
		"replace: true\n"
		"targets: ['kernel:6.1.*-amd64', 'tree:*']\n"
		"modules: fuse\n"
		"diffs:\n- fix.patch\n- file: sub/6.12.patch\n  targets: 'kernel:6.12.*'\n"
		"accept:\n- {finding: 'changed-data:x', reason: only the default}\n"
		"reproducer:\n  file: repro.c\n  arguments: [/tmp/file, '3']\n  timeout: 2 min\n"
		"  before: {exit: 3, output: [bad, worse]}\n"
		"  after: {output: good}\n"
		"expect: {verdict: failed, because: transition, function: f, log: [known]}\n"
		"timeouts: {transition: 90s}\n";
	struct fix_metadata *m __cleanup_fix_metadata = taken(more);

	(void)state;
	refused(text, "f.yaml:8: cves: 'CVE-2026-1' is not a CVE ID: CVE-YEAR-NUMBER", NULL);
	assert_string_equal(m->name, "fuse_uaf");
	assert_string_equal(m->facts.title, "fuse: no use after free");
	assert_string_equal(m->description, "Two\nlines.\n");
	assert_string_equal(m->facts.severity, "high");
	assert_string_equal(m->facts.cves.v.v[0], "CVE-2026-12345");
	assert_string_equal(m->facts.fixed_in, "6.1.192-1");
	assert_int_equal(m->facts.serial, 7);
	assert_int_equal(m->facts.supersedes.v.n, 2);
	assert_true(m->replace);
	assert_true(fix_fits(&m->targets, "kernel:6.1.0-56-amd64"));
	assert_false(fix_fits(&m->targets, "kernel:6.12.0-1-amd64"));
	assert_string_equal(m->modules.v[0], "fuse");
	assert_string_equal(m->diffs[1].file, "sub/6.12.patch");
	assert_false(fix_fits(&m->diffs[1].targets, "kernel:6.1.0-56-amd64"));
	assert_true(fix_fits(&m->diffs[0].targets, "kernel:6.1.0-56-amd64"));
	assert_string_equal(m->accept[0].reason, "only the default");
	assert_true(m->reproducer.is_source);
	assert_string_equal(m->reproducer.arguments.v[1], "3");
	assert_int_equal(m->reproducer.timeout, 120);
	assert_int_equal(m->reproducer.before.exit, 3);
	assert_int_equal(m->reproducer.reverted.exit, 3);
	assert_string_equal(m->reproducer.reverted.output.v[1], "worse");
	assert_int_equal(m->expect.verdict, FIX_FAILED);
	assert_int_equal(m->expect.cause, FIX_CAUSE_TRANSITION);
	assert_string_equal(m->expect.function, "f");
	assert_int_equal(m->transition_timeout, 90);
}

static void test_what_is_wrong_is_named_with_file_line_and_key(void **state)
{
	static const struct {
		const char *text, *says, *advises;
	} wrong[] = {
		{ "", "f.yaml:1: 'schema' is missing", "a fix.yaml begins with: schema" },
		{ "schema: suture-fix/9\n",
		  "f.yaml:1: schema: 'suture-fix/9' is not known: this program reads suture-fix/1" },
		{ SCHEMA "titel: x\n", "f.yaml:2: 'titel' is no key here",
		  "allowed here: schema, name, title" },
		{ SCHEMA "title: x\ntitle: y\n",
		  "f.yaml: line 3: 'title' is there twice, before in line 2" },
		{ SCHEMA "title: [x]\n", "f.yaml:2: title: it is a list, and must be a text" },
		{ SCHEMA "title:\n", "f.yaml:2: title: it is empty" },
		{ SCHEMA "title: \"a\\eb\"\n",
		  "f.yaml:2: title: it has control characters, or more than one line" },
		{ SCHEMA "severity: urgent\n",
		  "f.yaml:2: severity: 'urgent' is not low, medium, high or critical" },
		{ SCHEMA "requires: [a, b, a]\n", "f.yaml:2: requires: a is named twice" },
		{ SCHEMA "replace: yes\n", "f.yaml:2: replace: 'yes' is not true or false" },
		{ SCHEMA "reproducer: {file: x, before: {exit: 256}}\n",
		  "f.yaml:2: reproducer.before.exit: '256' is not an exit status: 0 to 255" },
		{ SCHEMA "reproducer: {file: x, timeout: 30}\n",
		  "f.yaml:2: reproducer.timeout: '30' is not a time like 30 s, 2 min or 1 h, up to "
		  "a day" },
		{ SCHEMA "reproducer: {file: x,\n before: {exit: 0}}\n",
		  "f.yaml:2: reproducer: 'before' and 'after' are the same: it would prove "
		  "nothing" },
		{ SCHEMA "reproducer: {timeout: 3 s}\n",
		  "f.yaml:2: reproducer: 'file' is missing" },
		{ SCHEMA "diffs: []\n", "f.yaml:2: diffs: it is empty" },
		{ SCHEMA "diffs:\n- targets: x\n", "f.yaml:3: diffs: 'file' is missing" },
		{ SCHEMA "accept:\n- finding: x\n",
		  "f.yaml:3: accept: it needs 'finding' (CODE:WHERE) and 'reason'" },
		{ SCHEMA "expect: {verdict: dead}\n",
		  "f.yaml:2: expect.verdict: 'dead' is not known",
		  "allowed: healthy, degraded, failed, inconclusive" },
		{ SCHEMA "expect: {verdict: failed}\n",
		  "f.yaml:2: expect: 'because' is for a 'verdict' other than healthy, which needs "
		  "it" },
		{ SCHEMA "expect: {build: refused, verdict: healthy}\n",
		  "f.yaml:2: expect: a fix that is not built gets no 'verdict'" },
		{ SCHEMA "targets: '*a*a*a*a*a'\n",
		  "f.yaml:2: targets: '*a*a*a*a*a' has more than 4 stars" },
		{ SCHEMA "title: &a x\n", "f.yaml: line 2: an anchor (&NAME) is not allowed here" },
		{ SCHEMA "title: *a\n", "f.yaml: line 2: an alias (*NAME) is not allowed here" },
		{ SCHEMA "title: !!str x\n", "f.yaml: line 2: a tag (!NAME) is not allowed here" },
		{ SCHEMA "---\na: b\n",
		  "f.yaml: line 2: a second document begins; only one is allowed" },
		{ "- x\n", "f.yaml:1: it is a list, and must be a map" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		refused(wrong[i].text, wrong[i].says, wrong[i].advises);
}

static void test_what_is_asked_of_the_watch_is_read(void **state)
{
	static const char text[] = SCHEMA "watch:\n  alpha: 0.5 %\n  latency-margin: 30%\n"
					  "  tail-margin: 150 %\n  error-margin: 12.5 %\n"
					  "  signal-margin: 200 %\n  leak-margin: 4 KiB/s\n"
					  "  baseline: 90 s\n  soak: 5 min\n"
					  "  hard: [oops, crash]\n  on-degraded: keep\n"
					  "  controls: [vfs_read, 'fuse:fuse_open,2']\n"
					  "  health-check: curl -sf localhost/health\n";
	static const double want[WATCH_NUMBERS] = { 0.005, 0.3, 1.5, 0.125, 2, 4096, 90, 300 };
	struct fix_metadata *m __cleanup_fix_metadata = taken(text);
	struct fix_metadata *nothing __cleanup_fix_metadata = taken(SCHEMA);

	(void)state;
	for (size_t i = 0; i < WATCH_NUMBERS; i++)
		assert_float_equal(m->watch.number[i], want[i], 1e-12);
	assert_int_equal(m->watch.hard,
			 1u << WATCH_HARD_OOPS | 1u << WATCH_HARD_CRASH | WATCH_HARD_ALWAYS);
	assert_int_equal(m->watch.on_degraded, WATCH_DEGRADED_KEEP);
	assert_int_equal(m->watch.controls.n, 2);
	assert_string_equal(m->watch.controls.v[1], "fuse:fuse_open,2");
	assert_string_equal(m->watch.health_check, "curl -sf localhost/health");
	assert_true(watch_terms_said(&m->watch));
	assert_false(watch_terms_said(&nothing->watch));
}

static void test_what_can_not_be_asked_of_the_watch_is_refused(void **state)
{
	static const struct {
		const char *said, *why, *advises;
	} wrong[] = {
		{ "alpha: 0.01", "alpha: '0.01' is not a share like 15 % or 0.5 %" },
		{ "alpha: 21 %", "alpha: '21 %' is not between 0.0001 % and 20 %" },
		{ "alpha: 0 %", "alpha: '0 %' is not between 0.0001 % and 20 %" },
		{ "latency-margin: -5 %",
		  "latency-margin: '-5 %' is not a share like 15 % or 0.5 %" },
		{ "latency-margin: 1e3 %",
		  "latency-margin: '1e3 %' is not a share like 15 % or 0.5 %" },
		{ "latency-margin: 0.01 %",
		  "latency-margin: '0.01 %' is not between 0.1 % and 10000 %" },
		{ "tail-margin: 20000 %",
		  "tail-margin: '20000 %' is not between 0.1 % and 10000 %" },
		{ "error-margin: 1.5.1 %",
		  "error-margin: '1.5.1 %' is not a share like 15 % or 0.5 %" },
		{ "signal-margin: nan %",
		  "signal-margin: 'nan %' is not a share like 15 % or 0.5 %" },
		{ "leak-margin: 4096",
		  "leak-margin: '4096' is not a rate like 512 B/s or 4 KiB/s" },
		{ "leak-margin: 0 B/s", "leak-margin: '0 B/s' is not between 1 B/s and 1e+12 B/s" },
		{ "baseline: 60", "baseline: '60' is not a time like 30 s, 2 min or 1 h" },
		{ "soak: 25 h", "soak: '25 h' is not between 1 s and 86400 s" },
		{ "hard: [oops, slow]", "hard: 'slow' is no signal that can decide",
		  "allowed: oops, warning, lockup, redirect-lost, crash, health-check" },
		{ "on-degraded: ignore", "on-degraded: 'ignore' is not known",
		  "allowed: revert, keep" },
		{ "controls: 'a b'", "controls: 'a b' is not [OBJECT:]FUNCTION[,POS]" },
		{ "controls: 'a:b:c'", "controls: 'a:b:c' is not [OBJECT:]FUNCTION[,POS]" },
		{ "controls: 'a,0'", "controls: 'a,0' is not [OBJECT:]FUNCTION[,POS]" },
		{ "controls: [a, b, c, d, e, f, g, h, i]", "controls: more than 8 functions" },
		{ "health-check: ''", "health-check: it is empty" },
		{ "watch: required", "'watch' is no key here" },
		{ "margin: 5 %", "'margin' is no key here",
		  "allowed here: alpha, latency-margin, tail-margin" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		char *text __free = str_printf(SCHEMA "watch:\n  %s\n", wrong[i].said);
		char *says __free = str_printf("f.yaml:3: watch%s%s",
					       *wrong[i].why == '\'' ? ": " : ".", wrong[i].why);

		refused(text, says, wrong[i].advises);
	}
}

static void test_a_command_line_says_the_same_key_by_key(void **state)
{
	static const char *const wrong[][2] = {
		{ "soak", "'soak' is not KEY=VALUE" },
		{ "soak=5", "soak: '5' is not a time like 30 s, 2 min or 1 h" },
		{ "speed=5 %", "'speed' is no key here" },
		{ "hard=oops,,crash", "hard: it is empty" },
	};
	struct watch_terms t = { 0 };
	struct arena a = { 0 };

	(void)state;
	assert_null(watch_terms_set(&t, "soak=2min", &a));
	assert_null(watch_terms_set(&t, "latency-margin=7.5%", &a));
	assert_null(watch_terms_set(&t, "hard=oops,lockup", &a));
	assert_null(watch_terms_set(&t, "on-degraded=revert", &a));
	assert_float_equal(t.number[WATCH_SOAK], 120, 0);
	assert_float_equal(t.number[WATCH_LATENCY], 0.075, 1e-12);
	assert_int_equal(t.hard,
			 1u << WATCH_HARD_OOPS | 1u << WATCH_HARD_LOCKUP | WATCH_HARD_ALWAYS);
	assert_int_equal(t.on_degraded, WATCH_DEGRADED_REVERT);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct error *e __cleanup_error = watch_terms_set(&t, wrong[i][0], &a);

		assert_non_null(e);
		assert_string_equal(error_message(e), wrong[i][1]);
		assert_int_equal(error_kind(e), ERROR_USAGE);
	}
	arena_free(&a);
}

static void test_paths_stay_inside_of_the_folder(void **state)
{
	static const char *const paths[] = { "/etc/passwd", "../x", "a/../../x", "a//b", ".",
					     "a/",	    "./a",  "a/.x",	 "a\\b" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		char *text __free = str_printf(SCHEMA "diffs: ['%s']\n", paths[i]);
		char *says __free = str_printf(
			"f.yaml:2: diffs: '%s' is not a file inside of the fix's folder, with "
			"names that do not begin with a dot",
			paths[i]);

		refused(text, says, NULL);
	}
}

static void test_depth_size_and_number_are_bounded(void **state)
{
	static char text[YAML_SIZE_MAX + 2];
	struct strbuf many __cleanup_strbuf = { 0 };

	(void)state;
	memset(text, '[', 500);
	refused(text, "f.yaml: line 1: lists and maps are nested too deeply", NULL);
	memset(text, ' ', sizeof(text) - 1);
	refused(text, "f.yaml: it has 262145 bytes; at most 262144 are read", NULL);
	for (int i = 0; i < 1001; i++)
		assert_null(strbuf_printf(&many, "k%d: x\n", i));
	refused(strbuf_str(&many), "f.yaml: line 1001: a list or map of more than 1000", NULL);
}

static void write_text(const struct tmpdir *d, const char *name, const char *text)
{
	char *path __free = str_printf("%s/%s", d->path, name);

	assert_null(file_write(path, text, strlen(text), 0644));
}

static void read_says(const struct tmpdir *d, const char *word)
{
	struct fix_metadata *m __cleanup_fix_metadata = NULL;
	struct error *e __cleanup_error = fix_metadata_read(d->path, &m);

	if (!e || !strstr(error_message(e), word))
		fail_msg("\"%s\" does not say \"%s\"", e ? error_message(e) : "(taken)", word);
}

static void test_files_that_are_named_must_be_there_and_inside(void **state)
{
	struct fix_metadata *m __cleanup_fix_metadata = NULL;
	struct tmpdir d __cleanup_tmpdir = { 0 };
	char *link __free = NULL, *path __free = NULL;

	(void)state;
	assert_null(tmpdir_make(NULL, &d));
	assert_false(fix_metadata_is_at(d.path));
	write_text(&d, "fix.yaml", SCHEMA);
	assert_true(fix_metadata_is_at(d.path));
	read_says(&d, "diffs: fix.patch: No such file");
	link = str_printf("%s/fix.patch", d.path);
	assert_int_equal(symlink("/etc/passwd", link), 0);
	read_says(&d, "fix.patch leads out of the folder");
	unlink(link);
	write_text(&d, "fix.patch", "x");
	assert_null(fix_metadata_read(d.path, &m));
	path = fix_path(m, m->diffs[0].file);
	assert_string_equal(path, link);
}

static void judged(const char *said, unsigned int status, const char *why)
{
	const char *const texts[] = { "good", "better" };
	const struct fix_run want = { .exit = 1, .output = { texts, 2 } };
	struct strbuf sentence __cleanup_strbuf = { 0 };

	assert_null(fix_run_judge(&want, status, said, &sentence));
	assert_string_equal(strbuf_str(&sentence), why);
}

static void test_a_run_is_compared_with_what_it_should_give(void **state)
{
	(void)state;
	judged("better than good\n", 1, "");
	judged("better than good\n", 0, "exit status 0 instead of 1");
	judged("good\n", 1, "'better' is not in its output");
}

static void test_a_reproducer_becomes_a_program(void **state)
{
	static const char source[] = "int main(void) { return 7; }\n",
			  script[] = "#!/bin/sh\nexit 8\n";
	struct tmpdir d __cleanup_tmpdir = { 0 };
	char *from __free = NULL, *to __free = NULL;

	(void)state;
	assert_null(tmpdir_make("/tmp", &d));
	from = str_printf("%s/a.c", d.path);
	to = str_printf("%s/a", d.path);
	assert_null(file_write(from, source, strlen(source), 0644));
	assert_null(fix_reproducer_make(from, true, to));
	assert_int_equal(WEXITSTATUS(system(to)), 7);
	assert_null(file_write(from, script, strlen(script), 0644));
	assert_null(fix_reproducer_make(from, false, to));
	assert_int_equal(WEXITSTATUS(system(to)), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_that_says_nothing_has_the_usual),
		cmocka_unit_test(test_everything_that_can_be_said_is_read),
		cmocka_unit_test(test_what_is_wrong_is_named_with_file_line_and_key),
		cmocka_unit_test(test_what_is_asked_of_the_watch_is_read),
		cmocka_unit_test(test_what_can_not_be_asked_of_the_watch_is_refused),
		cmocka_unit_test(test_a_command_line_says_the_same_key_by_key),
		cmocka_unit_test(test_paths_stay_inside_of_the_folder),
		cmocka_unit_test(test_depth_size_and_number_are_bounded),
		cmocka_unit_test(test_files_that_are_named_must_be_there_and_inside),
		cmocka_unit_test(test_a_run_is_compared_with_what_it_should_give),
		cmocka_unit_test(test_a_reproducer_becomes_a_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
