// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/host_check.h"

#include <unistd.h>

#include "base/str.h"
#include "flow/admit.h"
#include "flow/daemon_socket.h"
#include "livepatch/guard.h"

/* What the ledger calls live, with its module. */
static struct error *list_known(const struct host *h, struct check_facts *f)
{
	struct ledger_patches all = { 0 };

	if (h->ledger)
		TRY(ledger_patches(h->ledger, &f->arena, &all));
	for (size_t i = 0; i < all.n; i++) {
		const struct ledger_patch *p = &all.v[i];

		if (!p->module || !host_should_be_live(p->state) ||
		    (!host_is_of_processes(p) && !live_module_present(p->module)))
			continue;
		TRY(vec_push(&f->known, (struct check_live){ p->name, p->module }));
		f->same_digest |= p->bundle && str_equal(p->bundle, f->bundle->digest.hex);
	}
	return NULL;
}

/* Signatures, approvals and the order of versions, by the host's own policy. */
static struct error *ask_policy(const struct host *h, const struct bundle *b,
				const struct host_request *r, struct check_facts *f)
{
	struct admission a __cleanup_admission = { 0 };
	struct admit_past past = { .accepted_before = r->at_boot };

	if (h->ledger)
		TRY(ledger_newest(h->ledger, b->name, &past.newest_seen));
	past.seen = past.newest_seen > 0;
	f->policy = admit(b, NULL, &past, &a);
	if (f->policy)
		return error_kind(f->policy) == ERROR_POLICY ? NULL : take(f->policy);
	f->policy = judgement_error(&a.judgement, b->name);
	f->policy_note = arena_printf(&f->arena, "%u signature%s and %u approval%s count here%s",
				      a.judgement.signers, a.judgement.signers == 1 ? "" : "s",
				      a.judgement.approvals, a.judgement.approvals == 1 ? "" : "s",
				      a.judgement.policy.verdict.required
					      ? "; a verdict is asked for: apply --watch"
					      : "");
	return f->policy_note ? NULL : error_nomem();
}

/* Functions of this patch that the other has, too, in the same file. */
static struct error *compare(const struct process_patch *p, const char *name,
			     const struct process_patch *other, struct check_facts *f)
{
	vec_for_each(&p->parts, a)
		vec_for_each(&other->parts, b) {
			if (!str_equal(a->payload->build_id, b->payload->build_id))
				continue;
			vec_for_each(&a->object.functions, x)
				vec_for_each(&b->object.functions, y)
					if (x->old == y->old)
						TRY(vec_push(&f->stacked, (struct check_stacked){
										  x->name, name }));
		}
	return NULL;
}

/* One whose bundle is gone can't be compared. */
static struct error *list_stacked(const struct host *h, const struct process_patch *p,
				  struct check_facts *f)
{
	struct ledger_patches all = { 0 };

	if (h->ledger)
		TRY(ledger_patches(h->ledger, &f->arena, &all));
	for (size_t i = 0; i < all.n; i++) {
		struct process_patch other __cleanup_process_patch = { 0 };
		struct bundle *b __cleanup_bundle = NULL;
		struct error *unread __cleanup_error = NULL;
		const struct ledger_patch *row = &all.v[i];

		if (!host_is_of_processes(row) || !host_should_be_live(row->state) || !row->path ||
		    str_equal(row->name, p->name))
			continue;
		unread = bundle_open(row->path, &b);
		if (!unread)
			unread = process_patch_open(b, &other);
		if (!unread)
			TRY(compare(p, row->name, &other, f));
	}
	return NULL;
}

/* sutured is at work, or it is sutured itself that asks. */
static bool is_tended(const struct host_request *r, struct arena *a)
{
	const struct json_value *said = NULL;

	if (r->at_boot)
		return true;
	error_free(&(struct error *){ daemon_ask(a, &said) });
	return said;
}

static struct error *check_processes(const struct host *h, const struct bundle *b,
				     const struct host_request *r, struct findings *out)
{
	struct process_patch p __cleanup_process_patch = { 0 };
	struct check_facts f __cleanup_facts = {
		.bundle = b, .processes = &p, .whole = r->whole, .root = !geteuid()
	};
	static const struct hotpatch_options options = { 0 };

	TRY(process_patch_open(b, &p));
	TRY(list_known(h, &f));
	TRY(ask_policy(h, b, r, &f));
	TRY(list_stacked(h, &p, &f));
	TRY(process_patch_check(&p, &options));
	f.tended = is_tended(r, &f.arena);
	return check_judge(&f, out);
}

struct error *host_check_with(const struct host *h, const struct bundle *b,
			      const struct host_request *r, struct findings *out)
{
	struct check_facts f __cleanup_facts = { .bundle = b };
	const struct bundle_payload *p = bundle_payload_for(b, h->kernel.release);
	bool of_processes;

	TRY(process_patch_is(b, &of_processes));
	if (of_processes)
		return check_processes(h, b, r, out);
	f.guard_wanted = r->confirm_within > 0;
	f.guard_present = guard_present() || (p && p->guard.content);
	TRY(list_known(h, &f));
	TRY(ask_policy(h, b, r, &f));
	TRY(check_collect(b, &f));
	return check_judge(&f, out);
}

struct error *host_check(const struct bundle *b, const struct host_request *r, struct findings *out)
{
	struct host h __cleanup_host = HOST_CLOSED;

	TRY(host_open(r, HOST_LOOK, &h));
	return host_check_with(&h, b, r, out);
}
