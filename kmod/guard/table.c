// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guards, in places that are there from the start: nothing is allocated when a guard acts, and
 * signals can go through them in any context.
 *
 * A patch that comes is met by the notifier of modules, in whose loading nothing of the patch has
 * run when it is announced, and all of it is done when it is live. One that was taken back, or
 * whose time ran out before it came, is not let in.
 */
#include <linux/ctype.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/notifier.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "guard.h"

struct guard guards[SUTURE_GUARD_MOST];
DEFINE_MUTEX(guard_lock);
static u64 last_id;

void guard_table_init(void)
{
	struct guard *g;

	for_each_guard(g)
	{
		rcuwait_init(&g->wait);
		g->wake = IRQ_WORK_INIT_HARD(guard_wake);
	}
}

/* No thread is left: each has a reference to this module. */
void guard_table_exit(void)
{
	struct guard *g;

	for_each_guard(g) irq_work_sync(&g->wake);
}

/* --- finding ------------------------------------------------------------------------ */

static bool is_there(const struct guard *g)
{
	enum guard_phase phase = guard_phase(g);

	return phase != GUARD_FREE && phase != GUARD_LEAVING;
}

static struct guard *find(const char *name)
{
	struct guard *g;

	for_each_guard(g) if (is_there(g) && !strcmp(g->name, name)) return g;
	return NULL;
}

static struct guard *find_free(void)
{
	struct guard *g;

	for_each_guard(g) if (guard_phase(g) == GUARD_FREE) return g;
	return NULL;
}

/* --- which patch ---------------------------------------------------------------------- */

/* Takes the reference over, or puts it. Under guard_lock. */
static void bind(struct guard *g, struct module *module)
{
	if (g->module || guard_patch_find(module, &g->patch)) {
		module_put(module);
		return;
	}
	g->was_there = true;
	WRITE_ONCE(g->module, module);
	pr_info("%s is there, and guarded\n", g->name);
}

static void look(struct guard *g)
{
	struct module *module = g->module ? NULL : guard_module_get(g->name);

	if (module)
		bind(g, module);
}

void guard_look(struct guard *g)
{
	mutex_lock(&guard_lock);
	look(g);
	mutex_unlock(&guard_lock);
}

void guard_unbind(struct guard *g)
{
	struct module *module;

	mutex_lock(&guard_lock);
	module = g->module;
	WRITE_ONCE(g->module, NULL);
	mutex_unlock(&guard_lock);
	if (module)
		module_put(module);
}

static int let_in(struct guard *g, struct module *module)
{
	if (guard_phase(g) == GUARD_ARMED) {
		WRITE_ONCE(g->coming, module);
		return 0;
	}
	pr_alert("%s is not let in: it was taken back; disarm its guard, or arm it again\n",
		 g->name);
	return -EPERM;
}

static int meet(struct guard *g, unsigned long state, struct module *module)
{
	if (state == MODULE_STATE_COMING)
		return let_in(g, module);
	/* It went, or did not come. */
	if (state == MODULE_STATE_GOING)
		WRITE_ONCE(g->module, NULL);
	if (state == MODULE_STATE_LIVE && try_module_get(module))
		bind(g, module);
	WRITE_ONCE(g->coming, NULL);
	return 0;
}

static int on_module(struct notifier_block *nb, unsigned long state, void *data)
{
	struct module *module = data;
	struct guard *g;
	int err = 0;

	mutex_lock(&guard_lock);
	g = find(module->name);
	if (g)
		err = meet(g, state, module);
	mutex_unlock(&guard_lock);
	/* One whose time had run out while the patch, unseen, was on its way. */
	if (g && state == MODULE_STATE_LIVE && guard_phase(g) == GUARD_REVERTED && g->module) {
		pr_alert("%s came when it was to be taken back; disabling it\n", g->name);
		guard_patch_disable(&g->patch);
		guard_unbind(g);
	}
	return notifier_from_errno(err);
}

struct notifier_block guard_module_notifier = { .notifier_call = on_module };

/* --- arm -------------------------------------------------------------------------------- */

static bool is_name(const char name[SUTURE_GUARD_NAME])
{
	size_t n = strnlen(name, SUTURE_GUARD_NAME), i;

	if (!n || n >= MODULE_NAME_LEN || n == SUTURE_GUARD_NAME)
		return false;
	for (i = 0; i < n; i++)
		if (!isalnum(name[i]) && name[i] != '_')
			return false;
	return true;
}

