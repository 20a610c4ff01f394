// SPDX-License-Identifier: GPL-2.0-or-later
/* check → intent → guard → load → transition → proof; and back, whole, where one of them fails. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/str.h"
#include "flow/host_blockers.h"
#include "flow/host_check.h"
#include "flow/host_state.h"
#include "flow/reapply.h"
#include "flow/host_watch.h"
#include "livepatch/load.h"

#define FIRST_TOLD 1.0 /* seconds in transition before blockers are named */
#define TELL_EVERY 5.0
/* The guard keeps a deadline for the apply itself, too: it may be the manager that dies. */
#define PROOF_TIME 120.0
#define CONFIRM_LATER 300.0 /* seconds for a person, after a watch that did not tell */
#define COUNT_MS 200
#define COUNT_SECONDS 1.0 /* in processes, where a stop is needed to end it */

struct apply {
	struct host h;
	const struct host_request *r;
	struct bundle *bundle;
	const struct bundle_payload *payload; /* NULL: it is for processes */
	struct process_patch processes;
	const char *module; /* in the ledger */
	bool goes_on;	    /* it is live, and some processes are without it */
	char *kept, *ko, *guard_ko;
	struct host_proof proof;
	struct host_watch watch;
	enum host_guard_kind guard;
	uint64_t deadline; /* CLOCK_BOOTTIME, microseconds; 0: none */
	double next_tell;
};

static void apply_free(struct apply *a)
{
	host_watch_free(&a->watch);
	host_proof_end(&a->proof);
	process_patch_free(&a->processes);
	bundle_free(&a->bundle);
	free_pointer(&a->kept);
	free_pointer(&a->ko);
	free_pointer(&a->guard_ko);
	host_close(&a->h);
}

static const char *verb_of(const struct apply *a)
{
	return a->r->at_boot ? REAPPLY_VERB : "apply";
}

static const char *actor_of(const struct apply *a)
{
	return a->r->at_boot ? "sutured" : NULL;
}

static struct error *record(struct apply *a, enum ledger_state to, const char *why,
			    const char *evidence)
{
	return ledger_append(a->h.ledger,
			     &(struct ledger_change){ .actor = actor_of(a),
						      .verb = verb_of(a),
						      .patch = a->bundle->name,
						      .to = to,
						      .why = why,
						      .evidence = evidence },
			     NULL);
}

static double timeout_of(const struct host_request *r)
{
	return r->timeout > 0 ? r->timeout : HOST_TRANSITION;
}

/* --- forwards ------------------------------------------------------------------------- */

static struct error *write_intent(struct apply *a)
{
	struct ledger_change c = {
		.actor = actor_of(a),
		.verb = verb_of(a),
		.patch = a->bundle->name,
		.why = a->r->reason ? a->r->reason : a->bundle->facts.title,
		.bundle = a->bundle->digest.hex,
		.path = a->kept,
		.module = a->module,
		.fix = a->bundle->name,
		.version = a->bundle->facts.serial,
	};

	if (a->goes_on)
		return record(a, LEDGER_NONE, "for the processes that are without it", NULL);
	/* Processes have no transition. */
	if (a->r->confirm_within > 0)
		a->deadline =
			host_uptime() +
			(uint64_t)(((a->payload ? timeout_of(a->r) : host_watch_wait(&a->watch)) +
				    a->r->confirm_within) *
				   1e6);
	c.to = LEDGER_STAGED;
	/* What is lost is on the host already. */
	if (!a->r->at_boot)
		TRY(ledger_append(a->h.ledger, &c, NULL));
	c.to = LEDGER_APPLYING;
	c.deadline = a->deadline;
	return ledger_append(a->h.ledger, &c, NULL);
}

static struct error *arm(struct apply *a)
{
	double seconds =
		timeout_of(a->r) + (a->r->confirm_within > 0 ? a->r->confirm_within : PROOF_TIME);

	if (a->payload)
		TRY(host_guard_arm(&a->h, a->module, a->guard_ko, seconds, &a->guard));
	if (a->guard == GUARD_KERNEL)
		host_say(&a->h, "armed", a->bundle->name, "the guard in the kernel is on duty");
	if (a->guard == GUARD_KERNEL || !a->deadline)
		return NULL;
	TRY(host_guard_process(&a->h, a->bundle->name, a->deadline));
	a->guard = GUARD_PROCESS;
	host_say(&a->h, "armed", a->bundle->name,
		 a->payload ? "a process keeps the deadline; the guard in the kernel can't be had"
			    : "a process keeps the deadline");
	return NULL;
}

