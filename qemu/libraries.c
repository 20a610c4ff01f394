// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The program's own loader is asked (ld.so(8), --list): it knows RPATH, its cache and its
 * folders better than a copy of its rules would.
 */
#include "qemu/libraries.h"

#include <elf.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "base/subprocess.h"

/* The path of the loader (PT_INTERP), or NULL. */
static struct error *loader_of(const char *path, struct arena *a, const char **out)
{
	struct file_map m __cleanup_map = { 0 };
	Elf64_Ehdr eh;
	Elf64_Phdr ph;

	*out = NULL;
	TRY(file_map(path, &m));
	if (m.size < sizeof(eh) || memcmp(m.bytes, ELFMAG, SELFMAG) ||
	    m.bytes[EI_CLASS] != ELFCLASS64)
		return NULL;
	memcpy(&eh, m.bytes, sizeof(eh));
	for (unsigned int i = 0; i < eh.e_phnum; i++) {
		if (eh.e_phoff > m.size || m.size - eh.e_phoff < (i + 1) * sizeof(ph))
			return error_failed("%s: the program headers are cut off", path);
		memcpy(&ph, m.bytes + eh.e_phoff + i * sizeof(ph), sizeof(ph));
		if (ph.p_type != PT_INTERP)
			continue;
		if (ph.p_offset > m.size || ph.p_filesz > m.size - ph.p_offset || !ph.p_filesz)
			return error_failed("%s: the loader's name is cut off", path);
		*out = arena_printf(a, "%.*s", (int)ph.p_filesz, (char *)m.bytes + ph.p_offset);
		return *out ? NULL : error_nomem();
	}
	return NULL;
}

static struct error *push(struct library_list *list, const char *path, size_t n)
{
	char *copy = arena_printf(&list->arena, "%.*s", (int)n, path);

	if (!copy)
		return error_nomem();
	vec_for_each(&list->paths, it)
		if (str_equal(*it, copy))
			return NULL;
	return vec_push(&list->paths, copy);
}

struct error *libraries_parse(const char *text, struct library_list *list)
{
	while (*text) {
		const char *end = strchrnul(text, '\n');
		const char *arrow = strstr(text, " => ");
		const char *path = NULL;

		if (arrow && arrow < end)
			path = arrow + 4;
		if (path && str_starts(path, "not found"))
			return error_failed("needs %.*s, which is not on this machine",
					    (int)(arrow - text) - 1, text + 1);
		if (path && *path == '/')
			TRY(push(list, path, strcspn(path, " \n")));
		text = *end ? end + 1 : end;
	}
	return NULL;
}

struct error *libraries_of(const char *path, struct library_list *list)
{
	struct strbuf out __cleanup_strbuf = { 0 };
	const char *loader;
	struct subprocess p = { .out = &out, .timeout = 20 };

	TRY(loader_of(path, &list->arena, &loader));
	if (!loader)
		return NULL;
	TRY(push(list, loader, strlen(loader)));
	p.argv = subprocess_words(loader, "--list", path);
	TRY_CONTEXT(subprocess_check(&p), "finding the libraries of %s", path);
	return error_context(libraries_parse(strbuf_str(&out), list), "%s", path);
}

void library_list_free(struct library_list *list)
{
	vec_free(&list->paths);
	arena_free(&list->arena);
}
