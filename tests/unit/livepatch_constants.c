// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runtime constants: the new code's instructions get their value from the kernel's own when the
 * patch is loaded. What is not exactly as known is refused.
 */
#include "livepatch_world.h"

#define PLACEHOLDER 0x0123456789abcdef
#define TABLE_AT (TEXT + 0x20000)

/* "movabs $VALUE, %rax" and its entry; the value is for what else might stand there. */
#define CONSTANT(value)                                                                 \
	"int old_function(void) { unsigned long v; asm volatile(\"nop\\nmovabs $" value \
	", %%rax\\n1:\\n.pushsection runtime_ptr_LIMIT,\\\"a\\\"\\n.long 1b - 8 - .\\n" \
	".popsection\" : \"=a\"(v)); return v > 5; }\n"

static const char fill_text[] =
	"extern const char suture_constants[], suture_patch[];\n"
	"int suture_fill_constants(void) { return suture_constants[0] + suture_patch[0]; }\n";

static uint8_t text_bytes[0x1000], init_bytes[0x1000];
static int32_t table[2];

static void add_segment(struct image *img, const char *name, uint64_t address, void *bytes,
			uint64_t size, bool executable)
{
	ok(vec_push(&img->segments, (struct image_segment){ .address = address,
							    .size = size,
							    .bytes = bytes,
							    .name = name,
							    .executable = executable }));
}

/* "movabs $placeholder, %rcx" at an offset of code. */
static void put_instruction(uint8_t *at)
{
	const uint64_t value = PLACEHOLDER;

	at[0] = 0x48;
	at[1] = 0xb9;
	memcpy(at + 2, &value, sizeof(value));
}

/* A kernel whose unexported() has the constant 0x10 behind its start, and whose init code has. */
static void make_kernel(struct world *w, const char *text)
{
	world_make(w, "vmlinux", text);
	make_object("constants", fill_text, &w->payload.constants);
	memset(text_bytes, 0x90, sizeof(text_bytes));
	memset(init_bytes, 0x90, sizeof(init_bytes));
	put_instruction(text_bytes + 0x800 + 0x10);
	put_instruction(init_bytes + 0x20);
	table[0] = (int32_t)(INIT + 0x22 - TABLE_AT);
	table[1] = (int32_t)(TEXT + 0x812 - (TABLE_AT + 4));
	add_segment(w->vmlinux, ".text", TEXT, text_bytes, sizeof(text_bytes), true);
	add_segment(w->vmlinux, "runtime_ptr_LIMIT", TABLE_AT, table, sizeof(table), false);
	add_segment(w->vmlinux, ".init.text", INIT, init_bytes, sizeof(init_bytes), true);
}

static struct suture_constant_record record_of(const struct object *o)
{
	const struct section *s = object_section(o, SUTURE_CONSTANTS_SECTION);
	struct suture_constant_record r;

	assert_non_null(s);
	assert_int_equal(s->size, sizeof(r));
	memcpy(&r, s->bytes, sizeof(r));
	return r;
}

static void test_new_code_gets_the_value_of_the_kernels_own_instruction(void **state)
{
	struct world w __cleanup_world = { 0 };
	struct suture_constant_record r;
	const struct section *s;
	const struct reloc *source;
	uint64_t found;

	(void)state;
	make_kernel(&w, CONSTANT("0x0123456789abcdef"));
	ok(world_link(&w));
	r = record_of(w.out);
	assert_int_equal(r.size, 8);
	assert_true(r.placeholder == PLACEHOLDER);
	assert_int_equal(r.never, 1);
	assert_int_equal(r.sources[0].lead, 0xb948);
	assert_int_equal(r.sources[1].lead, 0);
	/* The place is the operand. */
	s = object_section(w.out, SUTURE_CONSTANTS_SECTION);
	assert_int_equal(s->relocs.n, 1);
	assert_int_equal(s->relocs.v[0].offset, offsetof(struct suture_constant_record, place));
	memcpy(&found,
	       s->relocs.v[0].symbol->section->bytes + s->relocs.v[0].symbol->value +
		       s->relocs.v[0].addend,
	       sizeof(found));
	assert_true(found == PLACEHOLDER);
	/* The source is the one that is not gone after boot. */
	source = reloc_to(w.out, ".klp.rela.vmlinux." SUTURE_CONSTANTS_SECTION,
			  ".klp.sym.vmlinux.unexported,0");
	assert_non_null(source);
	assert_int_equal(source->offset, offsetof(struct suture_constant_record, sources));
	assert_int_equal(source->addend, 0x12);
	/* The glue is told. */
	assert_non_null(reloc_to(w.out, SUTURE_PATCH_SECTION, "suture_fill_constants"));
	assert_null(object_section(w.out, "runtime_ptr_LIMIT"));
}

static void test_code_without_such_constants_brings_no_glue_for_them(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	make_kernel(&w, "int old_function(void) { return 1; }");
	ok(world_link(&w));
	assert_null(object_section(w.out, SUTURE_CONSTANTS_SECTION));
	assert_null(object_symbol(w.out, "suture_fill_constants"));
}

static void test_a_constant_that_the_kernel_does_not_have_is_refused(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	make_kernel(&w, CONSTANT("0x0123456789abcdef"));
	w.vmlinux->segments.v[1].name = "runtime_ptr_OTHER";
	world_refused(&w, "no instruction with the runtime constant LIMIT");
}

static void test_a_constant_that_only_init_code_has_is_refused(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	make_kernel(&w, CONSTANT("0x0123456789abcdef"));
	w.vmlinux->segments.v[1].size = 4;
	world_refused(&w, "LIMIT has no instruction in the kernel that can be named");
}

static void test_a_table_of_the_kernel_that_is_wrong_is_not_believed(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	make_kernel(&w, CONSTANT("0x0123456789abcdef"));
	table[1] += 1;
	world_refused(&w, "not what its table says");
}

static void test_new_code_with_another_placeholder_is_refused(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	make_kernel(&w, CONSTANT("0x0123456789abcdee"));
	world_refused(&w, "not the instruction of a runtime constant");
}

static void test_new_code_is_refused_where_the_glue_cannot_fill_it_in(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	make_kernel(&w, CONSTANT("0x0123456789abcdef"));
	object_free(&w.payload.constants);
	world_refused(&w, "runtime constants");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_code_gets_the_value_of_the_kernels_own_instruction),
		cmocka_unit_test(test_code_without_such_constants_brings_no_glue_for_them),
		cmocka_unit_test(test_a_constant_that_the_kernel_does_not_have_is_refused),
		cmocka_unit_test(test_a_constant_that_only_init_code_has_is_refused),
		cmocka_unit_test(test_a_table_of_the_kernel_that_is_wrong_is_not_believed),
		cmocka_unit_test(test_new_code_with_another_placeholder_is_refused),
		cmocka_unit_test(test_new_code_is_refused_where_the_glue_cannot_fill_it_in),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
