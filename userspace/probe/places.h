/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where code lies, told to a BPF program that runs already (bpf/places.h). */
#ifndef SUTURE_PROBE_PLACES_H
#define SUTURE_PROBE_PLACES_H

#include <stddef.h>

#include "base/error.h"
#include "bpf/places.h"

/* ERROR_REFUSED, and none of them, if that is more than PLACES_MOST. */
struct error *places_add(volatile struct places *to, const struct code_place *p,
			 size_t n) __must_check;

#endif
