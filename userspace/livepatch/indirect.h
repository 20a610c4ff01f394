/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Indirect branch tracking: where the processor enforces it, a call through a pointer must land
 * on an ENDBR. The compiler puts one before functions whose address it knows to be taken, and
 * objtool lists those of them that nobody in the whole kernel points to: the kernel removes
 * these when it boots (".ibt_endbr_seal"). So the code that runs may have none where a fix
 * newly takes a function's address, and the first call would be an oops.
 *
 * Knowledge: tools/objtool/check.c (validate_ibt), apply_seal_endbr() in
 * arch/x86/kernel/alternative.c.
 */
#ifndef SUTURE_LIVEPATCH_INDIRECT_H
#define SUTURE_LIVEPATCH_INDIRECT_H

#include "livepatch/livepatch.h"

/*
 * ERROR_REFUSED, naming the function, if new code points to a function of the running kernel
 * that can't be called through a pointer, and the running code does not point to it as well.
 */
struct error *indirect_check(const struct livepatch_part *p, const struct outside *o,
			     const struct livepatch_reference *r) __must_check;

#endif
