/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the functions of a payload return, by its debug information: a module that was built outside
 * of its kernel's tree often has no BTF that could say.
 */
#ifndef SUTURE_FLOW_PAYLOAD_RETURNS_H
#define SUTURE_FLOW_PAYLOAD_RETURNS_H

#include "bundle/bundle.h"
#include "probe/watch.h"

/*
 * Fills f[n].returned, functions that the payload has. Debug information that is missing, damaged,
 * or does not tell leaves it as it is.
 */
struct error *payload_returns(const struct bundle_payload *p, struct watch_function *f,
			      size_t n) __must_check;

#endif
