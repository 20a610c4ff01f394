// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/frame.h"

#include <string.h>

/* The first byte is no ASCII, no NUL and no byte of UTF-8 text. */
static const uint8_t magic[4] = { 0xf9, 's', 'u', 0xfe };

uint32_t frame_checksum(const void *p, size_t n)
{
	/* Four bits at a time: small, and quick enough for an emulated guest. */
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	const uint8_t *b = p;
	uint32_t crc = ~0u;

	while (n--) {
		crc ^= *b++;
		crc = (crc >> 4) ^ table[crc & 15];
		crc = (crc >> 4) ^ table[crc & 15];
	}
	return ~crc;
}

uint32_t frame_shared_checksum(const void *p, size_t n)
{
	const uint64_t odd = 0x9e3779b97f4a7c15ULL;
	const uint8_t *b = p;
	uint64_t sum = n, w;

	/* Each step can be undone, so no change of one word goes unseen. */
	for (; n >= 8; b += 8, n -= 8) {
		memcpy(&w, b, 8);
		sum = ((sum ^ w) * odd);
		sum ^= sum >> 29;
	}
	w = 0;
	if (n)
		memcpy(&w, b, n);
	sum = (sum ^ w) * odd;
	return (uint32_t)(sum >> 32);
}

uint32_t frame_get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void frame_put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

uint64_t frame_get64(const uint8_t *p)
{
	return frame_get32(p) | (uint64_t)frame_get32(p + 4) << 32;
}

void frame_put64(uint8_t *p, uint64_t v)
{
	frame_put32(p, (uint32_t)v);
	frame_put32(p + 4, (uint32_t)(v >> 32));
}

size_t frame_write(uint8_t *to, uint32_t type, uint32_t id, const void *payload, size_t length)
{
	memcpy(to, magic, sizeof(magic));
	frame_put32(to + 4, type);
	frame_put32(to + 8, id);
	frame_put32(to + 12, (uint32_t)length);
	frame_put32(to + 16, frame_checksum(to, 16));
	if (length)
		memcpy(to + FRAME_HEADER, payload, length);
	frame_put32(to + FRAME_HEADER + length, frame_checksum(payload, length));
	return FRAME_HEADER + length + 4;
}

uint8_t *frame_space(struct frame_reader *r, size_t *room)
{
	if (r->start) {
		memmove(r->bytes, r->bytes + r->start, r->end - r->start);
		r->end -= r->start;
		r->start = 0;
	}
	*room = sizeof(r->bytes) - r->end;
	return r->bytes + r->end;
}

void frame_received(struct frame_reader *r, size_t n)
{
	r->end += n;
}

/* Drop n bytes that belong to no frame. */
static void skip(struct frame_reader *r, size_t n)
{
	r->start += n;
	r->skipped += n;
}

/* Move to where a header may begin; false if all that is left is garbage. */
static bool find_magic(struct frame_reader *r)
{
	while (r->start < r->end) {
		size_t left = r->end - r->start;
		const uint8_t *at = memchr(r->bytes + r->start, magic[0], left);

		if (!at) {
			skip(r, left);
			return false;
		}
		skip(r, (size_t)(at - (r->bytes + r->start)));
		left = r->end - r->start;
		if (!memcmp(at, magic, left < sizeof(magic) ? left : sizeof(magic)))
			return true;
		skip(r, 1);
	}
	return false;
}

bool frame_read(struct frame_reader *r, struct frame *out)
{
	while (find_magic(r)) {
		const uint8_t *h = r->bytes + r->start;
		size_t left = r->end - r->start;
		uint32_t length;

		if (left < FRAME_HEADER)
			return false;
		length = frame_get32(h + 12);
		if (frame_get32(h + 16) != frame_checksum(h, 16) || length > FRAME_PAYLOAD_MAX) {
			skip(r, 1);
			continue;
		}
		if (left < FRAME_HEADER + (size_t)length + 4)
			return false;
		if (frame_get32(h + FRAME_HEADER + length) !=
		    frame_checksum(h + FRAME_HEADER, length)) {
			skip(r, 1);
			continue;
		}
		*out = (struct frame){ .type = frame_get32(h + 4),
				       .id = frame_get32(h + 8),
				       .length = length,
				       .payload = h + FRAME_HEADER };
		r->start += FRAME_HEADER + (size_t)length + 4;
		return true;
	}
	return false;
}
