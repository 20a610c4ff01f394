// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Static keys and static calls: those of vmlinux stay in the tables that the kernel reads at
 * load; those of a module are cut out, and refused where the code can't do without. What
 * becomes of their branches is in livepatch_key_test.c.
 */
#include "livepatch_world.h"

#include "livepatch/cut.h"

#define NOP "0x0f, 0x1f, 0x44, 0x00, 0x00"
#define JUMP "0xe9, 0x00, 0x00, 0x00, 0x00"
#define BRANCH(code, key)                                                               \
	"asm volatile(\"1: .byte " code "\\n.pushsection __jump_table,\\\"aw\\\"\\n\" " \
	"\".balign 8\\n.long 1b - .\\n.long 1b - .\\n.quad " key " + 2 - .\\n.popsection\");"
#define STATIC_CALL(key, insn)                                                          \
	"asm volatile(\"1: " insn "\\n.pushsection .static_call_sites,\\\"aw\\\"\\n\" " \
	"\".long 1b - .\\n.long " key " - .\\n.popsection\");"
#define FUNCTION(body) "int old_function(void) { " body " return 1; }\n"

static void place_keys(struct world *w)
{
	static const struct {
		const char *name;
		uint64_t address;
	} keys[] = { { "__tracepoint_beat", TEXT + 0xa00 },
		     { "a_key", TEXT + 0xb00 },
		     { "__SCK__call", TEXT + 0xc00 },
		     { "__SCT__call", TEXT + 0xd00 } };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (object_symbol(w->object, keys[i].name))
			place(w, keys[i].name, keys[i].address);
}

static void test_keys_of_vmlinux_stay_in_their_tables(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux",
		   FUNCTION(BRANCH(NOP, "__tracepoint_beat") BRANCH(JUMP, "a_key")
				    STATIC_CALL("__SCK__call", "call __SCT__call")));
	place_keys(&w);
	ok(world_link(&w));
	assert_int_equal(object_section(w.out, "__jump_table")->size, 32);
	assert_int_equal(object_section(w.out, ".static_call_sites")->size, 8);
	assert_int_equal(w.account->notes.n, 0);
	assert_non_null(
		reloc_to(w.out, ".klp.rela.vmlinux.__jump_table", ".klp.sym.vmlinux.a_key,0"));
}

static void test_a_tracepoint_of_a_module_is_cut_out_and_noted(void **state)
{
	struct world w __cleanup_world = { 0 };
	const struct section *s;

	(void)state;
	/* The second of three: what is behind it moves up. */
	world_make(&w, "some_driver",
		   FUNCTION(BRANCH(JUMP, "kfree") BRANCH(NOP, "__tracepoint_beat")
				    BRANCH(NOP, "klp_enable_patch")));
	place_keys(&w);
	placement_of(&w, "kfree")->how = BIND_EXTERNAL;
	placement_of(&w, "klp_enable_patch")->how = BIND_EXTERNAL;
	ok(world_link(&w));
	s = object_section(w.out, "__jump_table");
	assert_int_equal(s->size, 32);
	assert_int_equal(s->relocs.n, 6);
	assert_int_equal(s->relocs.v[0].addend, s->relocs.v[1].addend);
	assert_string_equal(s->relocs.v[2].symbol->name, "kfree");
	assert_int_equal(s->relocs.v[3].offset, 16);
	assert_int_equal(s->relocs.v[3].addend, s->relocs.v[0].addend + 10);
	assert_string_equal(s->relocs.v[5].symbol->name, "klp_enable_patch");
	assert_int_equal(s->relocs.v[5].offset, 24);
	assert_null(object_section(w.out, ".klp.rela.some_driver.__jump_table"));
	assert_int_equal(w.account->notes.n, 1);
	assert_non_null(strstr(w.account->notes.v[0], "tracepoint beat of the module some_driver"));
	assert_non_null(strstr(w.account->notes.v[0], "old_function()"));
	/* Nothing refers to it any more. */
	assert_null(object_symbol(w.out, ".klp.sym.some_driver.__tracepoint_beat,0"));
}

static void test_a_tracepoint_that_would_fire_always_is_refused(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "some_driver", FUNCTION(BRANCH(JUMP, "__tracepoint_beat")));
	place_keys(&w);
	world_refused(&w, "is no nop");
}

