// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/timing.h"

#include <errno.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "base/file.h"
#include "hotpatch/patch.h"
#include "hotpatch/process.h"
#include "hotpatch/site.h"

#define CALIBRATION_MS 20
#define NANOSECONDS 1000000000ull

/* timing_code.S: its first word is where the data is. */
extern const uint8_t timing_code[], timing_code_enter[], timing_code_return[], timing_code_end[];

static uint64_t shared_at(size_t sites)
{
	return sites * TIMING_STUB;
}

uint64_t timing_code_size(size_t sites)
{
	return shared_at(sites) + (uint64_t)(timing_code_end - timing_code);
}

uint64_t timing_data_size(size_t sites)
{
	uint64_t n = TIMING_FUNCTIONS + sites * TIMING_COUNTS;

	return (n + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
}

uint64_t timing_stub(const struct header_fixed *f, size_t site)
{
	return f->timed + site * TIMING_STUB;
}

uint64_t timing_return(const struct header_fixed *f)
{
	return f->timed + shared_at(f->n) + (uint64_t)(timing_code_return - timing_code);
}

/* --- the code ------------------------------------------------------------------------- */

static bool put_distance(uint8_t *at, uint64_t end, uint64_t to)
{
	int64_t distance = (int64_t)(to - end);
	int32_t field = (int32_t)distance;

	memcpy(at, &field, sizeof(field));
	return field == distance;
}

static bool make_stub(uint64_t at, uint64_t enter, uint64_t counts, uint64_t gate, uint8_t *out)
{
	/* push rax, rcx, rdx, rsi, rdi; lea counts(%rip), %rdi; call; pop; jmp */
	static const uint8_t code[] = { 0x50, 0x51, 0x52, 0x56, 0x57, 0x48, 0x8d, 0x3d, 0,
					0,    0,    0,	  0xe8, 0,    0,    0,	  0,	0x5f,
					0x5e, 0x5a, 0x59, 0x58, 0xe9, 0,    0,	  0,	0 };

	memset(out, 0xcc, TIMING_STUB);
	memcpy(out, code, sizeof(code));
	return put_distance(out + 8, at + 12, counts) && put_distance(out + 13, at + 17, enter) &&
	       put_distance(out + 23, at + 27, gate);
}

bool timing_make(uint64_t at, uint64_t data, const uint64_t *gates, size_t n, uint8_t *out)
{
	uint64_t shared = at + shared_at(n);
	uint64_t enter = shared + (uint64_t)(timing_code_enter - timing_code);
	bool near = true;

	for (size_t i = 0; i < n; i++)
		near &= make_stub(at + i * TIMING_STUB, enter,
				  data + TIMING_FUNCTIONS + i * TIMING_COUNTS, gates[i],
				  out + i * TIMING_STUB);
	out += shared_at(n);
	memcpy(out, timing_code, (size_t)(timing_code_end - timing_code));
	memcpy(out, &data, sizeof(data));
	return near;
}

/* --- the clock ------------------------------------------------------------------------ */

static struct error *check_clock(void)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	TRY(file_read("/proc/cpuinfo", &text));
	return strstr(strbuf_str(&text), " constant_tsc") &&
			       strstr(strbuf_str(&text), " nonstop_tsc")
		       ? NULL
		       : error_refused("this processor's time stamp counter does not count evenly");
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (uint64_t)t.tv_sec * NANOSECONDS + (uint64_t)t.tv_nsec;
}

/* Of both clocks, with the counter read in the midst of the other. */
static void read_both(uint64_t *ns, uint64_t *cycles)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 8; i++) {
		uint64_t before = now_ns(), tsc = __rdtsc(), after = now_ns();

		if (after - before >= least)
			continue;
		least = after - before;
		*ns = before + least / 2;
		*cycles = tsc;
	}
}

struct error *timing_rate(uint64_t *rate)
{
	struct timespec pause = { .tv_nsec = CALIBRATION_MS * 1000000 };
	uint64_t ns[2] = { 0 }, cycles[2] = { 0 };

