/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ctrl-C as an error, so that it unwinds through the scope guards like any other
 * and nothing is left behind. cli calls interrupt_install() once; long loops call
 * interrupt_check(). A second Ctrl-C is not needed and does nothing more.
 */
#ifndef SUTURE_BASE_INTERRUPT_H
#define SUTURE_BASE_INTERRUPT_H

#include <stdbool.h>

#include "base/error.h"

/* SIGINT, SIGTERM and SIGHUP are noted from now on; SIGPIPE is ignored: a write fails. */
void interrupt_install(void);
bool interrupted(void);
/* An error of kind ERROR_INTERRUPTED once a signal has come. */
struct error *interrupt_check(void) __must_check;

#endif
