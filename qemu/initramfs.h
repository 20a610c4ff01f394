/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every guest boots with: our init and busybox. All else comes once it runs, so that one
 * snapshot serves whatever is to be tried.
 */
#ifndef SUTURE_QEMU_INITRAMFS_H
#define SUTURE_QEMU_INITRAMFS_H

#include "base/error.h"
#include "base/str.h"

/* An uncompressed newc archive, appended to out. */
struct error *initramfs_build(struct strbuf *out) __must_check;

#endif
