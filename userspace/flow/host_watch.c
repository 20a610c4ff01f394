// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/host_watch.h"

#include <stdlib.h>

#include "base/str.h"
#include "flow/admit.h"
#include "flow/function_arg.h"
#include "flow/verdict_json.h"

void host_watch_end(struct host_watch *a)
{
	vigil_end(&a->vigil);
	process_watch_end(&a->processes);
}

void host_watch_free(struct host_watch *a)
{
	host_watch_end(a);
	watch_record_free(&a->record);
	vec_free(&a->controls);
	watch_settled_free(&a->settled);
}

/* --- the policy ------------------------------------------------------------------------ */

static struct error *settle(struct host_watch *a, struct host *h, const struct watch_terms *bounds)
{
	const struct host_request *r = h->request;
	const struct watch_sides sides = { .command = &r->terms,
					   .fix = &a->bundle->watch,
					   .host = bounds,
					   .watch = r->watch,
					   .interval = r->interval > 0 ? r->interval : 1 };

	TRY(watch_settle(&sides, &a->settled));
	vec_for_each(&a->settled.notes, note)
		host_say(h, "policy", a->bundle->name, "%s", *note);
	/* Who sits before it did not write it. */
	if (a->settled.health_check == WATCH_BY_FIX)
		host_say(h, "policy", a->bundle->name,
			 "health-check: at each look the fix's command is run: %s",
			 a->settled.terms.health_check);
	for (size_t i = 0; i < a->settled.terms.controls.n; i++) {
		struct function_arg f;

		TRY_CONTEXT(
			function_arg_parse(a->settled.terms.controls.v[i], &a->settled.arena, &f),
			"a control");
		TRY(vec_push(&a->controls, (struct watch_function){ f.object, f.name, f.sympos }));
	}
	return NULL;
}

static struct vigil_wish wish_of(const struct host_watch *a)
{
	const struct watch_settled *s = &a->settled;

	return (struct vigil_wish){ .watch = a->request->watch,
				    .baseline = s->terms.number[WATCH_BASELINE],
				    .interval = s->interval,
				    .policy = watch_settled_policy(s),
				    .controls = a->controls.v,
				    .n_controls = a->controls.n,
				    .health_check = { s->terms.health_check, s->host_check } };
}

static struct error *not_watched(const struct host_request *r, const struct watch_terms *bounds)
{
	/* It was accepted here before, and is only put back. */
	if (!bounds->required || r->at_boot)
		return NULL;
	return error_advise(error_new(ERROR_POLICY, "this host takes no patch without a verdict"),
			    "suture apply --watch TIME");
}

/* --- before ---------------------------------------------------------------------------- */

struct error *host_watch_baseline(struct host_watch *a, struct host *h, const struct bundle *b,
				  const struct bundle_payload *payload)
{
	struct admit_bounds bounds __cleanup_admit_bounds = { 0 };
	struct strbuf beside __cleanup_strbuf = { 0 }, cost __cleanup_strbuf = { 0 };
	struct vigil_wish w;

	a->request = h->request;
	a->bundle = b;
	a->payload = payload;
	TRY(admit_bounds(&bounds));
	if (!(h->request->watch > 0))
		return not_watched(h->request, &bounds.terms);
	TRY(settle(a, h, &bounds.terms));
	if (!a->payload)
		return NULL;
	w = wish_of(a);
	TRY(vigil_begin(a->payload, &w, &a->vigil));
	TRY(vigil_controls(a->vigil, &beside));
	TRY(vigil_cost(a->vigil, &cost));
	host_say(h, "baseline", a->bundle->name, "watching what is there for %s, beside %s",
		 str_duration(w.baseline).s, strbuf_str(&beside));
	host_say(h, "cost", a->bundle->name, "%s", strbuf_str(&cost));
	TRY(vigil_baseline(a->vigil));
	if (vigil_blind(a->vigil))
		host_say(h, "note", a->bundle->name, "leaks of the new code are not seen: %s",
			 vigil_blind(a->vigil));
	return NULL;
}

