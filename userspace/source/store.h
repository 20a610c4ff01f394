/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where targets lie in the cache, and who may change that. */
#ifndef SUTURE_SOURCE_STORE_H
#define SUTURE_SOURCE_STORE_H

#include <stdbool.h>

#include "base/error.h"

/* "kernel:6.1.0-56-amd64" -> "6.1.0-56-amd64"; ERROR_USAGE for what is no kernel target. */
struct error *target_release(const char *name, char **out) __must_check;

#define TREE_KIND "tree:"

/*
 * A target's name in full ("tree:." becomes "tree:/home/me/linux"), and the folder it has in
 * the store. A tree that is gone may still be named by its absolute path.
 */
struct error *target_key(const char *name, char **full, char **key) __must_check;

/* $CACHE/targets/kernel, made if missing; without blanks and colons, which kbuild forbids. */
struct error *store_dir(char **out) __must_check;
struct error *store_path(const char *key, char **out) __must_check;

/* An unused name in the store for what is being made or removed. */
struct error *store_temporary(const char *key, char **out) __must_check;
bool store_is_temporary(const char *file);

/*
 * The right to change the store, until the descriptor is closed; waits, and says so. Whoever
 * has it may remove everything temporary: its maker is dead.
 */
struct error *store_lock(int *fd) __must_check;
struct error *store_sweep(void) __must_check;
/*
 * The right to change one target that is there, whatever is done to others meanwhile. Who needs
 * both takes the store first.
 */
struct error *store_lock_target(const char *dir, int *fd) __must_check;

#endif
