/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a service tells its manager: the protocol of sd_notify(3), a datagram to $NOTIFY_SOCKET. */
#ifndef SUTURE_DAEMON_NOTIFY_H
#define SUTURE_DAEMON_NOTIFY_H

#include <stdbool.h>

/* "READY=1", "WATCHDOG=1", "STOPPING=1", "STATUS=..."; without a manager nothing happens. */
void notify(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Whether the manager waits for "WATCHDOG=1", or else ends us. */
bool notify_has_watchdog(void);
/* Whether the whole system is being shut down, in order. */
bool notify_system_stops(void);

#endif
