/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One file of the folder of trust.h. */
#ifndef SUTURE_BUNDLE_TRUST_FILE_H
#define SUTURE_BUNDLE_TRUST_FILE_H

#include "base/yaml_read.h"
#include "bundle/trust.h"

/* Adds what the text says to the store. 'path' is for messages, and names the key. */
struct error *trust_file_read(struct trust *t, const char *path, const char *text,
			      size_t n) __must_check;

#endif
