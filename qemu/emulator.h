/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QEMU process. It dies with us, leads its own process group (a terminal's Ctrl-C is for
 * us alone), and leaves no file behind: the initramfs is in anonymous memory, so is the
 * console's log unless it is to be kept.
 */
#ifndef SUTURE_QEMU_EMULATOR_H
#define SUTURE_QEMU_EMULATOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"

struct emulator_options {
	const char *kernel;
	const struct strbuf *initramfs;
	const char *append; /* more kernel command line, or NULL */
	unsigned int cpus, memory;
	bool kvm;
	const char *console; /* a file for the console, replaced; NULL: memory */
};

struct emulator {
	pid_t pid;	 /* 0: not running */
	int channel;	 /* our end of the guest's second serial port; not blocking */
	uint8_t *shared; /* SHARED_SIZE bytes that the guest sees as a PCI device's memory */
	int console;	 /* what the guest printed on the first; to be read with pread() */
	int complaints;	 /* QEMU's own output, likewise */
};

/* Every member is valid afterwards, or the emulator is not running. */
struct error *emulator_start(const struct emulator_options *opt, struct emulator *out) __must_check;
/* True once it has ended, after at most 'seconds' of waiting; it is then reaped. */
bool emulator_ended(struct emulator *m, double seconds);
/* End it now, and close everything. */
void emulator_kill(struct emulator *m);
/* The whole content of console or complaints. */
struct error *emulator_log(int fd, struct strbuf *out) __must_check;

#endif
