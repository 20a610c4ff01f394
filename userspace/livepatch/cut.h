/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of __jump_table and .static_call_sites whose key belongs to a module. The kernel
 * reads both tables when the patch is loaded, long before livepatch fills in what belongs to
 * a module, so such an entry must not be in them:
 *
 *  - a static call: without its entry the call stays what the compiler made it, a direct one
 *    to the trampoline, which the kernel always keeps up to date;
 *  - a tracepoint: without its entry the branch stays the nop that it is, and the tracepoint
 *    does not fire in the new code: a note says so;
 *  - any other static key: refused, as the branch would stay on one side.
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
 * Fill in in->cuts. references: by symbol index of the extracted object, NULL where there is
 * none. Notes are added to the account.
 */
struct error *cut_module_keys(const struct livepatch_reference *const *references,
			      struct merge_input *in,
			      struct livepatch_account *account) __must_check;

#endif
