// SPDX-License-Identifier: GPL-2.0-or-later
/* The ledger held against the kernel, before each verb: recover.h decides, this does it. */
#include "flow/host_state.h"
#include "livepatch/load.h"

#include "base/str.h"

static enum recover_phase phase_of(enum ledger_state s)
{
	if (s == LEDGER_APPLYING)
		return RECOVER_APPLYING;
	if (s == LEDGER_REVERTING)
		return RECOVER_REVERTING;
	return host_should_be_live(s) ? RECOVER_LIVE : RECOVER_OVER;
}

struct error *host_recover_facts(const struct host *h, const struct ledger_patch *row,
				 struct recover_facts *out)
{
	struct live_flags f;

	*out = (struct recover_facts){
		.phase = phase_of(row->state),
		.same_boot = row->boot && str_equal(row->boot, h->kernel.boot_id),
		.confirmed = row->confirmed,
	};
	out->overdue = row->deadline && out->same_boot && host_uptime() >= row->deadline;
	/* Processes come and go, and a bundle may be wanted where none has it now. */
	if (host_is_of_processes(row)) {
		out->present = out->same_boot && out->phase != RECOVER_OVER;
		out->enabled = out->present;
		out->transition = out->phase == RECOVER_APPLYING;
		return NULL;
	}
	if (!row->module)
		return NULL;
	TRY(live_flags_read(row->module, &f));
	out->present = f.present;
	out->enabled = f.enabled;
	out->transition = f.transition;
	out->module = live_module_present(row->module);
	return NULL;
}

static struct error *record(struct host *h, const struct ledger_patch *row, enum ledger_state to,
			    const char *why)
{
	host_say(h, "recovered", row->name, "%s is %s: %s", row->name, ledger_state_name(to), why);
	return ledger_append(h->ledger,
			     &(struct ledger_change){ .actor = "recovery",
						      .verb = "recover",
						      .patch = row->name,
						      .to = to,
						      .why = why },
			     NULL);
}

/* Nothing of it is live: what is left of its module goes. */
static struct error *say_out(struct host *h, const struct ledger_patch *row, enum ledger_state to,
			     const char *why)
{
	if (row->module && !host_is_of_processes(row)) {
		TRY(load_remove(row->module, HOST_UNLOAD));
		host_guard_disarm(row->module);
	}
	TRY(record(h, row, to, why));
	host_forget(h, row->bundle);
	return NULL;
}

static struct error *roll_back(struct host *h, const struct ledger_patch *row, enum ledger_state to,
			       const char *why)
{
	TRY(host_take_out(h, row->name, row->module, row->path));
	return say_out(h, row, to, why);
}

/* Through, but nobody saw whether it holds. */
static struct error *complete(struct host *h, const struct ledger_patch *row, const char *why)
{
	struct host_patch p __cleanup_host_patch = { 0 };
	struct strbuf evidence __cleanup_strbuf = { 0 };
	struct host_verdict v;

	TRY(host_patch_find(h, row->name, &p));
	if (!p.payload)
		return roll_back(h, row, LEDGER_ROLLED_BACK,
				 "its bundle is gone: what it should be can't be told");
	TRY(host_proof_look(p.payload, &v, &evidence));
	if (v.state == PROOF_LOST)
		return roll_back(h, row, LEDGER_ROLLED_BACK, v.trouble);
	TRY(record(h, row, LEDGER_LIVE, why));
	return ledger_append(h->ledger,
			     &(struct ledger_change){ .actor = "recovery",
						      .verb = "recover",
						      .patch = row->name,
						      .to = LEDGER_PROVED,
						      .evidence = strbuf_str(&evidence) },
			     NULL);
}

/* Was it the guard? Then it says why. */
static struct error *say_removed(struct host *h, const struct ledger_patch *row, const char *why)
{
	struct arena a = { 0 };
	enum host_guard_kind kind;
	const char *said = NULL;
	struct error *e = host_guard_look(h->dir, row->name, row->module, &a, &kind, &said);

	if (!e)
		e = say_out(h, row, said ? LEDGER_ROLLED_BACK : LEDGER_REMOVED, said ? said : why);
	arena_free(&a);
	return e;
}

static struct error *settle(struct host *h, const struct ledger_patch *row)
{
	struct recover_facts f;
	enum recover_action a;
	const char *why;

	TRY(host_recover_facts(h, row, &f));
	a = recover_decide(&f);
	why = recover_reason(a);
	switch (a) {
	case RECOVER_COMPLETE:
		return complete(h, row, why);
	case RECOVER_ROLL_BACK:
		return roll_back(h, row, LEDGER_ROLLED_BACK, why);
	case RECOVER_SAY_ROLLED_BACK:
		return say_out(h, row, LEDGER_ROLLED_BACK, why);
	case RECOVER_REVERT:
		return host_revert_row(h, row, LEDGER_ROLLED_BACK, "recover", why);
	case RECOVER_FINISH_REVERT:
		return roll_back(h, row, LEDGER_REVERTED, why);
	case RECOVER_SAY_REVERTED:
		return say_out(h, row, LEDGER_REVERTED, why);
	case RECOVER_SAY_REMOVED:
		return say_removed(h, row, why);
	case RECOVER_SAY_GONE_WITH_BOOT:
		return row->state == LEDGER_LOST ? NULL : record(h, row, LEDGER_LOST, why);
	case RECOVER_NOTHING:
	case RECOVER_WATCH:
		return NULL;
	}
	return NULL;
}

/* One that can't be settled now, because something pins it, does not keep the others. */
struct error *host_recover(struct host *h)
{
	struct ledger_patches all = { 0 };
	struct arena a = { 0 };
	struct error *e = ledger_patches(h->ledger, &a, &all);

	for (size_t i = 0; !e && i < all.n; i++) {
		e = settle(h, &all.v[i]);
		if (e && error_kind(e) == ERROR_PENDING) {
			host_say(h, "blocked", all.v[i].name, "%s", error_message(e));
			error_free(&e);
		}
	}
	arena_free(&a);
	return e ? e : host_sweep(h);
}