static bool is_time(u32 ms, bool wanted)
{
	return wanted ? ms >= SUTURE_GUARD_LEAST_MS && ms <= SUTURE_GUARD_MOST_MS : !ms;
}

static bool is_request(const struct suture_guard_arm *a)
{
	return a->size == sizeof(*a) && a->version == SUTURE_GUARD_VERSION && is_name(a->name) &&
	       !(a->flags & ~SUTURE_GUARD_FLAGS) && is_time(a->deadline_ms, true) &&
	       is_time(a->stall_ms, a->flags & SUTURE_GUARD_ON_STALL) &&
	       is_time(a->force_ms, a->flags & SUTURE_GUARD_FORCE) && !a->id &&
	       !memchr_inv(a->reserved, 0, sizeof(a->reserved));
}

static void fill(struct guard *g, struct suture_guard_arm *a)
{
	g->id = a->id = ++last_id;
	memcpy(g->name, a->name, sizeof(g->name));
	g->flags = a->flags;
	g->deadline_ms = a->deadline_ms;
	g->stall_ms = a->stall_ms;
	g->force_ms = a->force_ms;
	g->armed = ktime_get_ns();
	g->deadline = g->armed + (u64)a->deadline_ms * NSEC_PER_MSEC;
	g->soft_lockup = test_taint(TAINT_SOFTLOCKUP);
	g->coming = NULL;
	g->was_there = false;
	g->reason = SUTURE_GUARD_NO_REASON;
	g->pid = 0;
	g->where = g->fired = g->ended = 0;
	memset(g->comm, 0, sizeof(g->comm));
	memset(g->where_text, 0, sizeof(g->where_text));
	g->attempts = g->error = g->forced = g->asking = 0;
}

/* All that can fail comes first. */
static int start(struct guard *g, struct suture_guard_arm *a)
{
	char *page = (char *)get_zeroed_page(GFP_KERNEL);
	struct task_struct *thread;

	if (!page)
		return -ENOMEM;
	thread = kthread_create(guard_duty, g, "suture_guard/%td", g - guards);
	if (IS_ERR(thread)) {
		free_page((unsigned long)page);
		return PTR_ERR(thread);
	}
	fill(g, a);
	g->page = page;
	look(g);
	pr_notice("%s: armed by %s (%d) for %u ms\n", g->name, current->comm, task_pid_nr(current),
		  g->deadline_ms);
	__module_get(THIS_MODULE);
	atomic_set_release(&g->phase, GUARD_ARMED);
	wake_up_process(thread);
	guard_watch_wake();
	return 0;
}

int guard_arm(struct suture_guard_arm *a)
{
	struct guard *g;
	int err;

	if (!is_request(a))
		return -EINVAL;
	mutex_lock(&guard_lock);
	g = find(a->name);
	if (g && guard_phase(g) != GUARD_REVERTED)
		err = -EEXIST;
	else if (!g && !(g = find_free()))
		err = -ENOSPC;
	else
		err = start(g, a);
	mutex_unlock(&guard_lock);
	return err;
}

/* --- confirm, disarm ------------------------------------------------------------------------ */

static int find_of(const struct suture_guard_of *of, struct guard **out)
{
	if (of->size != sizeof(*of) || of->reserved0 || !is_name(of->name) ||
	    memchr_inv(of->reserved, 0, sizeof(of->reserved)))
		return -EINVAL;
	*out = find(of->name);
	if (!*out)
		return -ENOENT;
	return of->id && of->id != (*out)->id ? -ESTALE : 0;
}

static int confirm(struct guard *g)
{
	if (guard_phase(g) != GUARD_ARMED)
		return -ETIME;
	look(g);
	if (!g->module || !guard_patch_enabled(&g->patch))
		return -ENODEV;
	if (g->flags & SUTURE_GUARD_STAY)
		WRITE_ONCE(g->deadline, U64_MAX);
	else if (!guard_shift(g, GUARD_ARMED, GUARD_LEAVING))
		return -ETIME;
	/* It may have fired in between. */
	if (g->flags & SUTURE_GUARD_STAY && guard_phase(g) != GUARD_ARMED)
		return -ETIME;
	pr_notice("%s: confirmed by %s (%d)%s\n", g->name, current->comm, task_pid_nr(current),
		  g->flags & SUTURE_GUARD_STAY ? "; its guard stays" : "");
	rcuwait_wake_up(&g->wait);
	return 0;
}

