/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands that tell whether the service is well: what no probe sees, a wrong result for one, its
 * owner's own check does. Status 0 is well; all must be.
 */
#ifndef SUTURE_FLOW_SERVICE_CHECK_H
#define SUTURE_FLOW_SERVICE_CHECK_H

#include <stdbool.h>

#include "base/error.h"

#define SERVICE_CHECKS 2

struct service_check {
	/* For sh -c; NULL: there is none. */
	const char *command[SERVICE_CHECKS];
	char why[160]; /* one last failed */
};

/* Run each; if one fails, once more: *well is false if it fails twice, or does not end in five
 * seconds. Only an interrupt is an error. */
struct error *service_check_run(struct service_check *c, bool *well) __must_check;

#endif
