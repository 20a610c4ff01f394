/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps that making a target of packages and making one of a tree share. */
#ifndef SUTURE_SOURCE_TARGET_MAKE_H
#define SUTURE_SOURCE_TARGET_MAKE_H

#include "source/target.h"

/* The value of CONFIG_NAME="value" in dir/tree/.config, allocated. */
struct error *target_config_string(const char *dir, const char *name, char **out) __must_check;
/* dir/image from dir/vmlinuz; sets n_symbols. */
struct error *target_make_image(struct target *t) __must_check;
/* Sets bytes and n_modules. */
struct error *target_measure(struct target *t) __must_check;

/*
 * Everything about a maintainer's tree, in t->dir, whose name, source and build are set; in a
 * folder that holds an older state of the same, what is different. *changed: how many files.
 */
struct error *target_make_tree(struct target *t, size_t *changed) __must_check;

#endif
