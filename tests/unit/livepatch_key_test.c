// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A branch on a module's static key, linked into a test of the key, and then run: on this
 * processor, with the key in every state, and with every register and flag compared.
 */
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "livepatch/key_test.h"
#include "livepatch_world.h"

#define NOP ".byte 0x0f, 0x1f, 0x44, 0x00, 0x00"
#define JUMP ".byte 0xe9; .long 1f - . - 4"

/*
 * Stores 1 if the branch falls through, 2 if it is taken, and changes nothing else. Its stack
 * is told as objtool would: 8 bytes at the entry, 16 around the branch.
 */
#define BRANCH_BEHIND(branch, key, before, after, target)                                      \
	"asm(\".pushsection .text.old_function, \\\"ax\\\"\\n\"\n"                             \
	"\".globl old_function\\n.type old_function, @function\\nold_function:\\n\"\n"         \
	"\"push %rdx\\n10:\\n" before "\\n\"\n"                                                \
	"\"2: " branch "\\n\"\n"                                                               \
	"\"movb $1, result(%rip)\\n3: pop %rdx\\n11: ret\\n\"\n" target                        \
	"\"4: .size old_function, . - old_function\\n" after "\\n.popsection\\n\"\n"           \
	"\".pushsection __jump_table, \\\"aw\\\"\\n\"\n"                                       \
	"\".balign 8\\n.long 2b - ., 1b - .\\n.quad " key " - .\\n.popsection\\n\"\n"          \
	"\".pushsection .orc_unwind_ip, \\\"a\\\"\\n\"\n"                                      \
	"\".long old_function - ., 10b - ., 11b - ., 1b - ., 12b - ., 4b - .\\n\"\n"           \
	"\".popsection\\n.pushsection .orc_unwind, \\\"a\\\"\\n\"\n"                           \
	"\".short 8, 0, 5, 16, 0, 5, 8, 0, 5, 16, 0, 5, 8, 0, 5, 0, 0, 0\\n.popsection\\n\"\n" \
	"\".pushsection .bss.result, \\\"aw\\\", @nobits\\n\"\n"                               \
	"\".type result, @object\\n.size result, 1\\nresult: .skip 1\\n.popsection\");"

#define NEAR "\"1: movb $2, result(%rip)\\npop %rdx\\n12: ret\\n\"\n"
#define FAR                                                                     \
	"\".pushsection .text.unlikely.old_function, \\\"ax\\\"\\n\"\n"         \
	"\".type old_function.cold, @function\\nold_function.cold:\\n\"\n" NEAR \
	"\".size old_function.cold, . - old_function.cold\\n.popsection\\n\"\n"
#define BRANCH(branch, key) BRANCH_BEHIND(branch, key, "", "", NEAR)

/* --- the module, mapped ------------------------------------------------------------ */

struct mapping {
	uint8_t *at;
	size_t size;
	uint64_t *of; /* by section index: offset in it */
	int32_t *key;
	uint64_t function, end; /* offsets of the new function */
	uint8_t *result;
};

static void unmap(struct mapping *m)
{
	if (m->at)
		munmap(m->at, m->size);
	free(m->of);
}

#define __cleanup_mapping __cleanup(unmap)

/* What the loader and livepatch would write. The key is the only thing outside. */
static void relocate(const struct mapping *m, const struct section *where, const struct reloc *r)
{
	uint64_t place = (uint64_t)(uintptr_t)m->at + m->of[where->index] + r->offset, to;

	if (r->symbol->section)
		to = (uint64_t)(uintptr_t)m->at + m->of[r->symbol->section->index] +
		     r->symbol->value;
	else if (strstr(r->symbol->name, "a_key"))
		to = (uint64_t)(uintptr_t)m->key;
	else
		return;
	to += (uint64_t)r->addend;
	if (r->type == R_X86_64_PC32 || r->type == R_X86_64_PLT32) {
		uint32_t v = (uint32_t)(to - place);

		memcpy(m->at + m->of[where->index] + r->offset, &v, sizeof(v));
	}
}

