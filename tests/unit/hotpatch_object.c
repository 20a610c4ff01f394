// SPDX-License-Identifier: GPL-2.0-or-later
/* Hotpatch objects as files: what was written is read, and what makes no sense is not. */
#include "snippet.h"

#include "hotpatch/object.h"

static struct tmpdir dir;
static char path[256];

static const uint8_t old_bytes[] = { 0x55, 0x48, 0x89, 0xe5, 0x31, 0xc0, 0x5d, 0xc3 };
static const uint8_t code[32] = { 0xe8 }, fixed[24] = { 1 }, data[8] = { 2 };

static int setup(void **state)
{
	(void)state;
	ok(tmpdir_make(NULL, &dir));
	snprintf(path, sizeof(path), "%s/a.hotpatch", dir.path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tmpdir_remove(&dir);
	return 0;
}

static void make(struct hotpatch_object *o)
{
	*o = (struct hotpatch_object){ .fix = "a_fix", .build_id_n = 20, .build_id = { 1, 2, 3 } };
	o->parts[HOTPATCH_CODE] = (struct hotpatch_part){ code, sizeof(code), sizeof(code), 16 };
	o->parts[HOTPATCH_CONST] = (struct hotpatch_part){ fixed, sizeof(fixed), sizeof(fixed), 8 };
	o->parts[HOTPATCH_DATA] = (struct hotpatch_part){ data, sizeof(data), 4096, 32 };
	ok(vec_push(&o->references, (struct hotpatch_reference){ .part = HOTPATCH_CODE,
								 .offset = 1,
								 .type = R_X86_64_PC32,
								 .to = HOTPATCH_TO_FILE,
								 .to_offset = 0x1234,
								 .addend = -4 }));
	ok(vec_push(&o->references, (struct hotpatch_reference){ .part = HOTPATCH_CODE,
								 .offset = 8,
								 .type = R_X86_64_PC32,
								 .to = HOTPATCH_TO_GOT,
								 .symbol = "puts",
								 .version = "GLIBC_2.2.5",
								 .addend = -4 }));
	ok(vec_push(&o->references, (struct hotpatch_reference){ .part = HOTPATCH_CONST,
								 .offset = 8,
								 .type = R_X86_64_64,
								 .to = HOTPATCH_TO_PART,
								 .to_part = HOTPATCH_DATA,
								 .to_offset = 4000 }));
	ok(vec_push(&o->functions, (struct hotpatch_function){ .name = "parse",
							       .old = 0x1000,
							       .size = sizeof(old_bytes),
							       .room = 16,
							       .bytes = old_bytes,
							       .fresh = 0,
							       .fresh_size = 20,
							       .may_be_on_stack = true }));
	ok(vec_push(&o->pieces, (struct hotpatch_piece){ "parse.cold", 0x400, 12 }));
	ok(vec_push(&o->pieces, (struct hotpatch_piece){ "other.cold", 0x40c, 4 }));
	ok(vec_push(&o->symbols, (struct hotpatch_symbol){ "parse", 0, 20 }));
	ok(vec_push(&o->symbols, (struct hotpatch_symbol){ "suture_pre_apply", 20, 12 }));
	o->pre_apply = "suture_pre_apply";
	o->eh_frame = 16;
	o->eh_frame_n = 8;
}

static void read_back(struct hotpatch_object *out)
{
	struct strbuf bytes __cleanup_strbuf = { 0 };

	ok(file_read(path, &bytes));
	ok(hotpatch_object_read(bytes.s, bytes.n, out));
}

static void test_what_was_written_is_read(void **state)
{
	struct hotpatch_object o __cleanup_hotpatch = { 0 }, r __cleanup_hotpatch = { 0 };

	(void)state;
	make(&o);
	ok(hotpatch_object_write(&o, path));
	read_back(&r);
	assert_string_equal(r.fix, "a_fix");
	assert_int_equal(r.build_id_n, 20);
	assert_memory_equal(r.build_id, o.build_id, 20);
	for (int i = 0; i < HOTPATCH_PARTS; i++) {
		assert_int_equal(r.parts[i].n, o.parts[i].n);
		assert_int_equal(r.parts[i].size, o.parts[i].size);
		assert_int_equal(r.parts[i].align, o.parts[i].align);
		assert_memory_equal(r.parts[i].bytes, o.parts[i].bytes, o.parts[i].n);
	}
	assert_int_equal(r.references.n, 3);
	assert_int_equal(r.references.v[0].to, HOTPATCH_TO_FILE);
	assert_int_equal(r.references.v[0].to_offset, 0x1234);
	assert_int_equal(r.references.v[0].addend, -4);
	assert_string_equal(r.references.v[1].symbol, "puts");
	assert_string_equal(r.references.v[1].version, "GLIBC_2.2.5");
	assert_int_equal(r.references.v[2].to_part, HOTPATCH_DATA);
	assert_int_equal(r.functions.n, 1);
	assert_string_equal(r.functions.v[0].name, "parse");
	assert_int_equal(r.functions.v[0].room, 16);
	assert_true(r.functions.v[0].may_be_on_stack);
	assert_memory_equal(r.functions.v[0].bytes, old_bytes, sizeof(old_bytes));
	assert_int_equal(r.pieces.n, 2);
	assert_string_equal(r.pieces.v[1].name, "other.cold");
	assert_int_equal(r.pieces.v[1].old, 0x40c);
	assert_int_equal(r.pieces.v[1].size, 4);
	assert_int_equal(r.symbols.n, 2);
	assert_string_equal(r.pre_apply, "suture_pre_apply");
	assert_null(r.post_apply);
	assert_int_equal(r.eh_frame, 16);
}

static void test_the_same_object_is_the_same_file(void **state)
{
	struct hotpatch_object o __cleanup_hotpatch = { 0 }, r __cleanup_hotpatch = { 0 };
	struct strbuf first __cleanup_strbuf = { 0 }, second __cleanup_strbuf = { 0 };

	(void)state;
	make(&o);
	ok(hotpatch_object_write(&o, path));
	ok(file_read(path, &first));
	read_back(&r);
	ok(hotpatch_object_write(&r, path));
	ok(file_read(path, &second));
	assert_int_equal(first.n, second.n);
	assert_memory_equal(first.s, second.s, first.n);
}

/* One thing made wrong, and the word that the refusal has. */
struct wrong {
	void (*spoil)(struct hotpatch_object *o);
	const char *word;
};

static void no_build_id(struct hotpatch_object *o)
{
	o->build_id_n = 0;
}
static void field_outside(struct hotpatch_object *o)
{
	o->references.v[0].offset = sizeof(code) - 3;
}
static void fields_overlap(struct hotpatch_object *o)
{
	o->references.v[1].offset = 4;
}
static void out_of_order(struct hotpatch_object *o)
{
	o->references.v[2].part = HOTPATCH_CODE;
	o->references.v[2].offset = 0;
}
static void leads_outside(struct hotpatch_object *o)
{
	o->references.v[2].to_offset = 4097;
}
static void unknown_type(struct hotpatch_object *o)
{
	o->references.v[0].type = R_X86_64_PC8;
}
static void nameless(struct hotpatch_object *o)
{
	o->references.v[1].symbol = NULL;
}
static void no_room(struct hotpatch_object *o)
{
	o->functions.v[0].room = 4;
}
static void fresh_outside(struct hotpatch_object *o)
{
	o->functions.v[0].fresh = 20;
}
static void hook_missing(struct hotpatch_object *o)
{
	o->post_apply = "nowhere";
}
static void unwind_outside(struct hotpatch_object *o)
{
	o->eh_frame = 20;
}
static void pieces_overlap(struct hotpatch_object *o)
{
	o->pieces.v[0].size = 13;
}
static void piece_wraps(struct hotpatch_object *o)
{
	o->pieces.v[1].old = UINT64_MAX - 2;
}
static void odd_alignment(struct hotpatch_object *o)
{
	o->parts[HOTPATCH_DATA].align = 24;
}

static void test_what_makes_no_sense_is_not_written(void **state)
{
	static const struct wrong all[] = {
		{ no_build_id, "build-id" },
		{ field_outside, "outside of its part" },
		{ fields_overlap, "overlap" },
		{ out_of_order, "out of order" },
		{ leads_outside, "out of the object" },
		{ unknown_type, "not known" },
		{ nameless, "no name" },
		{ no_room, "no sense" },
		{ fresh_outside, "outside" },
		{ hook_missing, "hook" },
		{ unwind_outside, "unwind" },
		{ odd_alignment, "alignment" },
		{ pieces_overlap, "overlap" },
		{ piece_wraps, "makes no sense" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct hotpatch_object o __cleanup_hotpatch = { 0 };

		make(&o);
		all[i].spoil(&o);
		expect_error(hotpatch_object_write(&o, path), all[i].word);
	}
}

static void test_a_file_cut_off_or_changed_anywhere_is_read_or_refused(void **state)
{
	struct hotpatch_object o __cleanup_hotpatch = { 0 };
	struct strbuf bytes __cleanup_strbuf = { 0 };
	size_t refused = 0;

	(void)state;
	make(&o);
	ok(hotpatch_object_write(&o, path));
	ok(file_read(path, &bytes));
	for (size_t i = 0; i < bytes.n; i++) {
		struct hotpatch_object r __cleanup_hotpatch = { 0 };
		struct error *e __cleanup_error = NULL;

		bytes.s[i] ^= 0x55;
		e = hotpatch_object_read(bytes.s, bytes.n, &r);
		refused += e != NULL;
		bytes.s[i] ^= 0x55;
	}
	assert_true(refused > bytes.n / 10);
	for (size_t n = 0; n < bytes.n; n += 7) {
		struct hotpatch_object r __cleanup_hotpatch = { 0 };
		struct error *e __cleanup_error = hotpatch_object_read(bytes.s, n, &r);

		assert_non_null(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_written_is_read),
		cmocka_unit_test(test_the_same_object_is_the_same_file),
		cmocka_unit_test(test_what_makes_no_sense_is_not_written),
		cmocka_unit_test(test_a_file_cut_off_or_changed_anywhere_is_read_or_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
