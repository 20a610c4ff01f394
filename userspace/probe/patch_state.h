/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel says of a livepatch: /sys/kernel/livepatch/PATCH (Documentation/ABI/testing/
 * sysfs-kernel-livepatch). It is a claim, not evidence.
 */
#ifndef SUTURE_PROBE_PATCH_STATE_H
#define SUTURE_PROBE_PATCH_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct patch_state {
	bool present, enabled, transition;
	bool lists_function;
	bool object_missing; /* the function's module is not loaded: nothing of it can run */
};

/* A patch or a function that is not there is no error. */
struct error *patch_state_read(const char *patch, const char *object, const char *name,
			       unsigned int sympos, struct patch_state *out) __must_check;

/*
 * Which loading of a module this is: a number that no other loading has (the inode of its
 * folder in sysfs); 0 if it is not loaded.
 */
uint64_t module_instance(const char *name);

#endif
