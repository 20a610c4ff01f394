/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The emulator's own control (QMP, docs/interop/qmp-spec of QEMU): one JSON object a line over a
 * socket. What the emulator says by itself (events) is noted: how the guest ended, and how a
 * migration went.
 */
#ifndef SUTURE_QEMU_MONITOR_H
#define SUTURE_QEMU_MONITOR_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

struct monitor {
	int fd; /* owned; not blocking; -1: none */
	struct strbuf in;
	bool greeted, ready; /* it has named itself; it takes commands */
	bool shut_down;	     /* the guest has ended, by whatever way */
	char migration[16];  /* the last status that was told: "active", "completed", ... */
};

/*
 * Give a command with its arguments, an object as JSON text or NULL, and wait for the answer. A
 * file goes along with "getfd"; else file is -1. What the emulator refuses is an error in its
 * words.
 */
struct error *monitor_command(struct monitor *m, double deadline, const char *name,
			      const char *arguments, int file) __must_check;
/* Wait until a migration, out or in, has come to its end; an error unless that is a good one. */
struct error *monitor_await_migration(struct monitor *m, double deadline) __must_check;
/* Take in the events that have come; false if the emulator has ended. */
bool monitor_poll(struct monitor *m);
void monitor_close(struct monitor *m);

#endif
