/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A function's code as it must be found in the running kernel: two hex digits a byte, ".." for
 * those that the linker or the kernel itself fills in. Pure.
 */
#ifndef SUTURE_FLOW_BUILD_CODE_H
#define SUTURE_FLOW_BUILD_CODE_H

#include "elf/object.h"
#include "image/image.h"

/*
 * Of a function of the before object, which lies at an address of the image. *out is NULL where
 * the image's code is not the object's byte for byte (its jumps may be shorter).
 */
struct error *build_code(const struct object *before, const struct symbol *function,
			 const struct image *image, uint64_t address, struct arena *a,
			 const char **out) __must_check;

#endif
