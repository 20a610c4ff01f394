/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of fix.yaml. */
#ifndef SUTURE_FIX_FIELDS_H
#define SUTURE_FIX_FIELDS_H

#include "fix/form.h"
#include "fix/metadata.h"

#define FIX_SCHEMA "suture-fix/1"

/* What fix.yaml says; then what its parts say of one another. */
struct error *fix_fields_read(struct form_reader *r, const struct yaml_value *root,
			      struct fix_metadata *to) __must_check;

/* Defaults of what is not said. */
void fix_fields_begin(struct fix_metadata *m);

#endif
