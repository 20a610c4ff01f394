// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's own modules that a fix is about. */
#include "trial/stage.h"

static bool is_known(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_equal(names[i], name))
			return true;
	return false;
}

struct error *stage_module_names(struct stage *s, const char ***out)
{
	size_t n = 0;

	*out = arena_array(&s->arena, s->payload->functions.n + 1, sizeof(**out));
	if (!*out)
		return error_nomem();
	vec_for_each(&s->payload->functions, f)
		if (!str_equal(f->object, "vmlinux") && !is_known(*out, n, f->object))
			(*out)[n++] = f->object;
	return NULL;
}

struct error *stage_free_modules(struct stage *s)
{
	vec_for_each(&s->payload->at_load, name)
		TRY_CONTEXT(stage_agent(s, 40, NULL, "remove %s 10", *name),
			    "%s must be loaded after the patch, and can't be unloaded", *name);
	return NULL;
}

struct error *stage_return_modules(struct stage *s)
{
	vec_for_each(&s->payload->at_load, name)
		TRY(vm_load(s->vm, *name));
	return NULL;
}

struct error *stage_load_modules(struct stage *s)
{
	const struct fix_metadata *m = s->subject->metadata;
	const char **names;

	TRY(stage_module_names(s, &names));
	for (; *names; names++)
		TRY(vm_load(s->vm, *names));
	for (size_t i = 0; m && i < m->modules.n; i++)
		TRY(vm_load(s->vm, m->modules.v[i]));
	return NULL;
}
