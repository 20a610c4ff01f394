// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/tend.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"

#define LOOK_EVERY 5.0	 /* seconds, though no process began */
#define RETRY_AFTER 30.0 /* those that could not be patched */
#define PATIENCE 0.3	 /* with one process: the next round tries again */

static void forget(struct tended *one)
{
	process_patch_free(&one->processes);
	bundle_free(&one->bundle);
	free_pointer(&one->name);
	free_pointer(&one->digest);
	free_pointer(&one->trouble);
}

void tending_free(struct tending *t)
{
	welcome_free(&t->welcome);
	vec_for_each(&t->v, one)
		forget(one);
	vec_free(&t->v);
}

/* --- which ---------------------------------------------------------------------------- */

static struct tended *find(struct tending *t, const struct ledger_patch *row)
{
	vec_for_each(&t->v, one)
		if (str_equal(one->name, row->name) && str_equal(one->digest, row->bundle))
			return one;
	return NULL;
}

static struct error *begin(struct tended *one, const struct ledger_patch *row)
{
	struct error *e;

	one->name = strdup(row->name);
	one->digest = strdup(row->bundle);
	if (!one->name || !one->digest)
		return error_nomem();
	e = row->path ? bundle_open(row->path, &one->bundle)
		      : error_failed("the ledger does not say where its bundle is");
	if (!e)
		e = process_patch_open(one->bundle, &one->processes);
	if (e) {
		bundle_free(&one->bundle);
		one->trouble = strdup(error_message(e));
		error_free(&e);
	}
	return NULL;
}

static struct error *list(struct tending *t, const struct ledger_patch *row)
{
	struct tended *one = find(t, row);

	if (!one) {
		struct tended fresh = { 0 };
		struct error *e = begin(&fresh, row);

		if (!e)
			e = vec_push(&t->v, fresh);
		if (e) {
			forget(&fresh);
			return e;
		}
		one = &t->v.v[t->v.n - 1];
		t->looked = 0;
	}
	one->state = row->state;
	one->seq = row->seq;
	one->confirmed = row->confirmed;
	one->deadline = row->confirmed ? 0 : row->deadline;
	one->listed = true;
	return NULL;
}

static bool is_superseded(const struct tending *t, const struct tended *one)
{
	vec_for_each(&t->v, other)
		if (other != one && other->bundle &&
		    bundle_names_have(&other->bundle->facts.supersedes, one->name))
			return true;
	return false;
}

static struct error *list_all(struct tending *t, const struct ledger_patches *all,
			      const char *boot_id)
{
	size_t kept = 0;

	vec_for_each(&t->v, one)
		one->listed = false;
	for (size_t i = 0; i < all->n; i++) {
		const struct ledger_patch *row = &all->v[i];

		if (host_is_of_processes(row) && row->bundle && host_should_be_live(row->state) &&
		    row->boot && str_equal(row->boot, boot_id))
			TRY(list(t, row));
	}
	vec_for_each(&t->v, one) {
		if (one->listed)
			t->v.v[kept++] = *one;
		else
			forget(one);
	}
	t->v.n = kept;
	vec_for_each(&t->v, one)
		one->superseded = is_superseded(t, one);
	return NULL;
}

/* --- one -------------------------------------------------------------------------------- */

static struct error *append(struct host *h, const struct tended *one, enum ledger_state to,
			    const char *why, const char *evidence)
{
	return ledger_append(h->ledger,
			     &(struct ledger_change){ .actor = "sutured",
						      .verb = "audit",
						      .patch = one->name,
						      .to = to,
						      .why = why,
						      .evidence = evidence },
			     NULL);
}

static struct error *say_lost(struct tending *t, struct host *h, const struct tended *one,
			      const char *evidence)
{
	struct strbuf first __cleanup_strbuf = { 0 };

	TRY(process_patch_first(&one->processes, false, &first));
	TRY(append(h, one, LEDGER_LOST, strbuf_str(&first), evidence));
	t->lost++;
	host_say(h, "lost", one->name, "%s is ineffective in %zu of %zu processes: %s", one->name,
		 one->counts.lost, one->counts.all, strbuf_str(&first));
	return NULL;
}

static struct error *say_restored(struct host *h, const struct tended *one, const char *evidence)
{
	TRY(append(h, one, LEDGER_LIVE, "no process has lost it any more", evidence));
	TRY(append(h, one, LEDGER_PROVED, NULL, evidence));
	if (one->confirmed)
		TRY(append(h, one, LEDGER_CONFIRMED, "it was before", evidence));
	host_say(h, "restored", one->name, "no process has lost %s any more", one->name);
	return NULL;
}

