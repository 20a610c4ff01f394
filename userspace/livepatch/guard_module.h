/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard's module (kmod/guard), whose source travels inside suture, built for a target. */
#ifndef SUTURE_LIVEPATCH_GUARD_MODULE_H
#define SUTURE_LIVEPATCH_GUARD_MODULE_H

#include "base/error.h"
#include "source/target.h"

/*
 * *path: suture_guard.ko for the target, in its folder; built if it is not there yet. ERROR_REFUSED
 * if the target can't have one: only a distro's kernel is complete enough to link modules for.
 * Free with free().
 */
struct error *guard_module(const struct target *t, char **path) __must_check;

#endif