int guard_confirm(const struct suture_guard_of *of)
{
	struct guard *g;
	int err;

	mutex_lock(&guard_lock);
	err = find_of(of, &g);
	if (!err)
		err = confirm(g);
	mutex_unlock(&guard_lock);
	return err;
}

/* Whatever it is doing: a thread that waits for livepatch ends when livepatch answers. */
static void disarm(struct guard *g)
{
	pr_notice("%s: disarmed by %s (%d)\n", g->name, current->comm, task_pid_nr(current));
	while (!guard_shift(g, GUARD_ARMED, GUARD_LEAVING) &&
	       !guard_shift(g, GUARD_FIRED, GUARD_LEAVING) &&
	       !guard_shift(g, GUARD_REVERTED, GUARD_FREE))
		cpu_relax();
	rcuwait_wake_up(&g->wait);
}

int guard_disarm(const struct suture_guard_of *of)
{
	struct guard *g;
	int err;

	mutex_lock(&guard_lock);
	err = find_of(of, &g);
	if (!err)
		disarm(g);
	mutex_unlock(&guard_lock);
	return err;
}

/* --- status --------------------------------------------------------------------------------- */

static u32 state_of(const struct guard *g, enum guard_phase phase)
{
	if (phase == GUARD_REVERTED)
		return SUTURE_GUARD_REVERTED;
	if (phase != GUARD_ARMED)
		return SUTURE_GUARD_REVERTING;
	if (g->module)
		return SUTURE_GUARD_ON_DUTY;
	return g->was_there ? SUTURE_GUARD_GONE : SUTURE_GUARD_WAITING;
}

static void show_obstacle(const struct guard *g, struct suture_guard_status *s)
{
	struct guard_pinned p;

	s->asking = READ_ONCE(g->asking);
	if (!g->module || guard_patch_enabled(&g->patch))
		return;
	guard_patch_pinned(g, &p);
	s->pinned = p.n;
	s->pinned_pid = p.pid;
	memcpy(s->pinned_comm, p.comm, sizeof(s->pinned_comm));
	if (p.n)
		guard_tell_where(g, &p, s->pinned_where);
}

static void show(const struct guard *g, struct suture_guard_status *s)
{
	enum guard_phase phase = guard_phase(g);
	u64 now = ktime_get_ns(), deadline = READ_ONCE(g->deadline);

	s->id = g->id;
	memcpy(s->name, g->name, sizeof(s->name));
	s->state = state_of(g, phase);
	s->flags = g->flags;
	s->armed_ms = (now - g->armed) / NSEC_PER_MSEC;
	if (phase == GUARD_ARMED) {
		/* A part of a millisecond is not no deadline. */
		if (deadline != U64_MAX)
			s->deadline_ms = deadline > now ? (deadline - now) / NSEC_PER_MSEC + 1 : 1;
		return;
	}
	if (phase != GUARD_FIRED && phase != GUARD_REVERTED)
		return;
	s->reason = g->reason;
	s->fired_ms = (now - min(now, g->fired)) / NSEC_PER_MSEC;
	s->pid = g->pid;
	memcpy(s->comm, g->comm, sizeof(s->comm));
	memcpy(s->where, g->where_text, sizeof(s->where));
	s->attempts = READ_ONCE(g->attempts);
	s->error = READ_ONCE(g->error);
	s->forced = READ_ONCE(g->forced);
	if (phase == GUARD_REVERTED)
		s->took_ms = (g->ended - g->fired) / NSEC_PER_MSEC;
	else
		show_obstacle(g, s);
}

int guard_status(struct suture_guard_status *s)
{
	struct suture_guard_status out = { .size = sizeof(out), .index = s->index };
	u32 index = s->index;
	struct guard *g;

	/* What the caller sets is 'size' and 'index'. */
	if (s->size != sizeof(*s) || memchr_inv(&s->id, 0, sizeof(*s) - offsetof(typeof(*s), id)))
		return -EINVAL;
	mutex_lock(&guard_lock);
	for_each_guard(g) if (is_there(g) && !index--) break;
	if (g < guards + SUTURE_GUARD_MOST)
		show(g, &out);
	mutex_unlock(&guard_lock);
	if (!out.id)
		return -ENOENT;
	*s = out;
	return 0;
}
