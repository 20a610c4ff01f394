// SPDX-License-Identifier: GPL-2.0-or-later
/* Knowledge: CONFIG_MODULE_COMPRESS_* and what scripts/Makefile.modinst calls the results. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "source/target.h"

struct error *target_module_file(const char *modules, const char *modfile, char **out)
{
	static const char *const suffixes[] = { "", ".xz", ".zst", ".gz" };

	*out = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		char *path __free = str_printf("%s/kernel/%s.ko%s", modules, modfile, suffixes[i]);

		if (!path)
			return error_nomem();
		if (file_exists(path)) {
			*out = take(path);
			return NULL;
		}
	}
	return NULL;
}
