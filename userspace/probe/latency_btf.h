/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel's BTF says of a function (Documentation/bpf/btf.rst). */
#ifndef SUTURE_PROBE_LATENCY_BTF_H
#define SUTURE_PROBE_LATENCY_BTF_H

#include "base/error.h"
#include "probe/latency_plan.h"

struct btf;

/*
 * Fills has_btf and returned. 'vmlinux' is the kernel's own BTF; that of a module is read.
 * No BTF at all is no error.
 */
struct error *latency_btf_facts(struct btf *vmlinux, const char *object, const char *name,
				struct latency_facts *out) __must_check;

/* How a value of that type lies in the register. Pure. */
enum latency_return latency_btf_return(const struct btf *btf, unsigned int type);

#endif
