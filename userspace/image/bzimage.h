/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The x86 boot image: where the compressed kernel lies in it.
 * Knowledge: the kernel's Documentation/arch/x86/boot.rst, boot protocol 2.08.
 */
#ifndef SUTURE_IMAGE_BZIMAGE_H
#define SUTURE_IMAGE_BZIMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Where in the file the payload is: always inside of it. ERROR_FAILED if this is no bzImage. */
struct error *bzimage_payload(const uint8_t *bytes, size_t size, const uint8_t **payload,
			      size_t *payload_size) __must_check;

#endif
