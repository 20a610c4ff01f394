// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is compiled for x86-64 beside vmlinux and the modules: the vdso (arch/x86/entry/vdso), the
 * real-mode trampoline (arch/x86/realmode/rm), the purgatory of kexec; and C files that are
 * compiled only for the numbers in them, which become a header (Kbuild, arch/x86/kvm/Makefile).
 */
#include "source/readers.h"

#include <string.h>

#include "base/cleanup.h"

#define VDSO "is mapped into every process as the vdso"
#define REALMODE "is copied out of the kernel as real-mode code"
#define PURGATORY "runs between two kernels, in kexec"
#define NUMBERS "makes a header of offsets and sizes that assembly reads"
#define ASSEMBLY "is assembly"

static const struct outside_reader rows[] = {
	{ "arch/x86/entry/vdso/vclock_gettime.c", "arch/x86/entry/vdso/vclock_gettime.o", VDSO },
	{ "arch/x86/entry/vdso/vgetcpu.c", "arch/x86/entry/vdso/vgetcpu.o", VDSO },
	{ "arch/x86/entry/vdso/vsgx.S", NULL, VDSO },
	{ "arch/x86/entry/vdso/vgetrandom.c", "arch/x86/entry/vdso/vgetrandom.o", VDSO },
	{ "arch/x86/entry/vdso/vdso32/vclock_gettime.c", NULL, VDSO },
	{ "arch/x86/entry/vdso/vdso32/vgetcpu.c", NULL, VDSO },
	{ "arch/x86/realmode/rm/wakemain.c", NULL, REALMODE },
	{ "arch/x86/realmode/rm/regs.c", NULL, REALMODE },
	{ "arch/x86/realmode/rm/video-mode.c", NULL, REALMODE },
	{ "arch/x86/realmode/rm/video-vga.c", NULL, REALMODE },
	{ "arch/x86/realmode/rm/video-vesa.c", NULL, REALMODE },
	{ "arch/x86/realmode/rm/video-bios.c", NULL, REALMODE },
	{ "arch/x86/purgatory/purgatory.c", "arch/x86/purgatory/purgatory.o", PURGATORY },
	{ "lib/crypto/sha256.c", "arch/x86/purgatory/sha256.o", PURGATORY },
	{ "arch/x86/kernel/asm-offsets.c", "arch/x86/kernel/asm-offsets.o", NUMBERS },
	{ "arch/x86/kvm/kvm-asm-offsets.c", "arch/x86/kvm/kvm-asm-offsets.o", NUMBERS },
	{ "kernel/bounds.c", "kernel/bounds.o", NUMBERS },
	{ "kernel/sched/rq-offsets.c", "kernel/sched/rq-offsets.o", NUMBERS },
};

/* Has run when there is a kernel to patch. */
static bool is_boot(const char *path)
{
	return str_starts(path, "arch/x86/boot/") ||
	       str_starts(path, "drivers/firmware/efi/libstub/");
}

/* All of the x86-64 kernel's assembly; that of drivers is other architectures'. */
static bool is_kernel_assembly(const char *path)
{
	return str_ends(path, ".S") && !str_starts(path, "drivers/") &&
	       !str_starts(path, "scripts/") && !str_starts(path, "tools/") && !is_boot(path);
}

bool outside_reader(const char *source, struct outside_reader *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!str_equal(rows[i].source, source))
			continue;
		*out = rows[i];
		return true;
	}
	if (!is_kernel_assembly(source))
		return false;
	*out = (struct outside_reader){ source, NULL,
					str_starts(source, "arch/x86/realmode/") ? REALMODE
										 : ASSEMBLY };
	return true;
}

void readers_free(struct readers *r)
{
	vec_free(&r->outside);
	arena_free(&r->arena);
}

struct search {
	const struct include_index *index;
	const struct unit_table *table;
	const char *const *paths;
	size_t n;
};

static bool has_name(const struct include_index *x, const struct include_file *f,
		     enum include_kind kind, const char *plain)
{
	for (uint32_t k = 0; k < f->n; k++) {
		const struct include_name *name = &x->names.v[x->names_of.v[f->first + k]];

		if (name->kind == kind && str_equal(name->plain, plain))
			return true;
	}
	return false;
}

/* One of the paths that the file names in quotes, or NULL. */
static const char *names_one(const struct search *s, const struct include_file *f)
{
	for (uint32_t k = 0; k < f->n; k++) {
		const struct include_name *name =
			&s->index->names.v[s->index->names_of.v[f->first + k]];

		if (name->kind != INCLUDE_QUOTED)
			continue;
		for (size_t i = 0; i < s->n; i++)
			if (str_ends(s->paths[i], name->plain))
				return s->paths[i];
	}
	return NULL;
}

/* Programs that run when a kernel is built write parts of its source. */
static struct error *check_generator(const struct search *s, const struct include_file *f)
{
	const char *path;

	if (is_boot(f->path) || str_starts(f->path, "tools/") ||
	    str_starts(f->path, "scripts/mod/"))
		return NULL;
	path = has_name(s->index, f, INCLUDE_ANGLED, "stdio.h") ? names_one(s, f) : NULL;
	if (!path)
		return NULL;
	return error_refused("%s is read by %s, which generates a part of the kernel's source",
			     path, f->path);
}

static struct error *add_outside(struct readers *out, const struct outside_reader *r)
{
	struct outside_reader *copy = arena_dup(&out->arena, r, sizeof(*r));

	return copy ? vec_push(&out->outside, copy) : error_nomem();
}

static struct error *take_reader(const struct search *s, const struct include_file *f,
				 struct unit_list *units, struct readers *out)
{
	size_t n = units->list.n;
	struct outside_reader r;

	TRY(unit_table_find(s->table, f->path, units));
	if (outside_reader(f->path, &r))
		return add_outside(out, &r);
	if (units->list.n > n)
		return NULL;
	out->boot = out->boot || is_boot(f->path);
	return str_ends(f->path, ".c") ? check_generator(s, f) : NULL;
}

struct error *readers_find(const struct include_index *x, const struct include_reach *reach,
			   const struct unit_table *table, const char *const *paths, size_t n,
			   struct unit_list *units, struct readers *out)
{
	struct readers r __cleanup_readers = { 0 };
	struct search s = { x, table, paths, n };

	vec_for_each(&reach->inputs, it)
		return error_refused("%s is named in %s: a part of the kernel's source is "
				     "generated from it",
				     it->path, it->makefile);
	for (uint32_t i = 0; i < x->files.n; i++)
		if (reach->files[i])
			TRY(take_reader(&s, &x->files.v[i], units, &r));
	*out = r;
	r = (struct readers){ 0 };
	return NULL;
}
