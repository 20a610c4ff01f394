// SPDX-License-Identifier: GPL-2.0-or-later
/* What a vigil has seen, as members of suture-record/1. */
#include <stdio.h>

#include "flow/vigil_state.h"
#include "flow/watch_batch.h"

static void add_buckets(struct json *j, const struct histogram *h)
{
	json_array(j, "buckets");
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (h->count[i]) {
			json_array(j, NULL);
			json_double(j, NULL, histogram_floor(i));
			json_u64(j, NULL, h->count[i]);
			json_end(j);
		}
	json_end(j);
}

static void add_quantiles(struct json *j, const struct histogram *h)
{
	static const struct {
		const char *name;
		double q;
	} quantiles[] = { { "0.5", 0.5 }, { "0.9", 0.9 }, { "0.99", 0.99 }, { "0.999", 0.999 } };

	if (!(histogram_total(h) > 0))
		return;
	json_object(j, "quantiles");
	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++)
		json_double(j, quantiles[i].name, histogram_quantile(h, quantiles[i].q));
	json_end(j);
}

static void add_classes(struct json *j, const struct batch *b)
{
	static const struct {
		const char *name;
		enum return_class class;
	} named[] = { { "0", RETURN_ZERO },
		      { "positive", RETURN_POSITIVE },
		      { "NULL", RETURN_NULL },
		      { "negative", RETURN_NEGATIVE } };

	json_object(j, "classes");
	for (size_t i = 0; i < ARRAY_SIZE(named); i++)
		json_u64(j, named[i].name, b->returns[named[i].class]);
	for (unsigned int i = RETURN_ERRNO; i < RETURN_CLASSES; i++) {
		const char *errno_name = strerrorname_np((int)(i - RETURN_ERRNO));
		char number[16];

		snprintf(number, sizeof(number), "-%u", i - RETURN_ERRNO);
		if (b->returns[i])
			json_u64(j, errno_name ? errno_name : number, b->returns[i]);
	}
	json_end(j);
}

static void add_side(struct json *j, const char *name, const struct vigil *v, size_t i,
		     enum vigil_edge from, enum vigil_edge to)
{
	struct latency_counts d =
		watch_difference(&v->edge[from][i].counts, &v->edge[to][i].counts);
	uint64_t missed = v->edge[to][i].missed - v->edge[from][i].missed;
	struct batch b = { 0 };

	watch_batch_target(&b, &d, v->plans[i].returned);
	json_object(j, name);
	json_double(j, "seconds", v->edge_time[to] - v->edge_time[from]);
	json_u64(j, "calls", d.entries);
	json_u64(j, "taken", d.returns);
	json_u64(j, "missed", missed + d.unseen);
	if (v->plans[i].returned != LATENCY_RETURN_NONE)
		add_classes(j, &b);
	add_buckets(j, &b.latency);
	add_quantiles(j, &b.latency);
	json_end(j);
}

void vigil_json_functions(const struct vigil *v, struct json *j)
{
	json_array(j, "functions");
	for (size_t i = 0; i < v->functions.n; i++) {
		json_object(j, NULL);
		json_string(j, "object", v->functions.v[i].object);
		json_string(j, "function", v->functions.v[i].name);
		json_string(j, "role", i < v->targets ? "patched" : "control");
		json_string(j, "by", latency_way_name(v->plans[i].way));
		json_string(j, "why", v->plans[i].why);
		json_u64(j, "sample_every", v->ways.sampling[i].sample_every);
		add_side(j, "before", v, i, EDGE_BEGUN, EDGE_BEFORE);
		add_side(j, "after", v, i, EDGE_LIVE, EDGE_ENDED);
		json_end(j);
	}
	json_end(j);
}

/* One member of each point; a quantile without a call is null. */
#define ADD_COUNTS(j, v, name, member)                \
	do {                                          \
		json_array(j, name);                  \
		vec_for_each(&(v)->points, p)         \
			json_u64(j, NULL, p->member); \
		json_end(j);                          \
	} while (0)

