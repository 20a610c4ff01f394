// SPDX-License-Identifier: GPL-2.0-or-later
/* The units of a workspace: where their two objects go, and which module they are a part of. */
#include "source/workspace_units.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "source/include_survey.h"

void workspace_unit_clear(struct unit *u)
{
	free(u->source);
	free(u->object);
	free(u->module);
	free(u->module_path);
	free(u->before);
	free(u->after);
	free(u->command);
	*u = (struct unit){ 0 };
}

/* "fs/proc/cmdline.o" in a folder of the workspace, which is made. */
static struct error *object_path(const struct workspace_place *p, const char *folder,
				 const char *object, char **out)
{
	char *path __free = str_printf("%s/%s/%s", p->ws->private->path, folder, object);
	char *slash;

	if (!path)
		return error_nomem();
	slash = strrchr(path, '/');
	*slash = '\0';
	TRY(dir_make(path));
	*slash = '/';
	*out = take(path);
	return NULL;
}

/* The module's name as livepatch and lsmod know it. */
static char *module_name(const char *file)
{
	char *name = strdup(file);

	for (char *c = name; c && *c; c++)
		if (*c == '-')
			*c = '_';
	return name;
}

/* 'modfile' is where kbuild puts the module, without suffix: "fs/xfs/xfs". */
static struct error *find_module(const struct workspace_place *p, const char *modfile,
				 struct unit *u)
{
	char *plain __free = strdup(modfile);
	const char *slash;

	if (!plain)
		return error_nomem();
	path_normalise(plain);
	slash = strrchr(plain, '/');
	u->module = module_name(slash ? slash + 1 : plain);
	if (!u->module)
		return error_nomem();
	TRY(target_module_file(p->target->modules, plain, &u->module_path));
	if (u->module_path)
		return NULL;
	return error_refused("%s belongs to the module %s, which %s does not ship", u->source,
			     u->module, p->target->name);
}

static struct error *start_unit(const struct workspace_place *p, const char *source,
				const char *object, struct unit *u)
{
	u->source = strdup(source);
	u->object = strdup(object);
	if (!u->source || !u->object)
		return error_nomem();
	path_normalise(u->object);
	TRY(object_path(p, "before", u->object, &u->before));
	return object_path(p, "after", u->object, &u->after);
}

struct error *workspace_add_outside(const struct workspace_place *p, const struct outside_reader *r)
{
	struct unit u __cleanup(workspace_unit_clear) = { .outside = r->what };

	TRY(start_unit(p, r->source, r->object, &u));
	u.module = strdup("");
	if (!u.module)
		return error_nomem();
	TRY(vec_push(&p->ws->units, u));
	u = (struct unit){ 0 };
	return NULL;
}

/* One unit of the workspace: a part of vmlinux (no modfile) or of one module. */
static struct error *add_unit(const struct workspace_place *p, const struct table_unit *from,
			      const char *modfile)
{
	struct unit u __cleanup(workspace_unit_clear) = { 0 };

	TRY(start_unit(p, from->source, from->object, &u));
	if (modfile)
		TRY(find_module(p, modfile, &u));
	else
		u.module = strdup("vmlinux");
	if (!u.module)
		return error_nomem();
	TRY(vec_push(&p->ws->units, u));
	u = (struct unit){ 0 };
	return NULL;
}

/* An object that is part of several modules is a unit of each. */
struct error *workspace_add_units(const struct workspace_place *p, const struct table_unit *from)
{
	char *modfiles __free = strdup(from->modfile ? from->modfile : "");
	char *save = NULL;

	if (!modfiles)
		return error_nomem();
	if (!from->modfile)
		return add_unit(p, from, NULL);
	for (char *m = strtok_r(modfiles, " ", &save); m; m = strtok_r(NULL, " ", &save))
		TRY(add_unit(p, from, m));
	return NULL;
}
