/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Distro kernels to boot, not to build for: any flavour that the archive has (amd64, rt-amd64,
 * cloud-amd64), in $CACHE/boot/RELEASE/ with vmlinuz and modules/.
 */
#ifndef SUTURE_SOURCE_BOOTABLE_H
#define SUTURE_SOURCE_BOOTABLE_H

#include "base/error.h"

/*
 * Where "kernel:RELEASE" lies, fetched from the archive if it is not there yet; both are
 * allocated. All or nothing, and one at a time.
 */
struct error *bootable_kernel(const char *name, char **vmlinuz, char **modules) __must_check;

#endif
