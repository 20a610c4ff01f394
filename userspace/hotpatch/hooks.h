/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is called in a process for a patch: the fix's own hooks, and the unwinder, so that
 * exceptions find their way through new code. Internal to the hotpatch part.
 *
 * Knowledge: libgcc's unwind-dw2-fde.h (__register_frame_info: the caller lends the memory, and
 * nothing is allocated).
 */
#ifndef SUTURE_HOTPATCH_HOOKS_H
#define SUTURE_HOTPATCH_HOOKS_H

#include "hotpatch/patching.h"

/* ERROR_REFUSED: the process has no unwinder that could be told. Changes nothing. */
struct error *hooks_check(const struct opened *o,
			  const struct hotpatch_object *object) __must_check;

/* Tell the unwinder, if the patch wants that; not twice. */
struct error *hooks_register(struct patching *a, const struct header_fixed *f) __must_check;
/* The same taken back. Before the pages are unmapped; ERROR_PENDING: they must stay. */
struct error *hooks_unregister(struct patching *a, const struct header_fixed *f) __must_check;

/* ERROR_REFUSED: one that may refuse did. A patch without that hook: nothing. */
struct error *hooks_call(struct patching *a, const struct header_fixed *f,
			 enum header_hook which) __must_check;

#endif
