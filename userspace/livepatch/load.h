/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading, disabling and unloading livepatches. Each call does one thing to the kernel; what
 * they mean together is flow's.
 *
 * Knowledge: kernel/livepatch/core.c and transition.c, kernel/module/main.c; Documentation/
 * livepatch/livepatch.rst ("Livepatch life-cycle").
 */
#ifndef SUTURE_LIVEPATCH_LOAD_H
#define SUTURE_LIVEPATCH_LOAD_H

#include <stdbool.h>

#include "base/error.h"

/*
 * Load the module file (through libkmod). An error says what the kernel's number means and
 * quotes what its log said meanwhile; nothing is loaded then. ERROR_POLICY where a signature is
 * missing, ERROR_REFUSED where the kernel finds that it does not fit.
 */
struct error *load_insert(const char *ko, const char *parameters) __must_check;

/* Write 0 to "enabled": while the patch is in transition that reverses it. */
struct error *load_disable(const char *patch) __must_check;
/* Write 1 to "force": tasks are switched although they may be inside of what changes. */
struct error *load_force(const char *patch) __must_check;
/* Unload; waits up to 'seconds' for those that still use it. Not there: no error. */
struct error *load_remove(const char *module, double seconds) __must_check;

/* Called between two looks; an error ends the waiting and is returned. */
typedef struct error *load_watch(void *arg, double elapsed);

/*
 * Wait until the patch is out of transition and enabled (or gone from sysfs, which a disabled
 * one is). *done is false if 'seconds' went by first. ERROR_FAILED if an awaited patch is gone or
 * disabled instead: somebody took it back.
 */
struct error *load_await_enabled(const char *patch, double seconds, load_watch *watch, void *arg,
				 bool *done) __must_check;
struct error *load_await_gone(const char *patch, double seconds, load_watch *watch, void *arg,
			      bool *done) __must_check;

/* What an errno of loading a module means, and what to do; the error takes its kind. Pure. */
struct error *load_explain(int err, const char *module, const char *said) __must_check;

#endif
