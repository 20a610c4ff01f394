/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runner's end of the guest's second serial port. Lines of the kernel log, which may
 * come at any time, are put aside; frames that answer an older request are dropped. What is
 * long comes through memory that is shared with the guest; here it looks like any other frame.
 */
#ifndef SUTURE_QEMU_CHANNEL_H
#define SUTURE_QEMU_CHANNEL_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"
#include "qemu/frame.h"
#include "qemu/monitor.h"

struct channel {
	int fd;			 /* borrowed; not blocking */
	uint8_t *shared;	 /* borrowed; SHARED_SIZE bytes */
	struct monitor *monitor; /* borrowed, or NULL: tells of a guest that ended */
	uint32_t id;
	struct frame_reader in;
	struct strbuf log;   /* the kernel log so far */
	struct strbuf large; /* the payload of the last frame, if it was shared */
};

enum channel_event {
	CHANNEL_FRAME,
	CHANNEL_CLOSED, /* the guest has ended, and perhaps the emulator with it */
	CHANNEL_SILENT, /* nothing until the deadline */
};

/* Begin a request: answers to it carry the new id. */
uint32_t channel_begin(struct channel *c);
/*
 * Wait for the next frame of the current request until 'deadline' (clock_seconds()). The frame
 * is valid until the next call. An error only if the user interrupts or memory is out.
 */
struct error *channel_receive(struct channel *c, double deadline, struct frame *out,
			      enum channel_event *event) __must_check;
/* The same without waiting: *found is false if none has come. */
struct error *channel_take(struct channel *c, struct frame *out, bool *found,
			   enum channel_event *event) __must_check;
/* Send a frame of the current request; *event says CHANNEL_FRAME when it is all sent. */
struct error *channel_send(struct channel *c, double deadline, uint32_t type, const void *payload,
			   size_t n, enum channel_event *event) __must_check;
/* The same with any number of bytes up to SHARED_HALF; the guest answers with FRAME_ACK. */
struct error *channel_send_shared(struct channel *c, double deadline, uint32_t type,
				  const void *payload, size_t n,
				  enum channel_event *event) __must_check;
void channel_free(struct channel *c);

#endif
