/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which modules are certain to be there whenever a module's code runs: those that it depends
 * on. The kernel counts them as in use, so they can't go before it.
 *
 * Knowledge: scripts/mod/modpost.c writes "depends=a,b" into .modinfo, the modules whose
 * exports it uses; kernel/module/main.c (ref_module) holds them.
 */
#ifndef SUTURE_LIVEPATCH_DEPENDS_H
#define SUTURE_LIVEPATCH_DEPENDS_H

#include "image/image.h"

/* 'owner' as Module.symvers has it: "drivers/net/some-driver". False for vmlinux. */
bool module_depends_on(const struct image *module, const char *owner);

#endif
