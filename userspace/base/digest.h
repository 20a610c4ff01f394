/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256 (FIPS 180-4), through OpenSSL's libcrypto, as 64 lower-case hex digits. */
#ifndef SUTURE_BASE_DIGEST_H
#define SUTURE_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define DIGEST_BYTES 32

struct digest {
	uint8_t bytes[DIGEST_BYTES];
	char hex[2 * DIGEST_BYTES + 1];
};

struct error *digest_bytes(const void *p, size_t n, struct digest *out) __must_check;
struct error *digest_file(const char *path, struct digest *out) __must_check;
/* From its hex digits: exactly 64 of 0-9 and a-f. */
struct error *digest_parse(const char *hex, struct digest *out) __must_check;

#endif
