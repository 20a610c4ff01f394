// SPDX-License-Identifier: GPL-2.0-or-later
/* Bundles come back as they were written; whatever else is in a file is refused. */
#include "snippet.h"

#include "base/digest.h"
#include "bundle/archive.h"
#include "bundle/bundle.h"
#include "bundle/manifest.h"

/* Of 30 bytes. */
#define CODE "0f1f......0055c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3"

static struct tmpdir dir;
static char path[256], other[256];

/* What one bundle is made of, for changing a part of it. */
struct parts {
	struct strbuf patch, module, debug, manifest, bytes;
};

static void free_parts(struct parts *p)
{
	strbuf_free(&p->patch);
	strbuf_free(&p->module);
	strbuf_free(&p->debug);
	strbuf_free(&p->manifest);
	strbuf_free(&p->bytes);
}

#define __cleanup_parts __cleanup(free_parts)

static int setup(void **state)
{
	(void)state;
	ok(tmpdir_make(NULL, &dir));
	snprintf(path, sizeof(path), "%s/a.suture", dir.path);
	snprintf(other, sizeof(other), "%s/b.suture", dir.path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tmpdir_remove(&dir);
	return 0;
}

static void write_sample(struct parts *p, const char *to)
{
	struct bundle b __cleanup_made_bundle = { .name = "fuse_uaf", .tool = "suture 0" };
	struct bundle_payload payload = { .target = "kernel:6.1.0-56-amd64",
					  .release = "6.1.0-56-amd64",
					  .version = "6.1.192-2",
					  .compiler = "gcc-12 \"quoted\"",
					  .module = "suture_fuse_uaf",
					  .build_id = "00ff",
					  .content = &p->module };

	static const char *const fixes[] = { "fuse_uaf" };
	static const char *const controls[] = { "fuse:fuse_open" };
	static const char source[] = "text";
	struct digest d;

	ok(strbuf_puts(&p->patch, "--- a/x.c\n+++ b/x.c\n"));
	ok(strbuf_puts(&p->debug, "debug information"));
	for (int i = 0; i < 3000; i++)
		ok(strbuf_printf(&p->module, "%d,", i));
	payload.debug.content = &p->debug;
	ok(digest_bytes(source, sizeof(source), &d));
	payload.provenance.config = d;
	b.facts.title = "a title";
	b.facts.severity = "high";
	b.facts.fixed_in = "6.1.193-1";
	b.facts.serial = 7;
	b.watch = (struct watch_terms){ .hard = 1u << WATCH_HARD_OOPS | WATCH_HARD_ALWAYS,
					.on_degraded = WATCH_DEGRADED_KEEP,
					.controls = { controls, 1 },
					.health_check = "true" };
	b.watch.number[WATCH_LATENCY] = 0.3;
	ok(vec_push(&b.facts.cves.v, "CVE-2026-12345"));
	ok(vec_push(&b.facts.requires.v, "another_fix"));
	ok(vec_push(&b.fixes, (struct bundle_fix){ .name = "fuse_uaf", .patch = &p->patch }));
	ok(vec_push(&b.payloads, payload));
	ok(vec_push(&b.payloads.v[0].functions,
		    (struct bundle_function){ "fuse", "fuse_open", 2, "fs/fuse/file.c", 12, "why",
					      30, 40, fixes, 1, CODE }));
	ok(vec_push(&b.payloads.v[0].functions, (struct bundle_function){ "vmlinux", "vfs_open" }));
	ok(vec_push(&b.payloads.v[0].references,
		    (struct bundle_reference){ "vmlinux", "kfree", 0, "export", 0xffffffff81234560,
					       "derived", 3 }));
	ok(vec_push(&b.payloads.v[0].notes, "a note"));
	ok(vec_push(&b.payloads.v[0].at_load, "fuse"));
	ok(vec_push(&b.payloads.v[0].callbacks,
		    (struct bundle_callback){ "fuse", "pre_patch", "begin" }));
	ok(vec_push(&b.payloads.v[0].states, (struct bundle_state){ 0xfedcba9876543210, 3 }));
	ok(vec_push(&b.payloads.v[0].provenance.sources,
		    (struct bundle_source){ "fs/fuse/file.c", d, d }));
	ok(vec_push(&b.payloads.v[0].overrides,
		    (struct bundle_override){ .code = "changed-data",
					      .where = "limit",
					      .what = "it changed",
					      .left = "it keeps its value",
					      .reason = "a default only",
					      .file = "fs/a.c",
					      .line = 7 }));
	ok(bundle_write(&b, to));
	ok(bundle_manifest_write(&b, &p->manifest));
	ok(file_read(to, &p->bytes));
}

/* The bundle at 'other', made of these files, is refused. */
static void refused(const struct archive_input *files, size_t n, const char *word)
{
	struct strbuf bytes __cleanup_strbuf = { 0 };
	struct bundle *b __cleanup_bundle = NULL;

	ok(archive_pack(files, n, &bytes));
	ok(file_write(other, bytes.s, bytes.n, 0600));
	expect_error(bundle_open(other, &b), word);
	assert_null(b);
}

static void refused_bytes(const char *bytes, size_t n, const char *word)
{
	struct bundle *b __cleanup_bundle = NULL;

	ok(file_write(other, bytes, n, 0600));
	expect_error(bundle_open(other, &b), word);
}

static void test_a_bundle_comes_back_as_it_was_written(void **state)
{
	struct parts p __cleanup_parts = { 0 };
	struct bundle *b __cleanup_bundle = NULL;
	struct strbuf out __cleanup_strbuf = { 0 }, terms __cleanup_strbuf = { 0 };
	const struct bundle_payload *payload;

	(void)state;
	write_sample(&p, path);
	ok(bundle_open(path, &b));
	assert_string_equal(b->name, "fuse_uaf");
	assert_int_equal(b->fixes.n, 1);
	assert_string_equal(b->fixes.v[0].patch->s, p.patch.s);
	assert_string_equal(b->facts.title, "a title");
	assert_string_equal(b->facts.severity, "high");
	assert_string_equal(b->facts.cves.v.v[0], "CVE-2026-12345");
	assert_string_equal(b->facts.requires.v.v[0], "another_fix");
	assert_string_equal(b->facts.fixed_in, "6.1.193-1");
	assert_int_equal(b->facts.serial, 7);
	assert_true(b->watch.number[WATCH_LATENCY] == 0.3);
	assert_true(b->watch.number[WATCH_ALPHA] == 0);
	assert_int_equal(b->watch.hard, 1u << WATCH_HARD_OOPS | WATCH_HARD_ALWAYS);
	assert_int_equal(b->watch.on_degraded, WATCH_DEGRADED_KEEP);
	assert_int_equal(b->watch.controls.n, 1);
	assert_string_equal(b->watch.controls.v[0], "fuse:fuse_open");
	assert_string_equal(b->watch.health_check, "true");
	ok(watch_terms_print(&b->watch, &terms));
	assert_string_equal(terms.s,
			    "latency-margin 30 %; hard oops, redirect-lost, health-check; "
			    "on-degraded keep; controls fuse:fuse_open; health-check true");
	assert_null(bundle_payload_for(b, "6.1.0-55-amd64"));
	payload = bundle_payload_for(b, "6.1.0-56-amd64");
	assert_non_null(payload);
	assert_string_equal(payload->compiler, "gcc-12 \"quoted\"");
	assert_int_equal(payload->functions.n, 2);
	assert_string_equal(payload->functions.v[0].name, "fuse_open");
	assert_int_equal(payload->functions.v[0].sympos, 2);
	assert_int_equal(payload->functions.v[0].new_size, 40);
	assert_string_equal(payload->functions.v[0].code, CODE);
	assert_null(payload->functions.v[1].code);
	assert_int_equal(payload->functions.v[0].n_fixes, 1);
	assert_string_equal(payload->functions.v[0].fixes[0], "fuse_uaf");
	assert_null(payload->functions.v[1].file);
	assert_string_equal(payload->debug.content->s, "debug information");
	assert_null(payload->guard.content);
	assert_string_equal(payload->callbacks.v[0].function, "begin");
	assert_true(payload->states.v[0].id == 0xfedcba9876543210);
	assert_string_equal(payload->provenance.sources.v[0].path, "fs/fuse/file.c");
	assert_int_equal(payload->references.n, 1);
	assert_true(payload->references.v[0].address == 0xffffffff81234560);
	assert_int_equal(payload->notes.n, 1);
	assert_string_equal(payload->notes.v[0], "a note");
	assert_int_equal(payload->overrides.n, 1);
	assert_string_equal(payload->overrides.v[0].code, "changed-data");
	assert_int_equal(payload->at_load.n, 1);
	assert_string_equal(payload->at_load.v[0], "fuse");
	assert_string_equal(payload->overrides.v[0].reason, "a default only");
	assert_int_equal(payload->overrides.v[0].line, 7);
	ok(bundle_extract(payload, other));
	ok(file_read(other, &out));
	assert_int_equal(out.n, p.module.n);
	assert_memory_equal(out.s, p.module.s, out.n);
}

static void test_the_same_content_is_the_same_file(void **state)
{
	struct parts p __cleanup_parts = { 0 }, q __cleanup_parts = { 0 };

	(void)state;
	write_sample(&p, path);
	usleep(1100 * 1000); /* a time stamp of seconds would differ */
	write_sample(&q, other);
	assert_int_equal(p.bytes.n, q.bytes.n);
	assert_memory_equal(p.bytes.s, q.bytes.s, p.bytes.n);
}

static void test_ordinary_tar_reads_it_and_finds_the_manifest_first(void **state)
{
	struct parts p __cleanup_parts = { 0 };
	struct strbuf out __cleanup_strbuf = { 0 };
	struct subprocess tar = { .argv = subprocess_words("tar", "tf", path), .out = &out };

	(void)state;
	write_sample(&p, path);
	ok(subprocess_check(&tar));
	assert_string_equal(out.s, "manifest.json\nfixes/fuse_uaf.patch\n"
				   "kernel/6.1.0-56-amd64/suture_fuse_uaf.ko\n"
				   "kernel/6.1.0-56-amd64/suture_fuse_uaf.ko.debug\n");
}

static void test_a_bundle_that_is_cut_off_anywhere_is_refused(void **state)
{
	struct parts p __cleanup_parts = { 0 };

	(void)state;
	write_sample(&p, path);
	for (size_t n = 0; n < p.bytes.n; n += 512 - 16 * (n % 3))
		refused_bytes(p.bytes.s, n, "");
	refused_bytes(p.bytes.s, p.bytes.n - 1, "cut off");
}

static void test_a_changed_byte_of_content_is_refused(void **state)
{
	struct parts p __cleanup_parts = { 0 };
	char *at;

	(void)state;
	write_sample(&p, path);
	at = memmem(p.bytes.s, p.bytes.n, "1234,1235", 9);
	assert_non_null(at);
	at[0] ^= 1;
	refused_bytes(p.bytes.s, p.bytes.n, "not what the manifest says");
}

static void test_bytes_behind_the_end_are_refused(void **state)
{
	struct parts p __cleanup_parts = { 0 };
	char block[512] = "hidden";

	(void)state;
	write_sample(&p, path);
	ok(strbuf_add(&p.bytes, block, sizeof(block)));
	refused_bytes(p.bytes.s, p.bytes.n, "follow");
	memset(block, 0, sizeof(block));
	ok(strbuf_add(&p.bytes, block, sizeof(block)));
	ok(strbuf_add(&p.bytes, block, sizeof(block)));
	refused_bytes(p.bytes.s, p.bytes.n, "follow");
}

static void test_a_compressed_bundle_is_refused(void **state)
{
	struct parts p __cleanup_parts = { 0 };
	struct subprocess gzip = { .argv = subprocess_words("gzip", "-kf", path) };
	char packed[300];
	struct bundle *b __cleanup_bundle = NULL;

	(void)state;
	write_sample(&p, path);
	ok(subprocess_check(&gzip));
	snprintf(packed, sizeof(packed), "%s.gz", path);
	expect_error(bundle_open(packed, &b), "no sound");
}

#define PATCH_NAME "fixes/fuse_uaf.patch"
#define DEBUG_PATH "kernel/6.1.0-56-amd64/suture_fuse_uaf.ko.debug"
#define MODULE_PATH "kernel/6.1.0-56-amd64/suture_fuse_uaf.ko"

static void test_a_bundle_carries_the_fix_s_own_files(void **state)
{
	struct strbuf yaml __cleanup_strbuf = { 0 }, program __cleanup_strbuf = { 0 };
	struct bundle b __cleanup_made_bundle = { .name = "x", .tool = "suture 0" };
	struct bundle *read __cleanup_bundle = NULL;

	(void)state;
	ok(strbuf_puts(&yaml, "schema: suture-fix/1\n"));
	ok(strbuf_puts(&program, "#!/bin/sh\n"));
	ok(vec_push(&b.fixes, (struct bundle_fix){ .name = "x", .patch = &program }));
	ok(vec_push(&b.metadata, (struct bundle_part){ "fix.yaml", .content = &yaml }));
	ok(vec_push(&b.metadata, (struct bundle_part){ "sub/run", .content = &program }));
	ok(bundle_write(&b, path));
	ok(bundle_open(path, &read));
	assert_string_equal(strbuf_str(bundle_metadata(read, "fix.yaml")), yaml.s);
	assert_string_equal(strbuf_str(bundle_metadata(read, "sub/run")), program.s);
	assert_null(bundle_metadata(read, "x"));
	b.metadata.v[1].name = "../run";
	expect_error(bundle_write(&b, path), "not allowed");
	b.metadata.v[1].name = "fix.yaml";
	expect_error(bundle_write(&b, path), "twice");
}

static void test_files_that_the_manifest_does_not_name_are_refused(void **state)
{
	struct parts p __cleanup_parts = { 0 };
	const struct archive_input files[] = {
		{ MANIFEST_NAME, &p.manifest }, { PATCH_NAME, &p.patch },
		{ MODULE_PATH, &p.module },	{ DEBUG_PATH, &p.debug },
		{ "more", &p.patch },		{ PATCH_NAME, &p.patch }
	};
	const struct archive_input twice[] = { files[0], files[1], files[2], files[5] };

	(void)state;
	write_sample(&p, path);
	refused(files, 5, "does not name");
	refused(files, 3, DEBUG_PATH " is missing");
	refused(twice, 4, "twice");
	refused(files, 2, MODULE_PATH " is missing");
	refused(&files[1], 2, "first file");
	refused(files, 1, "missing");
}

static void test_names_that_lead_outside_are_refused(void **state)
{
	static const char *const names[] = { "/etc/passwd",  "../x",	 "kernel/../../x",
					     "kernel//x",    "./x",	 ".hidden",
					     "kernel/\x01x", "kernel/x/" };
	struct parts p __cleanup_parts = { 0 };

	(void)state;
	write_sample(&p, path);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct archive_input files[] = { { MANIFEST_NAME, &p.manifest },
						       { PATCH_NAME, &p.patch },
						       { MODULE_PATH, &p.module },
						       { DEBUG_PATH, &p.debug },
						       { names[i], &p.patch } };

		refused(files, 5, "");
	}
}

