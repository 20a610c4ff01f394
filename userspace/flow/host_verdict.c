// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/host_verdict.h"

#include "base/str.h"
#include "flow/host_state.h"

size_t host_verdict_last(const struct ledger_event *v, size_t n, struct arena *a)
{
	size_t last = n;

	for (size_t i = 0; i < n; i++) {
		if (v[i].after == LEDGER_APPLYING && v[i].before != LEDGER_APPLYING)
			last = n;
		if (verdict_said(v[i].evidence, a).what != VERDICT_NOT_SAID)
			last = i;
	}
	return last;
}

static struct error *find(struct ledger *l, const char *patch, struct arena *a,
			  struct verdict_said *out, const char **evidence)
{
	struct ledger_events all = { 0 };
	size_t last;

	TRY(ledger_events(l, &(struct ledger_filter){ .patch = patch }, a, &all));
	last = host_verdict_last(all.v, all.n, a);
	if (last == all.n)
		return NULL;
	*out = verdict_said(all.v[last].evidence, a);
	out->uptime = all.v[last].uptime;
	if (evidence)
		*evidence = all.v[last].evidence;
	return NULL;
}

struct error *host_verdict_find(struct ledger *l, const char *patch, struct arena *a,
				struct verdict_said *out)
{
	*out = (struct verdict_said){ 0 };
	return find(l, patch, a, out, NULL);
}

struct error *host_verdict_of(const char *name, struct arena *a, struct verdict_said *out,
			      const char **evidence)
{
	static const struct host_request nothing = { 0 };
	struct host h __cleanup_host = HOST_CLOSED;
	struct ledger_patches all = { 0 };

	*out = (struct verdict_said){ 0 };
	TRY(host_open(&nothing, HOST_LOOK, &h));
	if (!h.ledger)
		return NULL;
	TRY(ledger_patches(h.ledger, a, &all));
	for (size_t i = 0; i < all.n; i++)
		if (host_should_be_live(all.v[i].state) &&
		    (str_equal(all.v[i].name, name) ||
		     (all.v[i].module && str_equal(all.v[i].module, name))))
			return find(h.ledger, all.v[i].name, a, out, evidence);
	return NULL;
}