static void map_module(const struct world *w, struct mapping *m)
{
	const struct object *o = w->out;
	const struct symbol *f;
	uint64_t at = 64;

	m->of = calloc(o->sections.n, sizeof(*m->of));
	assert_non_null(m->of);
	vec_for_each(&o->sections, it) {
		at = (at + 63) & ~(uint64_t)63;
		m->of[(*it)->index] = at;
		at += (*it)->size;
	}
	m->size = (at + 4095) & ~(uint64_t)4095;
	m->at = mmap(NULL, m->size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	assert_ptr_not_equal(m->at, MAP_FAILED);
	m->key = (int32_t *)m->at;
	vec_for_each(&o->sections, it)
		if ((*it)->bytes)
			memcpy(m->at + m->of[(*it)->index], (*it)->bytes, (*it)->size);
	vec_for_each(&o->sections, it)
		vec_for_each(&(*it)->relocs, r)
			relocate(m,
				 (*it)->flags & SHF_RELA_LIVEPATCH ? o->sections.v[(*it)->info]
								   : *it,
				 r);
	f = object_symbol(o, "old_function");
	assert_non_null(f);
	m->function = m->of[f->section->index] + f->value;
	m->end = m->function + f->size;
	f = object_symbol(o, "result");
	assert_non_null(f);
	m->result = m->at + m->of[f->section->index] + f->value;
}

static void make(struct world *w, struct mapping *m, const char *text)
{
	world_make(w, "some_driver", text);
	place(w, "a_key", TEXT + 0xb00);
	ok(world_link(w));
	map_module(w, m);
}

/* --- running it ---------------------------------------------------------------------- */

#define STATUS 0x8d5UL /* CF PF AF ZF SF OF */
#define TRAP 0x100UL

/* rax rbx rcx rdx rsi rdi rbp r8 .. r15, rsp, flags. */
struct machine {
	uint64_t registers[15], rsp, flags;
};

struct machine machine_in __attribute__((used)), machine_out __attribute__((used));
uint64_t machine_code __attribute__((used));
void machine_run(void);

#define EACH(x)                                                                                  \
	x("rax", 0) x("rbx", 8) x("rcx", 16) x("rdx", 24) x("rsi", 32) x("rdi", 40) x("rbp", 48) \
		x("r8", 56) x("r9", 64) x("r10", 72) x("r11", 80) x("r12", 88) x("r13", 96)      \
			x("r14", 104) x("r15", 112)
#define LOAD(name, at) "mov machine_in+" #at "(%rip), %" name "\n"
#define STORE(name, at) "mov %" name ", machine_out+" #at "(%rip)\n"

asm(".text\n.type machine_run, @function\nmachine_run:\n"
    "push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\n"
    "mov %rsp, machine_in+120(%rip)\n" EACH(
	    LOAD) "push machine_in+128(%rip)\npopfq\n"
		  "call *machine_code(%rip)\n"
		  "mov %rsp, machine_out+120(%rip)\n" EACH(
			  STORE) "pushfq\n"
				 "andl $~0x100, (%rsp)\npop machine_out+128(%rip)\n"
				 "push machine_out+128(%rip)\npopfq\n"
				 "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\nret\n"
				 ".size machine_run, . - machine_run\n");

static uint8_t run(const struct mapping *m, int32_t key, uint64_t rcx, uint64_t flags)
{
	for (size_t i = 0; i < 15; i++)
		machine_in.registers[i] = 0x0123456789abcdefULL * (i + 3);
	machine_in.registers[2] = rcx;
	machine_in.flags = flags | 0x202;
	machine_code = (uint64_t)(uintptr_t)(m->at + m->function);
	*m->key = key;
	*m->result = 0;
	machine_run();
	return *m->result;
}

/* 'taken' tells what the kernel's own rule says of the branch. */
static void expect_equivalent(const struct mapping *m, bool taken_if_on)
{
	static const int32_t keys[] = { 0, 1, 2, INT32_MAX, -1, INT32_MIN };
	static const uint64_t rcxs[] = { 0, 1, UINT64_C(1) << 32, UINT64_MAX };
	static const uint64_t flags[] = { 0, STATUS, 0x40, 0x881, 0x14 };

	for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
		for (size_t c = 0; c < ARRAY_SIZE(rcxs); c++) {
			for (size_t f = 0; f < ARRAY_SIZE(flags); f++) {
				uint8_t side = run(m, keys[k], rcxs[c], flags[f]);

				assert_int_equal(side, (keys[k] != 0) == taken_if_on ? 2 : 1);
				assert_memory_equal(machine_in.registers, machine_out.registers,
						    sizeof(machine_in.registers));
				assert_int_equal(machine_in.rsp, machine_out.rsp);
				assert_int_equal(machine_out.flags & STATUS, flags[f]);
				assert_int_equal(*m->key, keys[k]);
			}
		}
	}
}

