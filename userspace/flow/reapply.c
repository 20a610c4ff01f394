// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/reapply.h"

#include "base/str.h"

/* The last application at boot that nothing shows the host to have outlived; or NULL. */
static const struct ledger_event *unsettled(const struct ledger_events *events)
{
	const struct ledger_event *open = NULL;

	for (size_t i = 0; i < events->n; i++) {
		const struct ledger_event *e = &events->v[i];

		if (str_equal(e->verb, REAPPLY_VERB) && e->after == LEDGER_APPLYING &&
		    e->before != e->after)
			open = e;
		else if (str_equal(e->verb, SURVIVED_VERB) && open &&
			 str_equal(e->boot, open->boot))
			open = NULL;
		/* A person knows what he says. */
		else if (e->after == LEDGER_CONFIRMED && e->before != e->after &&
			 !str_equal(e->verb, REAPPLY_VERB))
			open = NULL;
	}
	return open;
}

enum reapply reapply_decide(const struct ledger_patch *p, const struct ledger_events *events,
			    const char *boot)
{
	const struct ledger_event *open = unsettled(events);

	if (p->state != LEDGER_LOST || !p->confirmed || !p->path ||
	    (p->boot && str_equal(p->boot, boot)))
		return REAPPLY_NOT_LOST;
	return open && !str_equal(open->boot, boot) ? REAPPLY_HOST_WENT_DOWN : REAPPLY_YES;
}

bool reapply_is_pending(const struct ledger_events *events, const char *boot)
{
	const struct ledger_event *open = unsettled(events);

	return open && str_equal(open->boot, boot);
}