double host_watch_wait(const struct host_watch *a)
{
	return a->request && a->request->watch > 0 && !a->payload
		       ? a->settled.terms.number[WATCH_BASELINE]
		       : 0;
}

struct error *host_watch_processes(struct host_watch *a, struct host *h, const struct bundle *b,
				   struct process_patch *p)
{
	struct strbuf why __cleanup_strbuf = { 0 }, cost __cleanup_strbuf = { 0 };
	struct vigil_wish w;
	size_t timed;

	/* Nobody asked for a verdict, or those that are left get what has one. */
	if (!a->request || !(a->request->watch > 0))
		return NULL;
	w = wish_of(a);
	if (w.n_controls)
		host_say(h, "note", b->name, "no controls: in processes there are none");
	TRY(process_watch_begin(p, w.interval, &a->processes, &timed, &why));
	if (why.n)
		host_say(h, "note", b->name, "calls are not timed in all processes: %s", why.s);
	host_say(h, "baseline", b->name, "timing the old code in %zu of %zu processes for %s",
		 timed, p->rows.n, str_duration(w.baseline).s);
	TRY(process_watch_vigil(a->processes, &w, &a->vigil));
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

static struct error *confirm(struct host_watch *a, const char *why, const char *outcome)
{
	struct host_request r = *a->request;

	r.reason = why;
	vigil_detach(a->vigil);
	host_close(a->h);
	TRY(host_confirm(a->bundle->name, &r));
	a->outcome = outcome;
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
	TRY(verdict_evidence(v, &evidence));
	TRY(ledger_append(a->h->ledger,
			  &(struct ledger_change){ .verb = "apply",
						   .patch = a->bundle->name,
						   .why = why,
						   .evidence = strbuf_str(&evidence) },
			  NULL));
	switch (v->judge.word) {
	case JUDGE_HEALTHY:
		return confirm(a, why, "confirmed");
	case JUDGE_INCONCLUSIVE:
		vigil_detach(a->vigil);
		a->outcome = "pending";
		return error_advise(error_new(ERROR_PENDING, "%s", why),
				    "suture confirm %s lets it stay; else it is taken back at its "
				    "deadline",
				    a->bundle->name);
	case JUDGE_DEGRADED:
		if (a->settled.terms.on_degraded == WATCH_DEGRADED_KEEP)
			return confirm(a, why, "kept, though degraded, by policy");
		break;
	case JUDGE_FAILED:
		break;
	}
	return take_back(a, why);
}

/* What is kept of it; that it can't be written changes nothing of what was done. */
static void keep_record(struct host_watch *a)
{
	const struct watch_record_of of = { a->bundle, a->payload,  &a->settled,
					    a->vigil,  &a->verdict, a->outcome };
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

/* So that others can tell how far it is. */
static struct error *note_begin(struct host_watch *a)
{
	struct strbuf evidence __cleanup_strbuf = { 0 };
	char *why __free = str_printf("watched for at most %s", str_duration(a->request->watch).s);

	if (!why)
		return error_nomem();
	TRY(verdict_watching(a->request->watch, &evidence));
	return ledger_append(a->h->ledger,
			     &(struct ledger_change){ .verb = "apply",
						      .patch = a->bundle->name,
						      .why = why,
						      .evidence = strbuf_str(&evidence) },
			     NULL);
}

/* It is live and proved; whatever ends the watch without a verdict ends the patch. */
struct error *host_watch_verdict(struct host_watch *a, struct host *h, struct host_proof *proof)
{
	struct error *e, *back;

	a->h = h;
	host_say(a->h, "watching", a->bundle->name, "for at most %s",
		 str_duration(a->request->watch).s);
	host_proof_end(proof);
	if (a->processes)
		process_watch_live(a->processes);
	e = note_begin(a);
	if (!e)
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
