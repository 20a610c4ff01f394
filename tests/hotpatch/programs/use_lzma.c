// SPDX-License-Identifier: GPL-2.0-or-later
/* Three threads compress and restore with liblzma; prints a number each 20 ms. */
#include "tests/hotpatch/programs/use_library.h"

int lzma_easy_buffer_encode(uint32_t preset, int check, const void *allocator, const uint8_t *from,
			    size_t from_n, uint8_t *to, size_t *to_n, size_t room);
int lzma_stream_buffer_decode(uint64_t *most, uint32_t flags, const void *allocator,
			      const uint8_t *from, size_t *at, size_t from_n, uint8_t *to,
			      size_t *to_n, size_t room);

static int there_and_back(const unsigned char *from, size_t n, unsigned char *to)
{
	unsigned char packed[2 * ROOM];
	size_t packed_n = 0, at = 0, to_n = 0;
	uint64_t most = UINT64_MAX;

	return lzma_easy_buffer_encode(0, 4, NULL, from, n, packed, &packed_n, sizeof(packed)) ||
	       lzma_stream_buffer_decode(&most, 0, NULL, packed, &at, packed_n, to, &to_n, ROOM) ||
	       to_n != n;
}

static unsigned long seen(void)
{
	static unsigned long n;

	return ++n;
}
