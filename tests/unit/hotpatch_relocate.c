// SPDX-License-Identifier: GPL-2.0-or-later
/* An object's bytes for one process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <string.h>

#include "base/cleanup.h"
#include "hotpatch/lookup.h"
#include "hotpatch/relocate.h"

#define BASE 0x7f0000000000ull
#define BIAS 0x7f0010000000ull

static void ok(struct error *e)
{
	if (e)
		fail_msg("%s", error_message(e));
}

static const uint8_t code[32] = { 0x90, 0xe8 };
static const uint8_t data[16];

static struct hotpatch_object object(void)
{
	static const uint8_t old[8];
	struct hotpatch_object o = { .fix = "f" };
	struct hotpatch_function f = { "f", 0x1000, 8, 16, old, 0, 16, false };

	o.parts[HOTPATCH_CODE] = (struct hotpatch_part){ code, sizeof(code), sizeof(code), 16 };
	o.parts[HOTPATCH_CONST] = (struct hotpatch_part){ data, sizeof(data), sizeof(data), 8 };
	o.parts[HOTPATCH_DATA] = (struct hotpatch_part){ data, sizeof(data), 5000, 32 };
	ok(vec_push(&o.functions, f));
	return o;
}

static void object_done(struct hotpatch_object *o)
{
	vec_free(&o->references);
	vec_free(&o->functions);
}

static void parts_lie_in_pages_of_their_own(void **state)
{
	struct hotpatch_object o __cleanup(object_done) = object();
	struct layout l __cleanup_layout = { 0 };

	(void)state;
	ok(layout_compute(&o, 0, false, &l));
	assert_int_equal(l.code_start % 4096, 0);
	assert_true(l.at[HOTPATCH_CONST] >= l.header_size);
	assert_true(l.const_end <= l.code_start && l.code_end <= l.data_start);
	assert_int_equal(l.end - l.data_start, 8192);
}

static struct error *place(const struct hotpatch_reference *r, uint64_t symbol, bool main_program,
			   uint64_t *field, struct layout *l, struct relocated *out)
{
	struct hotpatch_object o __cleanup(object_done) = object();
	struct error *e;

	ok(vec_push(&o.references, *r));
	ok(layout_compute(&o, 0, false, l));
	vec_for_each(&l->symbols, s)
		s->address = symbol;
	e = relocate(&o, l, BASE, BIAS, main_program, out);
	*field = 0;
	if (!e)
		memcpy(field, out->bytes[r->part] + r->offset,
		       r->type == R_X86_64_64 || r->type == R_X86_64_PC64 ? 8 : 4);
	return e;
}

static void references_get_their_value(void **state)
{
	static const struct hotpatch_reference rows[] = {
		{ HOTPATCH_DATA, 8, R_X86_64_64, HOTPATCH_TO_FILE, 0, 0x1234, NULL, NULL, 4 },
		{ HOTPATCH_CODE, 2, R_X86_64_PC32, HOTPATCH_TO_FILE, 0, 0x1234, NULL, NULL, -4 },
		{ HOTPATCH_CODE, 8, R_X86_64_PC32, HOTPATCH_TO_PART, HOTPATCH_DATA, 8, NULL, NULL,
		  -4 },
		{ HOTPATCH_CODE, 8, R_X86_64_TPOFF32, HOTPATCH_TO_TLS, 0, (uint64_t)-16, NULL, NULL,
		  4 },
		{ HOTPATCH_CODE, 2, R_X86_64_PC32, HOTPATCH_TO_SYMBOL, 0, 0, "s", NULL, -4 },
		{ HOTPATCH_CODE, 8, R_X86_64_PC32, HOTPATCH_TO_GOT, 0, 0, "s", NULL, -4 },
		{ HOTPATCH_CONST, 0, R_X86_64_64, HOTPATCH_TO_SYMBOL, 0, 0, "s", "V", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct relocated out __cleanup_relocated = { 0 };
		struct layout l __cleanup_layout = { 0 };
		uint64_t symbol = 0x123456789000ull, got, want = 0;

		ok(place(&rows[i], symbol, true, &got, &l, &out));
		switch (i) {
		case 0:
			want = BIAS + 0x1238;
			break;
		case 1:
			want = (uint32_t)(BIAS + 0x1230 - (BASE + l.code_start + 2));
			break;
		case 2:
			want = (uint32_t)(l.data_start + 4 - (l.code_start + 8));
			break;
		case 3:
			want = (uint32_t)-12;
			break;
		case 4: /* out of a call's reach: a far jump */
			want = (uint32_t)(l.symbols.v[0].jump - 4 - 2);
			assert_int_equal(out.bytes[HOTPATCH_CODE][l.symbols.v[0].jump], 0xff);
			break;
		case 5:
			want = (uint32_t)(l.at[HOTPATCH_CONST] + l.symbols.v[0].slot - 4 -
					  (l.code_start + 8));
			assert_memory_equal(out.bytes[HOTPATCH_CONST] + l.symbols.v[0].slot,
					    &symbol, 8);
			break;
		case 6:
			want = symbol;
			break;
		}
		if (got != want)
			fail_msg("row %zu: 0x%llx, not 0x%llx", i, (unsigned long long)got,
				 (unsigned long long)want);
	}
}

