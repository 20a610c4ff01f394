// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From facts to findings. One function a row of the table at the end; each adds what it has to
 * say. Pure.
 *
 * Knowledge: Documentation/livepatch/livepatch.rst ("Limitations"), kernel/livepatch/core.c,
 * kernel/trace/ftrace.c (IPMODIFY and direct calls).
 */
#include <string.h>

#include "base/str.h"
#include "flow/check.h"

/* Nothing that could wait for it was looked at then. */
static bool is_stuck(const struct check_facts *f)
{
	return f->stuck_known && (f->stuck.v.n || f->stuck.cpu >= 0);
}

/* --- the kernel ------------------------------------------------------------------- */

static struct error *judge_kernel(const struct check_facts *f, struct findings *out)
{
	const struct live_kernel *k = &f->kernel;

	if (!f->live.supported)
		return finding_add(out, FINDING_REFUSED, "kernel",
				   "livepatches need a kernel with CONFIG_LIVEPATCH",
				   "this kernel (%s) has no livepatches", k->release);
	if (!f->payload)
		return finding_add(out, FINDING_REFUSED, "kernel",
				   "suture build --target kernel:RELEASE makes a bundle for it",
				   "the bundle has no payload for %s", k->release);
	if (k->modules_disabled)
		return finding_add(
			out, FINDING_REFUSED, "kernel", "only a reboot ends that",
			"kernel.modules_disabled is set: no module can be loaded any more");
	return finding_add(out, FINDING_OK, "kernel", NULL, "the bundle has a payload for %s",
			   k->release);
}

static struct error *judge_versions(const struct check_facts *f, struct findings *out)
{
	if (!f->payload)
		return NULL;
	if (!f->vermagic)
		return finding_add(out, FINDING_REFUSED, "versions", "build the bundle again",
				   "the module says nothing of the kernel it was built for");
	if (!str_starts(f->vermagic, f->kernel.release) ||
	    f->vermagic[strlen(f->kernel.release)] != ' ')
		return finding_add(out, FINDING_REFUSED, "versions",
				   "build it for this kernel: suture build --target kernel:RELEASE",
				   "the module was built for \"%s\", not for %s", f->vermagic,
				   f->kernel.release);
	if (f->running_vermagic && !str_equal(f->vermagic, f->running_vermagic))
		return finding_add(
			out, FINDING_REFUSED, "versions",
			"build it for this kernel: suture build --target kernel:RELEASE",
			"the module was built for \"%s\", and this kernel's modules for \"%s\"",
			f->vermagic, f->running_vermagic);
	vec_for_each(&f->crc_trouble, c)
		TRY(finding_add(
			out, FINDING_REFUSED, "versions",
			"the bundle was made for another build of this release: build it again",
			"%s has the version 0x%08x here, and the module wants 0x%08x", c->symbol,
			c->running, c->wanted));
	if (f->crc_trouble.n)
		return NULL;
	if (!f->crcs_known && is_stuck(f))
		return NULL;
	if (!f->crcs_known)
		return finding_add(
			out, FINDING_NOTE, "versions", NULL,
			"vermagic agrees; the running kernel's symbol versions could not be "
			"read: the kernel compares them when it loads the module, and changes "
			"nothing where they differ");
	return finding_add(out, FINDING_OK, "versions", NULL,
			   "vermagic and the versions of %zu symbols agree with the running kernel",
			   f->crcs);
}

static struct error *judge_lockdown(const struct check_facts *f, struct findings *out)
{
	const struct live_kernel *k = &f->kernel;
	bool locked = k->lockdown == LOCKDOWN_INTEGRITY || k->lockdown == LOCKDOWN_CONFIDENTIALITY;
	const char *who = locked ? "lockdown" : k->sig_enforce ? "sig_enforce" : NULL;
	const char *boot = k->secure_boot ? ", Secure Boot is on" : "";

	if (!f->payload)
		return NULL;
	if (who && !f->is_signed)
		return finding_add(
			out, FINDING_POLICY, "module-key",
			"suture sign --module-key with a key that the kernel has",
			"the kernel takes signed modules only (%s%s), and this one is not signed",
			who, boot);
	if (who)
		TRY(finding_add(
			out, FINDING_NOTE, "module-key", NULL,
			"the kernel takes signed modules only (%s%s); this one is signed, and whether "
			"the kernel has its key shows when it is loaded",
			who, boot));
	else
		TRY(finding_add(
			out, FINDING_OK, "module-key", NULL,
			"the kernel takes modules without a signature (no lockdown%s, no sig_enforce%s)",
			k->lockdown == LOCKDOWN_UNKNOWN ? " known" : "", boot));
	if (k->lockdown == LOCKDOWN_CONFIDENTIALITY)
		return finding_add(
			out, FINDING_WARNING, "proof", NULL,
			"lockdown keeps the running text and kprobes closed: the proof rests on "
			"ftrace's word alone");
	return NULL;
}

