// SPDX-License-Identifier: GPL-2.0-or-later
/* The glue's source travels inside suture, so that an installed suture needs no share folder. */
#include "livepatch/glue.h"

#define EMBED(symbol, path)                                \
	__asm__(".pushsection .rodata." #symbol ",\"a\"\n" \
		".globl " #symbol "\n" #symbol ":\n"       \
		".incbin \"" path "\"\n"                   \
		".byte 0\n"                                \
		".popsection\n")

EMBED(glue_records_h, "kmod/payload/records.h");
EMBED(glue_payload_c, "kmod/payload/payload.c");
EMBED(glue_reload_c, "kmod/payload/reload.c");
EMBED(glue_constants_c, "kmod/payload/constants.c");
EMBED(glue_at_load_c, "kmod/payload/at_load.c");
