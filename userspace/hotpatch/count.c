// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/count.h"

#include <string.h>

#include "hotpatch/site.h"

bool count_make(uint64_t at, uint64_t cell, uint64_t fresh, uint8_t out[COUNT_STUB])
{
	static const uint8_t increment[] = { 0xf0, 0x48, 0xff, 0x05 };
	const size_t behind = sizeof(increment) + sizeof(int32_t);
	int64_t distance = (int64_t)(cell - (at + behind));
	int32_t field = (int32_t)distance;

	memset(out, 0xcc, COUNT_STUB);
	memcpy(out, increment, sizeof(increment));
	memcpy(out + sizeof(increment), &field, sizeof(field));
	return field == distance && site_jump(at + behind, fresh, out + behind);
}
