// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/patch_state.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"

static struct error *read_flag(const char *patch, const char *name, bool *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	char *path __free = str_printf("/sys/kernel/livepatch/%s/%s", patch, name);
	struct error *e;

	if (!path)
		return error_nomem();
	e = file_read(path, &text);
	/* The patch goes while we look. */
	if (error_code(e) == ENOENT || error_code(e) == ENODEV)
		error_free(&e);
	*out = strbuf_str(&text)[0] == '1';
	return e;
}

struct error *patch_state_read(const char *patch, const char *object, const char *name,
			       unsigned int sympos, struct patch_state *out)
{
	char *dir __free = str_printf("/sys/kernel/livepatch/%s", patch);
	char *function __free = str_printf("/sys/kernel/livepatch/%s/%s/%s,%u", patch, object, name,
					   sympos ? sympos : 1);

	*out = (struct patch_state){ 0 };
	if (!dir || !function)
		return error_nomem();
	out->present = file_is_dir(dir);
	if (!out->present)
		return NULL;
	TRY(read_flag(patch, "enabled", &out->enabled));
	TRY(read_flag(patch, "transition", &out->transition));
	out->lists_function = file_is_dir(function);
	out->object_missing = !str_equal(object, "vmlinux") && !module_instance(object);
	return NULL;
}

uint64_t module_instance(const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	return stat(path, &st) ? 0 : st.st_ino;
}