static struct error *compare(struct tending *t, const struct host_request *r,
			     const struct tended *one)
{
	struct strbuf evidence __cleanup_strbuf = { 0 };
	struct host h __cleanup_host = HOST_CLOSED;
	bool lost = one->counts.lost, was = one->state == LEDGER_LOST, still;

	if (lost == was)
		return NULL;
	TRY(host_open(r, HOST_BESIDE, &h));
	TRY(host_is_still(&h, one->name, one->seq, &still));
	if (!still)
		return NULL;
	TRY(process_patch_evidence(&one->processes, &evidence));
	return lost ? say_lost(t, &h, one, strbuf_str(&evidence))
		    : say_restored(&h, one, strbuf_str(&evidence));
}

/* Some were not tried yet, or it is time to try again. */
static bool is_due(const struct tended *one, double now)
{
	const struct process_patch *p = &one->processes;
	bool any = false;

	vec_for_each(&p->rows, row) {
		if ((row->has == PROCESS_HAS && !row->counting) || row->has == PROCESS_HAS_LOST)
			continue;
		if (p->leave && p->leave(p->leave_arg, row->process.pid))
			continue;
		if (!row->why)
			return true;
		any = true;
	}
	return any && now >= one->retry;
}

/* Under the lock, so that no manager takes it back meanwhile. */
static struct error *extend(struct tending *t, const struct host_request *r, struct tended *one)
{
	static const struct hotpatch_options options = { .patience = PATIENCE };
	struct host h __cleanup_host = HOST_CLOSED;
	struct process_counts before = one->counts;
	struct error *e = host_open(r, HOST_CHANGE, &h);
	bool still;

	if (e && error_kind(e) == ERROR_PENDING) {
		error_free(&e);
		return NULL;
	}
	TRY(e);
	TRY(host_is_still(&h, one->name, one->seq, &still));
	if (!still)
		return NULL;
	TRY(process_patch_apply(&one->processes, &options));
	process_patch_count(&one->processes, &one->counts);
	one->retry = clock_seconds() + RETRY_AFTER;
	if (one->counts.have <= before.have)
		return NULL;
	t->patched += one->counts.have - before.have;
	host_say(&h, "extended", one->name, "%zu more of %zu processes have %s",
		 one->counts.have - before.have, one->counts.all, one->name);
	return NULL;
}

static struct error *look_at(struct tending *t, const struct host_request *r, struct tended *one)
{
	TRY(process_patch_look(&one->processes));
	process_patch_count(&one->processes, &one->counts);
	one->known = true;
	if (!one->superseded && is_due(one, clock_seconds()))
		TRY(extend(t, r, one));
	return compare(t, r, one);
}

static struct error *look(struct tending *t, const struct host_request *r, struct tended *one)
{
	struct error *e;

	if (!one->bundle)
		return NULL;
	e = look_at(t, r, one);
	free_pointer(&one->trouble);
	if (!e)
		return NULL;
	one->known = false;
	one->trouble = strdup(error_message(e));
	return error_context(e, "%s", one->name);
}

/* --- a round -------------------------------------------------------------------------------- */

/* The number that the last process got, of those in our namespace; 0: not known. */
static uint64_t last_pid(void)
{
	int fd __closefd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
	char text[128], *at;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

static struct error *look_at_all(struct tending *t, const struct host_request *r)
{
	struct error *first = NULL;
	double now = clock_seconds();
	uint64_t last = last_pid();

	if (last && last == t->last_pid && t->looked > 0 && now - t->looked < LOOK_EVERY)
		return NULL;
	t->last_pid = last;
	t->looked = now;
	vec_for_each(&t->v, one) {
		struct error *e = look(t, r, one);

		if (first)
			error_free(&e);
		else
			first = e;
	}
	return first;
}

struct error *tend_round(struct tending *t, const struct host_request *r,
			 const struct ledger_patches *all, const char *boot_id)
{
	struct error *first, *e;

	TRY(list_all(t, all, boot_id));
	first = look_at_all(t, r);
	/* After the look: it knows then which files processes have. */
	e = welcome_round(&t->welcome, t);
	if (!first)
		return error_context(e, "watching for new processes");
	error_free(&e);
	return first;
}

struct error *tend_newcomers(struct tending *t, const struct host_request *r)
{
	return error_context(welcome_all(&t->welcome, t, r), "new processes");
}
