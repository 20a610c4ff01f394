// SPDX-License-Identifier: GPL-2.0-or-later
#include "trial/plan.h"

#include <string.h>

static const char *no_reproducer(const struct plan_facts *f)
{
	return f->has_reproducer ? NULL : "no reproducer was given";
}

static const char *needs_cpus(const struct plan_facts *f)
{
	return f->cpus > 1 ? NULL : "the guest has one CPU (--smp)";
}

static const char *needs_rounds(const struct plan_facts *f)
{
	return f->repeat ? NULL : "no rounds were asked for (--repeat)";
}

static const char *needs_module(const struct plan_facts *f)
{
	return f->modules ? NULL : "the fix changes no code of a module";
}

static const char *needs_cpus_and_rounds(const struct plan_facts *f)
{
	const char *why = needs_rounds(f);

	return why ? why : needs_cpus(f);
}

/* What a phase needs; each gives NULL, or the reason why it can't be. */
static const char *(*const needs[PHASES])(const struct plan_facts *f) = {
	[PHASE_BEFORE] = no_reproducer,
	[PHASE_AFTER] = no_reproducer,
	[PHASE_AGAIN] = no_reproducer,
	[PHASE_LEAK] = no_reproducer,
	[PHASE_CYCLES] = needs_rounds,
	[PHASE_REPLACE] = needs_rounds,
	[PHASE_HOTPLUG] = needs_cpus_and_rounds,
	[PHASE_RELOAD] = needs_module,
	[PHASE_EARLY] = needs_module,
};

void plan_make(const struct plan_facts *f, struct plan *out)
{
	memset(out, 0, sizeof(*out));
	for (unsigned int i = 0; i < PHASES; i++) {
		enum scene scene = phase_row((enum phase)i)->scene;

		if (scene != SCENE_NONE && f->only && !(f->only & 1u << scene))
			out->skip[i] = "not asked for (--only)";
		else if (needs[i])
			out->skip[i] = needs[i](f);
	}
}

bool plan_has(const struct plan *p, enum scene s)
{
	for (unsigned int i = 0; i < PHASES; i++)
		if (phase_row((enum phase)i)->scene == s && !p->skip[i])
			return true;
	return false;
}
