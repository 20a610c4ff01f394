/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process has mapped: /proc/PID/maps (proc(5)), as rows. Parsing is pure. */
#ifndef SUTURE_HOTPATCH_MAPS_H
#define SUTURE_HOTPATCH_MAPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"

struct mapping {
	uint64_t start, end, offset, inode;
	uint32_t major, minor;
	bool read, write, exec, shared;
	const char *name; /* "" for none; lives as long as the maps */
};

struct maps {
	struct strbuf text;
	VEC(struct mapping) v; /* ascending */
};

/* May be called again on the same maps, which keeps its memory. */
struct error *maps_read(pid_t pid, struct maps *m) __must_check;
/*
 * The same in two steps. What was opened keeps to the memory that the process had then, as
 * memory.h's file does: after an exec there is nothing in it.
 */
struct error *maps_open(pid_t pid, int *fd) __must_check;
struct error *maps_read_open(int fd, struct maps *m) __must_check;
/* The same from m->text, which is changed. Lines that are not understood are an error. */
struct error *maps_parse(struct maps *m) __must_check;
/* The mapping that has the address, or NULL. */
const struct mapping *maps_at(const struct maps *m, uint64_t address);
/*
 * The one mapping that has the address, asked of the kernel (PROCMAP_QUERY, since Linux 6.11) on
 * an open /proc/PID/maps; without a name. False where the kernel can't tell, or there is none.
 */
bool maps_query(int fd, uint64_t address, struct mapping *out);
/*
 * The first mapping of a file at or above the address that may be executed, with its name in
 * 'name'; asked likewise.
 */
bool maps_query_code(int fd, uint64_t address, struct mapping *out, char *name, size_t size);
/* Whether nothing is mapped in [start, end). */
bool maps_free_at(const struct maps *m, uint64_t start, uint64_t end);
void maps_free(struct maps *m);
#define __cleanup_maps __cleanup(maps_free)

static inline bool mapping_same_file(const struct mapping *a, const struct mapping *b)
{
	return a->inode && a->inode == b->inode && a->major == b->major && a->minor == b->minor &&
	       str_equal(a->name, b->name);
}

#endif
