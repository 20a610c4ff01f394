// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/digest.h"

#include <openssl/evp.h>
#include <stdio.h>

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

struct error *digest_file(const char *path, struct digest *out)
{
	struct file_map map __cleanup_map = { 0 };

	TRY(file_map(path, &map));
	return digest_bytes(map.bytes ? (const void *)map.bytes : "", map.size, out);
}
