/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sutured knows, asked over its socket (daemon/door.h). */
#ifndef SUTURE_FLOW_DAEMON_SOCKET_H
#define SUTURE_FLOW_DAEMON_SOCKET_H

#include "base/arena.h"
#include "base/json_read.h"

/* $SUTURE_RUN/sutured.sock, else /run/suture/sutured.sock. Allocated. */
char *daemon_socket_path(void);
/* suture-audit/1, into the arena. NULL in *out where no sutured is at work. */
struct error *daemon_ask(struct arena *a, const struct json_value **out) __must_check;

#endif
