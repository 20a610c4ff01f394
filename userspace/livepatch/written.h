/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data that is written when its module is loaded, for kmod/payload/at_load.c to find. */
#ifndef SUTURE_LIVEPATCH_WRITTEN_H
#define SUTURE_LIVEPATCH_WRITTEN_H

#include "livepatch/livepatch.h"

/*
 * Add the records (struct suture_written_record) and what they point to to the part's extracted
 * object: for data of the module, and for the variables that the part brings, which begin anew
 * whenever the module is loaded. ERROR_REFUSED if the module that is shipped has anything else
 * there than the before build. Nothing for parts that need not be loaded later.
 */
struct error *written_add(const struct livepatch_part *p) __must_check;

#endif
