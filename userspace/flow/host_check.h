/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The check with what the host knows: the ledger, whom it trusts, the guard. */
#ifndef SUTURE_FLOW_HOST_CHECK_H
#define SUTURE_FLOW_HOST_CHECK_H

#include "flow/host_state.h"

struct error *host_check_with(const struct host *h, const struct bundle *b,
			      const struct host_request *r, struct findings *out) __must_check;

#endif