static void test_an_unlikely_branch_is_taken_while_the_key_is_on(void **state)
{
	struct world w __cleanup_world = { 0 };
	struct mapping m __cleanup_mapping = { 0 };

	(void)state;
	make(&w, &m, BRANCH(NOP, "a_key + 2"));
	expect_equivalent(&m, true);
}

static void test_a_likely_branch_is_taken_while_the_key_is_off(void **state)
{
	struct world w __cleanup_world = { 0 };
	struct mapping m __cleanup_mapping = { 0 };

	(void)state;
	make(&w, &m, BRANCH(JUMP, "a_key + 3"));
	expect_equivalent(&m, false);
}

static void test_what_the_compiler_left_at_the_branch_does_not_matter(void **state)
{
	struct world w __cleanup_world = { 0 }, v __cleanup_world = { 0 };
	struct mapping m __cleanup_mapping = { 0 }, n __cleanup_mapping = { 0 };

	(void)state;
	make(&w, &m, BRANCH(JUMP, "a_key"));
	expect_equivalent(&m, true);
	make(&v, &n, BRANCH(NOP, "a_key + 1"));
	expect_equivalent(&n, false);
}

static void test_a_branch_into_the_cold_part_is_followed_there(void **state)
{
	struct world w __cleanup_world = { 0 };
	struct mapping m __cleanup_mapping = { 0 };

	(void)state;
	make(&w, &m, BRANCH_BEHIND("jmp old_function.cold", "a_key + 2", "", "", FAR));
	expect_equivalent(&m, true);
}

static void test_a_key_inside_of_a_structure_is_read_where_it_is(void **state)
{
	struct world w __cleanup_world = { 0 };
	struct mapping m __cleanup_mapping = { 0 };

	(void)state;
	make(&w, &m, BRANCH(NOP, "a_key + 16 + 3"));
	m.key[0] = 1;
	m.key += 4;
	expect_equivalent(&m, false);
}

static void test_two_branches_have_a_test_each(void **state)
{
	struct world w __cleanup_world = { 0 };
	struct mapping m __cleanup_mapping = { 0 };

	(void)state;
	/* The first one goes, with the key on, over an instruction that would trap. */
	make(&w, &m,
	     BRANCH_BEHIND(NOP, "a_key",
			   "5: " NOP "\\njmp 7f\\n6: jmp 7f\\n8: ud2\\n7:\\n"
			   ".pushsection __jump_table, \\\"aw\\\"\\n.balign 8\\n"
			   ".long 5b - ., 6b - .\\n.quad a_key - .\\n.popsection",
			   "", NEAR));
	expect_equivalent(&m, true);
	assert_int_equal(object_section(w.out, "__jump_table")->size, 0);
	assert_int_equal(w.account->notes.n, 1);
	assert_non_null(strstr(w.account->notes.v[0], "the static key a_key of the module "
						      "some_driver is tested at each use in the "
						      "new old_function() (2 sites)"));
}

/* --- the stack on the way -------------------------------------------------------------- */

#define MOST_STEPS 4096
static struct {
	uint64_t rip, rsp;
} steps[MOST_STEPS];
static size_t n_steps;

static void on_step(int signal, siginfo_t *info, void *context)
{
	const ucontext_t *c = context;

	(void)signal;
	(void)info;
	if (n_steps == MOST_STEPS)
		return;
	steps[n_steps].rip = (uint64_t)c->uc_mcontext.gregs[REG_RIP];
	steps[n_steps++].rsp = (uint64_t)c->uc_mcontext.gregs[REG_RSP];
}

/* As the kernel does: sorted by address, what only ends something before what begins there. */
static int16_t sp_offset_at(const struct world *w, const struct mapping *m, uint64_t offset)
{
	const struct section *ip = object_section(w->out, ".orc_unwind_ip");
	const struct section *orc = object_section(w->out, ".orc_unwind");
	const uint8_t *found = NULL;
	uint64_t best = 0;
	int16_t sp_offset;

	assert_int_equal(ip->size / 4, ip->relocs.n);
	assert_int_equal(orc->size, ip->relocs.n * 6);
	vec_for_each(&ip->relocs, r) {
		const uint8_t *entry = orc->bytes + r->offset / 4 * 6;
		uint64_t at =
			m->of[r->symbol->section->index] + r->symbol->value + (uint64_t)r->addend;

		if (at > offset || (found && (at < best || (at == best && !entry[4]))))
			continue;
		best = at;
		found = entry;
	}
	assert_non_null(found);
	assert_int_equal(found[4] & 0xf, 5);
	memcpy(&sp_offset, found, sizeof(sp_offset));
	return sp_offset;
}

