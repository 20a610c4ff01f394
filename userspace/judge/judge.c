// SPDX-License-Identifier: GPL-2.0-or-later
/* Seconds in, one verdict out. */
#include "judge/judge.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "judge/state.h"

static const char *const words[] = {
	[JUDGE_HEALTHY] = "healthy",
	[JUDGE_INCONCLUSIVE] = "inconclusive",
	[JUDGE_DEGRADED] = "degraded",
	[JUDGE_FAILED] = "failed",
};

const char *judge_word_name(enum judge_word w)
{
	return words[w];
}

const char *judge_metric_name(enum judge_metric m)
{
	static const char *const names[JUDGE_METRICS] = {
		[METRIC_LATENCY] = "latency", [METRIC_TAIL] = "tail", [METRIC_ERRORS] = "errors",
		[METRIC_SIGNALS] = "signals", [METRIC_LEAK] = "leak",
	};

	return names[m];
}

struct error *judge_new(const struct judge_policy *p, unsigned int controls, struct judge **j)
{
	struct judge *made;

	TRY(judge_policy_check(p));
	if (controls > JUDGE_CONTROLS)
		return error_failed("%u controls are more than %u", controls, JUDGE_CONTROLS);
	made = calloc(1, sizeof(*made));
	if (!made)
		return error_nomem();
	made->policy = *p;
	made->controls = controls;
	made->latency.controlled = made->tail.controlled = controls > 0;
	*j = made;
	return NULL;
}

void judge_free(struct judge **j)
{
	free(*j);
	*j = NULL;
}

void judge_second(struct judge *j, bool since, const struct batch *b)
{
	/* A hard signal counts whatever else is odd about its second. */
	if (since)
		j->hard |= b->hard;
	if (!isfinite(b->time) || (j->begun && b->time <= j->last) || (j->since && !since)) {
		j->odd++;
		return;
	}
	/* What waits from before the patch is of neither side, nor is what grew meanwhile. */
	if (since && !j->since) {
		memset(j->waiting, 0, sizeof(j->waiting));
		j->leak_known = false;
	}
	j->since = since;
	j->begun = true;
	j->last = b->time;
	j->seconds[since]++;
	judge_feed_latency(j, since, b);
	judge_feed_counts(j, since, b);
}

static void find(const struct judge *j, struct judge_verdict *v)
{
	v->finding[METRIC_LATENCY] = judge_latency(j);
	v->finding[METRIC_TAIL] = judge_tail(j);
	v->finding[METRIC_ERRORS] = judge_errors(j);
	v->finding[METRIC_SIGNALS] = judge_signals(j);
	v->finding[METRIC_LEAK] = judge_leak(j);
}

static enum judge_word word_of(enum standing s)
{
	static const enum judge_word word[] = { [STANDING_EQUAL] = JUDGE_HEALTHY,
						[STANDING_OPEN] = JUDGE_INCONCLUSIVE,
						[STANDING_WORSE] = JUDGE_DEGRADED,
						[STANDING_FAILED] = JUDGE_FAILED };
	return word[s];
}

/* What nobody could see is named. */
static void explain_healthy(struct judge_verdict *v)
{
	char not [64] = "";
	size_t n = 0;

	for (int i = 0; i < JUDGE_METRICS; i++)
		if (v->finding[i].why && n < sizeof(not ))
			n += (size_t)snprintf(not +n, sizeof(not ) - n, "%s%s", n ? ", " : "",
					      v->finding[i].metric);
	snprintf(v->reason, sizeof(v->reason), "every metric is within its margin%s%s%s%s",
		 n ? " (but for what was not judged: " : "", not, n ? ")" : "",
		 v->controlled ? "" : "; no control, only before and after");
}

static void explain(struct judge_verdict *v)
{
	const struct judge_finding *f = v->metric < 0 ? NULL : &v->finding[v->metric];

	if (!f)
		explain_healthy(v);
	else if (f->why)
		snprintf(v->reason, sizeof(v->reason), "%s: %s", f->metric, f->why);
	else if (v->metric == METRIC_LEAK)
		snprintf(v->reason, sizeof(v->reason),
			 "leak: what the new code holds grows by %.0f bytes a second [%.0f, %.0f]",
			 f->effect, f->interval.low, f->interval.high);
	else if (isinf(f->effect))
		snprintf(
			v->reason, sizeof(v->reason),
			"%s: none was seen before; now %.2f times what may have been there at least",
			f->metric, f->interval.low);
	else
		snprintf(v->reason, sizeof(v->reason), "%s: %.2f times what it was [%.2f, %.2f]",
			 f->metric, f->effect, f->interval.low, f->interval.high);
}

/* No healthy before the baseline and the soak are whole. */
static bool too_early(const struct judge *j, struct judge_verdict *v)
{
	double more = (double)j->policy.soak - j->seconds[1];

	if (j->seconds[0] < j->policy.baseline) {
		v->seconds_more = INFINITY;
		snprintf(v->reason, sizeof(v->reason), "the baseline is only %u s of %u s",
			 j->seconds[0], j->policy.baseline);
		return true;
	}
	if (more <= 0)
		return false;
	v->seconds_more = more;
	snprintf(v->reason, sizeof(v->reason), "watched for %u s of %u s", j->seconds[1],
		 j->policy.soak);
	return true;
}

void judge_verdict(const struct judge *j, struct judge_verdict *v)
{
	*v = (struct judge_verdict){ .metric = -1,
				     .hard = hard_first(j->hard, j->policy.hard),
				     .watched = j->seconds[1],
				     .odd = j->odd,
				     .controlled = j->controls > 0 };
	find(j, v);
	if (v->hard != HARD_SIGNALS) {
		v->word = JUDGE_FAILED;
		snprintf(v->reason, sizeof(v->reason), "%s", hard_name(v->hard));
		return;
	}
	for (int i = 0; i < JUDGE_METRICS; i++) {
		enum judge_word w = word_of(v->finding[i].standing);

		if (w > v->word) {
			v->word = w;
			v->metric = i;
		}
		if (w == JUDGE_INCONCLUSIVE)
			v->seconds_more = fmax(v->seconds_more, v->finding[i].seconds_more);
	}
	explain(v);
	if (v->word == JUDGE_DEGRADED || v->word == JUDGE_FAILED)
		v->seconds_more = 0;
	else if (v->word == JUDGE_HEALTHY && too_early(j, v))
		v->word = JUDGE_INCONCLUSIVE;
}