static struct error *judge_policy(const struct check_facts *f, struct findings *out)
{
	if (f->policy)
		return finding_add(out, FINDING_POLICY, "policy", error_advice(f->policy), "%s",
				   error_message(f->policy));
	if (f->policy_note)
		return finding_add(out, FINDING_OK, "policy", NULL, "%s", f->policy_note);
	return NULL;
}

/* --- what is there already -------------------------------------------------------- */

static bool is_known(const struct check_facts *f, const char *name)
{
	vec_for_each(&f->known, k)
		if (str_equal(k->name, name))
			return true;
	return false;
}

static struct error *judge_applied(const struct check_facts *f, struct findings *out)
{
	const struct live_patch *there =
		f->payload ? live_patch_find(&f->live, f->payload->module) : NULL;

	if (f->has_fix)
		TRY(finding_add(out, FINDING_NOTHING, "applied", NULL,
				"the running kernel is %s or newer, which has the fix itself",
				f->bundle->facts.fixed_in));
	if (!f->livepatch_of_name)
		return NULL;
	if (f->same_digest && there && there->enabled)
		return finding_add(out, FINDING_NOTHING, "applied", NULL,
				   "this very bundle is live already, as %s", f->payload->module);
	return finding_add(out, FINDING_REFUSED, "applied",
			   "suture status tells what it is; suture revert takes it back",
			   "a module %s is loaded already, and is not from this bundle",
			   f->payload->module);
}

static struct error *judge_relations(const struct check_facts *f, struct findings *out)
{
	const struct bundle_facts *b = &f->bundle->facts;

	vec_for_each(&b->requires.v, it)
		if (!is_known(f, *it))
			TRY(finding_add(out, FINDING_REFUSED, "requires", "apply that first",
					"it needs the fix %s, which is not live", *it));
	vec_for_each(&b->conflicts.v, it)
		if (is_known(f, *it))
			TRY(finding_add(out, FINDING_REFUSED, "conflicts",
					"suture revert takes that back",
					"it must not be live together with %s, which is", *it));
	vec_for_each(&b->supersedes.v, it)
		if (is_known(f, *it))
			TRY(finding_add(out, FINDING_NOTE, "supersedes", NULL,
					"it takes the place of %s%s", *it,
					f->payload && f->payload->replace
						? ""
						: ", which stays loaded below it"));
	return NULL;
}

static struct error *judge_stack(const struct check_facts *f, struct findings *out)
{
	const struct live_patch *moving = live_patch_in_transition(&f->live);
	struct strbuf names __cleanup_strbuf = { 0 };
	bool stranger = false;

	if (!f->payload)
		return NULL;
	if (moving)
		return finding_add(
			out, FINDING_REFUSED, "stack",
			"wait until that is over (suture blockers tells for what it waits)",
			"%s is in transition, and the kernel changes one livepatch at a time",
			moving->name);
	vec_for_each(&f->live.patches, p) {
		bool ours = false;

		if (!p->enabled)
			continue;
		vec_for_each(&f->known, k)
			ours |= str_equal(k->module, p->name);
		stranger |= !ours;
		TRY(strbuf_printf(&names, "%s%s", names.n ? ", " : "", p->name));
	}
	if (!names.n)
		return finding_add(out, FINDING_OK, "stack", NULL, "no other livepatch is live");
	if (!f->payload->replace)
		return finding_add(out, FINDING_OK, "stack", NULL, "it is stacked on top of %s",
				   names.s);
	return finding_add(out, stranger ? FINDING_WARNING : FINDING_NOTE, "stack",
			   stranger ? "build it without --replace to keep what others applied"
				    : NULL,
			   "it takes the place of %s%s", names.s,
			   stranger ? ", of which not all are suture's" : "");
}

static struct error *judge_at_load(const struct check_facts *f, struct findings *out)
{
	vec_for_each(&f->at_load_present, it)
		TRY(finding_add(
			out, FINDING_REFUSED, "at-load", "unload that module, apply, load it again",
			"%s is loaded, and the fix takes hold only when it is loaded later", *it));
	if (f->payload && f->payload->at_load.n && !f->at_load_present.n)
		TRY(finding_add(
			out, FINDING_NOTE, "at-load", NULL,
			"%s must be loaded after the patch, and the patch stays while it lives",
			f->payload->at_load.v[0]));
	return NULL;
}

/* --- the functions ---------------------------------------------------------------- */