#define ADD_TIMES(j, v, name, member)                            \
	do {                                                     \
		json_array(j, name);                             \
		vec_for_each(&(v)->points, p)                    \
			if (p->member > 0)                       \
				json_double(j, NULL, p->member); \
			else                                     \
				json_null(j, NULL);              \
		json_end(j);                                     \
	} while (0)

void vigil_json_series(const struct vigil *v, double begun, struct json *j)
{
	json_object(j, "series");
	json_double(j, "interval", v->wish.interval);
	json_array(j, "time");
	vec_for_each(&v->points, p)
		json_double(j, NULL, p->time - begun);
	json_end(j);
	ADD_COUNTS(j, v, "since", since);
	ADD_COUNTS(j, v, "calls", calls);
	ADD_COUNTS(j, v, "errors", errors);
	ADD_TIMES(j, v, "p50", p50);
	ADD_TIMES(j, v, "p99", p99);
	ADD_TIMES(j, v, "control_p50", control_p50);
	json_object(j, "signals");
	ADD_COUNTS(j, v, "process_crashes", crashes);
	ADD_COUNTS(j, v, "tcp_retransmits", retransmits);
	json_end(j);
	json_end(j);
}

static const struct health_value *at(const struct vigil *v, enum vigil_edge e, unsigned int i)
{
	return &v->host_edge[e].v[i];
}

static double per_second(const struct vigil *v, enum vigil_edge from, enum vigil_edge to,
			 unsigned int i)
{
	double seconds = v->edge_time[to] - v->edge_time[from];

	/* Microseconds of waiting, in milliseconds. */
	return seconds > 0 ? (double)(at(v, to, i)->value - at(v, from, i)->value) / 1000 / seconds
			   : 0;
}

/* A warning of the kernel is hard only where nobody can tell whose code it is from. */
static bool is_hard(const struct vigil *v, enum health_signal s)
{
	return health_signal_is_hard(s) &&
	       !(s == HEALTH_WARNINGS && v->own_last.blame.warnings_known);
}

/* What the patch's own code did; before it was there, what it replaces. */
static void add_own(struct json *j, const char *name, bool known, uint64_t before, uint64_t after)
{
	json_object(j, name);
	if (known) {
		json_u64(j, "before", before);
		json_u64(j, "after", after);
		json_bool(j, "hard", true);
	} else {
		json_string(j, "unknown", "this kernel does not tell whose code it is");
	}
	json_end(j);
}

void vigil_json_signals(const struct vigil *v, struct json *j)
{
	const struct blame_reading *b = &v->own_edge[EDGE_ENDED].blame;

	json_object(j, "signals");
	for (unsigned int i = 0; i < HEALTH_SIGNALS; i++) {
		enum health_signal s = (enum health_signal)i;

		json_object(j, health_signal_name(s));
		if (!at(v, EDGE_BEFORE, i)->known || !at(v, EDGE_ENDED, i)->known) {
			const char *why = at(v, EDGE_BEFORE, i)->why;

			json_string(j, "unknown", why ? why : "it was not read");
		} else if (health_signal_is_time(s)) {
			json_double(j, "before", per_second(v, EDGE_BEGUN, EDGE_BEFORE, i));
			json_double(j, "after", per_second(v, EDGE_LIVE, EDGE_ENDED, i));
			json_string(j, "unit", "ms/s");
		} else {
			json_u64(j, "before",
				 at(v, EDGE_BEFORE, i)->value - at(v, EDGE_BEGUN, i)->value);
			json_u64(j, "after",
				 at(v, EDGE_ENDED, i)->value - at(v, EDGE_LIVE, i)->value);
			json_bool(j, "hard", is_hard(v, s));
		}
		json_end(j);
	}
	add_own(j, "new_code_warnings", b->warnings_known, 0, b->counts.warnings);
	add_own(j, "new_code_crashes", b->crashes_known,
		v->own_edge[EDGE_BEFORE].blame.counts.old_crashes, b->counts.crashes);
	json_end(j);
}
