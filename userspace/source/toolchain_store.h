/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where toolchains lie. */
#ifndef SUTURE_SOURCE_TOOLCHAIN_STORE_H
#define SUTURE_SOURCE_TOOLCHAIN_STORE_H

#include "base/error.h"

/* $CACHE/toolchains, made if missing; and one toolchain's folder in it. */
struct error *toolchain_store(char **out) __must_check;
struct error *toolchain_path(const char *name, char **out) __must_check;

/* Remove what an interrupted maker left; whoever has the store's lock may. */
struct error *toolchain_sweep_temporary(void) __must_check;

#endif