/* Between two looks at the transition. */
static struct error *watch(void *arg, double elapsed)
{
	struct apply *a = arg;
	struct blockers b __cleanup_blockers = { 0 };
	struct strbuf text __cleanup_strbuf = { 0 };
	struct host_event ev = { .event = "blocked", .patch = a->bundle->name, .blockers = &b };

	TRY(interrupt_check());
	if (elapsed < a->next_tell || !a->r->tell)
		return NULL;
	a->next_tell = elapsed + TELL_EVERY;
	TRY(host_blockers_tell(a->module, &b, &text));
	ev.text =
		text.n ? text.s
		       : "no task is told as waiting: a CPU's idle task, or one that was switched meanwhile";
	ev.seconds = clock_seconds() - a->h.start;
	a->r->tell(a->r->arg, &ev);
	return NULL;
}

/* Who kept it from being through, before it is rolled back. */
static struct error *too_late(struct apply *a)
{
	struct blockers b __cleanup_blockers = { 0 };
	struct strbuf text __cleanup_strbuf = { 0 };
	struct error *e;

	TRY(host_blockers_tell(a->module, &b, &text));
	e = error_new(ERROR_VERIFY, "the transition took longer than %s",
		      str_duration(timeout_of(a->r)).s);
	return text.n ? error_advise(e, "%s", text.s) : e;
}

/* The guard, most likely: it says why. */
static struct error *was_first(const struct apply *a, struct error *e)
{
	struct arena arena = { 0 };
	enum host_guard_kind kind;
	const char *said = NULL;
	struct error *unknown __cleanup_error =
		host_guard_look(a->h.dir, a->bundle->name, a->module, &arena, &kind, &said);

	e = error_with_kind(e, ERROR_VERIFY);
	if (!unknown && said)
		e = error_advise(e, "the guard in the kernel: %s", said);
	arena_free(&arena);
	return e;
}

static struct error *transit(struct apply *a)
{
	double start = clock_seconds();
	struct error *e;
	bool done;

	a->next_tell = FIRST_TOLD;
	e = load_await_enabled(a->module, timeout_of(a->r), watch, a, &done);
	if (e && error_kind(e) == ERROR_FAILED)
		e = was_first(a, e);
	TRY(e);
	if (!done)
		return too_late(a);
	host_say(&a->h, "live", a->bundle->name, "all tasks run the new code after %s",
		 str_duration(clock_seconds() - start).s);
	return NULL;
}

static struct error *prove(struct apply *a)
{
	struct strbuf evidence __cleanup_strbuf = { 0 }, text __cleanup_strbuf = { 0 };
	struct host_verdict v;

	TRY(host_proof_mark(&a->proof));
	poll(NULL, 0, COUNT_MS);
	TRY(host_proof_read(&a->proof, a->payload, &v, &evidence));
	TRY(host_verdict_print(&v, &text));
	if (v.state == PROOF_LOST || (v.state == PROOF_NOT_PATCHED && v.functions))
		return error_new(ERROR_VERIFY, "the proof failed: %s", text.s);
	TRY(record(a, LEDGER_LIVE, NULL, NULL));
	TRY(record(a, LEDGER_PROVED, NULL, strbuf_str(&evidence)));
	if (a->r->at_boot)
		TRY(record(a, LEDGER_CONFIRMED, "it was before the host was booted", NULL));
	host_say(&a->h, "proved", a->bundle->name, "%s", text.s);
	return NULL;
}

/* Without a deadline to confirm in, the guard's work is done; the ledger does not wait for it. */
static struct error *settle_guard(struct apply *a)
{
	if (a->r->confirm_within > 0)
		return NULL;
	return a->guard == GUARD_KERNEL ? host_guard_confirm(a->module) : NULL;
}

static struct error *go(struct apply *a, bool *loaded)
{
	TRY(arm(a));
	TRY(host_proof_begin(a->payload, &a->proof));
	if (a->proof.uncounted)
		host_say(&a->h, "note", a->bundle->name, "calls are not counted: %s",
			 a->proof.uncounted);
	TRY(interrupt_check());
	TRY(load_insert(a->ko, NULL));
	*loaded = true;
	host_say(&a->h, "loaded", a->bundle->name, "%s is loaded", a->module);
	TRY(transit(a));
	TRY(prove(a));
	return settle_guard(a);
}

/* --- processes ------------------------------------------------------------------------ */

/* What keeps all of them from it may pass. */
static bool may_come_later(const struct apply *a)
{
	vec_for_each(&a->processes.rows, row)
		if (row->has != PROCESS_HAS && (!row->why || error_kind(row->why) != ERROR_PENDING))
			return false;
	return true;
}

static struct error *not_everywhere(const struct apply *a, const struct process_counts *n)
{
	bool pending = (n->have && !a->r->whole) || may_come_later(a);
	struct strbuf first __cleanup_strbuf = { 0 };

