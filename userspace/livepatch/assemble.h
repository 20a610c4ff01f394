/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making the module in memory, from what the target has to offer. */
#ifndef SUTURE_LIVEPATCH_ASSEMBLE_H
#define SUTURE_LIVEPATCH_ASSEMBLE_H

#include "livepatch/livepatch.h"
#include "livepatch/payload.h"
#include "livepatch/symvers.h"

struct assemble_from {
	const struct symvers *symvers;
	const struct payload *payload;
	const char *modules; /* the shipped modules, as under /lib/modules/RELEASE; or NULL */
};

/* Errors as livepatch_link(). */
struct error *assemble(const struct assemble_from *from, const struct livepatch_request *request,
		       const struct livepatch_part *parts, size_t n_parts, struct object **out,
		       struct livepatch_account **account) __must_check;

#endif
