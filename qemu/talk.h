/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to the guest and its answers, or how it ended; shared by the files of this folder. */
#ifndef SUTURE_QEMU_TALK_H
#define SUTURE_QEMU_TALK_H

#include "base/vec.h"
#include "qemu/channel.h"
#include "qemu/emulator.h"
#include "qemu/vm.h"

/* Seconds for an answer that needs no work in the guest. */
#define ANSWER_TIMEOUT 30.0

struct vm {
	struct emulator emulator;
	struct channel channel;
	enum vm_state state;
	bool kvm;
	bool restored;
	bool patient; /* gdb may stop the guest at any moment: no deadline holds */
	bool core;
	char *keep, *crash;
	char *modules;	      /* the folder; NULL: none */
	VEC(char *) supplied; /* modules whose files the guest has, relative to it */
};

/* The moment until which to wait for what should take no longer than this. */
double vm_deadline(const struct vm *vm, double seconds);
/* An error if the guest does not run any more. */
struct error *vm_usable(const struct vm *vm) __must_check;
/* Send a frame of the current request. 'doing' begins the message of an error. */
struct error *vm_tell(struct vm *vm, const char *doing, double deadline, uint32_t type,
		      const void *payload, size_t n) __must_check;
/* The next answer; what the guest could not do is an error. */
struct error *vm_hear(struct vm *vm, const char *doing, double deadline,
		      struct frame *f) __must_check;
/* Hear until an answer of this type has come. */
struct error *vm_await(struct vm *vm, const char *doing, uint32_t type) __must_check;
/* The error in a FRAME_FAILED. */
struct error *vm_refusal(const struct frame *f) __must_check;
/* Unpack an archive in a folder of the guest. */
struct error *vm_unpack(struct vm *vm, const char *doing, const char *at, const void *archive,
			size_t n) __must_check;
/* What vm_boot() promises of files and modules. */
struct error *vm_supply(struct vm *vm, const struct vm_options *opt) __must_check;
/*
 * Keep what is left of a guest that panicked or was lost, if there is a place for it; adds to the
 * error where it is, or why it is not.
 */
struct error *vm_bury(struct vm *vm, struct error *e) __must_check;
/* The guest is no more, or answers no more: sets the state, and tells its last words. */
struct error *vm_gone(struct vm *vm, enum channel_event event, const char *doing) __must_check;

#endif
