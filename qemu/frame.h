/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What runs over the serial line between the runner and the guest's init: frames with a
 * length, a type and checksums. The line may carry garbage before, between and inside frames
 * (a firmware's greeting, an echo): a reader finds the next whole frame by itself.
 *
 *	magic  type  id  length  checksum of these | payload | checksum of the payload
 *
 * All numbers are 32 bits, little endian. 'id' of an answer is that of its request.
 * Used by both sides; needs nothing but libc and allocates nothing.
 */
#ifndef SUTURE_QEMU_FRAME_H
#define SUTURE_QEMU_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_HEADER 20
#define FRAME_PAYLOAD_MAX 32768
#define FRAME_MAX (FRAME_HEADER + FRAME_PAYLOAD_MAX + 4)

enum frame_type {
	/* to the guest */
	FRAME_RUN = 1,	/* payload: a command for /bin/sh */
	FRAME_KILL,	/* end the running command */
	FRAME_PUT,	/* payload: mode (32 bits), path; then FRAME_DATA, FRAME_END */
	FRAME_GET,	/* payload: path */
	FRAME_PING,	/* is answered at once; what the kernel logged before comes first */
	FRAME_POWEROFF, /* not answered */
	FRAME_FREEZE,	/* FRAME_ACK, and then silence, whatever happens, until: */
	FRAME_THAW,	/* payload: the time (seconds 64 bits, nanoseconds 32 bits), then random
			   bytes; FRAME_HELLO as at boot */
	FRAME_UNPACK,	/* payload: a folder; then a cpio archive as FRAME_DATA, FRAME_END */
	FRAME_LOAD,	/* payload: path of a module; FRAME_EXIT */
	FRAME_TERMINAL, /* as FRAME_RUN, on a terminal; payload: its kind, NUL, the command */
	FRAME_INPUT,	/* what is typed there */
	FRAME_WINDOW,	/* its size: rows, columns (32 bits each) */
	/* either way */
	FRAME_DATA = 32,
	FRAME_END,
	FRAME_ACK,
	/* to the runner */
	FRAME_HELLO = 64, /* the guest is up; payload: uname -r, NUL, what went wrong */
	FRAME_OUTPUT,	  /* payload: what the command printed */
	FRAME_EXIT,	  /* payload: exit status (32 bits) */
	FRAME_PONG,
	FRAME_FAILED, /* payload: errno (32 bits), a sentence */
	FRAME_LOG,    /* payload: lines of the kernel log; id 0 */

	/*
	 * Added to a type: the payload lies in the memory that both sides share, for a serial
	 * line carries some 10 kB a second into an emulated guest. The frame's own payload is
	 * the length and the checksum of that; it is answered with FRAME_ACK once it has been
	 * copied, and the memory is free again.
	 */
	FRAME_SHARED = 256,
};

/* The shared memory: what goes to the guest, then what comes from it. */
#define SHARED_HALF (2u << 20)
#define SHARED_SIZE (2 * SHARED_HALF)
/* What is shorter goes in the frame. */
#define SHARED_MIN 1024

struct frame {
	uint32_t type, id, length;
	const uint8_t *payload; /* in the reader's buffer: valid until the next frame_read() */
};

/* Received bytes that are no frame yet. Start with zeroes. */
struct frame_reader {
	uint8_t bytes[2 * FRAME_MAX];
	size_t start, end; /* what is kept: bytes[start..end) */
	uint64_t skipped;  /* bytes of garbage so far */
};

/* CRC-32 (IEEE 802.3). */
uint32_t frame_checksum(const void *p, size_t n);
/* Of what lies in the shared memory: quick, for megabytes in an emulated guest. */
uint32_t frame_shared_checksum(const void *p, size_t n);

uint32_t frame_get32(const uint8_t *p);
void frame_put32(uint8_t *p, uint32_t v);
uint64_t frame_get64(const uint8_t *p);
void frame_put64(uint8_t *p, uint64_t v);

/* Write a whole frame to 'to', which has room for FRAME_MAX bytes; returns its size.
 * length is at most FRAME_PAYLOAD_MAX. */
size_t frame_write(uint8_t *to, uint32_t type, uint32_t id, const void *payload, size_t length);

/* Where received bytes go: *room of them at most (never 0 after frame_read() said false). */
uint8_t *frame_space(struct frame_reader *r, size_t *room);
void frame_received(struct frame_reader *r, size_t n);
/* The next whole frame, if there is one; garbage before it is dropped. */
bool frame_read(struct frame_reader *r, struct frame *out);

#endif