	TRY(check_clock());
	read_both(&ns[0], &cycles[0]);
	nanosleep(&pause, NULL);
	read_both(&ns[1], &cycles[1]);
	if (ns[1] <= ns[0] || cycles[1] <= cycles[0] || cycles[1] - cycles[0] < ns[1] - ns[0] ||
	    ns[1] - ns[0] > NANOSECONDS)
		return error_refused("this processor's time stamp counter can't be measured");
	*rate = ((ns[1] - ns[0]) << 32) / (cycles[1] - cycles[0]);
	return NULL;
}

/* --- what it costs --------------------------------------------------------------------- */

#define COST_CALLS 100000
#define COST_TRIES 5
#define COST_GATE 16u

static __attribute__((noinline)) void does_nothing(void)
{
	asm volatile("");
}

static double calls_take(void (*f)(void))
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < COST_TRIES; i++) {
		uint64_t began = now_ns(), took;

		for (int k = 0; k < COST_CALLS; k++) {
			asm volatile("" : "+r"(f));
			f();
		}
		took = now_ns() - began;
		least = took < least ? took : least;
	}
	return (double)least / COST_CALLS;
}

/* One site, whose gate is a jump to a function anywhere. */
static bool make_trial(uint8_t *code, uint8_t *data, uint64_t rate)
{
	static const uint8_t jump[] = { 0xff, 0x25, 0, 0, 0, 0 };
	void (*to)(void) = does_nothing;
	uint64_t gate = (uint64_t)code;

	memcpy(code, jump, sizeof(jump));
	memcpy(code + sizeof(jump), &to, sizeof(to));
	memcpy(data + TIMING_RATE, &rate, sizeof(rate));
	return timing_make((uint64_t)code + COST_GATE, (uint64_t)data, &gate, 1, code + COST_GATE);
}

struct error *timing_cost(uint64_t rate, double *each, double *inside)
{
	uint64_t n = (COST_GATE + timing_code_size(1) + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
	uint64_t all = n + timing_data_size(1);
	uint8_t *code = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct error *e = NULL;

	if (code == MAP_FAILED)
		return error_errno(errno, "mapping memory");
	if (!make_trial(code, code + n, rate))
		e = error_failed("the trial's code is out of reach");
	else if (mprotect(code, n, PROT_READ | PROT_EXEC))
		e = error_errno(errno, "running a trial of what times calls");
	if (!e) {
		const struct timing_counts *c = (const void *)(code + n + TIMING_FUNCTIONS);

		*each = calls_take((void (*)(void))(code + COST_GATE)) - calls_take(does_nothing);
		*each = *each > 0 ? *each : 0;
		*inside = (double)c->nanoseconds / (double)c->entries;
	}
	munmap(code, all);
	return e;
}

/* --- who must not be timed ------------------------------------------------------------- */

/* By their sections: what unwinds in a way of its own. */
static struct error *check_sections(const struct mapped *f)
{
	static const struct {
		const char *section, *why;
	} unwinds[] = {
		{ ".gcc_except_table", "exceptions may come through" },
		{ ".gopclntab", "Go's runtime walks stacks by itself" },
	};
	Elf_Scn *s = NULL;
	struct error *e = NULL;
	Elf *elf = elf_begin(f->fd, ELF_C_READ, NULL);
	size_t names, n;

	if (!elf || elf_getshdrstrndx(elf, &names) || elf_getshdrnum(elf, &n) || !n)
		e = error_refused("a file without sections: whether it unwinds can't be told");
	while (!e && (s = elf_nextscn(elf, s))) {
		GElf_Shdr h;
		const char *name = gelf_getshdr(s, &h) ? elf_strptr(elf, names, h.sh_name) : NULL;

		for (size_t i = 0; name && !e && i < ARRAY_SIZE(unwinds); i++)
			if (str_equal(name, unwinds[i].section))
				e = error_refused("%s", unwinds[i].why);
	}
	elf_end(elf);
	return e;
}

static struct error *check_file(const struct opened *o, const struct mapping *m)
{
	struct mapped f __cleanup_mapped = MAPPED_CLOSED;

