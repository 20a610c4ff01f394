// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/extra_header.h"

#include <string.h>

extern const char extra_patch_h[], extra_patch_h_end[];

__asm__(".pushsection .rodata.extra_patch_h,\"a\"\n"
	".globl extra_patch_h, extra_patch_h_end\n"
	"extra_patch_h:\n"
	".incbin \"kmod/include/suture/patch.h\"\n"
	"extra_patch_h_end:\n"
	".byte 0\n"
	".popsection\n");

bool extra_header_wanted(const char *text, size_t n)
{
	static const char include[] = "<suture/patch.h>";

	return n && memmem(text, n, include, sizeof(include) - 1);
}

struct shadow_file extra_header(void)
{
	return (struct shadow_file){ .path = "include/suture/patch.h",
				     .text = extra_patch_h,
				     .n = (size_t)(extra_patch_h_end - extra_patch_h) };
}
