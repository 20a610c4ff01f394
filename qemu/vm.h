/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtual machine with a given kernel, a small memory file system, and a channel for
 * commands apart from the console.
 *
 *	vm_boot → vm_put, vm_share, vm_load, vm_run, vm_get … → vm_stop
 *
 * A kernel boots once: the guest that is up, and has seen nothing of what it is to be used for,
 * is kept as a snapshot in the cache, and the next vm_boot() with the same kernel, command line,
 * processors, memory and tools goes on from there, in a fraction of a second, any number of them
 *side by side. Files and modules come after that.
 *
 * Four things can go wrong and are told apart: a command fails (its status), it does not end in
 * time (an error, and the guest is well), the guest panics (VM_PANICKED), the guest is lost
 * (VM_LOST: no answer in time, or the emulator ended). Console and kernel log of each are kept
 * in the VM's folder. KVM is used only where a smoke boot has proved that it runs guests; else
 * TCG.
 */
#ifndef SUTURE_QEMU_VM_H
#define SUTURE_QEMU_VM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

enum vm_state { VM_RUNNING, VM_STOPPED, VM_PANICKED, VM_LOST };

struct vm_options {
	const char *kernel;	  /* vmlinuz or bzImage */
	const char *modules;	  /* /lib/modules/RELEASE of that kernel; NULL: none */
	const char *const *load;  /* modules to load, with what they depend on; or NULL */
	const char *const *files; /* "host path=guest path" to put in; executables bring their
				     shared libraries; NULL-terminated or NULL */
	const char *const *tools; /* the same, part of the snapshot: programs that every test
				     needs, for copying megabytes takes longer than restoring */
	const char *append;	  /* more kernel command line, or NULL */
	unsigned int cpus;	  /* 0: 1, which boots fastest under emulation */
	unsigned int memory;	  /* MiB; 0: 512 */
	double boot_timeout;	  /* seconds; 0: 300 */
	const char *keep;	  /* folder for console.log, dmesg.log, ...; NULL: temporary */
	bool fresh;		  /* boot, whatever there is; and make no snapshot */
	bool counting;		  /* emulate, and let the guest's clocks, its TSC first, go on by a
				     nanosecond with each instruction: to count instructions */
	const char *crash;	  /* folder for what is left of a guest that panics or is lost: its
				     console and log; made when that happens; NULL: 'keep' */
	bool core;		  /* there also its memory: core, an ELF file for crash and gdb */
	const char *gdb;	  /* gdb may connect to this TCP port of the loopback, or to this
				     socket if there is a slash in it; the guest waits until it has,
				     and no deadline holds; NULL: no gdb */
	const char *vmlinux;	  /* for the line that tells how; or NULL */
};

struct vm;

/* The guest is up, its files are in place, its modules loaded. */
struct error *vm_boot(const struct vm_options *opt, struct vm **out) __must_check;
enum vm_state vm_state(const struct vm *vm);
/* "TCG" or "KVM" */
const char *vm_accelerator(const struct vm *vm);
/* It goes on from a snapshot: its uptime, and the beginning of its log, are of an earlier boot. */
bool vm_restored(const struct vm *vm);

/*
 * Run a command line with /bin/sh in the guest. *status is its exit status; output (stdout
 * and stderr in order) is appended to out. An error if the guest panicked or was lost;
 * vm_state() tells which, and the message quotes the console. A command that takes longer than
 * 'timeout' (0: 60 s) or prints more than 64 MB is ended, which is an error, too, but the guest
 * stays usable.
 */
struct error *vm_run(struct vm *vm, const char *command, double timeout, struct strbuf *out,
		     int *status) __must_check;
/* What a command prints, as it comes. An error ends the command and is returned. */
typedef struct error *vm_sink(void *arg, const void *bytes, size_t n);
/* The same as vm_run(), with any amount of output. */
struct error *vm_run_to(struct vm *vm, const char *command, double timeout, vm_sink *sink,
			void *arg, int *status) __must_check;
/*
 * A command line, or a shell if it is NULL, on a terminal of the guest that is connected to our
 * stdin and stdout, for as long as it takes. If ours is a terminal, too, it is raw meanwhile, and
 * as before afterwards; Ctrl-] gives up.
 */
struct error *vm_shell(struct vm *vm, const char *command, int *status) __must_check;
/* Copy a host file into the guest, a guest file out. */
struct error *vm_put(struct vm *vm, const char *from, const char *to) __must_check;
struct error *vm_get(struct vm *vm, const char *from, const char *to) __must_check;
/* Copy what is in a folder of the host to a folder of the guest; the copy is the guest's own. */
struct error *vm_share(struct vm *vm, const char *dir, const char *at) __must_check;
/* Load a module from vm_options.modules, with what it depends on, unless it is loaded. */
struct error *vm_load(struct vm *vm, const char *module) __must_check;
/* The kernel log so far. */
struct error *vm_dmesg(struct vm *vm, struct strbuf *out) __must_check;

/* Power off (bounded), then end the emulator. */
void vm_stop(struct vm **vm);
#define __cleanup_vm __cleanup(vm_stop)

#endif
