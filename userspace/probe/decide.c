// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/decide.h"

#include <stdarg.h>
#include <string.h>

const char *proof_state_name(enum proof_state state)
{
	static const char *const names[] = { "not patched", "in place", "exercised", "lost" };

	return names[state];
}

static struct decision decision(enum proof_state state, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static struct decision decision(enum proof_state state, const char *fmt, ...)
{
	struct decision d = { .state = state };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d.trouble, sizeof(d.trouble), fmt, ap);
	va_end(ap);
	return d;
}

/* Why the redirect is not there, or NULL. */
static const char *broken(const struct observation *o)
{
	if (o->site_known && o->site.kind == SITE_NOP)
		return "the running text at the ftrace site is a nop: nothing leads away";
	if (o->site_known && o->site.kind == SITE_NONE)
		return "the running text has no ftrace site there";
	if (o->site_known && o->leads_to_bpf)
		return "the ftrace site leads to a BPF trampoline, past livepatch";
	if (o->site_known && o->site.kind == SITE_JUMPED)
		return "there is a jump at the ftrace site, and livepatch is called";
	if (o->hooks_known && o->hooks.empty)
		return "ftrace lists no hooks at all: it has shut itself down";
	if (o->hooks_known && !o->hooks.listed)
		return "ftrace knows no hook on the function";
	if (o->hooks_known && !o->hooks.livepatch && !o->hooks.redirects)
		return "none of the hooks that ftrace knows there may redirect";
	return NULL;
}

/* What keeps the counts from proving anything, or NULL. */
static const char *unproven(const struct observation *o)
{
	if (o->count.missed)
		return "probes missed hits: the counts prove nothing";
	if (o->old_probe == KPROBE_UNKNOWN)
		return "debugfs cannot be read: whether the old body's probe works is not known";
	if (o->old_probe != KPROBE_ARMED)
		return "the probe behind the redirect is gone or disabled: its zero proves nothing";
	if (!o->new_watched)
		return "no probe sits on the new function";
	if (!o->mark_settled)
		return "the counts began before the transition was over";
	return NULL;
}

static struct decision in_place(const struct observation *o)
{
	if (!o->site_known)
		return decision(PROOF_IN_PLACE,
				"by ftrace's word alone: the running text cannot be read");
	if (!o->hooks_known)
		return decision(PROOF_IN_PLACE,
				"by the running text alone: enabled_functions cannot be read");
	if (o->other_patch)
		return decision(PROOF_IN_PLACE,
				"%s replaces the function too: only calls can show which one runs",
				o->other_patch);
	/* On 6.1 two of them, entry then exit, undo the redirect at the next call. */
	if (o->hooks.direct)
		return decision(PROOF_IN_PLACE, "a BPF trampoline is attached to the function too: "
						"only calls can show that the redirect holds");
	return decision(PROOF_IN_PLACE, "%s", "");
}

struct decision proof_decide(const struct observation *o)
{
	const char *why;

	if (!o->patch.present || !o->patch.lists_function)
		return decision(PROOF_NOT_PATCHED, "%s", "");
	if (o->patch.object_missing)
		return decision(PROOF_NOT_PATCHED, "its module is not loaded: nothing of it runs");
	if (o->patch.transition)
		return decision(o->patch.enabled ? PROOF_IN_PLACE : PROOF_NOT_PATCHED,
				"the transition is under way");
	if (!o->patch.enabled)
		return decision(PROOF_NOT_PATCHED, "%s", "");
	why = broken(o);
	if (why)
		return decision(PROOF_LOST, "%s", why);
	if (!o->site_known && !o->hooks_known)
		return decision(PROOF_LOST, "neither the running text nor ftrace's list of hooks "
					    "can be read: nothing shows the redirect");
	if (o->uncounted)
		return in_place(o);
	if (o->count.old_body && o->mark_settled)
		return decision(PROOF_LOST, "the old body ran");
	if (!o->count.new_entry && !o->count.old_body && !o->count.missed &&
	    o->old_probe == KPROBE_ARMED)
		return in_place(o);
	why = unproven(o);
	if (why)
		return decision(PROOF_IN_PLACE, "%s", why);
	return decision(PROOF_EXERCISED, "%s",
			o->site_known ? ""
				      : "by counts and ftrace's word: the running text cannot "
					"be read");
}
