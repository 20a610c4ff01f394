// SPDX-License-Identifier: GPL-2.0-or-later
/* What the probes of a vigil cost, said beforehand and written into its record afterwards. */
#include <stdlib.h>

#include "flow/vigil_state.h"
#include "flow/watch_batch.h"

static unsigned int instructions(const struct vigil *v)
{
	unsigned int most = 0;

	for (size_t i = 0; i < v->functions.n; i++)
		if (v->ways.sampling[i].instructions > most)
			most = v->ways.sampling[i].instructions;
	return most;
}

struct error *vigil_cost(const struct vigil *v, struct strbuf *out)
{
	double most = 0;

	if (*v->ways.unknown)
		return strbuf_printf(out,
				     "not known: %s; a call runs at most %u instructions of BPF",
				     v->ways.unknown, instructions(v));
	for (size_t i = 0; i < v->functions.n; i++)
		if (v->ways.sampling[i].cost.timed > most)
			most = v->ways.sampling[i].cost.timed;
	TRY(strbuf_printf(out, "to be timed takes a call %.0f ns", most));
	for (size_t i = 0; i < v->functions.n; i++)
		if (v->ways.sampling[i].sample_every > 1)
			TRY(strbuf_printf(out, "; one call in %u of %s() is timed",
					  v->ways.sampling[i].sample_every,
					  v->functions.v[i].name));
	return NULL;
}

/* From the first reading to the last, the time in which the patch went in included. */
static struct latency_counts seen(const struct vigil *v, size_t i)
{
	return watch_difference(&v->edge[EDGE_BEGUN][i].counts, &v->edge[EDGE_ENDED][i].counts);
}

static void add_share(struct json *j, const struct vigil *v)
{
	struct budget_function *f = calloc(v->functions.n, sizeof(*f));
	struct budget_sum sum = { 0 };

	for (size_t i = 0; f && i < v->functions.n; i++)
		f[i] = (struct budget_function){ v->ways.sampling[i].cost, seen(v, i) };
	if (f)
		sum = budget_sum(f, v->functions.n);
	free(f);
	if (!(sum.own > 0)) {
		json_string(j, "unknown", "no call was seen to end");
		return;
	}
	json_double(j, "share", sum.probes / sum.own);
	json_double(j, "ns_a_call", sum.probes / sum.calls);
	json_string(j, "measured",
		    v->source.cost.timed > 0
			    ? "calibrated on this host, in a loop"
			    : "calibrated on this host, in a loop and where they are");
}

void vigil_json_cost(const struct vigil *v, struct json *j)
{
	unsigned int every = 1;
	uint64_t calls = 0;

	for (size_t i = 0; i < v->functions.n; i++) {
		const struct watch_sampling *s = &v->ways.sampling[i];

		every = s->sample_every > every ? s->sample_every : every;
		calls += seen(v, i).entries;
	}
	json_object(j, "cost");
	json_double(j, "budget", v->wish.budget);
	json_u64(j, "sample_every", every);
	json_u64(j, "calls", calls);
	json_u64(j, "instructions_a_call", instructions(v));
	if (*v->ways.unknown)
		json_string(j, "unknown", v->ways.unknown);
	else
		add_share(j, v);
	json_end(j);
}