	TRY(process_patch_first(&a->processes, false, &first));
	return error_advise(error_new(pending ? ERROR_PENDING : ERROR_VERIFY,
				      "%zu of %zu processes have it; not %s", n->have, n->all,
				      strbuf_str(&first)),
			    "suture status --processes shows all");
}

/* They are read back: what is recorded is what is there. */
static struct error *prove_processes(struct apply *a)
{
	struct strbuf evidence __cleanup_strbuf = { 0 }, calls __cleanup_strbuf = { 0 };
	struct process_counts n;

	process_patch_count(&a->processes, &n);
	if (n.all && (!n.have || (a->r->whole && n.have < n.all)))
		return not_everywhere(a, &n);
	TRY(process_patch_evidence(&a->processes, &evidence));
	if (a->goes_on) {
		TRY(record(a, LEDGER_NONE, NULL, strbuf_str(&evidence)));
	} else {
		TRY(record(a, LEDGER_LIVE, NULL, NULL));
		TRY(record(a, LEDGER_PROVED, NULL, strbuf_str(&evidence)));
	}
	if (a->r->at_boot)
		TRY(record(a, LEDGER_CONFIRMED, "it was before the host was booted", NULL));
	TRY(process_counts_print(&n, &calls));
	if (n.all)
		host_say(&a->h, "proved", a->bundle->name,
			 "read back in %zu of %zu processes; %s; longest stop %s", n.have, n.all,
			 calls.s, str_duration(n.longest_stop).s);
	else
		host_say(
			&a->h, "awaiting", a->bundle->name,
			"no process has the file mapped now: sutured gives it to those that begin");
	return NULL;
}

/* Behind the switch: a hook, the profiler's map. */
static void say_what_is_missing(const struct apply *a)
{
	vec_for_each(&a->processes.rows, row)
		if (row->has == PROCESS_HAS && row->why && error_kind(row->why) != ERROR_NOTHING)
			host_say(&a->h, "note", a->bundle->name, "%s (%d): %s", row->process.comm,
				 row->process.pid, error_message(row->why));
}

static double count_of(const struct host_request *r)
{
	/* At boot nothing that runs is waited for. */
	if (r->uncounted || r->at_boot)
		return 0;
	if (r->count > 0)
		return r->count;
	/* The time to confirm in runs already. */
	if (r->confirm_within > 0 && r->confirm_within / 4 < COUNT_SECONDS)
		return r->confirm_within / 4;
	return COUNT_SECONDS;
}

static struct error *go_to_processes(struct apply *a, bool *changed)
{
	struct hotpatch_options options = { .perf_map = a->r->perf_map, .count = count_of(a->r) };

	TRY(arm(a));
	TRY(interrupt_check());
	*changed = true;
	TRY(host_watch_processes(&a->watch, &a->h, a->bundle, &a->processes));
	if (a->watch.processes)
		options.timing_rate = process_watch_rate(a->watch.processes);
	TRY(process_patch_apply(&a->processes, &options));
	say_what_is_missing(a);
	return prove_processes(a);
}

/* Applied as far as it can be; whether that is everywhere is told at the end. */
static struct error *is_everywhere(const struct apply *a)
{
	struct process_counts n;

	process_patch_count(&a->processes, &n);
	return n.have < n.all ? not_everywhere(a, &n) : NULL;
}

/* --- backwards ------------------------------------------------------------------------ */

/* What it was before; 'why' is what is returned, or why even that is not yet so. */
static struct error *back(struct apply *a, bool loaded, struct error *why)
{
	enum ledger_state over = loaded ? LEDGER_ROLLED_BACK : LEDGER_FAILED;
	struct error *e = NULL;

	host_watch_end(&a->watch);
	host_proof_end(&a->proof);
	if (loaded) {
		host_say(&a->h, "rolling-back", a->bundle->name, "%s", error_message(why));
		e = host_take_out(&a->h, a->bundle->name, a->module, a->kept);
	}
	if (a->payload)
		host_guard_disarm(a->module);
	if (!e)
		e = record(a, over, error_message(why), NULL);
	if (e) {
		e = error_advise(e, "it was to be rolled back: %s", error_message(why));
		error_free(&why);
		return e;
	}
	host_guard_dismiss(&a->h, a->bundle->name);
	host_forget(&a->h, a->bundle->digest.hex);
	return error_context(why, loaded ? "rolled back whole" : "not applied");
}

/* With a verdict to wait for the deadline covers the watch, and a person's time after it. */
static struct host_request with_deadline(const struct host_request *r, struct watch_record *record)
{
	struct host_request own = *r;

