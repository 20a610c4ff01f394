// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/gate.h"

#include <elf.h>
#include <string.h>

#include "arch/arch.h"
#include "hotpatch/site.h"

struct writer {
	uint8_t *out;
	size_t n;
	uint64_t at; /* of out[0] */
	bool failed;
};

static void put(struct writer *w, const void *p, size_t n)
{
	if (n > GATE_SIZE - w->n) {
		w->failed = true;
		return;
	}
	memcpy(w->out + w->n, p, n);
	w->n += n;
}

/* A four-byte distance from the end of the instruction, 'tail' bytes behind the field. */
static void put_distance(struct writer *w, uint64_t to, size_t tail)
{
	int64_t distance = (int64_t)(to - (w->at + w->n + sizeof(int32_t) + tail));
	int32_t field = (int32_t)distance;

	w->failed |= field != distance;
	put(w, &field, sizeof(field));
}

/* A relative branch in its long form, which all but the loops have. */
static void put_branch(struct writer *w, const uint8_t *p, const struct insn *i, uint64_t to)
{
	uint8_t jcc[2] = { 0x0f, 0 };

	if (i->rel_size == 4) {
		put(w, p, i->rel_at);
	} else if (i->rel_size == 1 && i->rel_at == 1 && p[0] == 0xeb) {
		put(w, &(uint8_t){ 0xe9 }, 1);
	} else if (i->rel_size == 1 && i->rel_at == 1 && (p[0] & 0xf0) == 0x70) {
		jcc[1] = (uint8_t)(0x80 | (p[0] & 0x0f));
		put(w, jcc, sizeof(jcc));
	} else {
		w->failed = true;
	}
	put_distance(w, to, 0);
	/* A long form has nothing behind its field. */
	w->failed |= i->rel_at + i->rel_size != i->length;
}

static void put_instruction(struct writer *w, const uint8_t *p, const struct insn *i, uint64_t from)
{
	uint64_t end = from + i->length;

	if (i->rel_size) {
		put_branch(w, p, i, end + (uint64_t)i->rel);
	} else if (i->disp_size && i->disp_is_relative) {
		size_t tail = (size_t)i->length - i->disp_at - i->disp_size;
		int32_t field;

		if (i->disp_size != sizeof(field)) {
			w->failed = true;
			return;
		}
		memcpy(&field, p + i->disp_at, sizeof(field));
		put(w, p, i->disp_at);
		put_distance(w, end + (uint64_t)(int64_t)field, tail);
		put(w, p + i->disp_at + i->disp_size, tail);
	} else {
		put(w, p, i->length);
	}
}

bool gate_make(const struct gate *g, uint8_t out[GATE_SIZE])
{
	static const uint8_t compare[] = { 0x80, 0x3d }, unequal[] = { 0x0f, 0x85 };
	const struct arch *a = arch_find(EM_X86_64);
	struct writer w = { .out = out, .at = g->at };
	size_t done = 0;

	memset(out, 0xcc, GATE_SIZE);
	if (g->flag) {
		put(&w, compare, sizeof(compare));
		put_distance(&w, g->flag, 1);
		put(&w, &(uint8_t){ 0 }, 1);
		put(&w, unequal, sizeof(unequal));
		put_distance(&w, g->fresh, 0);
	}
	while (done < SITE_JUMP && !w.failed) {
		struct insn i;

		if (done >= g->n || !a->decode(g->bytes + done, g->n - done, &i))
			return false;
		put_instruction(&w, g->bytes + done, &i, g->site + done);
		done += i.length;
	}
	put(&w, &(uint8_t){ 0xe9 }, 1);
	put_distance(&w, g->site + done, 0);
	return !w.failed;
}
