/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prometheus' text format (0.0.4, "Exposition formats"): a family's HELP and TYPE, then its
 *samples.
 *
 *	TRY(exposition_family(out, "suture_patch_confirmed", "gauge", "Whether ..."));
 *	TRY(exposition_sample(out, "suture_patch_confirmed", 1, "patch", name, NULL));
 */
#ifndef SUTURE_BASE_EXPOSITION_H
#define SUTURE_BASE_EXPOSITION_H

#include <stdint.h>

#include "base/str.h"

struct error *exposition_family(struct strbuf *out, const char *name, const char *type,
				const char *what) __must_check;
/* Labels are pairs of a name and a value of any bytes, then NULL. */
struct error *exposition_sample(struct strbuf *out, const char *name, uint64_t value, ...)
	__attribute__((sentinel)) __must_check;

#endif
