/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SUTURE_SOURCE_CONFIG_SYMBOL_H
#define SUTURE_SOURCE_CONFIG_SYMBOL_H

#include "base/error.h"

/*
 * The CONFIG symbol that keeps a source file from being compiled: the one its makefile's line
 * names, if it is not set in tree/.config. NULL in *out if that cannot be told: this only makes
 * an error message better. Allocated.
 */
struct error *config_symbol(const char *tree, const char *source, char **out) __must_check;

/* The pure part. */
struct error *config_symbol_in(const char *makefile, const char *config, const char *object,
			       char **out) __must_check;

#endif
