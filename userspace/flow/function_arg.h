/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How people write a function of the kernel: [OBJECT:]NAME[,POS]. */
#ifndef SUTURE_FLOW_FUNCTION_ARG_H
#define SUTURE_FLOW_FUNCTION_ARG_H

#include "base/arena.h"
#include "base/error.h"

struct function_arg {
	const char *object, *name; /* in the arena */
	unsigned int sympos;
};

struct error *function_arg_parse(const char *words, struct arena *arena,
				 struct function_arg *out) __must_check;

#endif