static struct error *judge_one_text(const struct check_function *c, struct findings *out,
				    size_t *agree)
{
	const struct bundle_function *f = c->f;

	if (c->symbol_known && !c->symbol_present)
		return finding_add(out, FINDING_REFUSED, "text",
				   "the bundle is for another build of it",
				   "%s has no function %s here", f->object, f->name);
	if (c->sites_known && !c->site_present)
		return finding_add(out, FINDING_REFUSED, "sites",
				   "a function that ftrace does not know can't be redirected",
				   "%s is not among the functions that ftrace can hook", f->name);
	if (c->text == TEXT_DIFFERS)
		return finding_add(
			out, FINDING_REFUSED, "text",
			"the bundle is for another build of it, or something rewrote the code",
			"the running %s is not what the fix was made for: %s", f->name,
			c->text_why);
	*agree += c->text == TEXT_AGREES;
	if (c->text == TEXT_NOT_CHECKED && c->text_why)
		return finding_add(
			out, FINDING_NOTE, "text", NULL,
			"the running text of %s was not compared (%s); instead: its symbol%s%s",
			f->name, c->text_why,
			c->symbol_known ? " is there" : " could not be looked up",
			c->sites_known ? ", and ftrace knows its site" : "");
	return NULL;
}

static struct error *judge_text(const struct check_facts *f, struct findings *out)
{
	size_t agree = 0, absent = 0;

	vec_for_each(&f->functions, c) {
		if (!c->object_present) {
			absent++;
			continue;
		}
		TRY(judge_one_text(c, out, &agree));
	}
	if (agree)
		TRY(finding_add(out, FINDING_OK, "text", NULL,
				"the running text of %zu function%s is what the fix was made for",
				agree, agree == 1 ? "" : "s"));
	if (absent)
		TRY(finding_add(out, FINDING_NOTE, "text", NULL,
				"%zu of its functions are in modules that are not loaded: they are "
				"redirected when those are",
				absent));
	return NULL;
}

/*
 * Measured on Debian's kernels (tests/vm/redirect): on 6.1, attaching fentry and then fexit to a
 * patched function has ftrace shut down, and the old code runs. 6.12 and 7.2 are well.
 */
static bool may_undo(const struct live_kernel *k)
{
	return str_starts(k->release, "6.1.");
}

static struct error *judge_hook(const struct check_facts *f, const struct check_function *c,
				struct findings *out)
{
	const char *name = c->f->name;

	if (c->hooks_known && c->hooks.redirects && !c->hooks.livepatch && !c->other)
		TRY(finding_add(
			out, FINDING_REFUSED, "hooks",
			"detach it: only one hook may redirect a function",
			"another hook redirects %s already, and is not livepatch's: the kernel would "
			"say EBUSY",
			name));
	if (c->other)
		TRY(finding_add(out, FINDING_NOTE, "hooks", NULL,
				"%s patches %s, too: this one is on top of it and is what runs",
				c->other, name));
	if (c->hooks_known && c->hooks.direct)
		TRY(finding_add(
			out, may_undo(&f->kernel) ? FINDING_WARNING : FINDING_NOTE, "hooks",
			may_undo(&f->kernel)
				? "detach it before, or attach nothing more to it while the "
				  "patch is live: suture verify watches"
				: NULL,
			"a BPF trampoline (fentry, fexit) is attached to %s%s", name,
			may_undo(&f->kernel)
				? ": on this kernel attaching another one to the patched function "
				  "silently undoes the patch"
				: ": it goes on, and sees the new code's arguments and results"));
	if (c->kprobes)
		TRY(finding_add(
			out, FINDING_NOTE, "hooks", NULL,
			"a kprobe sits at %s: at the entry it goes on firing for the new code, "
			"inside it falls silent; with a post handler the kernel says EBUSY",
			c->kprobe));
	return NULL;
}

static struct error *judge_hooks(const struct check_facts *f, struct findings *out)
{
	size_t before = out->v.n;
	bool known = true;

	if (!f->functions.n || is_stuck(f))
		return NULL;
	vec_for_each(&f->functions, c) {
		known &= c->hooks_known;
		TRY(judge_hook(f, c, out));
	}
	if (!known)
		TRY(finding_add(out, FINDING_NOTE, "hooks",
				"mount -t tracefs tracefs /sys/kernel/tracing",
				"ftrace's list of hooks can't be read"));
	else if (out->v.n == before)
		TRY(finding_add(out, FINDING_OK, "hooks", NULL,
				"nobody else hooks these functions"));
	if (may_undo(&f->kernel))
		TRY(finding_add(
			out, FINDING_NOTE, "hooks", NULL,
			"on this kernel a tool that attaches fentry and then fexit to a patched "
			"function undoes the patch, while sysfs says enabled: suture verify tells"));
	return NULL;
}

/* --- tasks and the way back --------------------------------------------------------- */

#define TASKS_TOLD 5

