// SPDX-License-Identifier: GPL-2.0-or-later
/* What times calls, run in this process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "bpf/latency.h"
#include "hotpatch/timing.h"

#define SITES 3
#define GATE 16u
#define THREADS 8
#define CALLS 20000

_Static_assert(TIMING_BUCKETS == LATENCY_BUCKETS && TIMING_BITS == LATENCY_BITS &&
		       TIMING_SUB_BITS == LATENCY_SUB_BITS,
	       "the buckets are those of the probes");

static struct {
	uint8_t *code, *data;
	size_t code_size, data_size;
	uint64_t stub[SITES];
} t;

/* What a gate does for us: on to a function that lies anywhere. */
static void lead(size_t site, const void *to)
{
	static const uint8_t jump[] = { 0xff, 0x25, 0, 0, 0, 0 };
	uint8_t *at = t.code + site * GATE;

	memcpy(at, jump, sizeof(jump));
	memcpy(at + sizeof(jump), &to, sizeof(to));
}

static const struct timing_counts *counts(size_t site)
{
	return (const void *)(t.data + TIMING_FUNCTIONS + site * TIMING_COUNTS);
}

static uint64_t timed(size_t site)
{
	uint64_t n = 0;

	for (size_t i = 0; i < TIMING_BUCKETS; i++)
		n += counts(site)->buckets[i];
	return n;
}

static size_t slots_used(void)
{
	size_t n = 0;

	for (size_t i = 0; i < TIMING_SLOTS + TIMING_PROBES; i++) {
		uint64_t key;

		memcpy(&key, t.data + TIMING_TABLE + i * TIMING_SLOT, sizeof(key));
		n += key != 0;
	}
	return n;
}

static int make(void **state)
{
	uint64_t gates[SITES], rate;

	(void)state;
	t.code_size = (SITES * GATE + timing_code_size(SITES) + 4095) & ~4095ull;
	t.data_size = timing_data_size(SITES);
	t.code = mmap(NULL, t.code_size + t.data_size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t.code == MAP_FAILED)
		return -1;
	t.data = t.code + t.code_size;
	for (size_t i = 0; i < SITES; i++) {
		gates[i] = (uint64_t)t.code + i * GATE;
		t.stub[i] = (uint64_t)t.code + SITES * GATE + i * TIMING_STUB;
	}
	if (!timing_make(t.stub[0], (uint64_t)t.data, gates, SITES, t.code + SITES * GATE))
		return -1;
	rate = 1ull << 32;
	memcpy(t.data + TIMING_RATE, &rate, sizeof(rate));
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	return munmap(t.code, t.code_size + t.data_size);
}

static void may_run(void)
{
	assert_int_equal(mprotect(t.code, t.code_size, PROT_READ | PROT_EXEC), 0);
}

/* --- what is called ------------------------------------------------------------------- */

struct large {
	double a, b, c;
	long sum;
};
typedef struct large many_fn(int a, int b, int c, int d, int e, int f, int g, long h, double x,
			     double y);

static struct large many(int a, int b, int c, int d, int e, int f, int g, long h, double x,
			 double y)
{
	return (struct large){ x, y, x * y, a + b + c + d + e + f + g + h };
}

static void arguments_and_results_pass(void **state)
{
	many_fn *f = (many_fn *)t.stub[1];

	(void)state;
	lead(1, many);
	may_run();
	for (int i = 0; i < 1000; i++) {
		struct large l = f(i, 2, 3, 4, 5, 6, 7, 8000000000, 1.5, i);

		assert_true(l.a == 1.5 && l.b == i && l.c == 1.5 * i);
		assert_int_equal(l.sum, 8000000000 + 27 + i);
	}
	assert_int_equal(counts(1)->entries, 1000);
	assert_int_equal(timed(1), 1000);
	assert_int_equal(counts(1)->unseen, 0);
	assert_int_equal(counts(0)->entries, 0);
	assert_int_equal(slots_used(), 0);
}

/*
 * A caller in the same file may know which registers its callee leaves alone: all of them must be,
 * here by a callee that only returns. 0 if they are.
 */
long registers_stay(uint64_t stub);
asm(".pushsection .text\n"
    "registers_stay:\n"
    "	push %rbx\n	push %rdi\n"
    "	mov $0x1111, %eax\n	mov $0x2222, %ecx\n	mov $0x3333, %edx\n"
    "	mov $0x4444, %esi\n	mov $0x5555, %edi\n	mov $0x6666, %r8d\n"
    "	mov $0x7777, %r9d\n	mov $0x8888, %r10d\n	mov $0x9999, %r11d\n"
    "	movq %rax, %xmm5\n"
    "	call *(%rsp)\n"
    "	xor $0x1111, %rax\n	xor $0x2222, %rcx\n	xor $0x3333, %rdx\n"
    "	xor $0x4444, %rsi\n	xor $0x5555, %rdi\n	xor $0x6666, %r8\n"
    "	xor $0x7777, %r9\n	xor $0x8888, %r10\n	xor $0x9999, %r11\n"
    "	or %rcx, %rax\n	or %rdx, %rax\n	or %rsi, %rax\n	or %rdi, %rax\n"
    "	or %r8, %rax\n	or %r9, %rax\n	or %r10, %rax\n	or %r11, %rax\n"
    "	movq %xmm5, %rbx\n	xor $0x1111, %rbx\n	or %rbx, %rax\n"
    "	pop %rdi\n	pop %rbx\n	ret\n"
    "only_returns:\n	ret\n"
    ".popsection\n");
extern const char only_returns[];