static size_t check_steps(const struct world *w, const struct mapping *m)
{
	size_t inside = 0;

	for (size_t i = 0; i < n_steps; i++) {
		uint64_t offset = steps[i].rip - (uint64_t)(uintptr_t)m->at;

		if (offset < m->function || offset >= m->end)
			continue;
		inside++;
		assert_int_equal(steps[i].rsp + (uint64_t)sp_offset_at(w, m, offset),
				 machine_in.rsp);
	}
	return inside;
}

static void test_the_stack_is_told_at_each_instruction(void **state)
{
	struct sigaction step = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO }, old;
	struct world w __cleanup_world = { 0 };
	struct mapping m __cleanup_mapping = { 0 };

	(void)state;
	make(&w, &m, BRANCH(NOP, "a_key + 2"));
	assert_int_equal(sigaction(SIGTRAP, &step, &old), 0);
	for (int32_t key = 0; key < 2; key++) {
		n_steps = 0;
		assert_int_equal(run(&m, key, 5, TRAP), 1 + key);
		assert_true(n_steps < MOST_STEPS);
		/* push, jump; push, xchg, mov, jrcxz, pop, jump; mov, pop, ret */
		assert_int_equal(check_steps(&w, &m), 11);
	}
	sigaction(SIGTRAP, &old, NULL);
}

static void test_the_test_belongs_to_its_function(void **state)
{
	struct world w __cleanup_world = { 0 };
	struct mapping m __cleanup_mapping = { 0 };
	const struct symbol *f;

	(void)state;
	make(&w, &m, BRANCH(NOP, "a_key + 2"));
	f = object_symbol(w.out, "old_function");
	/* Livepatch sees a task in the test if what it knows of the function covers it. */
	vec_for_each(&f->section->symbols, s)
		assert_false((*s)->value > f->value && (*s)->value < f->value + f->size);
	assert_non_null(
		reloc_to(w.out, ".klp.rela.some_driver..text", ".klp.sym.some_driver.a_key,0"));
}

static void refused_with(const char *text, const char *word)
{
	struct world w __cleanup_world = { 0 };

	world_make(&w, "some_driver", text);
	place(&w, "a_key", TEXT + 0xb00);
	world_refused(&w, word);
}

static void test_what_leaves_no_room_for_the_test_is_refused(void **state)
{
	(void)state;
	refused_with(BRANCH(".byte 0x66, 0x90", "a_key + 2"), "no nop or jump of 5 bytes");
	refused_with(BRANCH("jmp 1f", "a_key + 3"),
		     "old_function() branches on a_key, a static key "
		     "of the module some_driver");
	refused_with(BRANCH_BEHIND(NOP, "a_key", "",
				   ".type behind, @function\\nbehind: ret\\n.size behind, 1", NEAR),
		     "behind lies behind it");
}

static void test_a_stack_that_is_not_understood_is_refused(void **state)
{
	static const char text[] = BRANCH(NOP, "a_key + 2");
	char *other __free = strdup(text), *at;

	(void)state;
	assert_non_null(other);
	/* rsp found through what rsp points to (9) */
	at = strstr(other, "16, 0, 5");
	assert_non_null(at);
	at[7] = '9';
	refused_with(other, "how the stack looks there is not known");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_unlikely_branch_is_taken_while_the_key_is_on),
		cmocka_unit_test(test_a_likely_branch_is_taken_while_the_key_is_off),
		cmocka_unit_test(test_what_the_compiler_left_at_the_branch_does_not_matter),
		cmocka_unit_test(test_a_branch_into_the_cold_part_is_followed_there),
		cmocka_unit_test(test_a_key_inside_of_a_structure_is_read_where_it_is),
		cmocka_unit_test(test_two_branches_have_a_test_each),
		cmocka_unit_test(test_the_stack_is_told_at_each_instruction),
		cmocka_unit_test(test_the_test_belongs_to_its_function),
		cmocka_unit_test(test_what_leaves_no_room_for_the_test_is_refused),
		cmocka_unit_test(test_a_stack_that_is_not_understood_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
