// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/bzimage.h"

#include <string.h>

#define SETUP_SECTS 0x1f1
#define BOOT_FLAG 0x1fe
#define HEADER_MAGIC 0x202
#define PROTOCOL 0x206
#define PAYLOAD_OFFSET 0x248
#define PAYLOAD_LENGTH 0x24c
#define HEADER_END 0x250

static uint32_t read32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

struct error *bzimage_payload(const uint8_t *bytes, size_t size, const uint8_t **payload,
			      size_t *payload_size)
{
	uint64_t start, offset, length;

	if (size < HEADER_END || bytes[BOOT_FLAG] != 0x55 || bytes[BOOT_FLAG + 1] != 0xaa ||
	    memcmp(bytes + HEADER_MAGIC, "HdrS", 4))
		return error_failed("this is no x86 boot image (bzImage)");
	if ((bytes[PROTOCOL] | bytes[PROTOCOL + 1] << 8) < 0x208)
		return error_failed("the boot image is older than boot protocol 2.08");

	/* The protected-mode code follows the boot sector and the setup sectors; 0 means 4. */
	start = ((bytes[SETUP_SECTS] ? bytes[SETUP_SECTS] : 4) + 1) * 512ULL;
	offset = read32(bytes + PAYLOAD_OFFSET);
	length = read32(bytes + PAYLOAD_LENGTH);
	if (start > size || offset > size - start || length > size - start - offset)
		return error_failed("the boot image is cut off: its payload should end at byte "
				    "%lu, the file has %zu",
				    start + offset + length, size);
	*payload = bytes + start + offset;
	*payload_size = length;
	return NULL;
}
