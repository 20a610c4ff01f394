/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sutured's socket, for root: a line is asked, "status" or "metrics", and answered with
 * suture-audit/1 or Prometheus' text; then the connection ends.
 */
#ifndef SUTURE_DAEMON_DOOR_H
#define SUTURE_DAEMON_DOOR_H

#include "flow/audit.h"

struct door {
	char *path;
	int listener, lock;
};
#define DOOR_CLOSED          \
	{                    \
		NULL, -1, -1 \
	}

/* ERROR_PENDING: another sutured has it. */
struct error *door_open(const char *path, struct door *out) __must_check;
/* One caller, who is given half a second in all. What goes wrong with him is his trouble. */
void door_answer(const struct door *d, const struct audit *a);
void door_close(struct door *d);
#define __cleanup_door __cleanup(door_close)

#endif
