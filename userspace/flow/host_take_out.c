// SPDX-License-Identifier: GPL-2.0-or-later
/* A livepatch's way out of the kernel. */
#include "flow/host_blockers.h"
#include "flow/host_state.h"
#include "livepatch/load.h"

#include "base/str.h"

#define TELL_EVERY 10.0 /* seconds */

struct waiting {
	const struct host *h;
	const char *name, *module;
	double next;
};

static struct error *tell_blockers(void *arg, double elapsed)
{
	struct waiting *w = arg;
	struct blockers b __cleanup_blockers = { 0 };
	struct strbuf text __cleanup_strbuf = { 0 };

	if (elapsed < w->next)
		return NULL;
	w->next = elapsed + TELL_EVERY;
	TRY(host_blockers_tell(w->module, &b, &text));
	if (text.n)
		host_say(w->h, "blocked", w->name, "%s", text.s);
	return NULL;
}

/* Who pins it, now that it has taken too long. */
static struct error *pinned(const char *module)
{
	struct blockers b __cleanup_blockers = { 0 };
	struct strbuf text __cleanup_strbuf = { 0 };
	struct error *e;

	TRY(host_blockers_tell(module, &b, &text));
	e = error_new(ERROR_PENDING, "%s is being taken back, and is still pinned by %zu task%s",
		      module, b.v.n, b.v.n == 1 ? "" : "s");
	if (text.n)
		e = error_advise(e, "%s", text.s);
	return error_advise(e, "it goes on by itself; suture blockers shows the stacks");
}

struct error *host_take_out(const struct host *h, const char *name, const char *module,
			    const char *path)
{
	struct waiting w = { .h = h, .name = name, .module = module, .next = 2.0 };
	struct live_flags f;
	bool done;

	if (module && str_equal(module, PROCESS_MODULE))
		return host_take_out_of_processes(h, name, path);
	TRY(live_flags_read(module, &f));
	/* Writing 0 to one that is on its way out already is refused by the kernel. */
	if (f.present && f.enabled)
		TRY(load_disable(module));
	TRY(load_await_gone(module, h->patience, tell_blockers, &w, &done));
	if (!done)
		return pinned(module);
	return load_remove(module, HOST_UNLOAD);
}
