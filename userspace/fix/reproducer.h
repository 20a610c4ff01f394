/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reproducer of a fix as something that runs, and what a run of it says. */
#ifndef SUTURE_FIX_REPRODUCER_H
#define SUTURE_FIX_REPRODUCER_H

#include "base/str.h"
#include "fix/metadata.h"

/*
 * The program at 'to', mode 0755, whole or not at all: a copy of the file at 'path', or what the
 * C compiler here ($CC, else cc) makes of it, alone and static.
 */
struct error *fix_reproducer_make(const char *path, bool is_source, const char *to) __must_check;

/*
 * Compare a run with what it should give. Nothing is added to 'why' if it did, else one
 * sentence: "exit status 0 instead of 1", "'accepted' is not in its output".
 */
struct error *fix_run_judge(const struct fix_run *want, unsigned int status, const char *output,
			    struct strbuf *why) __must_check;

#endif
