/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's file system: our init, busybox, chosen files with their libraries, modules. */
#ifndef SUTURE_QEMU_INITRAMFS_H
#define SUTURE_QEMU_INITRAMFS_H

#include "base/error.h"
#include "base/str.h"
#include "qemu/vm.h"

/* An uncompressed newc archive, appended to out. */
struct error *initramfs_build(const struct vm_options *opt, struct strbuf *out) __must_check;

#endif
