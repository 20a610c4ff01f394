// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/touched.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool touched_is_ignored(const char *path)
{
	static const char *const folders[] = { "Documentation/", "samples/", "LICENSES/" };
	static const char *const names[] = { "MAINTAINERS", "CREDITS", ".mailmap", ".gitignore" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (str_starts(path, folders[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_equal(base_of(path), names[i]))
			return true;
	/* kernel/bpf is compiled with a part of tools/lib/bpf. */
	if (str_starts(path, "tools/"))
		return !str_starts(path, "tools/lib/");
	return str_starts(path, "arch/um/") || str_starts(path, "arch/x86/um/") ||
	       (str_starts(path, "arch/") && strchr(path + 5, '/') &&
		!str_starts(path, "arch/x86/"));
}

/* Why a source that is in no unit is none: what runs before the kernel, or is copied out of it. */
const char *touched_outside(const char *path, bool *runs)
{
	static const struct {
		const char *folder, *what;
		bool runs;
	} rows[] = {
		{ "arch/x86/boot/", "is boot code: it has run and is gone", true },
		{ "arch/x86/realmode/", "is real-mode code: it is copied out of the kernel", true },
		{ "arch/x86/purgatory/", "is run between two kernels by kexec", true },
		{ "arch/x86/entry/vdso/", "is mapped into every process as the vdso", true },
		{ "drivers/firmware/efi/libstub/", "is the EFI stub: it has run and is gone",
		  true },
		{ "scripts/", "is part of the build, not of the kernel", false },
		{ "tools/", "is a tool, not part of the kernel", false },
		{ "usr/", "is part of the initramfs", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!str_starts(path, rows[i].folder))
			continue;
		*runs = rows[i].runs;
		return rows[i].what;
	}
	return NULL;
}

struct error *touched_check(const struct diff_file *f)
{
	const char *base = base_of(f->path);

	if (str_starts(base, "Makefile") || str_starts(base, "Kbuild") ||
	    str_starts(base, "Kconfig"))
		return error_advise(
			error_refused("%s changes how the kernel is configured or built", f->path),
			"if the fix is whole without this file, leave it out of the "
			"diff");
	return NULL;
}

/* What a diff is for, in messages. */
static const char *source_of(const struct target *t)
{
	return t->folder ? t->source : t->version;
}

struct error *touched_patch(const struct target *t, const struct diff_file *f, struct strbuf *out)
{
	char *path __free = str_printf("%s/%s", t->tree, f->path);
	struct file_map old __cleanup_map = { 0 };

	if (!path)
		return error_nomem();
	if (f->created && file_exists(path))
		return error_failed("%s: the diff creates it, but the source of %s has it", f->path,
				    source_of(t));
	if (f->created)
		return diff_apply(f, "", 0, out);
	if (!file_exists(path))
		return error_advise(error_failed("%s: the diff changes it, but the source of %s "
						 "has no such file",
						 f->path, source_of(t)),
				    "is the diff for another kernel version, or made in another "
				    "folder?");
	TRY(file_map(path, &old));
	TRY(error_advise(diff_apply(f, (const char *)old.bytes, old.size, out),
			 "the source is that of %s; a backport of the fix for it may be needed",
			 source_of(t)));
	if (f->deleted && out->n)
		return error_failed("%s: the diff deletes it, but not all that is in it", f->path);
	return NULL;
}
