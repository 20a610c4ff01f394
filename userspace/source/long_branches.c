// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/long_branches.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "source/build_pair.h"

#define HEADER_FOLDER "arch/x86/include"
#define HEADER "asm/jump_label.h"

void long_branches_free(struct long_branches *l)
{
	free(l->before);
	free(l->after);
	*l = (struct long_branches){ 0 };
}

/* "jmp %l[l_yes]", or from 6.13 on also "jmp " and a label behind it. */
struct error *long_branches_header(const char *text, size_t n, struct strbuf *out)
{
	static const char *const jumps[] = { "jmp %l[", "jmp \" label" };
	struct strbuf made __cleanup_strbuf = { 0 };
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(jumps); k++) {
			size_t length = strlen(jumps[k]);

			if (length > n - i || memcmp(text + i, jumps[k], length))
				continue;
			TRY(strbuf_add(&made, "jmp.d32", strlen("jmp.d32")));
			i += strlen("jmp");
			any = true;
			break;
		}
		TRY(strbuf_add(&made, text + i, 1));
	}
	if (!any)
		return error_refused(HEADER " has no branches that could be made longer");
	*out = made;
	made = (struct strbuf){ 0 };
	return NULL;
}

static struct error *read_header(const char *root, struct strbuf *out)
{
	char *path __free = str_printf("%s/" HEADER_FOLDER "/" HEADER, root);

	return path ? file_read(path, out) : error_nomem();
}

/* folder/asm/jump_label.h */
static struct error *write_header(const struct target *t, const char *shadow, const char *folder)
{
	struct strbuf text __cleanup_strbuf = { 0 }, fixed __cleanup_strbuf = { 0 };
	struct strbuf made __cleanup_strbuf = { 0 };
	char *asm_folder __free = str_printf("%s/asm", folder);
	char *path __free = str_printf("%s/" HEADER, folder);

	if (!asm_folder || !path)
		return error_nomem();
	TRY(read_header(t->tree, &text));
	TRY(read_header(shadow, &fixed));
	if (text.n != fixed.n || memcmp(strbuf_str(&text), strbuf_str(&fixed), text.n))
		return error_refused("the fix changes " HEADER ", and branches on a module's "
				     "static key");
	TRY(long_branches_header(strbuf_str(&text), text.n, &made));
	TRY(dir_make(asm_folder));
	return file_write(path, made.s, made.n, 0644);
}

static struct error *object_path(const struct workspace *ws, const char *half, const struct unit *u,
				 char **out)
{
	char *path __free = str_printf("%s/long/%s/%s", ws->private->path, half, u->object);
	char *slash = path ? strrchr(path, '/') : NULL;

	if (!slash)
		return error_nomem();
	*slash = '\0';
	TRY(dir_make(path));
	*slash = '/';
	*out = path;
	path = NULL;
	return NULL;
}

struct error *long_branches_build(const struct target *t, const struct workspace *ws,
				  const struct unit *u, unsigned int jobs,
				  struct long_branches *out)
{
	struct long_branches l __cleanup_long_branches = { 0 };
	char *include __free = str_printf("%s/long/include", ws->private->path);
	char *shadow __free = str_printf("%s/shadow", ws->private->path);
	char *scratch __free = str_printf("%s/scratch", ws->private->path);
	struct build_pair pair = { .source = u->source,
				   .object = u->object,
				   .command = u->command,
				   .include = include,
				   .include_as = HEADER_FOLDER,
				   .depfile = "/dev/null" };
	struct build_result result;

	if (!include || !shadow || !scratch)
		return error_nomem();
	TRY(write_header(t, shadow, include));
	TRY(object_path(ws, "before", u, &l.before));
	TRY(object_path(ws, "after", u, &l.after));
	pair.before = l.before;
	pair.after = l.after;
	TRY(build_pairs(t, shadow, scratch, &pair, 1, jobs, &result));
	l.compile_seconds = result.compile_seconds;
	*out = l;
	l = (struct long_branches){ 0 };
	return NULL;
}
