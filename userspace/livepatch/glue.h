/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The source text of the glue, as in kmod/payload at the time suture was built. */
#ifndef SUTURE_LIVEPATCH_GLUE_H
#define SUTURE_LIVEPATCH_GLUE_H

extern const char glue_records_h[]; /* NUL-terminated */
extern const char glue_payload_c[];
extern const char glue_reload_c[];
extern const char glue_constants_c[];
extern const char glue_at_load_c[];

#endif
