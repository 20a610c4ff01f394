// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of phases, and names both ways. Causes are those that fix.yaml may expect. */
#include "trial/phase.h"

#include "base/cleanup.h"
#include "base/str.h"

static const struct phase_row rows[PHASES] = {
	[PHASE_BUILD] = { "build", "there is a module for this kernel", "build", SCENE_NONE },
	[PHASE_BOOT] = { "boot", "the kernel boots", "boot", SCENE_LIFE },
	[PHASE_BEFORE] = { "before", "the fault is there", "reproducer", SCENE_LIFE },
	[PHASE_WATCH] = { "watch", "calls of the old code can be counted", "watch", SCENE_LIFE },
	[PHASE_LOAD] = { "load", "the module loads", "load", SCENE_LIFE },
	[PHASE_TRANSITION] = { "transition", "every task is switched", "transition", SCENE_LIFE },
	[PHASE_PROOF] = { "proof", "each function is redirected", "redirect-lost", SCENE_LIFE },
	[PHASE_AFTER] = { "after", "the fault is gone", "reproducer", SCENE_LIFE },
	[PHASE_EXERCISED] = { "exercised", "the new code ran and the old did not", "redirect-lost",
			      SCENE_LIFE },
	[PHASE_REVERT] = { "revert", "the patch is taken back", "revert", SCENE_LIFE },
	[PHASE_UNLOAD] = { "unload", "the module goes", "unload", SCENE_LIFE },
	[PHASE_LOG] = { "log", "the kernel has nothing to complain about", "warning", SCENE_LIFE },
	[PHASE_AGAIN] = { "again", "the kernel is as it was", "reproducer", SCENE_LIFE },
	[PHASE_LEAK] = { "leak", "no memory is lost with each run", "leak", SCENE_LEAK },
	[PHASE_CYCLES] = { "cycles", "it loads and unloads again and again under load", "cycles",
			   SCENE_CYCLES },
	[PHASE_REPLACE] = { "replace", "it replaces and is replaced under load", "replace",
			    SCENE_REPLACE },
	[PHASE_HOTPLUG] = { "hotplug", "CPUs come and go during its transitions", "hotplug",
			    SCENE_HOTPLUG },
	[PHASE_RELOAD] = { "reload", "its module goes and comes under the patch", "module",
			   SCENE_MODULE },
	[PHASE_EARLY] = { "early", "it may be loaded before its module", "module", SCENE_MODULE },
};

static const char *const scenes[SCENES] = {
	[SCENE_NONE] = "build",	   [SCENE_LIFE] = "life",	[SCENE_LEAK] = "leak",
	[SCENE_CYCLES] = "cycles", [SCENE_REPLACE] = "replace", [SCENE_HOTPLUG] = "hotplug",
	[SCENE_MODULE] = "module",
};

static const char *const outcomes[OUTCOMES] = {
	[OUTCOME_PASS] = "pass",       [OUTCOME_SKIP] = "skip",
	[OUTCOME_FAIL] = "fail",       [OUTCOME_INCONCLUSIVE] = "inconclusive",
	[OUTCOME_PANIC] = "panic",     [OUTCOME_HANG] = "hang",
	[OUTCOME_REFUSED] = "refused", [OUTCOME_NOTHING] = "nothing",
	[OUTCOME_ERROR] = "error",
};

const struct phase_row *phase_row(enum phase p)
{
	return &rows[p];
}

bool phase_find(const char *name, enum phase *out)
{
	for (unsigned int i = 0; i < PHASES; i++)
		if (str_equal(rows[i].name, name)) {
			*out = (enum phase)i;
			return true;
		}
	return false;
}

static bool find(const char *const *names, size_t n, const char *name, unsigned int *out)
{
	for (unsigned int i = 0; i < n; i++)
		if (str_equal(names[i], name)) {
			*out = i;
			return true;
		}
	return false;
}

const char *scene_name(enum scene s)
{
	return scenes[s];
}

bool scene_find(const char *name, enum scene *out)
{
	unsigned int i;

	if (!find(scenes, SCENES, name, &i))
		return false;
	*out = (enum scene)i;
	return true;
}

const char *outcome_name(enum outcome o)
{
	return outcomes[o];
}

bool outcome_find(const char *name, enum outcome *out)
{
	unsigned int i;

	if (!find(outcomes, OUTCOMES, name, &i))
		return false;
	*out = (enum outcome)i;
	return true;
}

bool outcome_is_bad(enum outcome o)
{
	return o != OUTCOME_PASS && o != OUTCOME_SKIP;
}
