// SPDX-License-Identifier: GPL-2.0-or-later
/* What is decided about stopped threads: their stacks, their filters, their way back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/audit.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "hotpatch/inject.h"
#include "hotpatch/seccomp.h"
#include "hotpatch/stack.h"

static void ok(struct error *e)
{
	if (e)
		fail_msg("%s", error_message(e));
}

static void a_scan_finds_what_lies_in_a_range(void **state)
{
	static const struct stack_range v[] = { { 0x1000, 0x1010, "a" },
						{ 0x2000, 0x2001, "b" },
						{ 0x3000, 0x3100, "c" } };
	const uint64_t words[] = { 0, 0xfff, 0x1010, 0x1fff, 0x2001, 0x3100, UINT64_MAX, 0x30ff };

	(void)state;
	assert_ptr_equal(stack_scan(words, 8, v, 3), &words[7]);
	assert_null(stack_scan(words, 7, v, 3));
	assert_null(stack_scan(words, 8, v, 0));
	assert_ptr_equal(stack_range_of(v, 3, 0x2000), &v[1]);
	assert_null(stack_range_of(v, 3, 0x2001));
}

/* --- the stack of another process -------------------------------------------------------- */

#define APART __attribute__((noinline, section("text_apart")))
extern const char __start_text_apart[], __stop_text_apart[];

/* A frame that whoever looks must see. */
APART static int waits_here(int n)
{
	for (;;)
		n += pause();
	return n;
}

static void look_at(pid_t pid, struct maps *maps, int query)
{
	const struct stack_range apart = { (uintptr_t)__start_text_apart,
					   (uintptr_t)__stop_text_apart, "apart" };
	const struct stack_range elsewhere = { 0x5a5a5a5a0000, 0x5a5a5a5b0000, "elsewhere" };
	struct stack_look look __cleanup_stack_look = STACK_LOOK_CLOSED;
	struct memory m __cleanup_memory = MEMORY_CLOSED;
	struct stop s __cleanup_stop = STOP_NONE;
	struct stack_hit hit;

	ok(memory_open(pid, pid, NULL, &m));
	ok(stop_open(&m, &s));
	ok(stack_look_open(query, maps, 1, &look));
	ok(stop_seize(&s));
	ok(stop_all(&s, 5));
	ok(stack_check(&s, &look, &apart, 1, &hit));
	assert_ptr_equal(hit.range, &apart);
	assert_int_equal(hit.tid, pid);
	assert_false(hit.running);
	ok(stack_check(&s, &look, &elsewhere, 1, &hit));
	assert_null(hit.range);
}

static void a_frame_is_seen_whatever_was_known_of_its_mapping(void **state)
{
	struct maps maps __cleanup_maps = { 0 };
	int query __closefd = -1;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(waits_here(0));
	}
	usleep(100000);
	ok(maps_open(pid, &query));
	ok(maps_read_open(query, &maps));
	look_at(pid, &maps, query);
	/* It was longer once: that can't be read. */
	ok(maps_read_open(query, &maps));
	vec_for_each(&maps.v, it)
		if (str_equal(it->name, "[stack]"))
			it->end += 4096;
	look_at(pid, &maps, query);
	/* It was not there. */
	maps.v.n = 0;
	look_at(pid, &maps, query);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* --- seccomp --------------------------------------------------------------------------- */

static void filters_are_run_as_the_kernel_does(void **state)
{
	static const struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, PROT_WRITE | PROT_EXEC),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROT_WRITE | PROT_EXEC, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct seccomp_data d = { .nr = SYS_mmap,
				  .arch = AUDIT_ARCH_X86_64,
				  .args = { 0, 0, PROT_READ | PROT_EXEC } };

	(void)state;
	assert_int_equal(seccomp_run(filter, ARRAY_SIZE(filter), &d), SECCOMP_RET_ALLOW);
	d.args[2] |= PROT_WRITE;
	assert_int_equal(seccomp_run(filter, ARRAY_SIZE(filter), &d), SECCOMP_RET_ERRNO | EPERM);
	d.arch = AUDIT_ARCH_I386;
	assert_int_equal(seccomp_run(filter, ARRAY_SIZE(filter), &d), SECCOMP_RET_KILL_PROCESS);
}

