/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's first process: one loop, and what it knows. See init.c. */
#ifndef SUTURE_QEMU_GUEST_GUEST_H
#define SUTURE_QEMU_GUEST_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "qemu/frame.h"

extern struct guest {
	int line, kmsg, signals;
	struct frame_reader in;
	uint8_t *shared; /* with the runner; NULL: none found */
	bool acknowledged;
	bool frozen; /* until FRAME_THAW nothing is sent */

	/* the running command */
	pid_t child;
	uint32_t child_id;
	int output;
	bool terminal; /* 'output' is a terminal's other side, and takes input */

	/* the file, or the archive, that is being received */
	int file; /* -1: none */
	bool unpacking;
	uint32_t file_id;
	mode_t mode;
	char path[4096];
} guest;

/* For what is read and sent on: a command's output, a file. */
extern uint8_t guest_block[1 << 20];

/* line.c */
bool open_line(void);
void send_frame(uint32_t type, uint32_t id, const void *payload, size_t n);
void send_number(uint32_t type, uint32_t id, uint32_t value);
void send_failed(uint32_t id, int err, const char *what);
/* Through the shared memory if it is long; comes back once the runner has it. */
void send_large(uint32_t type, uint32_t id, const void *payload, size_t n);
/* Take in what came, and serve it. */
void receive(void);
/* Where a shared payload really is. False if it is not what was sent. */
bool find_payload(struct frame *f);

/* init.c */
void serve(const struct frame *received);

/* log.c: send what the kernel has logged; one frame at most unless all is wanted */
void send_log(bool all);

/* command.c */
void run_command(uint32_t id, const char *command);
void run_on_terminal(uint32_t id, const char *kind, const char *command);
void terminal_input(const uint8_t *p, size_t n);
void terminal_size(uint32_t rows, uint32_t columns);
/* False once there is nothing to read now. */
bool send_output(void);
/* Collect processes that have ended; the command's end is sent. */
void reap(void);

/* files.c */
void put_begin(uint32_t id, const struct frame *f);
void put_data(const struct frame *f);
void put_end(uint32_t id);
void put_archive(uint32_t id, const struct frame *f);
void get_file(uint32_t id, const struct frame *f);

/* unpack.c: an archive, in pieces. Each returns 0 or an errno; unpack_path() is about what. */
void unpack_begin(const char *at);
int unpack_bytes(const uint8_t *p, size_t n);
int unpack_end(void);
const char *unpack_path(void);

/* modules.c */
void load_module(uint32_t id, const struct frame *f);

/* thaw.c: what a restored guest must do first; the payload of FRAME_THAW */
void thaw(const uint8_t *payload, size_t n);

/* set_up.c */
void mount_all(void);
void loopback_up(void);
void find_shared(void);

#endif
