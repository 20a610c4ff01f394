// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/host_check.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "bundle/judgement.h"
#include "livepatch/guard.h"

#define TRUST_DIR "/etc/suture/trust.d"

/* What the ledger calls live, with its module. */
static struct error *list_known(const struct host *h, struct check_facts *f)
{
	struct ledger_patches all = { 0 };

	if (h->ledger)
		TRY(ledger_patches(h->ledger, &f->arena, &all));
	for (size_t i = 0; i < all.n; i++) {
		const struct ledger_patch *p = &all.v[i];

		if (!p->module || !host_should_be_live(p->state) || !live_module_present(p->module))
			continue;
		TRY(vec_push(&f->known, (struct check_live){ p->name, p->module }));
		f->same_digest |= p->bundle && str_equal(p->bundle, f->bundle->digest.hex);
	}
	return NULL;
}

/* Signatures, approvals and the order of versions, by the host's own policy. */
static struct error *ask_policy(const struct host *h, const struct bundle *b, struct check_facts *f)
{
	const char *dir = getenv("SUTURE_TRUST");
	struct judgement j __cleanup_judgement = { 0 };
	struct trust *t __cleanup_trust = NULL;
	struct circumstances c = { .now = time(NULL) };
	char name[65] = "";

	if (gethostname(name, sizeof(name) - 1))
		return error_errno(errno, "gethostname");
	c.place = (struct place){ .host = name, .release = h->kernel.release };
	if (h->ledger)
		TRY(ledger_newest(h->ledger, b->name, &c.newest_seen));
	c.seen = c.newest_seen > 0;
	f->policy = trust_open(dir && *dir ? dir : TRUST_DIR, &t);
	if (f->policy)
		return NULL;
	TRY(judge_bundle(b, t, &c, &j));
	f->policy = judgement_error(&j, b->name);
	f->policy_note =
		arena_printf(&f->arena, "%u signature%s and %u approval%s count here", j.signers,
			     j.signers == 1 ? "" : "s", j.approvals, j.approvals == 1 ? "" : "s");
	return f->policy_note ? NULL : error_nomem();
}

struct error *host_check_with(const struct host *h, const struct bundle *b,
			      const struct host_request *r, struct findings *out)
{
	struct check_facts f __cleanup_facts = { .bundle = b };
	const struct bundle_payload *p = bundle_payload_for(b, h->kernel.release);

	f.guard_wanted = r->confirm_within > 0;
	f.guard_present = guard_present() || (p && p->guard.content);
	TRY(list_known(h, &f));
	TRY(ask_policy(h, b, &f));
	TRY(check_collect(b, &f));
	return check_judge(&f, out);
}

struct error *host_check(const struct bundle *b, const struct host_request *r, struct findings *out)
{
	struct host h __cleanup_host = HOST_CLOSED;

	TRY(host_open(r, HOST_LOOK, &h));
	return host_check_with(&h, b, r, out);
}
