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
#include "base/str.h"

/* Try a boot under KVM, bounded in time: *works says whether the guest came up. */
typedef struct error *accel_smoke(void *arg, bool *works);

struct error *accel_kvm(accel_smoke *smoke, void *arg, bool *use_kvm) __must_check;
/* A guest failed after all: the answer from now on is that KVM does not run guests. */
struct error *accel_refute(void) __must_check;

/* What the answer depends on, appended to key: the emulator's program; the host. */
struct error *accel_emulator(struct strbuf *key) __must_check;
struct error *accel_host(struct strbuf *key) __must_check;

#endif
