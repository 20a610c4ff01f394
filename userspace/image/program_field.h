/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of a program: between the files that read it and answer about it. */
#ifndef SUTURE_IMAGE_PROGRAM_FIELD_H
#define SUTURE_IMAGE_PROGRAM_FIELD_H

#include "image/program.h"

/* Index of the first field at or above the address. */
size_t program_first_field(const struct program *p, uint64_t at);
/* What the loader writes into it. */
struct program_meaning program_field_meaning(const struct program *p,
					     const struct program_field *f);

#endif
