/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The emulator's command line. Pure; the files that it names are descriptors. */
#ifndef SUTURE_QEMU_EMULATOR_ARGS_H
#define SUTURE_QEMU_EMULATOR_ARGS_H

#include "base/arena.h"
#include "base/vec.h"
#include "qemu/emulator.h"

#define QEMU "qemu-system-x86_64"

/* What the emulator gets, in the order of its file descriptors from the first on. */
enum {
	EMULATOR_FIRST = 3,
	EMULATOR_CHANNEL = EMULATOR_FIRST,
	EMULATOR_INITRAMFS,
	EMULATOR_CONSOLE,
	EMULATOR_SHARED,
	EMULATOR_MONITOR,
	EMULATOR_RAM,
	EMULATOR_STATE,
	EMULATOR_FAIL, /* closes when the program has been started */
	EMULATOR_END,
};

struct emulator_args {
	VEC(const char *) words; /* ends with NULL */
	struct arena arena;
};

struct error *emulator_args(const struct emulator_options *opt,
			    struct emulator_args *out) __must_check;
void emulator_args_free(struct emulator_args *a);
#define __cleanup_emulator_args __cleanup(emulator_args_free)

#endif
