// SPDX-License-Identifier: GPL-2.0-or-later
/* Three threads compress and restore; prints zlib's bound for 1000 bytes each 20 ms. */
#include "tests/hotpatch/programs/use_library.h"

int compress2(unsigned char *to, unsigned long *to_n, const unsigned char *from,
	      unsigned long from_n, int level);
int uncompress(unsigned char *to, unsigned long *to_n, const unsigned char *from,
	       unsigned long from_n);
unsigned long compressBound(unsigned long n);

static int there_and_back(const unsigned char *from, size_t n, unsigned char *to)
{
	unsigned char packed[2 * ROOM];
	unsigned long packed_n = sizeof(packed), to_n = ROOM;

	return compress2(packed, &packed_n, from, n, 6) ||
	       uncompress(to, &to_n, packed, packed_n) || to_n != n;
}

static unsigned long seen(void)
{
	return compressBound(1000);
}