static void a_filter_that_is_not_understood_kills(void **state)
{
	static const struct sock_filter rows[][2] = {
		{ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), BPF_STMT(BPF_RET | BPF_K, 0x7fff0000) },
		{ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), BPF_STMT(BPF_RET | BPF_K, 0x7fff0000) },
		{ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), BPF_STMT(BPF_RET | BPF_K, 0x7fff0000) },
		{ BPF_STMT(BPF_ST, 16), BPF_STMT(BPF_RET | BPF_K, 0x7fff0000) },
		{ BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), BPF_STMT(BPF_RET | BPF_K, 0x7fff0000) },
		{ BPF_STMT(BPF_JMP | BPF_JA, 1), BPF_STMT(BPF_RET | BPF_K, 0x7fff0000) },
		{ BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff), BPF_STMT(BPF_RET | BPF_K, 0x7fff0000) },
		{ BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_MISC | BPF_TXA, 0) },
	};
	struct seccomp_data d = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (seccomp_run(rows[i], 2, &d) != SECCOMP_RET_KILL_PROCESS)
			fail_msg("row %zu was allowed", i);
}

/* --- the way back ------------------------------------------------------------------------ */

/* Where the stub jumps, and what it loads into rax last. */
static void read_back(const struct inject_stub *s, uint64_t *rip, uint64_t *rax)
{
	static const uint8_t jump[] = { 0x3e, 0xff, 0x25, 0, 0, 0, 0 };
	const uint8_t *at = memmem(s->bytes, s->n, jump, sizeof(jump));

	assert_non_null(at);
	memcpy(rip, at + sizeof(jump), 8);
	/* Behind the last call. */
	at = memmem(s->bytes, s->n, "\x0f\x05", 2);
	assert_non_null(at);
	*rax = 0;
	memcpy(rax, at + 3, 4);
}

