/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in an old function the jump to its replacement goes, and whether it may: pure, from the
 * bytes alone. The jump has five bytes and replaces what stands behind an endbr64.
 *
 * Knowledge: Intel's manual for the instructions; gcc's -fpatchable-function-entry and
 * -falign-functions for what may stand before and behind a function.
 */
#ifndef SUTURE_HOTPATCH_SITE_H
#define SUTURE_HOTPATCH_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SITE_JUMP 5u

struct site_function {
	const char *name;
	uint64_t address; /* anywhere with the right place in its page */
	const uint8_t *bytes;
	size_t size; /* of the function */
	size_t n;    /* of bytes: the padding behind it may follow */
	bool stays;  /* activations of it may live on while the jump is there */
};

/*
 * The offset of the jump. Refused, each with its own sentence: too short; what is behind is no
 * padding; bytes that are no instructions; and, where activations may live on, a branch into
 * the bytes to be written or back to the beginning; a jump that would lie in two pages.
 */
struct error *site_plan(const struct site_function *f, size_t *offset) __must_check;

/* The jump's bytes; false if the distance is too far. */
bool site_jump(uint64_t at, uint64_t to, uint8_t out[SITE_JUMP]);
/* Where a jump leads; false if the bytes are none. */
bool site_destination(const uint8_t bytes[SITE_JUMP], uint64_t at, uint64_t *to);

#endif
