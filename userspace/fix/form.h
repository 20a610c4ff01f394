/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kinds of values that only a fix.yaml has, for base/form.h. */
#ifndef SUTURE_FIX_FORM_H
#define SUTURE_FIX_FORM_H

#include "base/form.h"
#include "bundle/facts.h"

form_read_fn form_fact;	  /* const char * (struct bundle_form) */
form_read_fn form_facts;  /* a list: struct bundle_names (struct bundle_form) */
form_read_fn form_serial; /* uint64_t */
form_read_fn form_path;	  /* inside of the folder: const char * */

#endif