static void replace(struct strbuf *b, const char *from, const char *to)
{
	struct strbuf out = { 0 };
	char *at = strstr(b->s, from);

	assert_non_null(at);
	ok(strbuf_printf(&out, "%.*s%s%s", (int)(at - b->s), b->s, to, at + strlen(from)));
	strbuf_free(b);
	*b = out;
}

static void test_a_manifest_that_makes_no_sense_is_refused(void **state)
{
	static const struct {
		const char *from, *to, *word;
	} changes[] = {
		{ "suture-bundle/3", "suture-bundle/2", "schema" },
		{ "CVE-2026-12345", "CVE-2026-123", "CVE ID" },
		{ "CVE-2026-12345", "2026-12345", "CVE ID" },
		{ "\"another_fix\"", "\"../x\"", "fix's name" },
		{ "\"another_fix\"", "\"fuse_uaf\"", "own name" },
		{ "\"6.1.193-1\"", "\"6.1 193\"", "not a version" },
		{ "\"a title\"", "\"a\\ntitle\"", "one line" },
		{ "\"high\"", "\"urgent\"", "low, medium, high or critical" },
		{ "\"requires\"", "\"required\"", "requires" },
		{ "\"latency_margin\": 0.3", "\"latency_margin\": 0", "latency_margin" },
		{ "\"latency_margin\": 0.3", "\"latency_margin\": 1e9", "latency_margin" },
		{ "\"latency_margin\": 0.3", "\"latency_margin\": \"0.3\"", "latency_margin" },
		{ "\"latency_margin\"", "\"latency_limit\"", "newer suture" },
		{ "\"oops\"", "\"ooops\"", "no signal that can decide" },
		{ "\"keep\"", "\"keeps\"", "on_degraded" },
		{ "\"fuse:fuse_open\"", "\"fuse open\"", "[OBJECT:]FUNCTION" },
		{ "\"fuse:fuse_open\"", "7", "controls" },
		{ "\"health_check\": \"true\"", "\"health_check\": \"a\\nb\"",
		  "control characters" },
		{ "\"health_check\": \"true\"", "\"health_check\": true", "health_check" },
		{ "\"metadata\"", "\"metadat\"", "metadata" },
		{ "\"fixes\"", "\"fixed\"", "fixes" },
		{ "fixes/fuse_uaf.patch", "fixes/../x.patch", "path" },
		{ "\"replace\": false", "\"replace\": 0", "replace" },
		{ "0xfedcba9876543210", "fedcba", "hexadecimal" },
		{ "\"guard\": null", "\"guard\": {}", "guard" },
		{ "\"provenance\"", "\"origin\"", "provenance" },
		{ "\"sources\"", "\"source\"", "sources" },
		{ "\"release\": \"6.1.0-56-amd64\"", "\"release\": \"../../x\"", "file name" },
		{ "\"module\": \"suture_fuse_uaf\"", "\"module\": \"a/b\"", "file name" },
		{ "\"module\": \"suture_fuse_uaf\"", "\"module\": \"\"", "file name" },
		{ "\"module\": \"suture_fuse_uaf\"", "\"module\": \"else\"", "path" },
		{ "\"sympos\": 2", "\"sympos\": -2", "sympos" },
		{ "\"sympos\": 2", "\"sympos\": 1e3", "sympos" },
		{ "\"line\": 12", "\"line\": \"12\"", "line" },
		{ "\"sha256\": \"", "\"sha256\": \"00", "SHA-256" },
		{ "\"functions\"", "\"functiones\"", "functions" },
		{ "\"code\": \"0f1f", "\"code\": \"0f1g", "hex digits" },
		{ "\"code\": \"0f1f", "\"code\": \"0f1.", "half a byte" },
		{ "\"functions\"", "\"references\"", "two members" },
		{ "\"name\": \"fuse_uaf\"", "\"name\": null", "name" },
		{ "\"reason\": \"why", "\"reason\": \"\\u001b[2J", "control characters" },
		{ "\"a note\"", "7", "number 1" },
		{ "{", "[", "line 2" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		struct parts p __cleanup_parts = { 0 };
		struct archive_input files[] = { { MANIFEST_NAME, &p.manifest },
						 { PATCH_NAME, &p.patch },
						 { MODULE_PATH, &p.module },
						 { DEBUG_PATH, &p.debug } };

		write_sample(&p, path);
		replace(&p.manifest, changes[i].from, changes[i].to);
		refused(files, 4, changes[i].word);
	}
}

static void test_links_and_folders_in_a_bundle_are_refused(void **state)
{
	struct parts p __cleanup_parts = { 0 };
	struct strbuf bytes __cleanup_strbuf = { 0 };
	static const char kinds[] = { '1', '2', '3', '5', '6' };

	(void)state;
	write_sample(&p, path);
	for (size_t i = 0; i < sizeof(kinds); i++) {
		struct archive_input files[] = { { MANIFEST_NAME, &p.manifest },
						 { PATCH_NAME, &p.patch },
						 { MODULE_PATH, &p.module },
						 { DEBUG_PATH, &p.debug } };
		char *header;
		unsigned int sum = 0;

		bytes.n = 0;
		ok(archive_pack(files, 4, &bytes));
		header = memmem(bytes.s, bytes.n, PATCH_NAME "\0", sizeof(PATCH_NAME) + 1);
		assert_non_null(header);
		header[156] = kinds[i]; /* typeflag */
		strcpy(header + 157, "/etc/passwd");
		memset(header + 148, ' ', 8);
		for (int k = 0; k < 512; k++)
			sum += (unsigned char)header[k];
		snprintf(header + 148, 8, "%06o", sum);
		refused_bytes(bytes.s, bytes.n, "");
	}
}

static void test_a_bundle_without_a_fix_is_refused(void **state)
{
	struct bundle b __cleanup_made_bundle = { .name = "x", .tool = "y" };

	(void)state;
	expect_error(bundle_write(&b, other), "no fix");
}

static void test_facts_that_contradict_one_another_are_refused(void **state)
{
	struct bundle_facts f __cleanup(bundle_facts_clear) = { 0 };

	(void)state;
	ok(vec_push(&f.requires.v, "base"));
	ok(bundle_facts_check(&f, "fix"));
	ok(vec_push(&f.supersedes.v, "base"));
	expect_error(bundle_facts_check(&f, "fix"), "also to be absent");
	f.supersedes.v.n = 0;
	ok(vec_push(&f.requires.v, "base"));
	expect_error(bundle_facts_check(&f, "fix"), "named twice");
}

static void test_a_guard_travels_with_its_payload(void **state)
{
	struct parts p __cleanup_parts = { 0 };
	struct bundle *read __cleanup_bundle = NULL;
	struct bundle *again __cleanup_bundle = NULL;

	(void)state;
	write_sample(&p, path);
	ok(bundle_open(path, &read));
	read->payloads.v[0].guard.content = &p.patch;
	ok(bundle_write(read, other));
	ok(bundle_open(other, &again));
	assert_string_equal(again->payloads.v[0].guard.content->s, p.patch.s);
}

static void test_a_file_that_cannot_be_written_leaves_nothing(void **state)
{
	struct parts p __cleanup_parts = { 0 };
	struct error *e __cleanup_error = NULL;
	struct bundle b __cleanup_made_bundle = { .name = "x", .tool = "y" };
	char nowhere[300];

	(void)state;
	write_sample(&p, path);
	snprintf(nowhere, sizeof(nowhere), "%s/none/x.suture", dir.path);
	e = bundle_write(&b, nowhere);
	assert_non_null(e);
	assert_false(file_exists(nowhere));
}

static void test_a_bundle_that_could_not_be_read_is_not_written(void **state)
{
	struct strbuf module __cleanup_strbuf = { 0 };
	struct bundle b __cleanup_made_bundle = { .name = "x", .tool = "y" };
	struct bundle_payload payload = { .target = "t",
					  .release = "../6.1",
					  .version = "1",
					  .compiler = "c",
					  .module = "m",
					  .build_id = "0",
					  .content = &module };

	(void)state;
	ok(digest_bytes("", 0, &payload.provenance.config));
	ok(vec_push(&b.fixes, (struct bundle_fix){ .name = "x", .patch = &module }));
	ok(vec_push(&b.payloads, payload));
	unlink(other);
	expect_error(bundle_write(&b, other), "would not be sound");
	assert_false(file_exists(other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_bundle_comes_back_as_it_was_written),
		cmocka_unit_test(test_a_bundle_without_a_fix_is_refused),
		cmocka_unit_test(test_facts_that_contradict_one_another_are_refused),
		cmocka_unit_test(test_a_guard_travels_with_its_payload),
		cmocka_unit_test(test_the_same_content_is_the_same_file),
		cmocka_unit_test(test_ordinary_tar_reads_it_and_finds_the_manifest_first),
		cmocka_unit_test(test_a_bundle_that_is_cut_off_anywhere_is_refused),
		cmocka_unit_test(test_a_changed_byte_of_content_is_refused),
		cmocka_unit_test(test_bytes_behind_the_end_are_refused),
		cmocka_unit_test(test_a_compressed_bundle_is_refused),
		cmocka_unit_test(test_a_bundle_carries_the_fix_s_own_files),
		cmocka_unit_test(test_files_that_the_manifest_does_not_name_are_refused),
		cmocka_unit_test(test_names_that_lead_outside_are_refused),
		cmocka_unit_test(test_a_manifest_that_makes_no_sense_is_refused),
		cmocka_unit_test(test_links_and_folders_in_a_bundle_are_refused),
		cmocka_unit_test(test_a_file_that_cannot_be_written_leaves_nothing),
		cmocka_unit_test(test_a_bundle_that_could_not_be_read_is_not_written),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
