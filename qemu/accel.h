/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether KVM can be used. /dev/kvm may open and answer and still not run a guest, so only a
 * smoke boot counts. Its answer is remembered in the cache, under a key of the host's kernel,
 * its CPU and the emulator's binary.
 */
#ifndef SUTURE_QEMU_ACCEL_H
#define SUTURE_QEMU_ACCEL_H

#include <stdbool.h>

#include "base/error.h"

/* Try a boot under KVM, bounded in time: *works says whether the guest came up. */
typedef struct error *accel_smoke(void *arg, bool *works);

struct error *accel_kvm(accel_smoke *smoke, void *arg, bool *use_kvm) __must_check;

#endif
