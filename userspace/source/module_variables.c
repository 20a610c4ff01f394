// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/module_variables.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

struct error *module_compiles_within(const char *tree, bool *out)
{
	char *path __free = str_printf("%s/Makefile", tree);
	struct strbuf text __cleanup_strbuf = { 0 };

	if (!path)
		return error_nomem();
	TRY(file_read(path, &text));
	/* Only such a kernel can put what it compiles elsewhere (MO=). */
	*out = strstr(strbuf_str(&text), "KBUILD_EXTMOD_OUTPUT");
	return NULL;
}

/* Of the names that begin with two of the prefixes, the one that is given last counts. */
static struct error *seen_from_tree(const struct module_build *b, struct strbuf *out)
{
	return strbuf_printf(out,
			     "override PWD := %s\n"
			     "override KCFLAGS := -fmacro-prefix-map=%s/=%s/\n",
			     b->folder, b->folder, b->built_at);
}

/*
 * Each way to name a file of the folder is spelled in one of its own here: FOLDER/x.c is x.c there,
 * FOLDER/./SUB/x.h (by $(src)) is ./SUB/x.h, and ./FOLDER/x.h (by $(M) or $(PWD)) is absolute.
 */
struct error *module_variables(const struct module_build *b, struct strbuf *out)
{
	if (!b->kernel_at)
		return seen_from_tree(b, out);
	return strbuf_printf(
		out,
		"override PWD := ./%s\n"
		"override src = %s/./$(or $(patsubst %s/%%,%%,$(filter-out %s,$(obj))),.)\n"
		"override KCFLAGS := -fmacro-prefix-map=./=%s/ -fmacro-prefix-map=%s/="
		" -fmacro-prefix-map=./%s/=%s/\n",
		b->folder, b->folder, b->folder, b->folder, b->kernel_at, b->folder, b->folder,
		b->built_at);
}

struct error *module_make_variables(const struct module_build *b, const char *tree,
				    struct strbuf *out)
{
	if (!b->kernel_at)
		return seen_from_tree(b, out);
	return strbuf_printf(out,
			     "override PWD := %s/%s\n"
			     "override KCFLAGS := -fmacro-prefix-map=%s/=%s/ "
			     "-fmacro-prefix-map=%s/%s/=%s/\n",
			     tree, b->folder, tree, b->kernel_at, tree, b->folder, b->built_at);
}
