/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest's console says about its end. Pure functions over text. */
#ifndef SUTURE_QEMU_CONSOLE_H
#define SUTURE_QEMU_CONSOLE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

/* Has the kernel panicked? The panic's line, without its time, is appended to line if given. */
bool console_panicked(const char *text, struct strbuf *line);
/* Append the last 'lines' lines that are not empty, each indented, without control characters. */
struct error *console_tail(const char *text, unsigned int lines, struct strbuf *out) __must_check;

#endif
