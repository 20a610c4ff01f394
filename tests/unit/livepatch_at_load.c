// SPDX-License-Identifier: GPL-2.0-or-later
/* What a module that must be loaded after the patch adds to it. */
#include "livepatch_world.h"

static const char at_load_text[] =
	"extern const char suture_written[], suture_patch[]; extern void kfree(const void *);\n"
	"static void begin(void) { kfree(suture_written); kfree(suture_patch); }\n"
	"void (*const suture_at_load_calls[1])(void) = { begin };\n";

#define MODULE "some_driver"
#define LIMIT (TEXT + 0x500)

/* The module's data: a pointer and a number, at LIMIT. */
static uint8_t shipped[16];
static const uint8_t expected[16] = { [8] = 3 };
static const uint8_t known[16] = { [8] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static void at_load_make(struct world *w, const char *text)
{
	struct section *contents;
	struct written one = { .name = "limit", .expected = expected, .known = known };

	memset(shipped, 0x11, 8); /* an address: any will do */
	memcpy(shipped + 8, expected + 8, 8);
	world_make(w, MODULE, text);
	ok(vec_push(&w->module->segments, (struct image_segment){ .address = LIMIT,
								  .size = sizeof(shipped),
								  .bytes = shipped,
								  .name = ".data" }));
	make_object("reload", reload_text, &w->payload.reload);
	make_object("at_load", at_load_text, &w->payload.at_load);
	place(w, "shared", LIMIT);
	w->part.at_load = true;
	ok(object_add_section(w->object, DELTA_CONTENTS_SECTION, SHT_PROGBITS, SHF_ALLOC, 8, NULL,
			      sizeof(shipped), &contents));
	contents->bytes[8] = 4;
	one.contents = contents;
	one.place = object_symbol(w->object, "shared");
	ok(vec_push(&w->x.written, one));
}

static void at_load_free(struct world *w)
{
	vec_free(&w->x.written);
	vec_free(&w->x.key_sites);
	world_free(w);
}
#define __cleanup_at_load __cleanup(at_load_free)

static const struct reloc *field(const struct object *o, const char *section, uint64_t offset)
{
	const struct section *s = object_section(o, section);

	assert_non_null(s);
	vec_for_each(&s->relocs, r)
		if (r->offset == offset)
			return r;
	return NULL;
}

#define FIELD(name) offsetof(struct suture_written_record, name)
#define USES "extern int shared; int old_function(void) { return shared; }\n"

static void test_data_is_recorded_with_its_place_and_contents(void **state)
{
	struct world w __cleanup_at_load = { 0 };
	struct suture_written_record r;
	struct suture_patch_record head;
	struct suture_object_record object;
	const struct reloc *to;

	(void)state;
	at_load_make(&w, USES);
	ok(world_link(&w));
	memcpy(&head, object_section(w.out, ".suture.patch")->bytes, sizeof(head));
	assert_int_equal(head.n_written, 1);
	assert_non_null(reloc_to(w.out, ".suture.patch", "suture_at_load_calls"));
	memcpy(&object, object_section(w.out, ".suture.objects")->bytes, sizeof(object));
	assert_int_equal(object.at_load, 1);
	memcpy(&r, object_section(w.out, ".suture.written")->bytes, sizeof(r));
	assert_int_equal(r.size, sizeof(shipped));
	to = field(w.out, ".klp.rela." MODULE "..suture.written", FIELD(place));
	assert_non_null(to);
	assert_true(str_starts(to->symbol->name, ".klp.sym." MODULE ".shared,"));
	to = field(w.out, ".suture.written", FIELD(contents));
	assert_int_equal(to->symbol->section->bytes[to->addend + 8], 4);
	to = field(w.out, ".suture.written", FIELD(expected));
	assert_memory_equal(to->symbol->section->bytes + to->addend, expected, sizeof(expected));
	to = field(w.out, ".suture.written", FIELD(known));
	assert_memory_equal(to->symbol->section->bytes + to->addend, known, sizeof(known));
	to = field(w.out, ".suture.written", FIELD(object));
	assert_string_equal((const char *)to->symbol->section->bytes + to->addend, MODULE);
	assert_int_equal(w.account->at_load.n, 1);
	assert_string_equal(w.account->at_load.v[0], MODULE);
}

static void test_a_module_that_holds_something_else_is_refused(void **state)
{
	struct world w __cleanup_at_load = { 0 };

	(void)state;
	at_load_make(&w, USES);
	shipped[8] = 2;
	world_refused(&w, "is not in " MODULE " what the source says");
}

static void test_a_patch_that_only_writes_data_is_one(void **state)
{
	struct world w __cleanup_at_load = { 0 };

	(void)state;
	at_load_make(&w, USES);
	w.x.replacements.n = 0;
	ok(world_link(&w));
	assert_int_equal(w.account->functions.n, 0);
	assert_int_equal(w.account->at_load.n, 1);
}

static void test_variables_that_the_fix_brings_begin_anew(void **state)
{
	struct world w __cleanup_at_load = { 0 };
	struct suture_patch_record head;
	const uint64_t second = sizeof(struct suture_written_record);
	const struct reloc *place, *contents;

	(void)state;
	at_load_make(&w, "extern int shared; static int fresh = 5;\n"
			 "int old_function(void) { return shared + fresh++; }\n");
	ok(world_link(&w));
	memcpy(&head, object_section(w.out, ".suture.patch")->bytes, sizeof(head));
	assert_int_equal(head.n_written, 2);
	place = field(w.out, ".suture.written", second + FIELD(place));
	contents = field(w.out, ".suture.written", second + FIELD(contents));
	assert_string_equal(place->symbol->section->name, ".data");
	assert_string_equal(contents->symbol->section->name, ".suture.contents");
	assert_int_equal(contents->symbol->section->bytes[contents->addend], 5);
}

static void test_a_key_that_the_fix_brings_is_refused(void **state)
{
	struct world w __cleanup_at_load = { 0 };

	(void)state;
	at_load_make(&w, "extern int shared; static long key = 5;\n"
			 "int old_function(void) { return shared + key++; }\n");
	ok(vec_push(&w.x.key_sites,
		    (struct key_site){ .key = object_symbol(w.object, "key"), .function = "f" }));
	world_refused(&w, "key is a static key or call that the fix brings");
}

static void test_other_parts_have_none_of_it(void **state)
{
	struct world w __cleanup_at_load = { 0 };
	struct suture_object_record object;

	(void)state;
	at_load_make(&w, USES);
	w.part.at_load = false;
	ok(world_link(&w));
	assert_null(object_section(w.out, ".suture.written"));
	assert_null(object_symbol(w.out, "suture_at_load_calls"));
	memcpy(&object, object_section(w.out, ".suture.objects")->bytes, sizeof(object));
	assert_int_equal(object.at_load, 0);
	assert_int_equal(w.account->at_load.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data_is_recorded_with_its_place_and_contents),
		cmocka_unit_test(test_a_module_that_holds_something_else_is_refused),
		cmocka_unit_test(test_a_patch_that_only_writes_data_is_one),
		cmocka_unit_test(test_variables_that_the_fix_brings_begin_anew),
		cmocka_unit_test(test_a_key_that_the_fix_brings_is_refused),
		cmocka_unit_test(test_other_parts_have_none_of_it),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