	if (!(r->watch > 0))
		return own;
	watch_record_begin(record, r);
	own.tell = watch_record_tell;
	own.arg = record;
	own.confirm_within =
		2 * r->watch + (r->confirm_within > 0 ? r->confirm_within : CONFIRM_LATER);
	return own;
}

/* --- all of it ------------------------------------------------------------------------ */

static struct error *open_bundle(struct apply *a, const char *path)
{
	bool of_processes;

	TRY(bundle_open(path, &a->bundle));
	TRY(process_patch_is(a->bundle, &of_processes));
	if (of_processes) {
		a->module = PROCESS_MODULE;
		return process_patch_open(a->bundle, &a->processes);
	}
	/* Without one, check says so. */
	a->payload = bundle_payload_for(a->bundle, a->h.kernel.release);
	a->module = a->payload ? a->payload->module : NULL;
	return NULL;
}

/* check has refused another bundle of the same name. */
static struct error *does_go_on(struct apply *a)
{
	const struct ledger_patch *row = NULL;
	struct arena arena = { 0 };
	struct error *e = NULL;

	if (!a->payload)
		e = ledger_patch(a->h.ledger, a->bundle->name, &arena, &row);
	a->goes_on = !e && row && row->state != LEDGER_LOST && host_should_be_live(row->state);
	arena_free(&arena);
	if (!e && a->goes_on && a->r->watch > 0)
		e = error_refused("%s is live already: before and after can't be compared any "
				  "more",
				  a->bundle->name);
	else if (!e && a->goes_on && a->r->confirm_within > 0)
		e = error_advise(error_refused("%s is live already, and some processes are without "
					       "it: there is no deadline to give anew",
					       a->bundle->name),
				 "apply it without --confirm-within");
	return e;
}

static struct error *apply(struct apply *a, const char *path, struct findings *findings)
{
	bool loaded = false;
	struct error *e;

	TRY(open_bundle(a, path));
	TRY(host_check_with(&a->h, a->bundle, a->r, findings));
	TRY(findings_error(findings));
	host_say(&a->h, "checked", a->bundle->name, "nothing speaks against it");
	TRY(does_go_on(a));
	/* It had its verdict when the others got it. */
	if (!a->goes_on)
		TRY(host_watch_baseline(&a->watch, &a->h, a->bundle, a->payload));
	TRY(host_keep(&a->h, path, a->bundle, a->payload, &a->kept, &a->ko, &a->guard_ko));
	e = write_intent(a);
	if (e) {
		host_forget(&a->h, a->bundle->digest.hex);
		return e;
	}
	e = a->payload ? go(a, &loaded) : go_to_processes(a, &loaded);
	/* The processes that had it before keep it. */
	if (e && !a->goes_on)
		return back(a, loaded, e);
	if (e)
		return e;
	return a->payload ? NULL : is_everywhere(a);
}

/* Until somebody confirms it, or it is taken back: the ledger says which. */
static struct error *await_confirmation(const struct host_request *r, const char *name,
					uint64_t deadline)
{
	for (;;) {
		struct host_patch p __cleanup_host_patch = { 0 };
		struct host h __cleanup_host = HOST_CLOSED;
		bool late = host_uptime() > deadline + 5000000;
		struct error *e;

		TRY(interrupt_check());
		e = host_open(r, late ? HOST_CHANGE : HOST_LOOK, &h);
		if (e && error_kind(e) == ERROR_PENDING)
			error_free(&e);
		else if (e)
			return e;
		else
			TRY(host_patch_find(&h, name, &p));
		if (p.row && p.row->state == LEDGER_CONFIRMED)
			return NULL;
		if (p.row && !host_should_be_live(p.row->state) && p.row->state != LEDGER_REVERTING)
			return error_new(ERROR_VERIFY, "%s is %s", name,
					 ledger_state_name(p.row->state));
		host_patch_free(&p);
		host_close(&h);
		poll(NULL, 0, 500);
	}
}

struct error *host_apply(const char *path, const struct host_request *r, struct findings *findings)
{
	struct apply a __cleanup(apply_free) = { .h = HOST_CLOSED };
	struct host_request own = with_deadline(r, &a.watch.record);
	char *name __free = NULL;

	a.r = &own;
	TRY(host_open(&own, HOST_CHANGE, &a.h));
	TRY(apply(&a, path, findings));
	if (a.watch.vigil)
		return host_watch_verdict(&a.watch, &a.h, &a.proof);
	if (!a.deadline || !r->wait)
		return NULL;
	name = strdup(a.bundle->name);
	if (!name)
		return error_nomem();
	host_proof_end(&a.proof);
	host_close(&a.h);
	return await_confirmation(r, name, a.deadline);
}
