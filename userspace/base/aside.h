/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work in a process of its own, for what may wait inside the kernel where no signal reaches: who
 * asked for it hears it over a socket, or gives it up. It goes when the kernel lets it, and leaves
 * no zombie. What its parent has open it does not keep open: a lock would outlive him.
 */
#ifndef SUTURE_BASE_ASIDE_H
#define SUTURE_BASE_ASIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* fn(socket, arg) runs there, and the process ends when it returns. *fd is the other end. */
struct error *aside_start(void (*fn)(int fd, void *arg), void *arg, int *fd) __must_check;

/* False: nobody listens any more. */
bool aside_send(int fd, const void *bytes, size_t n);
/*
 * All n bytes, before clock_seconds() is 'until'. ERROR_PENDING if that goes by first, ERROR_FAILED
 * if the process has ended.
 */
struct error *aside_receive(int fd, double until, void *bytes, size_t n) __must_check;

#endif
