// SPDX-License-Identifier: GPL-2.0-or-later
/* One patch's life: before, loaded, proved, taken back, gone. */
#include <inttypes.h>

#include "trial/stage.h"

#define GIVE_UP 20.0 /* seconds for a patch that is taken back because it did not get live */
#define LET_GO 10.0  /* seconds until the kernel lets go of the module */

static double transition_limit(const struct stage *s)
{
	return s->subject->transition_timeout;
}

/* --- before ------------------------------------------------------------------------- */

/*
 * What the reproducer did to the kernel is not the patch's: one that has died, or complained, is
 * given back for a fresh one.
 */
static struct error *start_afresh(struct stage *s)
{
	struct error *e __cleanup_error = NULL;

	s->crashed = vm_state(s->vm) != VM_RUNNING;
	if (!s->crashed)
		e = stage_check_log(s);
	if (e && error_kind(e) != ERROR_VERIFY)
		return take(e);
	s->complained = e != NULL;
	return s->crashed || s->complained ? stage_boot(s, s->scene) : NULL;
}

struct error *act_before(struct stage *s)
{
	const struct fix_run *expected = &s->subject->reproducer.before;
	struct strbuf told __cleanup_strbuf = { 0 };
	enum run_ended ended;

	TRY(stage_reproduce(s, expected, &ended, &told));
	TRY(start_afresh(s));
	s->unseen = ended == RUN_OTHERWISE;
	if (s->unseen)
		return error_new(ERROR_PENDING,
				 "the reproducer does not show the fault without the patch: %s",
				 told.s);
	return strbuf_printf(&s->seen, "%s%s", told.s,
			     s->complained ? "; the kernel complained" : "");
}

struct error *act_watch(struct stage *s)
{
	TRY(stage_watch(s));
	return strbuf_printf(&s->seen, "%zu functions", s->payload->functions.n);
}

/* --- live --------------------------------------------------------------------------- */

struct error *act_load(struct stage *s)
{
	TRY(stage_free_modules(s));
	return stage_agent(s, 120, NULL, "insert " MODULE);
}

/* It did not get live: can it at least be taken back? */
static struct error *give_up(struct stage *s, struct error *why)
{
	struct strbuf said __cleanup_strbuf = { 0 };
	struct error *e __cleanup_error =
		stage_agent(s, GIVE_UP + 30, &said, "revert %s %.0f", s->payload->module, GIVE_UP);

	if (vm_state(s->vm) != VM_RUNNING) {
		error_free(&why);
		return take(e);
	}
	return error_new(error_kind(why), "%s\n%s%s", error_message(why),
			 e ? "it can't be taken back: " : "taken back", e ? error_message(e) : "");
}

struct error *act_transition(struct stage *s)
{
	struct strbuf said __cleanup_strbuf = { 0 };
	struct error *e = stage_agent(s, transition_limit(s) + 30, &said, "await %s %.0f",
				      s->payload->module, transition_limit(s));

	if (e)
		return error_kind(e) == ERROR_VERIFY ? give_up(s, e) : e;
	TRY(stage_return_modules(s));
	return strbuf_printf(&s->seen, "after %s", str_duration(stage_number(&said, "live")).s);
}

struct error *act_proof(struct stage *s)
{
	struct counts c;

	TRY(stage_ask(s, "attach-new"));
	TRY(stage_count(s, &c));
	if (c.in_place < c.functions)
		return error_new(ERROR_VERIFY, "%zu of %zu functions are in place%s%s", c.in_place,
				 c.functions, c.trouble ? ": " : "", c.trouble ? c.trouble : "");
	return strbuf_printf(&s->seen, "%zu of %zu functions are in place", c.in_place,
			     c.functions);
}

struct error *act_after(struct stage *s)
{
	struct strbuf told __cleanup_strbuf = { 0 };
	enum run_ended ended;

	TRY(stage_ask(s, "mark"));
	TRY(stage_reproduce(s, &s->subject->reproducer.after, &ended, &told));
	if (ended == RUN_LATE)
		s->worse = OUTCOME_HANG;
	if (ended == RUN_CRASHED || ended == RUN_LATE)
		return error_failed("%s", told.s);
	TRY(stage_count(s, &s->counts));
	if (ended != RUN_AS_EXPECTED)
		return error_new(ERROR_VERIFY, "the fault is not gone: %s", told.s);
	return strbuf_puts(&s->seen, told.s);
}

/* Without a reproducer: whatever a machine at work calls. */
static struct error *count_load(struct stage *s)
{
	TRY(stage_ask(s, "mark"));
	TRY(stage_agent(s, 30, NULL, "load 6"));
	TRY(stage_do(s, 30, NULL, "sleep 2"));
	TRY(stage_agent(s, 30, NULL, "quiet"));
	return stage_count(s, &s->counts);
}

struct error *act_exercised(struct stage *s)
{
	const struct counts *c = &s->counts;

	if (!c->functions)
		TRY(count_load(s));
	if (c->old_body || c->in_place < c->functions)
		return error_new(ERROR_VERIFY,
				 "the old code ran %" PRIu64 " times, the new %" PRIu64 "%s%s",
				 c->old_body, c->new_entry, c->trouble ? ": " : "",
				 c->trouble ? c->trouble : "");
	if (c->missed)
		return error_new(ERROR_PENDING, "%" PRIu64 " calls were not counted", c->missed);
	if (!c->exercised)
		return error_new(ERROR_PENDING, "in place, not exercised: nobody called %s",
				 c->functions > 1 ? "any of the functions" : "the function");
	return strbuf_printf(&s->seen,
			     "%" PRIu64 " calls of the new code, 0 of the old; %zu of %zu "
			     "functions",
			     c->new_entry, c->exercised, c->functions);
}

/* --- taken back --------------------------------------------------------------------- */

struct error *act_revert(struct stage *s)
{
	struct strbuf said __cleanup_strbuf = { 0 };
	struct counts c;

	TRY(stage_agent(s, transition_limit(s) + 30, &said, "revert %s %.0f", s->payload->module,
			transition_limit(s)));
	TRY(stage_count(s, &c));
	if (c.patched)
		return error_new(ERROR_VERIFY, "%zu of %zu functions are still redirected",
				 c.patched, c.functions);
	TRY(stage_ask(s, "quit"));
	return strbuf_printf(&s->seen, "after %s", str_duration(stage_number(&said, "gone")).s);
}

/* Modules that came after the patch have its data: without it they begin anew. */
struct error *act_unload(struct stage *s)
{
	TRY(stage_agent(s, LET_GO + 30, NULL, "remove %s %.0f", s->payload->module, LET_GO));
	TRY(stage_free_modules(s));
	return stage_return_modules(s);
}

struct error *act_log(struct stage *s)
{
	return stage_check_log(s);
}

struct error *act_again(struct stage *s)
{
	struct strbuf told __cleanup_strbuf = { 0 };
	enum run_ended ended;

	if (s->crashed)
		return error_new(ERROR_NOTHING, "without the patch the reproducer ends the kernel");
	if (s->unseen)
		return error_new(ERROR_NOTHING, "the fault was not seen before either");
	TRY(stage_reproduce(s, &s->subject->reproducer.reverted, &ended, &told));
	if (ended == RUN_CRASHED)
		return error_failed("%s", told.s);
	if (ended != RUN_AS_EXPECTED)
		return error_new(ERROR_VERIFY, "the kernel is not as it was: %s", told.s);
	if (!s->complained)
		TRY(stage_check_log(s));
	return strbuf_puts(&s->seen, told.s);
}
