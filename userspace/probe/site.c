// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/site.h"

#include <string.h>

#define SITE_SIZE 5
#define ENDBR_SIZE 4

static bool is_nop(const uint8_t *p)
{
	/* What x86_nops[5] has been, through the years and processors. */
	static const uint8_t nops[][SITE_SIZE] = {
		{ 0x0f, 0x1f, 0x44, 0x00, 0x00 },
		{ 0x66, 0x0f, 0x1f, 0x40, 0x00 },
		{ 0x66, 0x66, 0x66, 0x66, 0x90 },
	};

	for (size_t i = 0; i < sizeof(nops) / sizeof(nops[0]); i++)
		if (!memcmp(p, nops[i], SITE_SIZE))
			return true;
	return false;
}

/* ENDBR64, or what the kernel makes of one that nobody needs (gen_endbr_poison() in asm/ibt.h). */
static bool is_endbr(const uint8_t *p)
{
	static const uint8_t forms[][ENDBR_SIZE] = {
		{ 0xf3, 0x0f, 0x1e, 0xfa },
		{ 0x66, 0x0f, 0x1f, 0x00 }, /* up to 6.14 */
		{ 0x0f, 0x1f, 0x40, 0xd6 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (!memcmp(p, forms[i], ENDBR_SIZE))
			return true;
	return false;
}

struct site site_decode(const uint8_t *bytes, size_t n, uint64_t address)
{
	struct site s = { 0 };
	const uint8_t *p;
	int32_t distance;

	if (n >= ENDBR_SIZE && is_endbr(bytes))
		s.offset = ENDBR_SIZE;
	s.behind = s.offset + SITE_SIZE;
	if (n < s.behind)
		return s;
	p = bytes + s.offset;
	if (*p == 0xe8 || *p == 0xe9) {
		memcpy(&distance, p + 1, sizeof(distance));
		s.kind = *p == 0xe8 ? SITE_CALL : SITE_JUMPED;
		s.destination = address + s.behind + (uint64_t)(int64_t)distance;
	} else if (*p == 0xcc) {
		s.kind = SITE_BEING_WRITTEN;
	} else if (is_nop(p)) {
		s.kind = SITE_NOP;
	}
	return s;
}
