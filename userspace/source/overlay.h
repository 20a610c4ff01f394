/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SUTURE_SOURCE_OVERLAY_H
#define SUTURE_SOURCE_OVERLAY_H

#include "base/error.h"
#include "source/kernel_packages.h"

/*
 * In 'dir', lay unpacked/rest (headers, common and kbuild packages) over tree: the generated
 * headers, configuration, symbol versions, and the tools that are not in the source.
 * ERROR_REFUSED if a file of the common package differs from the source: then the source is
 * not what this kernel was built from.
 */
struct error *overlay_headers(const struct kernel_packages *k, const char *release,
			      const char *dir) __must_check;

/* Every file of 'part' that 'whole' has too is the same there. */
struct error *overlay_compare(const char *part, const char *whole) __must_check;

#endif
