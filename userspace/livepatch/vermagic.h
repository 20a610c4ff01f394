/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What modules say of the kernel that they are for. */
#ifndef SUTURE_LIVEPATCH_VERMAGIC_H
#define SUTURE_LIVEPATCH_VERMAGIC_H

#include "base/error.h"
#include "base/str.h"

/*
 * The running kernel's, from the file of any module that is loaded; nothing is appended if there
 * is none. The kernel itself does not tell.
 */
struct error *vermagic_running(struct strbuf *out) __must_check;

#endif
