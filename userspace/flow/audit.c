// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/audit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/str.h"
#include "flow/host_state.h"
#include "flow/host_verdict.h"
#include "flow/reapply.h"

struct audit {
	struct audit_options options;
	struct host_request request;
	struct host look; /* read only, kept open */
	struct stat file; /* of the ledger that .look has */
	bool open;
	VEC(struct audited) v;
	struct tending tending;
	struct audit_totals totals;
};

static void forget(struct audited *one)
{
	host_proof_end(&one->proof);
	bundle_free(&one->bundle);
	free_pointer(&one->name);
	free_pointer(&one->module);
	free_pointer(&one->digest);
	free_pointer(&one->trouble);
}

/* --- the ledger ----------------------------------------------------------------------- */

static struct error *stat_ledger(const struct audit *a, struct stat *out)
{
	char *path __free = str_printf("%s/ledger.db", a->look.dir);

	if (!path)
		return error_nomem();
	if (stat(path, out))
		*out = (struct stat){ 0 };
	return NULL;
}

/* Anew where it was rebuilt, or made at all. */
static struct error *keep_open(struct audit *a)
{
	struct stat now;

	if (a->open) {
		TRY(stat_ledger(a, &now));
		if (a->look.ledger && now.st_ino == a->file.st_ino && now.st_dev == a->file.st_dev)
			return NULL;
		if (!a->look.ledger && !now.st_ino)
			return NULL;
		host_close(&a->look);
		a->open = false;
	}
	TRY(host_open(&a->request, HOST_LOOK, &a->look));
	a->open = true;
	return stat_ledger(a, &a->file);
}

/* Something for recover.h to do that is not a living manager's. */
static struct error *is_unsettled(struct audit *a, const struct ledger_patches *all, bool *out)
{
	for (size_t i = 0; i < all->n && !*out; i++) {
		struct recover_facts f;
		enum recover_action do_it;

		TRY(host_recover_facts(&a->look, &all->v[i], &f));
		do_it = recover_decide(&f);
		*out = do_it != RECOVER_NOTHING && do_it != RECOVER_WATCH &&
		       !(do_it == RECOVER_SAY_GONE_WITH_BOOT && all->v[i].state == LEDGER_LOST);
	}
	return NULL;
}

/* Whoever holds the lock settles his own. */
static struct error *settle(struct audit *a)
{
	struct host h __cleanup_host = HOST_CLOSED;
	struct error *e = host_open(&a->request, HOST_CHANGE, &h);

	if (e && error_kind(e) == ERROR_PENDING)
		error_free(&e);
	return e;
}

/* --- which patches -------------------------------------------------------------------- */

static struct audited *find(struct audit *a, const struct ledger_patch *row)
{
	vec_for_each(&a->v, one)
		if (str_equal(one->name, row->name) && str_equal(one->digest, row->bundle))
			return one;
	return NULL;
}

static struct error *begin(const struct audit *a, const struct ledger_patch *row,
			   struct audited *one)
{
	struct error *unread __cleanup_error = NULL;

	one->name = strdup(row->name);
	one->module = strdup(row->module);
	one->digest = strdup(row->bundle);
	if (!one->name || !one->module || !one->digest)
		return error_nomem();
	if (row->path)
		unread = bundle_open(row->path, &one->bundle);
	if (one->bundle)
		one->payload = bundle_payload_for(one->bundle, a->look.kernel.release);
	if (!one->payload)
		one->trouble = strdup(unread ? error_message(unread)
					     : "its bundle has nothing for this kernel");
	return NULL;
}

static struct error *list(struct audit *a, const struct ledger_patch *row)
{
	struct audited *one, fresh = { 0 };
	struct recover_facts f;
	struct error *e;

	if (!row->module || host_is_of_processes(row) || !row->bundle ||
	    !host_should_be_live(row->state))
		return NULL;
	TRY(host_recover_facts(&a->look, row, &f));
	if (!f.present || !f.same_boot)
		return NULL;
	one = find(a, row);
	if (!one) {
		e = begin(a, row, &fresh);
		if (!e)
			e = vec_push(&a->v, fresh);
		if (e) {
			forget(&fresh);
			return e;
		}
		one = &a->v.v[a->v.n - 1];
	}
	one->state = row->state;
	one->seq = row->seq;
	one->confirmed = row->confirmed;
	one->deadline = row->confirmed ? 0 : row->deadline;
	one->listed = true;
	return NULL;
}

static struct error *list_all(struct audit *a, const struct ledger_patches *all)
{
	size_t kept = 0;