static void an_interrupted_call_begins_again(void **state)
{
	static const struct {
		int64_t rax, orig;
		int64_t back;  /* of rip */
		uint64_t goes; /* rax */
	} rows[] = {
		{ -512, SYS_read, 2, SYS_read },
		{ -513, SYS_futex, 2, SYS_futex },
		{ -514, SYS_pause, 2, SYS_pause },
		/* A sleep goes on for what remained of it. */
		{ -516, SYS_nanosleep, 2, SYS_restart_syscall },
		/* EINTR of a call that any stop ends. */
		{ -4, SYS_epoll_wait, 2, SYS_epoll_wait },
		/* It stands before the call already. */
		{ SYS_restart_syscall, SYS_poll, 0, SYS_restart_syscall },
		{ SYS_read, SYS_read, 0, SYS_read },
		/* What is over is over; and in user mode there is no call. */
		{ 5, SYS_read, 0, 5 },
		{ 77, -1, 0, 77 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct user_regs_struct r = { .rip = 0x401000,
					      .cs = 0x33,
					      .rax = (uint64_t)rows[i].rax,
					      .orig_rax = (uint64_t)rows[i].orig };
		struct inject in = { .calls = { { SYS_munmap, { 0x10000, 4096 } } }, .n = 1 };
		struct inject_stub s;
		uint64_t rip, rax;

		ok(inject_assemble(&in, &r, &s));
		read_back(&s, &rip, &rax);
		if (rip != 0x401000 - (uint64_t)rows[i].back || rax != rows[i].goes)
			fail_msg("row %zu: rip 0x%llx, rax %llu", i, (unsigned long long)rip,
				 (unsigned long long)rax);
	}
}

static void a_call_is_seen_behind_it_and_before_it_begins_anew(void **state)
{
	static const struct {
		const char *around;
		uint64_t rax, orig;
		bool is;
	} rows[] = {
		{ "\x0f\x05\x48\x3d", (uint64_t)-516, SYS_poll, true },
		{ "\x0f\x05\x48\x3d", 0, SYS_poll, true },
		{ "\x7a\x00\x0f\x05", SYS_restart_syscall, SYS_poll, true },
		{ "\x7a\x00\x0f\x05", SYS_poll, SYS_poll, true },
		/* What came out of it is no number of a call; and without one it is another way. */
		{ "\x7a\x00\x0f\x05", (uint64_t)-516, SYS_poll, false },
		{ "\x7a\x00\x0f\x05", 0, SYS_poll, false },
		{ "\xcd\x80\x48\x3d", SYS_poll, SYS_poll, false },
		{ "\x90\x0f\x05\x90", SYS_restart_syscall, SYS_poll, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct user_regs_struct r = { .rax = rows[i].rax, .orig_rax = rows[i].orig };

		if (inject_is_in_call(&r, (const uint8_t *)rows[i].around) != rows[i].is)
			fail_msg("row %zu", i);
	}
}

static void code_of_32_bits_is_refused(void **state)
{
	struct user_regs_struct r = { .cs = 0x23 };
	struct inject in = { .n = 0 };
	struct inject_stub s;
	struct error *e __cleanup_error = inject_assemble(&in, &r, &s);

	(void)state;
	assert_int_equal(error_kind(e), ERROR_REFUSED);
}

/* The stub as a function: it makes its calls, and every register it may touch is back. */
static void the_stub_runs_and_finds_its_way_back(void **state)
{
	uint8_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* Free, as it was just given back. */
	void *free = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t near = (uintptr_t)free, got[9];
	struct user_regs_struct r = { .cs = 0x33,
				      .orig_rax = (uint64_t)-1,
				      .rax = 0x1111111111111111,
				      .rcx = 2,
				      .rdx = 0x3333333333333333,
				      .rsi = 4,
				      .rdi = 0x5555555555555555,
				      .r8 = 6,
				      .r9 = 0x7777777777777777,
				      .r10 = 8,
				      .r11 = 0x9999999999999999 };
	struct inject in = { .n = 2,
			     .calls = { { SYS_mmap,
					  { near, 4096, PROT_READ,
					    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
					    (uint64_t)-1, 0 } },
					{ SYS_mmap,
					  { near + 4096, 4096, PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
					    (uint64_t)-1, 0 } } } };
	struct inject_stub s;

	(void)state;
	assert_true(page != MAP_FAILED && free != MAP_FAILED);
	assert_int_equal(munmap(free, 8192), 0);
	r.rip = (uintptr_t)page + 2048;
	ok(inject_assemble(&in, &r, &s));
	memcpy(page, s.bytes, s.n);
	page[2048] = 0xc3; /* ret: back here */
	asm volatile("call *%[stub]\n\t"
		     "mov %%rax, 0(%[got])\n\t"
		     "mov %%rcx, 8(%[got])\n\t"
		     "mov %%rdx, 16(%[got])\n\t"
		     "mov %%rsi, 24(%[got])\n\t"
		     "mov %%rdi, 32(%[got])\n\t"
		     "mov %%r8, 40(%[got])\n\t"
		     "mov %%r9, 48(%[got])\n\t"
		     "mov %%r10, 56(%[got])\n\t"
		     "mov %%r11, 64(%[got])"
		     :
		     : [stub] "b"(page), [got] "r"(got)
		     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
	assert_true(got[0] == r.rax && got[1] == r.rcx && got[2] == r.rdx && got[3] == r.rsi &&
		    got[4] == r.rdi && got[5] == r.r8 && got[6] == r.r9 && got[7] == r.r10 &&
		    got[8] == r.r11);
	*(volatile uint8_t *)(near + 4096) = 1; /* it is there, and may be written */
	assert_int_equal(munmap((void *)near, 8192), 0);
	munmap(page, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scan_finds_what_lies_in_a_range),
		cmocka_unit_test(a_frame_is_seen_whatever_was_known_of_its_mapping),
		cmocka_unit_test(filters_are_run_as_the_kernel_does),
		cmocka_unit_test(a_filter_that_is_not_understood_kills),
		cmocka_unit_test(an_interrupted_call_begins_again),
		cmocka_unit_test(a_call_is_seen_behind_it_and_before_it_begins_anew),
		cmocka_unit_test(code_of_32_bits_is_refused),
		cmocka_unit_test(the_stub_runs_and_finds_its_way_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