static void test_a_static_call_of_a_module_stays_a_call_of_its_trampoline(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "some_driver", FUNCTION(STATIC_CALL("__SCK__call", "call __SCT__call")));
	place_keys(&w);
	ok(world_link(&w));
	assert_int_equal(object_section(w.out, ".static_call_sites")->size, 0);
	assert_non_null(reloc_to(w.out, ".klp.rela.some_driver..text",
				 ".klp.sym.some_driver.__SCT__call,0"));
	assert_int_equal(w.account->notes.n, 1);
	assert_string_equal(w.account->notes.v[0],
			    "the static call call of the module some_driver goes through its "
			    "trampoline in the new old_function() (1 site)");
}

static void test_jumps_to_a_trampoline_of_a_module_are_static_calls_too(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	/* The second entry names the trampoline, as where the key is not exported. */
	world_make(&w, "some_driver",
		   FUNCTION(STATIC_CALL("__SCK__call", "jmp __SCT__call")
				    STATIC_CALL("__SCT__call", "jne __SCT__call")));
	place_keys(&w);
	ok(world_link(&w));
	assert_int_equal(object_section(w.out, ".static_call_sites")->size, 0);
	assert_int_equal(w.account->notes.n, 1);
	assert_non_null(strstr(w.account->notes.v[0], "(2 sites)"));
}

static void test_a_static_call_of_a_module_without_a_trampoline_is_refused(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "some_driver", FUNCTION(STATIC_CALL("__SCK__call", "call helper")));
	place_keys(&w);
	place(&w, "helper", TEXT + 0x300);
	world_refused(&w, "does not go through a trampoline");
}

#define SHORT_NOP "0x66, 0x90"

static bool needs_room(const char *object, const char *text, const char *key, enum bind_how how)
{
	struct world w __cleanup_world = { 0 };

	world_make(&w, object, text);
	place_keys(&w);
	placement_of(&w, key)->how = how;
	return cut_needs_room(&w.part);
}

static void test_room_is_needed_at_short_branches_on_keys_of_modules(void **state)
{
	static const char short_branch[] =
		FUNCTION(BRANCH(NOP, "kfree") BRANCH(SHORT_NOP, "a_key"));

	(void)state;
	assert_true(needs_room("some_driver", short_branch, "a_key", BIND_DERIVED));
	/* vmlinux has one of that name */
	assert_false(needs_room("some_driver", short_branch, "a_key", BIND_EXTERNAL));
	assert_false(needs_room("vmlinux", short_branch, "a_key", BIND_DERIVED));
	assert_false(
		needs_room("some_driver", FUNCTION(BRANCH(NOP, "a_key")), "a_key", BIND_DERIVED));
	assert_false(needs_room("some_driver", FUNCTION(BRANCH(SHORT_NOP, "__tracepoint_beat")),
				"__tracepoint_beat", BIND_DERIVED));
	/* of a module that this one uses */
	assert_true(needs_room("some_driver", FUNCTION(BRANCH(SHORT_NOP, "of_module")), "of_module",
			       BIND_EXTERNAL));
}

static void test_a_table_of_another_form_is_refused(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux",
		   FUNCTION("asm volatile(\"1: nop\\n.pushsection __jump_table,\\\"aw\\\"\\n\" "
			    "\".quad 1b, a_key\\n.popsection\");"));
	place_keys(&w);
	world_refused(&w, "entries are not understood");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_of_vmlinux_stay_in_their_tables),
		cmocka_unit_test(test_a_tracepoint_of_a_module_is_cut_out_and_noted),
		cmocka_unit_test(test_a_tracepoint_that_would_fire_always_is_refused),
		cmocka_unit_test(test_a_static_call_of_a_module_stays_a_call_of_its_trampoline),
		cmocka_unit_test(test_jumps_to_a_trampoline_of_a_module_are_static_calls_too),
		cmocka_unit_test(test_a_static_call_of_a_module_without_a_trampoline_is_refused),
		cmocka_unit_test(test_room_is_needed_at_short_branches_on_keys_of_modules),
		cmocka_unit_test(test_a_table_of_another_form_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
