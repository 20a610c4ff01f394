/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is at it, and when: what an event says of the process that writes it. */
#ifndef SUTURE_LEDGER_STAMP_H
#define SUTURE_LEDGER_STAMP_H

#include "ledger/ledger.h"

/* Fill in time, uptime, boot, actor (if NULL), uid, pid, login and tty. */
struct error *ledger_stamp_event(struct ledger_event *e, struct arena *a) __must_check;

#endif
