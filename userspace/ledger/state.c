// SPDX-License-Identifier: GPL-2.0-or-later
/* The states and the ways between them, as one table. */
#include "ledger/state.h"

#include "base/cleanup.h"
#include "base/str.h"

#define TO(s) (1u << LEDGER_##s)

/* What may happen to whatever the kernel has. */
#define TAKEN_BACK (TO(REVERTING) | TO(ROLLED_BACK) | TO(LOST) | TO(REMOVED))

static const struct {
	const char *name;
	unsigned int to; /* the states that may follow */
} states[LEDGER_STATES] = {
	/* Found in the kernel, by a ledger that does not know it: live at once. */
	[LEDGER_NONE] = { "none", TO(STAGED) | TO(LIVE) },
	[LEDGER_STAGED] = { "staged", TO(STAGED) | TO(APPLYING) | TO(FAILED) | TO(REVERTED) },
	[LEDGER_APPLYING] = { "applying", TO(LIVE) | TO(FAILED) | TO(REVERTING) | TO(ROLLED_BACK) },
	[LEDGER_LIVE] = { "live", TO(PROVED) | TAKEN_BACK },
	[LEDGER_PROVED] = { "proved", TO(CONFIRMED) | TAKEN_BACK },
	[LEDGER_CONFIRMED] = { "confirmed", TAKEN_BACK },
	/* The kernel may refuse (a task holds it): then it is live as before, and to be proved. */
	[LEDGER_REVERTING] = { "reverting",
			       TO(REVERTED) | TO(LIVE) | TO(ROLLED_BACK) | TO(REMOVED) },
	[LEDGER_REVERTED] = { "reverted", TO(STAGED) | TO(APPLYING) | TO(LIVE) },
	[LEDGER_ROLLED_BACK] = { "rolled back", TO(STAGED) | TO(APPLYING) | TO(LIVE) },
	/*
	 * The redirect may come back by itself: then it is live again, and to be proved. After a
	 * boot it is applied again as it was, or staged by a person and then confirmed anew.
	 */
	[LEDGER_LOST] = { "lost", TO(LIVE) | TO(STAGED) | TO(APPLYING) | TO(REVERTING) |
					  TO(REVERTED) | TO(ROLLED_BACK) | TO(REMOVED) |
					  TO(FAILED) },
	[LEDGER_REMOVED] = { "removed", TO(STAGED) | TO(APPLYING) | TO(LIVE) },
	[LEDGER_FAILED] = { "failed", TO(STAGED) | TO(APPLYING) | TO(LIVE) },
};

const char *ledger_state_name(enum ledger_state s)
{
	return (unsigned int)s < LEDGER_STATES ? states[s].name : "unknown";
}

bool ledger_state_parse(const char *name, enum ledger_state *out)
{
	for (unsigned int s = 0; s < LEDGER_STATES; s++)
		if (str_equal(states[s].name, name)) {
			*out = s;
			return true;
		}
	return false;
}

/* "live, proved or lost" */
static struct error *list_states(unsigned int set, struct strbuf *out)
{
	for (unsigned int s = 0; s < LEDGER_STATES; s++) {
		if (!(set & (1u << s)))
			continue;
		set &= ~(1u << s);
		TRY(strbuf_printf(out, "%s%s", out->n ? (set ? ", " : " or ") : "",
				  states[s].name));
	}
	return NULL;
}

struct error *ledger_transition(enum ledger_state from, enum ledger_state to)
{
	struct strbuf may __cleanup_strbuf = { 0 };

	if ((unsigned int)from < LEDGER_STATES && (unsigned int)to < LEDGER_STATES &&
	    states[from].to & (1u << to))
		return NULL;
	if ((unsigned int)from >= LEDGER_STATES || (unsigned int)to >= LEDGER_STATES)
		return error_refused("there is no such state of a patch");
	TRY(list_states(states[from].to, &may));
	if (from == LEDGER_NONE)
		return error_refused("a patch that the ledger does not know can become %s, not %s",
				     strbuf_str(&may), states[to].name);
	return error_refused("a patch that is %s can become %s, not %s", states[from].name,
			     strbuf_str(&may), states[to].name);
}
