// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/host_watch.h"

#include <stdlib.h>

#include "base/str.h"

void host_watch_end(struct host_watch *a)
{
	vigil_end(&a->vigil);
	process_watch_end(&a->processes);
}

void host_watch_free(struct host_watch *a)
{
	host_watch_end(a);
	watch_record_free(&a->record);
}

struct error *host_watch_baseline(struct host_watch *a, struct host *h, const struct bundle *b,
				  const struct bundle_payload *payload)
{
	const struct vigil_wish *w = &h->request->vigil;
	struct strbuf beside __cleanup_strbuf = { 0 }, cost __cleanup_strbuf = { 0 };

	a->request = h->request;
	a->bundle = b;
	a->payload = payload;
	if (!(w->watch > 0))
		return NULL;
	TRY(vigil_begin(a->payload, w, &a->vigil));
	TRY(vigil_controls(a->vigil, &beside));
	TRY(vigil_cost(a->vigil, &cost));
	host_say(h, "baseline", a->bundle->name, "watching what is there for %s, beside %s",
		 str_duration(w->baseline).s, strbuf_str(&beside));
	host_say(h, "cost", a->bundle->name, "%s", strbuf_str(&cost));
	TRY(vigil_baseline(a->vigil));
	if (vigil_blind(a->vigil))
		host_say(h, "note", a->bundle->name, "leaks of the new code are not seen: %s",
			 vigil_blind(a->vigil));
	return NULL;
}

struct error *host_watch_processes(struct host_watch *a, struct host *h, const struct bundle *b,
				   struct process_patch *p)
{
	const struct vigil_wish *w = &h->request->vigil;
	struct strbuf why __cleanup_strbuf = { 0 }, cost __cleanup_strbuf = { 0 };
	size_t timed;

	a->request = h->request;
	a->bundle = b;
	if (!(w->watch > 0))
		return NULL;
	if (w->n_controls)
		return error_usage("--control is for patches of the kernel");
	TRY(process_watch_begin(p, w->interval, &a->processes, &timed, &why));
	if (why.n)
		host_say(h, "note", b->name, "calls are not timed in all processes: %s", why.s);
	host_say(h, "baseline", b->name, "timing the old code in %zu of %zu processes for %s",
		 timed, p->rows.n, str_duration(w->baseline).s);
	TRY(process_watch_vigil(a->processes, w, &a->vigil));
	TRY(vigil_cost(a->vigil, &cost));
	host_say(h, "cost", b->name, "%s", strbuf_str(&cost));
	return vigil_baseline(a->vigil);
}

/* No process has it. */
static struct error *prove_processes_back(const struct host_watch *a)
{
	struct process_patch p __cleanup_process_patch = { 0 };
	struct strbuf first __cleanup_strbuf = { 0 };

	TRY(process_patch_open(a->bundle, &p));
	TRY(process_patch_look(&p));
	TRY(process_patch_first(&p, true, &first));
	return first.n ? error_new(ERROR_PENDING, "%s was taken back, and is still there: %s",
				   a->bundle->name, first.s)
		       : NULL;
}

/* The structure, once no probe of ours is there any more. */
static struct error *prove_back(const struct host_watch *a, const struct host_request *r)
{
	const char *name = a->bundle->name;
	struct host h __cleanup_host = HOST_CLOSED;
	struct host_verdict v = { 0 };

	TRY(host_open(r, HOST_LOOK, &h));
	if (a->payload)
		TRY(host_proof_look(a->payload, &v, NULL));
	else
		TRY(prove_processes_back(a));
	if (v.functions && v.state != PROOF_NOT_PATCHED)
		return error_new(ERROR_PENDING, "%s was taken back, and its functions are still %s",
				 name, proof_state_name(v.state));
	host_say(&h, "back", name, "the old code runs: proved");
	return NULL;
}

static struct error *take_back(struct host_watch *a, const char *why)
{
	struct host_request r = *a->request;
	struct error *e;

	r.reason = why;
	vigil_detach(a->vigil);
	host_close(a->h);
	e = host_revert(a->bundle->name, &r);
	/* The guard, or a person, was first. */
	if (e && error_kind(e) == ERROR_NOTHING)
		error_free(&e);
	TRY(e);
	TRY(prove_back(a, &r));
	a->outcome = "reverted";
	return error_new(ERROR_VERIFY, "taken back: %s", why);
}

static struct error *confirm(struct host_watch *a, const char *why)
{
	struct host_request r = *a->request;

	r.reason = why;
	vigil_detach(a->vigil);
	host_close(a->h);
	TRY(host_confirm(a->bundle->name, &r));
	a->outcome = "confirmed";
	return NULL;
}

static struct error *act_on(struct host_watch *a, const struct vigil_verdict *v)
{
	char *why __free = str_printf("%s: %s (%s, after %s)", judge_word_name(v->judge.word),
				      v->judge.reason, v->function, str_duration(v->seconds).s);
	struct strbuf evidence __cleanup_strbuf = { 0 };

	if (!why)
		return error_nomem();
	host_say(a->h, "verdict", a->bundle->name, "%s", why);
	TRY(vigil_json(v, &evidence));
	TRY(ledger_append(a->h->ledger,
			  &(struct ledger_change){ .verb = "apply",
						   .patch = a->bundle->name,
						   .why = why,
						   .evidence = strbuf_str(&evidence) },
			  NULL));
	switch (v->judge.word) {
	case JUDGE_HEALTHY:
		return confirm(a, why);
	case JUDGE_INCONCLUSIVE:
		vigil_detach(a->vigil);
		a->outcome = "pending";
		return error_advise(error_new(ERROR_PENDING, "%s", why),
				    "suture confirm %s lets it stay; else it is taken back at its "
				    "deadline",
				    a->bundle->name);
	case JUDGE_DEGRADED:
	case JUDGE_FAILED:
		break;
	}
	return take_back(a, why);
}

/* What is kept of it; that it can't be written changes nothing of what was done. */
static void keep_record(struct host_watch *a)
{
	const struct watch_record_of of = { a->bundle, a->payload, a->vigil, &a->verdict,
					    a->outcome };
	struct host h __cleanup_host = HOST_CLOSED;
	struct error *e __cleanup_error = NULL;
	char *path __free = NULL;

	if (!a->outcome)
		return;
	vigil_detach(a->vigil);
	e = host_open(a->request, HOST_BESIDE, &h);
	if (!e)
		e = watch_record_write(&a->record, &h, &of, &path);
	if (e)
		host_say(&h, "note", a->bundle->name, "no record of the watch is kept: %s",
			 error_message(e));
	else
		host_say(&h, "record", a->bundle->name, "%s", path);
}

/* It is live and proved; whatever ends the watch without a verdict ends the patch. */
struct error *host_watch_verdict(struct host_watch *a, struct host *h, struct host_proof *proof)
{
	struct error *e, *back;

	a->h = h;
	host_say(a->h, "watching", a->bundle->name, "for at most %s",
		 str_duration(a->request->vigil.watch).s);
	host_proof_end(proof);
	if (a->processes)
		process_watch_live(a->processes);
	e = vigil_watch(a->vigil, &a->verdict);
	if (!e) {
		e = act_on(a, &a->verdict);
		keep_record(a);
		return e;
	}
	back = take_back(a, error_message(e));
	error_free(&e);
	return back;
}
