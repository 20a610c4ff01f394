// SPDX-License-Identifier: GPL-2.0-or-later
/* After a boot: what was confirmed is applied again, in the order in which it was applied. */
#include "flow/host_state.h"
#include "flow/reapply.h"

#include "base/str.h"

struct candidate {
	const char *name, *path;
	uint64_t live; /* the event that said last that it is live: patches are stacked in that
			  order */
	enum reapply what;
};

struct boot {
	VEC(struct candidate) v;
	struct arena arena;
};

static void boot_free(struct boot *b)
{
	vec_free(&b->v);
	arena_free(&b->arena);
}

static int by_order(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return (x->live > y->live) - (x->live < y->live);
}

static struct error *add(struct host *h, struct boot *b, const struct ledger_patch *row)
{
	struct ledger_filter mine = { .patch = row->name };
	struct ledger_events events = { 0 };
	struct candidate c = { .path = row->path };

	TRY(ledger_events(h->ledger, &mine, &b->arena, &events));
	c.what = reapply_decide(row, &events, h->kernel.boot_id);
	if (c.what == REAPPLY_NOT_LOST)
		return NULL;
	for (size_t i = 0; i < events.n; i++)
		if (events.v[i].after == LEDGER_LIVE)
			c.live = events.v[i].seq;
	c.name = row->name;
	return vec_push(&b->v, c);
}

static struct error *list(struct host *h, struct boot *b)
{
	struct ledger_patches all = { 0 };

	TRY(ledger_patches(h->ledger, &b->arena, &all));
	for (size_t i = 0; i < all.n; i++)
		TRY(add(h, b, &all.v[i]));
	vec_sort(&b->v, by_order);
	return NULL;
}

/* It stays lost, and why is on record. */
static struct error *leave_out(const struct host_request *r, const char *name, const char *why)
{
	struct host h __cleanup_host = HOST_CLOSED;

	TRY(host_open(r, HOST_BESIDE, &h));
	host_say(&h, "left-out", name, "%s is not applied again: %s", name, why);
	return ledger_append(
		h.ledger,
		&(struct ledger_change){
			.actor = "sutured", .verb = REAPPLY_VERB, .patch = name, .why = why },
		NULL);
}

static struct error *one(const struct host_request *r, const struct candidate *c, size_t *applied)
{
	struct findings findings __cleanup_findings = { 0 };
	struct error *e __cleanup_error = NULL;

	if (c->what == REAPPLY_HOST_WENT_DOWN)
		return leave_out(
			r, c->name,
			"the host went down with it, the last time it was applied at boot; "
			"suture apply does it all the same, suture revert ends this");
	e = host_apply(c->path, r, &findings);
	if (e && error_kind(e) == ERROR_INTERRUPTED)
		return take(e);
	if (e)
		return leave_out(r, c->name, error_message(e));
	++*applied;
	return NULL;
}

struct error *host_reapply(const struct host_request *r, size_t *applied)
{
	struct host_request again = *r;
	struct boot b __cleanup(boot_free) = { 0 };
	struct host h __cleanup_host = HOST_CLOSED;

	*applied = 0;
	again.at_boot = true;
	again.wait = false;
	again.confirm_within = 0;
	again.reason = "it was confirmed before the host was booted";
	TRY(host_open(&again, HOST_CHANGE, &h));
	TRY(list(&h, &b));
	host_close(&h);
	vec_for_each(&b.v, c)
		TRY(one(&again, c, applied));
	return NULL;
}