	vec_for_each(&a->v, one)
		one->listed = false;
	for (size_t i = 0; i < all->n; i++)
		TRY(list(a, &all->v[i]));
	vec_for_each(&a->v, one) {
		if (one->listed)
			a->v.v[kept++] = *one;
		else
			forget(one);
	}
	a->v.n = kept;
	return NULL;
}

/* --- one patch ------------------------------------------------------------------------ */

static struct error *append(struct host *h, const struct audited *one, enum ledger_state to,
			    const char *why, const struct strbuf *evidence)
{
	return ledger_append(
		h->ledger,
		&(struct ledger_change){ .actor = "sutured",
					 .verb = "audit",
					 .patch = one->name,
					 .to = to,
					 .why = why,
					 .evidence = evidence->n ? evidence->s : NULL },
		NULL);
}

static struct error *say_lost(struct audit *a, struct host *h, const struct audited *one,
			      const struct strbuf *evidence)
{
	TRY(append(h, one, LEDGER_LOST, one->verdict.trouble, evidence));
	a->totals.lost++;
	host_say(h, "lost", one->name, "%s is ineffective although the kernel calls it enabled: %s",
		 one->name, one->verdict.trouble);
	return NULL;
}

static struct error *say_restored(struct audit *a, struct host *h, const struct audited *one,
				  const struct strbuf *evidence)
{
	TRY(append(h, one, LEDGER_LIVE, "its redirects hold again", evidence));
	TRY(append(h, one, LEDGER_PROVED, NULL, evidence));
	if (one->confirmed)
		TRY(append(h, one, LEDGER_CONFIRMED, "it was before", evidence));
	a->totals.restored++;
	host_say(h, "restored", one->name, "the redirects of %s hold again", one->name);
	return NULL;
}

static bool holds(const struct host_verdict *v)
{
	return v->state == PROOF_IN_PLACE || v->state == PROOF_EXERCISED;
}

static struct error *compare(struct audit *a, const struct audited *one,
			     const struct strbuf *evidence)
{
	struct host h __cleanup_host = HOST_CLOSED;
	bool lost = one->verdict.state == PROOF_LOST, was = one->state == LEDGER_LOST, still;

	if (lost == was || (was && !holds(&one->verdict)))
		return NULL;
	TRY(host_open(&a->request, HOST_BESIDE, &h));
	TRY(host_is_still(&h, one->name, one->seq, &still));
	if (!still)
		return NULL;
	return lost ? say_lost(a, &h, one, evidence) : say_restored(a, &h, one, evidence);
}

/* It holds. What undoes it on 6.1 (notes of flow/check_judge.c) is a second trampoline. */
static void say_at_risk(const struct audit *a, struct audited *one)
{
	const char *function = one->verdict.direct;

	if (*function && !one->direct && holds(&one->verdict))
		host_say(&a->look, "at-risk", one->name,
			 "a BPF trampoline is attached to %s, which %s patches: on 6.1 kernels "
			 "another one there silently undoes all patches at its next call",
			 function, one->name);
	one->direct = *function;
}

static struct error *look_at(struct audit *a, struct audited *one)
{
	struct strbuf evidence __cleanup_strbuf = { 0 };

	one->known = false;
	if (!one->payload)
		return NULL;
	if (one->watched && host_proof_is_stale(&one->proof, one->payload)) {
		host_proof_end(&one->proof);
		one->watched = false;
	}
	if (!one->watched)
		TRY(host_proof_watch(one->payload, a->options.count, &one->proof));
	one->watched = true;
	TRY(host_proof_read(&one->proof, one->payload, &one->verdict, &evidence));
	one->known = true;
	say_at_risk(a, one);
	return compare(a, one, &evidence);
}

/* The reason is kept; the next round begins anew. */
static struct error *look(struct audit *a, struct audited *one)
{
	struct error *e = look_at(a, one);

	if (!e && one->payload)
		free_pointer(&one->trouble);
	if (!e)
		return NULL;
	host_proof_end(&one->proof);
	one->watched = one->known = false;
	free_pointer(&one->trouble);
	one->trouble = strdup(error_message(e));
	return error_context(e, "%s", one->name);
}

/* --- a round -------------------------------------------------------------------------- */

static struct error *read_ledger(struct audit *a, struct arena *arena, struct ledger_patches *all)
{
	bool had = a->open && a->look.ledger;
	struct error *e = keep_open(a);

	*all = (struct ledger_patches){ 0 };
	/* Damaged, or gone under our hands: it is begun anew from what the kernel has. */
	if ((e && error_kind(e) == ERROR_VERIFY) || (!e && had && !a->look.ledger)) {
		error_free(&e);
		TRY(settle(a));
		e = keep_open(a);
	}
	TRY(e);
	return a->look.ledger ? ledger_patches(a->look.ledger, arena, all) : NULL;
}

