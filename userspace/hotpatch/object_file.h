/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file form of a hotpatch object: a relocatable with the parts as .text, .rodata and .data,
 * the new functions as its symbols, and tables of our own, little-endian:
 *
 *	.suture.hotpatch	struct hotpatch_file, once
 *	.suture.references	struct hotpatch_file_reference, sorted by part and offset
 *	.suture.functions	struct hotpatch_file_function, sorted by old
 *	.suture.pieces		struct hotpatch_file_piece, sorted by old
 *	.suture.bytes		the old functions' bytes, one behind the other
 *	.suture.strings		names; the first is empty and stands for none
 */
#ifndef SUTURE_HOTPATCH_OBJECT_FILE_H
#define SUTURE_HOTPATCH_OBJECT_FILE_H

#include "hotpatch/object.h"

#define HOTPATCH_MAGIC "suturehp"
#define HOTPATCH_VERSION 2

struct hotpatch_file {
	char magic[8];
	uint32_t version, build_id_n;
	uint8_t build_id[64];
	uint64_t size[HOTPATCH_PARTS], align[HOTPATCH_PARTS];
	uint64_t eh_frame, eh_frame_n;
	uint32_t fix, pre_apply, post_apply, pre_revert, post_revert, flags;
};

struct hotpatch_file_reference {
	uint64_t offset, to_offset;
	int64_t addend;
	uint32_t type, symbol, version;
	uint8_t part, to, to_part, zero;
};

/* Of the file. */
#define HOTPATCH_FILE_UNWIND 1u
/* Of a function. */
#define HOTPATCH_FILE_ON_STACK 1u

struct hotpatch_file_function {
	uint64_t old, size, room, fresh, fresh_size;
	uint32_t name, flags;
};

struct hotpatch_file_piece {
	uint64_t old, size;
	uint32_t name, zero;
};

/* Of each part: the section it is in. */
extern const char *const hotpatch_part_names[HOTPATCH_PARTS];

/* How many bytes a field of this relocation type has; 0: such fields are not written. */
unsigned int hotpatch_field_size(uint32_t type);

/* ERROR_FAILED, saying what, unless all holds that object.h promises. */
struct error *hotpatch_object_check(const struct hotpatch_object *o) __must_check;

#endif