static void what_does_not_fit_is_refused(void **state)
{
	static const struct {
		struct hotpatch_reference r;
		bool library;
	} rows[] = {
		/* An address of four bytes. */
		{ { HOTPATCH_CODE, 8, R_X86_64_32S, HOTPATCH_TO_FILE, 0, 0, NULL, NULL, 0 },
		  false },
		/* A load of a far symbol, which no far jump helps. */
		{ { HOTPATCH_CODE, 8, R_X86_64_PC32, HOTPATCH_TO_SYMBOL, 0, 0, "s", NULL, -4 },
		  false },
		{ { HOTPATCH_CODE, 8, R_X86_64_TPOFF32, HOTPATCH_TO_TLS, 0, 0, NULL, NULL, 0 },
		  true },
		{ { HOTPATCH_CODE, 8, R_X86_64_TPOFF32, HOTPATCH_TO_FILE, 0, 0, NULL, NULL, 0 },
		  false },
		{ { HOTPATCH_CODE, 8, R_X86_64_GOTPCREL, HOTPATCH_TO_FILE, 0, 0, NULL, NULL, 0 },
		  false },
		/* Eight bytes where four are left. */
		{ { HOTPATCH_DATA, 12, R_X86_64_64, HOTPATCH_TO_FILE, 0, 0, NULL, NULL, 0 },
		  false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct relocated out __cleanup_relocated = { 0 };
		struct layout l __cleanup_layout = { 0 };
		uint64_t got;
		struct error *e __cleanup_error =
			place(&rows[i].r, 0x123456789000ull, !rows[i].library, &got, &l, &out);

		if (error_kind(e) != ERROR_REFUSED)
			fail_msg("row %zu was taken", i);
	}
}

static void objects_that_lie_are_refused(void **state)
{
	struct layout l;

	(void)state;
	for (int lie = 0; lie < 6; lie++) {
		struct hotpatch_object o __cleanup(object_done) = object();
		struct hotpatch_reference r = { HOTPATCH_DATA, 15, R_X86_64_64 };
		struct error *e __cleanup_error = NULL;

		switch (lie) {
		case 0:
			o.parts[HOTPATCH_DATA].n = 6000;
			break;
		case 1:
			o.parts[HOTPATCH_CODE].align = 8192;
			break;
		case 2:
			o.functions.v[0].fresh = 30;
			break;
		case 3:
			o.functions.v[0].room = 4;
			break;
		case 4:
			ok(vec_push(&o.references, r));
			break;
		case 5:
			r = (struct hotpatch_reference){ HOTPATCH_DATA, 0, R_X86_64_64,
							 HOTPATCH_TO_PART, 9 };
			ok(vec_push(&o.references, r));
			break;
		}
		e = layout_compute(&o, 0, false, &l);
		if (error_kind(e) != ERROR_REFUSED)
			fail_msg("lie %d was taken", lie);
	}
}

static void names_hash_as_the_loader_does(void **state)
{
	(void)state;
	assert_int_equal(lookup_gnu_hash(""), 0x1505);
	assert_int_equal(lookup_gnu_hash("printf"), 0x156b2bb8);
	assert_int_equal(lookup_gnu_hash("syscall"), 0xbac212a0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_lie_in_pages_of_their_own),
		cmocka_unit_test(references_get_their_value),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(objects_that_lie_are_refused),
		cmocka_unit_test(names_hash_as_the_loader_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
