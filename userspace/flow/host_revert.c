// SPDX-License-Identifier: GPL-2.0-or-later
/* confirm, revert and force: what is done to a patch that is there. */
#include "flow/host_blockers.h"
#include "flow/host_state.h"
#include "livepatch/load.h"

#include "base/str.h"

struct error *host_revert_row(struct host *h, const struct ledger_patch *row,
			      enum ledger_state over, const char *verb, const char *why)
{
	TRY(ledger_append(
		h->ledger,
		&(struct ledger_change){
			.verb = verb, .patch = row->name, .to = LEDGER_REVERTING, .why = why },
		NULL));
	host_say(h, "reverting", row->name, "%s is being taken back", row->name);
	/* From here on the guard has nothing to take back. */
	if (!host_is_of_processes(row))
		host_guard_disarm(row->module);
	TRY(host_take_out(h, row->name, row->module, row->path));
	TRY(ledger_append(
		h->ledger,
		&(struct ledger_change){ .verb = verb, .patch = row->name, .to = over, .why = why },
		NULL));
	host_say(h, "reverted", row->name, "%s is %s, and %s", row->name, ledger_state_name(over),
		 host_is_of_processes(row) ? "no process has it" : "its module is unloaded");
	host_guard_dismiss(h, row->name);
	host_forget(h, row->bundle);
	return NULL;
}

/* The kernel lets nothing of it be loaded while it stays: say what it says. */
static struct error *undo_intent(struct host *h, const struct ledger_patch *row, struct error *why)
{
	struct live_flags f = { 0 };
	struct error *e __cleanup_error = live_flags_read(row->module, &f);

	/* Refused as it stands, nothing has changed: the ledger is to say so. */
	if (!e && f.enabled && !f.transition && error_kind(why) != ERROR_PENDING)
		e = ledger_append(h->ledger,
				  &(struct ledger_change){ .verb = "revert",
							   .patch = row->name,
							   .to = LEDGER_LIVE,
							   .why = error_message(why) },
				  NULL);
	return why;
}

struct error *host_revert(const char *name, const struct host_request *r)
{
	struct host_patch p __cleanup_host_patch = { 0 };
	struct host h __cleanup_host = HOST_CLOSED;
	struct error *e;

	TRY(host_open(r, HOST_CHANGE, &h));
	TRY(host_patch_find(&h, name, &p));
	if (!host_should_be_live(p.row->state))
		return error_new(ERROR_NOTHING, "%s is %s: there is nothing to take back",
				 p.row->name, ledger_state_name(p.row->state));
	e = host_revert_row(&h, p.row, LEDGER_REVERTED, "revert",
			    r->reason ? r->reason : "asked for");
	return e ? undo_intent(&h, p.row, e) : NULL;
}

/* --- confirm -------------------------------------------------------------------------- */

static struct error *prove_processes(const struct host_patch *p, struct strbuf *evidence)
{
	struct process_patch there __cleanup_process_patch = { 0 };
	struct strbuf first __cleanup_strbuf = { 0 };
	struct process_counts n;

	TRY(process_patch_open(p->bundle, &there));
	TRY(process_patch_look(&there));
	process_patch_count(&there, &n);
	TRY(process_patch_evidence(&there, evidence));
	if (!n.lost && !n.partial)
		return NULL;
	TRY(process_patch_first(&there, false, &first));
	return error_advise(error_new(ERROR_VERIFY,
				      "%s is not whole everywhere, and not confirmed: %s",
				      p->row->name, strbuf_str(&first)),
			    "suture revert %s takes it back", p->row->name);
}

static struct error *prove(const struct host_patch *p, struct strbuf *evidence)
{
	struct host_verdict v;

