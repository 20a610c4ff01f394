// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/compare_unit.h"

#include "base/file.h"

/* Messages call it by its name in the tree, not by its place in the workspace. */
static struct error *read_object(const char *path, const char *name, struct object **out)
{
	struct file_map map __cleanup_map = { 0 };

	TRY(file_map(path, &map));
	return object_parse(name, map.bytes, map.size, out);
}

struct error *compare_unit(const struct unit *u, bool at_load, const char *before_path,
			   const char *after_path, struct object **before, struct object **after,
			   struct delta **delta)
{
	const struct delta_options opt = { .builtin = !u->module_path, .at_load = at_load };

	TRY(read_object(before_path, u->object, before));
	TRY(read_object(after_path, u->object, after));
	return delta_compute_as(*before, *after, &opt, delta);
}