static struct error *judge_stuck_task(const struct stuck_task *t, struct findings *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	TRY(strbuf_printf(&text, "%s (", t->comm));
	if (t->last.kernel_thread || t->pid == t->tid)
		TRY(strbuf_printf(&text, "%s %d",
				  t->last.kernel_thread ? "kernel thread" : "process", t->tid));
	else
		TRY(strbuf_printf(&text, "thread %d of process %d", t->tid, t->pid));
	TRY(strbuf_puts(&text, ") runs in the kernel"));
	if (t->in)
		TRY(strbuf_printf(&text, ", in %s,", t->in));
	return finding_add(
		out, t->certain ? FINDING_REFUSED : FINDING_WARNING, "tasks",
		t->last.kernel_thread ? "try again when it has ended"
				      : "end it, or try again when it has ended",
		"%s%s without sleeping: the kernel would wait for it while it loads a patch or takes "
		"one back, and load nothing else meanwhile",
		text.s, t->certain ? "" : " as it seems");
}

/* Before the rest: it is why nothing else was looked at. */
static struct error *judge_stuck(const struct check_facts *f, struct findings *out)
{
	if (!f->stuck_known)
		return NULL;
	vec_for_each(&f->stuck.v, t)
		TRY(judge_stuck_task(t, out));
	if (f->stuck.cpu >= 0)
		TRY(finding_add(
			out, FINDING_REFUSED, "tasks",
			"see what holds it (the kernel's log tells of soft lockups)",
			"nobody gets a turn on CPU %d, and the kernel would wait for it while it loads "
			"a patch or takes one back",
			f->stuck.cpu));
	return NULL;
}

static struct error *judge_tasks(const struct check_facts *f, struct findings *out)
{
	size_t told = 0;

	if (!f->payload || !f->blockers_known)
		return NULL;
	vec_for_each(&f->blockers.v, b) {
		struct strbuf text __cleanup_strbuf = { 0 };

		if (told++ == TASKS_TOLD)
			break;
		TRY(blocker_name(b, &text));
		TRY(strbuf_puts(&text, " "));
		TRY(blocker_reason(b, &text));
		TRY(finding_add(out, FINDING_WARNING, "tasks",
				b->kernel_thread
					? "the transition waits until it leaves the function"
					: "the transition waits for it; ending the task helps",
				"%s", text.s));
	}
	if (f->blockers.v.n > TASKS_TOLD)
		TRY(finding_add(out, FINDING_WARNING, "tasks", NULL, "and %zu more tasks",
				f->blockers.v.n - TASKS_TOLD));
	if (!f->blockers.v.n)
		TRY(finding_add(out, FINDING_OK, "tasks", NULL,
				"none of %zu tasks is inside of what changes (%s)",
				f->blockers.seen, f->blockers.source));
	return NULL;
}

static struct error *judge_way_back(const struct check_facts *f, struct findings *out)
{
	const struct live_kernel *k = &f->kernel;

	if (!f->payload)
		return NULL;
	if (k->panic_on_oops || k->panic_on_warn)
		TRY(finding_add(
			out, FINDING_WARNING, "way-back",
			"kernel.panic_on_oops=0 lets the guard act; else see that the host reboots",
			"%s is set: an %s in the new code ends the host, and nothing can take the "
			"patch back but the reboot",
			k->panic_on_oops ? "kernel.panic_on_oops" : "kernel.panic_on_warn",
			k->panic_on_oops ? "oops" : "warning"));
	if (f->guard_wanted && !f->guard_present)
		TRY(finding_add(
			out, FINDING_WARNING, "guard",
			"a bundle that carries the guard, or the package suture-guard-dkms",
			"the guard's module is not there: a process keeps the deadline instead, "
			"which does not outlive what kills it"));
	else if (f->guard_wanted)
		TRY(finding_add(out, FINDING_OK, "guard", NULL,
				"the guard's module can keep the deadline"));
	return NULL;
}

static struct error *judge_rights(const struct check_facts *f, struct findings *out)
{
	return f->root ? NULL
		       : finding_add(out, FINDING_NOTE, "rights", "run it as root",
				     "not root: what only root can read was not looked at");
}

typedef struct error *judge(const struct check_facts *f, struct findings *out);

struct error *check_judge(const struct check_facts *f, struct findings *out)
{
	static judge *const of_kernel[] = {
		judge_kernel,	 judge_policy, judge_versions, judge_lockdown, judge_applied,
		judge_relations, judge_stack,  judge_at_load,  judge_stuck,    judge_text,
		judge_hooks,	 judge_tasks,  judge_way_back, judge_rights,   NULL,
	};
	static judge *const of_processes[] = {
		judge_policy, judge_relations, check_judge_processes, judge_rights, NULL,
	};

	for (judge *const *j = f->processes ? of_processes : of_kernel; *j; j++)
		TRY((*j)(f, out));
	return NULL;
}
