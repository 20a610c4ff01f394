/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest boots with: our init, busybox, and tools. All else comes once it runs, so that one
 * snapshot serves whatever is to be tried.
 */
#ifndef SUTURE_QEMU_INITRAMFS_H
#define SUTURE_QEMU_INITRAMFS_H

#include "base/error.h"
#include "base/str.h"

/* An uncompressed newc archive, appended to out; tools as in vm_options. */
struct error *initramfs_build(const char *const *tools, struct strbuf *out) __must_check;
/* What is in it, appended to out: cheaper than building it, and different whenever it is. */
struct error *initramfs_identity(const char *const *tools, struct strbuf *out) __must_check;

#endif
