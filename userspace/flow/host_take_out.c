// SPDX-License-Identifier: GPL-2.0-or-later
/* A livepatch's way out of the kernel. */
#include "flow/host_blockers.h"
#include "flow/host_state.h"
#include "livepatch/load.h"

#include "base/str.h"

#define BLOCKERS_TOLD 5
#define TELL_EVERY 10.0 /* seconds */

struct waiting {
	const struct host *h;
	const char *name, *module;
	double next;
};

static struct error *tell_blockers(void *arg, double elapsed)
{
	struct waiting *w = arg;
	struct live_patches live __cleanup_live = { 0 };
	struct blockers b __cleanup_blockers = { 0 };
	struct strbuf text __cleanup_strbuf = { 0 };
	const struct live_patch *p;

	if (elapsed < w->next)
		return NULL;
	w->next = elapsed + TELL_EVERY;
	TRY(live_patches_read(&live));
	p = live_patch_find(&live, w->module);
	if (!p)
		return NULL;
	TRY(host_blockers(p, false, &b));
	TRY(host_blockers_print(&b, false, BLOCKERS_TOLD, &text));
	if (text.n)
		host_say(w->h, "blocked", w->name, "%s", text.s);
	return NULL;
}

/* Who pins it, now that it has taken too long. */
static struct error *pinned(const char *module)
{
	struct live_patches live __cleanup_live = { 0 };
	struct blockers b __cleanup_blockers = { 0 };
	struct strbuf text __cleanup_strbuf = { 0 };
	const struct live_patch *p;
	struct error *e;

	TRY(live_patches_read(&live));
	p = live_patch_find(&live, module);
	if (p)
		TRY(host_blockers(p, false, &b));
	e = error_new(ERROR_PENDING, "%s is being taken back, and is still pinned by %zu task%s",
		      module, b.v.n, b.v.n == 1 ? "" : "s");
	TRY(host_blockers_print(&b, false, BLOCKERS_TOLD, &text));
	if (text.n)
		e = error_advise(e, "%s", text.s);
	return error_advise(e, "it goes on by itself; suture blockers shows the stacks");
}

struct error *host_take_out(const struct host *h, const char *name, const char *module)
{
	struct waiting w = { .h = h, .name = name, .module = module, .next = 2.0 };
	struct live_flags f;
	bool done;

	TRY(live_flags_read(module, &f));
	/* Writing 0 to one that is on its way out already is refused by the kernel. */
	if (f.present && f.enabled)
		TRY(load_disable(module));
	TRY(load_await_gone(module, h->patience, tell_blockers, &w, &done));
	if (!done)
		return pinned(module);
	return load_remove(module, HOST_UNLOAD);
}