	TRY(mapped_open(o->process.via, m, &f));
	return f.is_elf ? check_sections(&f) : NULL;
}

/* The program itself: what it calls back may throw through a library. */
static struct error *check_program(const struct opened *o)
{
	char path[32], name[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", o->process.via);
	n = readlink(path, name, sizeof(name) - 1);
	if (n < 0)
		return error_errno(errno, "%s", path);
	name[n] = 0;
	vec_for_each(&o->maps.v, m)
		if (m->exec && m->inode && str_equal(m->name, name))
			return check_file(o, m);
	return error_refused("its program is mapped by another name");
}

static struct error *check_shadow_stack(const struct opened *o)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	const char *features;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/status", o->process.via);
	TRY(file_read(path, &text));
	features = strstr(strbuf_str(&text), "\nx86_Thread_features:");
	return features && strstr(features, "shstk")
		       ? error_refused("its threads have shadow stacks, which allow no other "
				       "return address")
		       : NULL;
}

struct error *timing_obstacle(const struct opened *o)
{
	static const char *const own[] = { "/libunwind", "greenlet" };

	TRY(check_shadow_stack(o));
	TRY(check_sections(&o->file));
	TRY(check_program(o));
	vec_for_each(&o->maps.v, m)
		for (size_t i = 0; i < ARRAY_SIZE(own); i++)
			if (m->exec && strstr(m->name, own[i]))
				return error_refused("%s walks or copies stacks by itself",
						     m->name);
	return NULL;
}

/* --- reading -------------------------------------------------------------------------- */

struct error *timing_read(const struct opened *o, const struct header_fixed *f, size_t n,
			  struct timing_counts *out)
{
	return memory_read(&o->memory, f->timing_data + TIMING_FUNCTIONS, out, n * sizeof(*out));
}

struct slot {
	uint64_t key, returns, began, counts;
};
_Static_assert(sizeof(struct slot) == TIMING_SLOT, "as the code has it");

void timing_calls_free(struct timing_calls *c)
{
	vec_free(&c->v);
}

/* What still lies on the stack may be the trace of a call that is over, or not: unwinding tells. */
static struct error *add_call(const struct opened *o, const struct header_fixed *f,
			      const struct slot *s, struct timing_calls *out)
{
	uint64_t now;
	struct error *e __cleanup_error = memory_read(&o->memory, s->key, &now, sizeof(now));

	if (e || now != timing_return(f))
		return NULL;
	return vec_push(&out->v, (struct timing_call){ s->key, s->returns });
}

static struct error *read_table(const struct opened *o, const struct header_fixed *f,
				struct timing_calls *out)
{
	const size_t n = TIMING_SLOTS + TIMING_PROBES;
	struct slot *slots __free = calloc(n, sizeof(*slots));

	if (!slots)
		return error_nomem();
	TRY(memory_read(&o->memory, f->timing_data + TIMING_TABLE, slots, n * sizeof(*slots)));
	for (size_t i = 0; i < n; i++)
		if (slots[i].key)
			TRY(add_call(o, f, &slots[i], out));
	return NULL;
}

static int by_place(const void *a, const void *b)
{
	const struct timing_call *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

struct error *timing_calls_read(const struct opened *o, const struct patches *p,
				struct timing_calls *out)
{
	struct timing_calls c __cleanup_timing_calls = { 0 };

	vec_for_each(&p->v, it)
		if (it->header.fixed.timed)
			TRY(read_table(o, &it->header.fixed, &c));
	vec_sort(&c.v, by_place);
	*out = c;
	c = (struct timing_calls){ 0 };
	return NULL;
}

const struct timing_call *timing_calls_find(const struct timing_calls *c, uint64_t at)
{
	const struct timing_call wanted = { .at = at };

	return c->v.n ? bsearch(&wanted, c->v.v, c->v.n, sizeof(*c->v.v), by_place) : NULL;
}
