// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/touched.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "source/config_symbol.h"

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool touched_is_ignored(const char *path)
{
	static const char *const folders[] = { "Documentation/", "samples/", "LICENSES/",
					       "tools/testing/", "tools/perf/" };
	static const char *const names[] = { "MAINTAINERS", "CREDITS", ".mailmap", ".gitignore" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (str_starts(path, folders[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_equal(base_of(path), names[i]))
			return true;
	return str_starts(path, "arch/") && strchr(path + 5, '/') && !str_starts(path, "arch/x86/");
}

/* Why a source that is in no unit is none: what runs before the kernel, or is copied out of it. */
const char *touched_outside(const char *path)
{
	static const struct {
		const char *folder, *what;
	} rows[] = {
		{ "arch/x86/boot/", "is boot code: it has run and is gone" },
		{ "arch/x86/realmode/", "is real-mode code: it is copied out of the kernel" },
		{ "arch/x86/purgatory/", "is run between two kernels by kexec" },
		{ "arch/x86/entry/vdso/", "is mapped into every process as the vdso" },
		{ "drivers/firmware/efi/libstub/", "is the EFI stub: it has run and is gone" },
		{ "scripts/", "is part of the build, not of the kernel" },
		{ "tools/", "is a tool, not part of the kernel" },
		{ "usr/", "is part of the initramfs" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (str_starts(path, rows[i].folder))
			return rows[i].what;
	return NULL;
}

/* What a name alone says. */
static const char *wrong_kind(const char *path)
{
	const char *base = base_of(path);

	if (str_starts(base, "Makefile") || str_starts(base, "Kbuild") ||
	    str_starts(base, "Kconfig"))
		return "changes how the kernel is configured or built";
	if (str_ends(base, ".h"))
		return "is a header: what includes it would have to be found and built";
	if (str_ends(base, ".S"))
		return "is assembly";
	return str_ends(base, ".c") ? NULL : "is no C source";
}

struct error *touched_check(const struct diff_file *f)
{
	const char *why = wrong_kind(f->path);

	if (why)
		return error_advise(error_refused("%s %s", f->path, why),
				    "a fix can be built if it changes .c files only");
	if (f->created || f->deleted)
		return error_refused("%s is %s by the diff: what links it would change too",
				     f->path, f->created ? "created" : "deleted");
	return NULL;
}

struct error *touched_patch(const struct target *t, const struct diff_file *f, struct strbuf *out)
{
	char *path __free = str_printf("%s/%s", t->tree, f->path);
	struct file_map old __cleanup_map = { 0 };

	if (!path)
		return error_nomem();
	if (!file_exists(path))
		return error_advise(error_failed("%s: the diff changes it, but the source of %s "
						 "has no such file",
						 f->path, t->version),
				    "is the diff for another kernel version, or made in another "
				    "folder?");
	TRY(file_map(path, &old));
	return error_advise(diff_apply(f, (const char *)old.bytes, old.size, out),
			    "the source is that of %s; a backport of the fix for it may be needed",
			    t->version);
}

static struct error *not_compiled(const struct target *t, const char *path)
{
	const char *outside = touched_outside(path);
	char *symbol __free = NULL;

	if (outside)
		return error_refused("%s %s", path, outside);
	TRY(config_symbol(t->tree, path, &symbol));
	return error_advise(error_refused("%s is not compiled in the configuration of %s%s%s%s",
					  path, t->release, symbol ? " (" : "",
					  symbol ? symbol : "", symbol ? " is not set)" : ""),
			    "nothing in this kernel would change; if the diff has other files, "
			    "leave this one out");
}

struct error *touched_units(const struct target *t, const struct unit_table *table,
			    const char *path, struct unit_list *out)
{
	size_t n = out->list.n;
	struct unit_list own = { 0 };
	struct error *e;

	e = unit_table_find(table, path, &own);
	if (!e && !own.list.n)
		e = not_compiled(t, path);
	vec_free(&own.list);
	if (e)
		return e;
	e = unit_table_find(table, path, out);
	if (e)
		out->list.n = n;
	return e;
}