	if (host_is_of_processes(p->row) && p->bundle)
		return prove_processes(p, evidence);
	if (!p->payload)
		return error_failed("%s can't be proved: %s", p->row->name,
				    p->trouble ? p->trouble : "its bundle is not for this kernel");
	TRY(host_proof_look(p->payload, &v, evidence));
	if (v.state == PROOF_LOST)
		return error_advise(error_new(ERROR_VERIFY, "%s is lost, and not confirmed: %s",
					      p->row->name, v.trouble),
				    "suture revert %s takes it back", p->row->name);
	return NULL;
}

struct error *host_confirm(const char *name, const struct host_request *r)
{
	struct strbuf evidence __cleanup_strbuf = { 0 };
	struct host_patch p __cleanup_host_patch = { 0 };
	struct host h __cleanup_host = HOST_CLOSED;

	TRY(host_open(r, HOST_CHANGE, &h));
	TRY(host_patch_find(&h, name, &p));
	if (p.row->state == LEDGER_CONFIRMED)
		return error_new(ERROR_NOTHING, "%s is confirmed already", p.row->name);
	if (p.row->state != LEDGER_PROVED && p.row->state != LEDGER_LIVE)
		return error_new(ERROR_REFUSED, "%s is %s: only what is live can be confirmed",
				 p.row->name, ledger_state_name(p.row->state));
	TRY(prove(&p, &evidence));
	if (p.row->state == LEDGER_LIVE)
		TRY(ledger_append(h.ledger,
				  &(struct ledger_change){ .verb = "confirm",
							   .patch = p.row->name,
							   .to = LEDGER_PROVED,
							   .evidence = strbuf_str(&evidence) },
				  NULL));
	if (!host_is_of_processes(p.row))
		TRY(host_guard_confirm(p.row->module));
	TRY(ledger_append(h.ledger,
			  &(struct ledger_change){ .verb = "confirm",
						   .patch = p.row->name,
						   .to = LEDGER_CONFIRMED,
						   .why = r->reason,
						   .evidence = strbuf_str(&evidence) },
			  NULL));
	host_guard_dismiss(&h, p.row->name);
	host_say(&h, "confirmed", p.row->name, "%s is confirmed: it stays", p.row->name);
	return NULL;
}

/* --- force ---------------------------------------------------------------------------- */

#define FORCED_WAIT 10.0

static struct error *force(struct host *h, const char *name, const struct live_patch *p,
			   const struct host_request *r)
{
	struct blockers b __cleanup_blockers = { 0 };
	struct strbuf text __cleanup_strbuf = { 0 };
	bool done;

	TRY(host_blockers(p, false, &b));
	TRY(host_blockers_print(&b, false, 20, &text));
	TRY(strbuf_printf(&text, "reason given: %s", r->reason));
	TRY(ledger_append(h->ledger,
			  &(struct ledger_change){ .verb = "force", .patch = name, .why = text.s },
			  NULL));
	host_say(h, "forced", name,
		 "%zu task%s switched although inside of what changes: old and new code may run "
		 "side by side there, and no livepatch module can be unloaded any more before a "
		 "reboot",
		 b.v.n, b.v.n == 1 ? " is" : "s are");
	TRY(load_force(p->name));
	if (p->enabled)
		return load_await_enabled(p->name, FORCED_WAIT, NULL, NULL, &done);
	return load_await_gone(p->name, FORCED_WAIT, NULL, NULL, &done);
}

struct error *host_force(const char *name, const struct host_request *r)
{
	struct live_patches live __cleanup_live = { 0 };
	struct host_patch p __cleanup_host_patch = { 0 };
	struct host h __cleanup_host = HOST_CLOSED;
	const struct live_patch *moving;

	if (!r->reason || !*r->reason)
		return error_usage("--reason is needed: it is recorded");
	TRY(host_open(r, HOST_BESIDE, &h));
	TRY(host_patch_find(&h, name, &p));
	TRY(live_patches_read(&live));
	moving = live_patch_in_transition(&live);
	if (!moving || !str_equal(moving->name, p.row->module))
		return error_new(ERROR_NOTHING,
				 "%s is not in transition: there is nothing to force", p.row->name);
	return force(&h, p.row->name, moving, r);
}
