// SPDX-License-Identifier: GPL-2.0-or-later
/* A module that the fix changes goes and comes while the patch stays. */
#include "trial/stage.h"

#define LET_GO 10.0

/* Is the new code in place, and the fault gone? */
static struct error *check_live(struct stage *s, const char *when)
{
	struct strbuf told __cleanup_strbuf = { 0 };
	enum run_ended ended;

	TRY_CONTEXT(stage_prove_now(s), "%s", when);
	if (!s->reproducer)
		return NULL;
	TRY(stage_reproduce(s, &s->subject->reproducer.after, &ended, &told));
	if (ended == RUN_CRASHED)
		return error_failed("%s: %s", when, told.s);
	if (ended != RUN_AS_EXPECTED)
		return error_new(ERROR_VERIFY, "%s the fault is not gone: %s", when, told.s);
	return NULL;
}

static struct error *patch_on(struct stage *s)
{
	double limit = s->subject->transition_timeout;

	TRY(stage_agent(s, 120, NULL, "insert " MODULE));
	return stage_agent(s, limit + 30, NULL, "await %s %.0f", s->payload->module, limit);
}

static struct error *patch_off(struct stage *s)
{
	double limit = s->subject->transition_timeout;

	TRY(stage_agent(s, limit + 30, NULL, "revert %s %.0f", s->payload->module, limit));
	return stage_agent(s, LET_GO + 30, NULL, "remove %s %.0f", s->payload->module, LET_GO);
}

/* One that something holds can't go, which is nobody's fault. */
static struct error *remove_all(struct stage *s, const char *const *names)
{
	for (; *names; names++) {
		struct error *e __cleanup_error = stage_agent(s, 40, NULL, "remove %s 3", *names);

		if (e && error_kind(e) == ERROR_VERIFY)
			return error_new(ERROR_NOTHING, "the module can't be unloaded: %s",
					 error_message(e));
		if (e)
			return take(e);
	}
	return NULL;
}

static struct error *insert_all(struct stage *s, const char *const *names)
{
	for (; *names; names++)
		TRY(vm_load(s->vm, *names));
	return NULL;
}

struct error *act_reload(struct stage *s)
{
	const char **names;

	TRY(stage_module_names(s, &names));
	TRY(stage_free_modules(s));
	TRY(patch_on(s));
	TRY(stage_return_modules(s));
	TRY(remove_all(s, names));
	TRY(insert_all(s, names));
	TRY(check_live(s, "after the module came again"));
	TRY(patch_off(s));
	TRY(strbuf_printf(&s->seen, "%s went and came", names[0]));
	return stage_check_log(s);
}

struct error *act_early(struct stage *s)
{
	const char **names;

	TRY(stage_module_names(s, &names));
	TRY(remove_all(s, names));
	TRY(patch_on(s));
	TRY(insert_all(s, names));
	TRY(check_live(s, "with the module loaded after the patch"));
	TRY(patch_off(s));
	TRY(strbuf_printf(&s->seen, "the patch, then %s", names[0]));
	return stage_check_log(s);
}
