/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can't be made live, over all units of a build: overrides that a person gives for single
 * findings (CODE:WHERE), and the refusal of what is left.
 */
#ifndef SUTURE_FLOW_REFUSAL_H
#define SUTURE_FLOW_REFUSAL_H

#include "flow/build.h"

/*
 * Take the findings that the options accept. ERROR_USAGE if one is accepted that is not there:
 * the advice lists those that are. ERROR_REFUSED if it can't be accepted.
 */
struct error *refusal_accept(struct build *b, const struct build_options *opt) __must_check;

/*
 * ERROR_REFUSED with what stands, a line each, and the words that would accept it; NULL if
 * nothing does.
 */
struct error *refusal_make(const struct build *b) __must_check;

/* opt->refusal gets what was refused, and the findings, whether they stand or not. */
struct error *refusal_json(const struct build *b, const struct build_options *opt,
			   const char *message) __must_check;
/* The same, if e is a refusal and somebody reads JSON. Returns e. */
struct error *refusal_tell(const struct build *b, const struct build_options *opt,
			   struct error *e) __must_check;

#endif
