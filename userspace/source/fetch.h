/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Downloading and unpacking what a kernel target is made of. */
#ifndef SUTURE_SOURCE_FETCH_H
#define SUTURE_SOURCE_FETCH_H

#include "base/error.h"
#include "source/kernel_packages.h"

/*
 * Into the empty folder 'dir': tree/ with the source and over it the distro's headers,
 * configuration and tools; vmlinuz; modules/ with modules.dep. ERROR_REFUSED if the source
 * package is not what the headers were made from. Leaves whatever it made in 'dir' on failure.
 */
struct error *kernel_fetch(const struct kernel_packages *k, const char *release,
			   const char *dir) __must_check;

/* The same, only vmlinuz and modules/. */
struct error *kernel_fetch_image(const struct kernel_packages *k, const char *release,
				 const char *dir) __must_check;

#endif
