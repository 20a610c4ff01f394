// SPDX-License-Identifier: GPL-2.0-or-later
/* Seconds in, one verdict out. */
#include "judge/health.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "judge/state.h"

static const char *const words[] = {
	[HEALTH_HEALTHY] = "healthy",
	[HEALTH_INCONCLUSIVE] = "inconclusive",
	[HEALTH_DEGRADED] = "degraded",
	[HEALTH_FAILED] = "failed",
};

const char *health_name(enum health_word w)
{
	return words[w];
}

struct error *health_new(const struct health_policy *p, unsigned int controls, struct health **h)
{
	struct health *made;

	TRY(health_policy_check(p));
	if (controls > HEALTH_CONTROLS)
		return error_failed("%u controls are more than %u", controls, HEALTH_CONTROLS);
	made = calloc(1, sizeof(*made));
	if (!made)
		return error_nomem();
	made->policy = *p;
	made->controls = controls;
	made->latency.controlled = made->tail.controlled = controls > 0;
	*h = made;
	return NULL;
}

void health_free(struct health **h)
{
	free(*h);
	*h = NULL;
}

/* The k-th look, at twice the time of the one before, may spend 1 / (k (k + 1)) of the share. */
static void look_for_leak(struct health *h)
{
	struct slope before, since;

	if (h->leak_found || h->seconds[1] < 30u << h->leak_look || h->leak_look > 24)
		return;
	h->leak_look++;
	before = slope_of(&h->leak[0]);
	since = slope_of(&h->leak[1]);
	h->leak_found =
		since.per_second - fmax(before.per_second, 0) >= h->policy.leak &&
		since.chance < health_share(h, METRIC_LEAK) / (h->leak_look * (h->leak_look + 1.0));
}

void health_second(struct health *h, bool since, const struct batch *b)
{
	/* A hard signal counts whatever else is odd about its second. */
	if (since)
		h->hard |= b->hard;
	if (!isfinite(b->time) || (h->begun && b->time <= h->last) || (h->since && !since)) {
		h->odd++;
		return;
	}
	/* What waits from before the patch is of neither side. */
	if (since && !h->since)
		memset(h->waiting, 0, sizeof(h->waiting));
	h->since = since;
	h->begun = true;
	h->last = b->time;
	h->seconds[since]++;
	health_feed_latency(h, since, b);
	health_feed_counts(h, since, b);
	if (since)
		look_for_leak(h);
}

static void find(const struct health *h, struct health_verdict *v)
{
	v->finding[METRIC_LATENCY] = health_latency(h);
	v->finding[METRIC_TAIL] = health_tail(h);
	v->finding[METRIC_ERRORS] = health_errors(h);
	v->finding[METRIC_SIGNALS] = health_signals(h);
	v->finding[METRIC_LEAK] = health_leak(h);
}

static enum health_word word_of(enum standing s)
{
	static const enum health_word word[] = { [STANDING_EQUAL] = HEALTH_HEALTHY,
						 [STANDING_OPEN] = HEALTH_INCONCLUSIVE,
						 [STANDING_WORSE] = HEALTH_DEGRADED,
						 [STANDING_FAILED] = HEALTH_FAILED };
	return word[s];
}

static void explain(struct health_verdict *v)
{
	const struct finding *f = v->metric < 0 ? NULL : &v->finding[v->metric];

	if (!f)
		snprintf(v->reason, sizeof(v->reason), "every metric is within its margin%s",
			 v->controlled ? "" : "; no control, only before and after");
	else if (f->why)
		snprintf(v->reason, sizeof(v->reason), "%s: %s", f->metric, f->why);
	else if (v->metric == METRIC_LEAK)
		snprintf(v->reason, sizeof(v->reason), "leak: %.0f bytes a second", f->effect);
	else
		snprintf(v->reason, sizeof(v->reason), "%s: %.2f times what it was [%.2f, %.2f]",
			 f->metric, f->effect, f->interval.low, f->interval.high);
}

/* No healthy before the baseline and the soak are whole. */
static bool too_early(const struct health *h, struct health_verdict *v)
{
	double more = (double)h->policy.soak - h->seconds[1];

	if (h->seconds[0] < h->policy.baseline) {
		v->seconds_more = INFINITY;
		snprintf(v->reason, sizeof(v->reason), "the baseline is only %u s of %u s",
			 h->seconds[0], h->policy.baseline);
		return true;
	}
	if (more <= 0)
		return false;
	v->seconds_more = more;
	snprintf(v->reason, sizeof(v->reason), "watched for %u s of %u s", h->seconds[1],
		 h->policy.soak);
	return true;
}

void health_verdict(const struct health *h, struct health_verdict *v)
{
	*v = (struct health_verdict){ .metric = -1,
				      .hard = hard_first(h->hard, h->policy.hard),
				      .watched = h->seconds[1],
				      .odd = h->odd,
				      .controlled = h->controls > 0 };
	find(h, v);
	if (v->hard != HARD_SIGNALS) {
		v->word = HEALTH_FAILED;
		snprintf(v->reason, sizeof(v->reason), "%s", hard_name(v->hard));
		return;
	}
	for (int i = 0; i < HEALTH_METRICS; i++) {
		enum health_word w = word_of(v->finding[i].standing);

		if (w > v->word) {
			v->word = w;
			v->metric = i;
		}
		if (w == HEALTH_INCONCLUSIVE)
			v->seconds_more = fmax(v->seconds_more, v->finding[i].seconds_more);
	}
	explain(v);
	if (v->word == HEALTH_DEGRADED || v->word == HEALTH_FAILED)
		v->seconds_more = 0;
	else if (v->word == HEALTH_HEALTHY && too_early(h, v))
		v->word = HEALTH_INCONCLUSIVE;
}
