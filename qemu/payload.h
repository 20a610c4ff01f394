/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of the host in an archive for the guest. */
#ifndef SUTURE_QEMU_PAYLOAD_H
#define SUTURE_QEMU_PAYLOAD_H

#include "qemu/cpio.h"

struct error *payload_copy(struct cpio *c, const char *from, const char *to) __must_check;
/* The same; an executable brings the shared libraries that it needs. */
struct error *payload_program(struct cpio *c, const char *from, const char *to) __must_check;
/* "host path=guest path" */
struct error *payload_file(struct cpio *c, const char *words) __must_check;
/*
 * Append to 'out' which files that would take, as they are now: names, sizes, times of change.
 */
struct error *payload_identity(const char *words, struct strbuf *out) __must_check;
/*
 * All that is in a folder, under 'to': files, folders and symbolic links as they are. What is
 * neither (a socket, a device) is an error.
 */
struct error *payload_tree(struct cpio *c, const char *from, const char *to) __must_check;

#endif
