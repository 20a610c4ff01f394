/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of new code for profilers: lines in /tmp/perf-PID.map, below the process's own root and
 * with the number that it has in its own namespace, where perf(1) looks.
 *
 * The folder is open to all, and the process is not trusted: the file is opened with the process's
 * own rights, and written only if it is a plain file of its user, with one name.
 *
 * Knowledge: tools/perf/Documentation/jit-interface.txt.
 */
#ifndef SUTURE_HOTPATCH_PERF_MAP_H
#define SUTURE_HOTPATCH_PERF_MAP_H

#include "base/str.h"
#include "hotpatch/process.h"

/* One line, to 'out'. */
struct error *perf_map_line(uint64_t address, uint64_t size, const char *name,
			    struct strbuf *out) __must_check;

/* Append them. ERROR_FAILED: why the file could not be had; ERROR_NOTHING: it has ended. */
struct error *perf_map_append(const struct process *p, const struct strbuf *lines) __must_check;

#endif
