// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The stub of a call, run by the test itself: the function gets its arguments and a stack of its
 * own, its result is noted, and every register, vector register and flag is what it was.
 */
#include "snippet.h"

#include <sys/mman.h>

#include "hotpatch/call.h"

/* What came back, in the order of instructions' numbers; and where we were. */
static uint64_t got[16] __attribute__((used)), got_flags __attribute__((used)),
	saved_rsp __attribute__((used));
static uint8_t got_xmm7[16] __attribute__((used));

asm(".text\n"
    "go: push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "	mov %rsp, saved_rsp(%rip)\n"
    "	jmp *%rdi\n"
    "landing:\n"
    "	mov %rax, got(%rip); mov %rcx, got+8(%rip); mov %rdx, got+16(%rip); mov %rbx, got+24(%rip)\n"
    "	mov %rsp, got+32(%rip); mov %rbp, got+40(%rip); mov %rsi, got+48(%rip); mov %rdi, got+56(%rip)\n"
    "	mov %r8, got+64(%rip); mov %r9, got+72(%rip); mov %r10, got+80(%rip); mov %r11, got+88(%rip)\n"
    "	mov %r12, got+96(%rip); mov %r13, got+104(%rip); mov %r14, got+112(%rip); mov %r15, got+120(%rip)\n"
    "	movdqu %xmm7, got_xmm7(%rip)\n"
    "	mov saved_rsp(%rip), %rsp\n"
    "	pushfq; pop got_flags(%rip)\n"
    "	cld\n"
    "	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "	ret\n");
void go(uint64_t stub);
extern const uint8_t landing[];

static uint64_t seen[3];

/* Clobbers what a function may. */
static uint64_t called(uint64_t a, uint64_t b)
{
	uint64_t here = (uintptr_t)__builtin_frame_address(0);

	seen[0] = a;
	seen[1] = b;
	seen[2] = here;
	asm volatile("pxor %%xmm7, %%xmm7\n\tmov $-1, %%r8\n\tmov $-1, %%r11" ::
			     : "xmm7", "r8", "r11");
	return 0xfedcba9876543210;
}

static const uint8_t pattern[16] = "sixteen letters";

static void all_is_as_it_was(void **state)
{
	uint8_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *data =
		mmap(NULL, CALL_DATA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *stack =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct call_place at = { (uintptr_t)code, (uintptr_t)data };
	const struct call c = { .name = "called",
				.function = (uintptr_t)called,
				.args = { 0x1122334455667788, 9 },
				.note = CALL_FRAMES,
				.noted = 1 };
	struct user_regs_struct r = { .cs = 0x33,
				      .orig_rax = (uint64_t)-1,
				      .rip = (uintptr_t)landing,
				      .rsp = (uintptr_t)stack + 2048,
				      .rax = 0x1010101010101010,
				      .rcx = 1,
				      .rdx = 0x1212121212121212,
				      .rbx = 3,
				      .rbp = 0x1515151515151515,
				      .rsi = 6,
				      .rdi = 0x1717171717171717,
				      .r8 = 8,
				      .r9 = 0x1919191919191919,
				      .r10 = 10,
				      .r11 = 0x2121212121212121,
				      .r12 = 12,
				      .r13 = 0x2323232323232323,
				      .r14 = 14,
				      .r15 = 0x2525252525252525,
				      .eflags = 0x202 | 0x401 /* carry, direction */ };
	const uint64_t want[16] = { r.rax, r.rcx, r.rdx, r.rbx, r.rsp, r.rbp, r.rsi, r.rdi,
				    r.r8,  r.r9,  r.r10, r.r11, r.r12, r.r13, r.r14, r.r15 };

	(void)state;
	assert_true(code != MAP_FAILED && data != MAP_FAILED && stack != MAP_FAILED);
	asm volatile("movdqu %[pattern], %%xmm7\n\txsave64 (%[to])"
		     :
		     : [pattern] "m"(pattern), [to] "r"(data + CALL_REGISTERS), "a"(-1), "d"(-1)
		     : "xmm7", "memory");
	ok(call_assemble(&at, &c, &r, code));
	go(at.code);
	assert_int_equal(seen[0], c.args[0]);
	assert_int_equal(seen[1], c.args[1]);
	assert_true(seen[2] > at.data && seen[2] < at.data + CALL_DATA);
	assert_int_equal(seen[2] % 16, 0); /* as behind a call and a push */
	assert_int_equal(*(uint64_t *)(data + CALL_RESULT), 0xfedcba9876543210);
	assert_int_equal(*(uint64_t *)(data + CALL_FRAMES), 1);
	assert_int_equal(*(uint64_t *)(data + CALL_STATE), CALL_DONE);
	for (size_t i = 0; i < 16; i++)
		if (got[i] != want[i])
			fail_msg("register %zu is 0x%llx, not 0x%llx", i,
				 (unsigned long long)got[i], (unsigned long long)want[i]);
	assert_memory_equal(got_xmm7, pattern, sizeof(pattern));
	assert_int_equal(got_flags & 0x401, 0x401);
	munmap(code, 4096);
	munmap(data, CALL_DATA);
	munmap(stack, 4096);
}

static void code_of_32_bits_is_refused(void **state)
{
	const struct call_place at = { 0x10000, 0x20000 };
	const struct call c = { .name = "f", .function = 0x30000, .note = CALL_RESULT };
	const struct user_regs_struct r = { .cs = 0x23 };
	uint8_t code[CALL_CODE];
	struct error *e __cleanup_error = call_assemble(&at, &c, &r, code);

	(void)state;
	assert_int_equal(error_kind(e), ERROR_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_as_it_was),
		cmocka_unit_test(code_of_32_bits_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
