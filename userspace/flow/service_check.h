/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command that tells whether the service is well: what no probe sees, a wrong result for one, its
 * owner's own check does. Status 0 is well.
 */
#ifndef SUTURE_FLOW_SERVICE_CHECK_H
#define SUTURE_FLOW_SERVICE_CHECK_H

#include <stdbool.h>

#include "base/error.h"

struct service_check {
	const char *command; /* for sh -c; NULL: there is none, and all is well */
	char why[160];	     /* it last failed */
};

/* Run it; if it fails, once more: *well is false if it fails twice, or does not end in five
 * seconds. Only an interrupt is an error. */
struct error *service_check_run(struct service_check *c, bool *well) __must_check;

#endif
