// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

struct error *digest_bytes(const void *p, size_t n, struct digest *out)
{
	struct digest d;
	unsigned int size = 0;

	if (!EVP_Digest(p, n, d.bytes, &size, EVP_sha256(), NULL) || size != DIGEST_BYTES)
		return error_failed("libcrypto could not compute a SHA-256 digest");
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		snprintf(d.hex + 2 * i, 3, "%02x", d.bytes[i]);
	*out = d;
	return NULL;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct error *digest_parse(const char *hex, struct digest *out)
{
	struct digest d = { 0 };

	if (strlen(hex) != 2 * DIGEST_BYTES)
		return error_failed("it is no SHA-256 digest");
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return error_failed("it is no SHA-256 digest");
		d.bytes[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(d.hex, hex, sizeof(d.hex));
	*out = d;
	return NULL;
}

struct error *digest_file(const char *path, struct digest *out)
{
	struct file_map map __cleanup_map = { 0 };

	TRY(file_map(path, &map));
	return digest_bytes(map.bytes ? (const void *)map.bytes : "", map.size, out);
}
