/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of __jump_table and .static_call_sites whose key belongs to a module. The kernel
 * reads both tables when the patch is loaded, long before livepatch fills in what belongs to
 * a module, so such an entry must not be in them:
 *
 *  - a static call: without its entry the call stays what the compiler made it, a direct one
 *    to the trampoline, which the kernel always keeps up to date: a jump to the function, or
 *    a return where there is none (__static_call_transform()). Calls, jumps and conditional
 *    jumps (from 6.2 on) alike. A module that may call but not change a static call has its
 *    trampoline in the entry instead of its key: no difference;
 *  - a tracepoint: without its entry the branch stays the nop that it is, and the tracepoint
 *    does not fire in the new code;
 *  - any other static key: the branch becomes a test of the key (key_test.h).
 *
 * Knowledge: struct jump_entry (include/linux/jump_label.h) is { s32 code, target; s64 key },
 * struct static_call_site (include/linux/static_call_types.h) is { s32 addr, key }; each
 * field has one relocation. The same from 6.1 to 7.2.
 */
#ifndef SUTURE_LIVEPATCH_CUT_H
#define SUTURE_LIVEPATCH_CUT_H

#include "livepatch/livepatch.h"
#include "livepatch/merge.h"

/*
 * Fill in in->cuts, and rewrite branches in o, which is in->object. references: by symbol
 * index of o, NULL where there is none; symbols are not added to o. Notes on all of it are
 * added to the account. ERROR_REFUSED, with function and key, for what can't be done.
 */
struct error *cut_module_keys(const struct livepatch_reference *const *references, struct object *o,
			      struct merge_input *in,
			      struct livepatch_account *account) __must_check;

/*
 * Whether the part has a branch on a module's static key that is too short to be made a test:
 * to be asked before linking, which would refuse it. True also in doubt.
 */
bool cut_needs_room(const struct livepatch_part *part);

#endif
