/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QEMU process. It dies with us, leads its own process group (a terminal's Ctrl-C is for
 * us alone), and leaves no file behind: the initramfs is in anonymous memory, so is the
 * console's log unless it is to be kept.
 *
 * A guest boots, with an initramfs; or it goes on from a snapshot, with the memory and the state
 * of one that had booted, and otherwise the same options. See snapshot.h.
 */
#ifndef SUTURE_QEMU_EMULATOR_H
#define SUTURE_QEMU_EMULATOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "qemu/monitor.h"

struct emulator_options {
	const char *kernel;
	const struct strbuf *initramfs; /* NULL: from a snapshot, 'state' */
	const char *append;		/* more kernel command line, or NULL */
	unsigned int cpus, memory;
	bool kvm;
	/*
	 * The guest's memory is this file, of at least its size; -1: the emulator's own. What the
	 * guest writes goes to the file if it boots, and stays private if it is from a snapshot.
	 */
	int ram;
	/* Where a snapshot's state is read from; used only without an initramfs. */
	int state;
	bool shared;	     /* with memory that we share with the guest */
	bool counting;	     /* vm_options.counting; without KVM */
	bool core;	     /* stays when the guest has ended, so that its memory can be had */
	const char *gdb;     /* port or path where gdb may connect; NULL: nowhere */
	const char *console; /* a file for the console, replaced; NULL: memory */
	const struct strbuf *printed; /* what the console has printed before; or NULL */
};

struct emulator {
	pid_t pid;	 /* 0: not running */
	int channel;	 /* our end of the guest's second serial port; not blocking */
	uint8_t *shared; /* SHARED_SIZE bytes that the guest sees as a PCI device's memory */
	int console;	 /* what the guest printed on the first; to be read with pread() */
	int complaints;	 /* QEMU's own output, likewise */
	struct monitor monitor;
};

#define EMULATOR_NONE       \
	((struct emulator){ \
		.channel = -1, .console = -1, .complaints = -1, .monitor = { .fd = -1 } })

/* Every member is valid afterwards, or the emulator is not running. */
struct error *emulator_start(const struct emulator_options *opt, struct emulator *out) __must_check;
/*
 * Append all that a snapshot depends on beside the kernel and the initramfs: the emulator's
 * program, its arguments, under KVM the host's CPU.
 */
struct error *emulator_identity(const struct emulator_options *opt,
				struct strbuf *out) __must_check;
/* True once it has ended, after at most 'seconds' of waiting; it is then reaped. */
bool emulator_ended(struct emulator *m, double seconds);
/* End it now, and close everything. */
void emulator_kill(struct emulator *m);
/* The whole content of console or complaints. */
struct error *emulator_log(int fd, struct strbuf *out) __must_check;

#endif
