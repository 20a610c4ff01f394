// SPDX-License-Identifier: GPL-2.0-or-later
/* The way of a fix out of all processes. */
#include "flow/host_state.h"

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/str.h"

#define ATTEMPT 2.0 /* seconds that one process is tried for, before the next has its turn */

static struct error *open_kept(const char *name, const char *path, struct bundle **b)
{
	struct error *e = path ? bundle_open(path, b)
			       : error_failed("the ledger does not say where its bundle is");

	return e ? error_advise(error_context(e, "which files %s is for is not known", name),
				"the processes that have it keep it until they end, or until its "
				"bundle is back at %s",
				path ? path : "its place")
		 : NULL;
}

static struct error *pinned(const struct process_patch *p)
{
	struct process_counts n;
	struct strbuf first __cleanup_strbuf = { 0 };

	process_patch_count(p, &n);
	TRY(process_patch_first(p, true, &first));
	return error_advise(error_new(ERROR_PENDING, "%zu of %zu processes have it still: %s",
				      n.have + n.partial + n.lost, n.all, strbuf_str(&first)),
			    "suture revert %s tries it again", p->name);
}

static bool some_have_it(const struct process_patch *p)
{
	struct process_counts n;

	process_patch_count(p, &n);
	return n.have + n.partial + n.lost;
}

/* What keeps one of them from it may pass by itself. */
static bool may_pass(const struct process_patch *p)
{
	vec_for_each(&p->rows, row)
		if (row->has != PROCESS_HAS_NOT && row->why &&
		    error_kind(row->why) == ERROR_PENDING)
			return true;
	return false;
}

struct error *host_take_out_of_processes(const struct host *h, const char *name, const char *path)
{
	const struct hotpatch_options options = { .patience = ATTEMPT };
	struct process_patch p __cleanup_process_patch = { 0 };
	struct bundle *b __cleanup_bundle = NULL;
	double until = clock_seconds() + h->patience;

	TRY(error_with_kind(open_kept(name, path, &b), ERROR_PENDING));
	TRY(process_patch_open(b, &p));
	do {
		TRY(process_patch_revert(&p, &options));
		if (!some_have_it(&p))
			return NULL;
		TRY(interrupt_check());
	} while (may_pass(&p) && clock_seconds() < until);
	return pinned(&p);
}
