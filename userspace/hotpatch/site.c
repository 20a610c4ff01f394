// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/site.h"

#include <elf.h>
#include <string.h>

#include "arch/arch.h"
#include "hotpatch/mapped.h"

#define JUMP_OPCODE 0xe9
#define INT3 0xcc

static const uint8_t endbr64[4] = { 0xf3, 0x0f, 0x1e, 0xfa };

/* Whether [from, to) is what compilers and linkers fill gaps with. */
static bool is_padding(const struct arch *a, const uint8_t *p, size_t n)
{
	while (n) {
		struct insn i;
		size_t length = 1;

		if (*p != INT3 && *p != 0) {
			if (!a->decode(p, n, &i) || !i.is_nop)
				return false;
			length = i.length;
		}
		p += length;
		n -= length;
	}
	return true;
}

/*
 * It changes the stack pointer for all that follows, so nothing in the function can come back to
 * it: push %reg, or sub $n, %rsp.
 */
static bool begins_frame(const uint8_t *p, size_t n)
{
	static const uint8_t subs[][3] = { { 0x48, 0x83, 0xec }, { 0x48, 0x81, 0xec } };

	if (n >= 1 && p[0] >= 0x50 && p[0] <= 0x57)
		return true;
	if (n >= 2 && p[0] == 0x41 && p[1] >= 0x50 && p[1] <= 0x57)
		return true;
	for (size_t i = 0; i < sizeof(subs) / sizeof(subs[0]); i++)
		if (n >= 3 && !memcmp(p, subs[i], 3))
			return true;
	return false;
}

/* jmp through a register or memory: ff /4, after prefixes. */
static bool is_indirect_jump(const uint8_t *p, size_t n)
{
	size_t at = 0;

	while (at < n && (p[at] == 0x3e || (p[at] & 0xf0) == 0x40))
		at++;
	return at + 1 < n && p[at] == 0xff && ((p[at + 1] >> 3) & 7) == 4;
}

/* What an activation that lives on could still do. */
static struct error *check_branches(const struct arch *a, const struct site_function *f,
				    size_t offset)
{
	bool indirect = false;

	for (size_t at = 0; at < f->size;) {
		const uint8_t *p = f->bytes + at;
		struct insn i;
		int64_t to;

		if (!a->decode(p, f->size - at, &i))
			return error_refused("%s: the bytes at +0x%zx are no instruction", f->name,
					     at);
		indirect |= is_indirect_jump(p, i.length);
		to = (int64_t)(at + i.length) + i.rel;
		/* A call of its own beginning is a new activation. */
		if (i.is_branch && !i.is_call && i.rel_size && to >= 0 &&
		    to < (int64_t)(offset + SITE_JUMP))
			return error_refused(
				"%s: the instruction at +0x%zx jumps to +0x%llx, which "
				"is overwritten",
				f->name, at, (unsigned long long)to);
		at += i.length;
	}
	if (indirect && !begins_frame(f->bytes + offset, f->size - offset))
		return error_refused("%s: it has a jump through a table, which may lead to its "
				     "beginning",
				     f->name);
	return NULL;
}

struct error *site_plan(const struct site_function *f, size_t *offset)
{
	const struct arch *a = arch_find(EM_X86_64);
	size_t at = 0, end;

	if (f->size >= sizeof(endbr64) && !memcmp(f->bytes, endbr64, sizeof(endbr64)))
		at = sizeof(endbr64);
	end = at + SITE_JUMP;
	if (end > f->n)
		return error_refused("%s: it has %zu bytes, and a jump needs %zu", f->name, f->n,
				     end);
	if (end > f->size && !is_padding(a, f->bytes + f->size, end - f->size))
		return error_refused("%s: it has %zu bytes, a jump needs %zu, and what follows is "
				     "no padding",
				     f->name, f->size, end);
	if ((f->address + at) / PAGE_BYTES != (f->address + end - 1) / PAGE_BYTES)
		return error_refused("%s: the jump would lie in two pages, and could be written by "
				     "half",
				     f->name);
	if (f->stays)
		TRY(check_branches(a, f, at));
	*offset = at;
	return NULL;
}

bool site_jump(uint64_t at, uint64_t to, uint8_t out[SITE_JUMP])
{
	int64_t distance = (int64_t)(to - (at + SITE_JUMP));
	int32_t field = (int32_t)distance;

	out[0] = JUMP_OPCODE;
	memcpy(out + 1, &field, sizeof(field));
	return field == distance;
}

bool site_destination(const uint8_t bytes[SITE_JUMP], uint64_t at, uint64_t *to)
{
	int32_t field;

	memcpy(&field, bytes + 1, sizeof(field));
	*to = at + SITE_JUMP + (uint64_t)(int64_t)field;
	return bytes[0] == JUMP_OPCODE;
}