static void no_register_is_lost(void **state)
{
	(void)state;
	lead(0, only_returns);
	may_run();
	for (int i = 0; i < 100; i++)
		assert_int_equal(registers_stay(t.stub[0]), 0);
	assert_int_equal(timed(0), 100);
}

static int fall(int n)
{
	return n ? ((int (*)(int))t.stub[0])(n - 1) + 1 : 0;
}

static void recursion_has_a_slot_for_each_call(void **state)
{
	(void)state;
	lead(0, fall);
	may_run();
	assert_int_equal(((int (*)(int))t.stub[0])(100), 100);
	assert_int_equal(timed(0) + counts(0)->unseen, 101);
	assert_true(counts(0)->unseen < 5);
	/* Deeper than there are slots: what has none is not timed, and returns all the same. */
	assert_int_equal(((int (*)(int))t.stub[0])(3000), 3000);
	assert_int_equal(counts(0)->entries, 3102);
	assert_int_equal(timed(0) + counts(0)->unseen, 3102);
	assert_true(counts(0)->unseen > 1900);
	assert_int_equal(slots_used(), 0);
}

static jmp_buf out;

static int leaps(int n)
{
	if (n)
		longjmp(out, n);
	return 7;
}

static void a_call_that_never_returns_leaves_its_place_to_the_next(void **state)
{
	int (*volatile f)(int) = (int (*)(int))t.stub[0];

	(void)state;
	lead(0, leaps);
	may_run();
	for (volatile int i = 0; i < 3000; i++) {
		if (!setjmp(out))
			f(1);
		assert_int_equal(f(0), 7);
	}
	assert_int_equal(counts(0)->entries, 6000);
	assert_int_equal(timed(0), 3000);
	assert_int_equal(counts(0)->unseen, 0);
	assert_true(slots_used() <= 1);
}

/* Leaves by a jump to another that is timed. */
uint64_t tail_to;
asm(".pushsection .text\n"
    "leaves_by_a_jump:\n	inc %edi\n	jmp *tail_to(%rip)\n"
    ".popsection\n");
extern const char leaves_by_a_jump[];

static int twice(int n)
{
	return 2 * n;
}

static void a_tail_call_is_part_of_the_first(void **state)
{
	(void)state;
	lead(0, leaves_by_a_jump);
	lead(1, twice);
	tail_to = t.stub[1];
	may_run();
	for (int i = 0; i < 100; i++)
		assert_int_equal(((int (*)(int))t.stub[0])(i), 2 * i + 2);
	assert_int_equal(timed(0), 100);
	assert_int_equal(timed(1), 0);
	assert_int_equal(counts(1)->entries, 100);
	assert_int_equal(counts(1)->unseen, 100);
}

static int naps(int us)
{
	struct timespec pause = { .tv_nsec = us * 1000L };

	nanosleep(&pause, NULL);
	return us;
}

static void *calls_a_lot(void *arg)
{
	long sum = 0;

	(void)arg;
	for (int i = 0; i < CALLS; i++)
		sum += ((int (*)(int))t.stub[0])(3) + ((int (*)(int))t.stub[1])(1);
	return (void *)sum;
}

static void threads_lose_no_call(void **state)
{
	pthread_t threads[THREADS];
	void *sum;

	(void)state;
	lead(0, fall);
	lead(1, twice);
	may_run();
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, calls_a_lot, NULL), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &sum);
		assert_int_equal((long)sum, CALLS * 5L);
	}
	assert_int_equal(counts(0)->entries, 4L * THREADS * CALLS);
	assert_int_equal(timed(0) + counts(0)->unseen, 4L * THREADS * CALLS);
	assert_int_equal(timed(1) + counts(1)->unseen, 1L * THREADS * CALLS);
	assert_int_equal(slots_used(), 0);
}

/* No upper bound: a machine may be busy. */
static void a_time_is_no_less_than_it_was(void **state)
{
	struct error *e __cleanup_error = NULL;
	uint64_t rate, above = 0;

	(void)state;
	e = timing_rate(&rate);
	if (e) {
		print_message("skipped: %s\n", error_message(e));
		skip();
	}
	memcpy(t.data + TIMING_RATE, &rate, sizeof(rate));
	lead(0, naps);
	may_run();
	for (int i = 0; i < 5; i++)
		((int (*)(int))t.stub[0])(1000);
	/* From 983,040 ns on, the bucket that has a millisecond. */
	for (size_t i = (19 - 3 + 1) * 8 + 7; i < TIMING_BUCKETS; i++)
		above += counts(0)->buckets[i];
	assert_int_equal(above, 5);
	assert_true(counts(0)->nanoseconds >= 5 * 980000ull);
}

static void a_bucket_is_that_of_the_probes(void **state)
{
	(void)state;
	/* With a rate of 0 each call takes nothing. */
	memset(t.data + TIMING_RATE, 0, 8);
	lead(0, twice);
	may_run();
	((int (*)(int))t.stub[0])(1);
	assert_int_equal(counts(0)->buckets[0], 1);
	/* And with the greatest there is, the last. */
	memset(t.data + TIMING_RATE, 0xff, 8);
	((int (*)(int))t.stub[0])(1);
	assert_int_equal(timed(0), 2);
}

int main(void)
{
#define TIMED(f) cmocka_unit_test_setup_teardown(f, make, unmake)
	const struct CMUnitTest tests[] = {
		TIMED(arguments_and_results_pass),
		TIMED(no_register_is_lost),
		TIMED(recursion_has_a_slot_for_each_call),
		TIMED(a_call_that_never_returns_leaves_its_place_to_the_next),
		TIMED(a_tail_call_is_part_of_the_first),
		TIMED(threads_lose_no_call),
		TIMED(a_time_is_no_less_than_it_was),
		TIMED(a_bucket_is_that_of_the_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