static struct error *learn_verdict(struct audit *a, struct arena *arena, const char *name,
				   uint64_t seq, const char **judged, uint64_t *judged_seq)
{
	struct verdict_said said;

	if (!a->look.ledger || *judged_seq == seq)
		return NULL;
	TRY(host_verdict_find(a->look.ledger, name, arena, &said));
	*judged = said.what == VERDICT_SAID ? said.word : NULL;
	*judged_seq = seq;
	return NULL;
}

/* Of those with news in the ledger. */
static struct error *learn_verdicts(struct audit *a, struct arena *arena)
{
	vec_for_each(&a->v, one)
		TRY(learn_verdict(a, arena, one->name, one->seq, &one->judged, &one->judged_seq));
	vec_for_each(&a->tending.v, one)
		TRY(learn_verdict(a, arena, one->name, one->seq, &one->judged, &one->judged_seq));
	return NULL;
}

static struct error *round_in(struct audit *a, struct arena *arena)
{
	struct error *first = NULL;
	struct ledger_patches all;
	bool unsettled = false;

	TRY(read_ledger(a, arena, &all));
	TRY(is_unsettled(a, &all, &unsettled));
	if (unsettled) {
		TRY(settle(a));
		TRY(read_ledger(a, arena, &all));
	}
	TRY(list_all(a, &all));
	vec_for_each(&a->v, one) {
		struct error *e = look(a, one);

		if (first)
			error_free(&e);
		else
			first = e;
	}
	if (first) {
		error_free(&(struct error *){
			tend_round(&a->tending, &a->request, &all, a->look.kernel.boot_id) });
		return first;
	}
	TRY(tend_round(&a->tending, &a->request, &all, a->look.kernel.boot_id));
	return learn_verdicts(a, arena);
}

struct error *audit_round(struct audit *a)
{
	double start = clock_seconds(), took;
	struct arena arena = { 0 };
	struct error *e = round_in(a, &arena);

	arena_free(&arena);
	a->totals.rounds++;
	a->totals.errors += e != NULL;
	took = clock_seconds() - start;
	if (took > a->totals.longest)
		a->totals.longest = took;
	return e;
}

static struct error *survived(const struct audit *a, const char *name)
{
	struct host h __cleanup_host = HOST_CLOSED;
	struct ledger_filter mine = { .patch = name };
	struct ledger_events events = { 0 };
	struct arena arena = { 0 };
	struct error *e = host_open(&a->request, HOST_BESIDE, &h);

	if (!e)
		e = ledger_events(h.ledger, &mine, &arena, &events);
	if (!e && reapply_is_pending(&events, h.kernel.boot_id))
		e = ledger_append(h.ledger,
				  &(struct ledger_change){ .actor = "sutured",
							   .verb = SURVIVED_VERB,
							   .patch = name },
				  NULL);
	arena_free(&arena);
	return e;
}

struct error *audit_survived(struct audit *a)
{
	vec_for_each(&a->v, one)
		TRY(survived(a, one->name));
	vec_for_each(&a->tending.v, one)
		TRY(survived(a, one->name));
	return NULL;
}

int audit_newcomers_fd(const struct audit *a)
{
	return welcome_fd(&a->tending.welcome);
}

void audit_beat(struct audit *a)
{
	welcome_beat(&a->tending.welcome);
}

struct error *audit_newcomers(struct audit *a)
{
	return tend_newcomers(&a->tending, &a->request);
}

struct error *audit_say_newcomers(const struct audit *a, struct strbuf *out)
{
	return welcome_say(&a->tending.welcome, a->options.every, out);
}

double audit_every(const struct audit *a)
{
	return a->options.every;
}

const struct tending *audit_tending(const struct audit *a)
{
	return &a->tending;
}

/* --- its life ------------------------------------------------------------------------- */

struct error *audit_open(const struct audit_options *o, struct audit **out)
{
	struct audit *a = calloc(1, sizeof(*a));

	if (!a)
		return error_nomem();
	a->options = *o;
	a->request = (struct host_request){ .impatient = true, .tell = o->tell, .arg = o->arg };
	a->look = (struct host)HOST_CLOSED;
	*out = a;
	return NULL;
}

size_t audit_size(const struct audit *a)
{
	return a->v.n;
}

const struct audited *audit_at(const struct audit *a, size_t i)
{
	return &a->v.v[i];
}

const struct audit_totals *audit_totals(const struct audit *a)
{
	return &a->totals;
}

void audit_close(struct audit **at)
{
	struct audit *a = take(*at);

	if (!a)
		return;
	vec_for_each(&a->v, one)
		forget(one);
	vec_free(&a->v);
	tending_free(&a->tending);
	if (a->open)
		host_close(&a->look);
	free(a);
}
