// SPDX-License-Identifier: GPL-2.0-or-later
/* The usual policy, and what any policy must hold to. */
#include "judge/policy.h"

#include <math.h>

#include "base/cleanup.h"
#include "judge/hard.h"

struct judge_policy judge_policy_usual(void)
{
	return (struct judge_policy){ .alpha = 0.01,
				      .baseline = 60,
				      .soak = 60,
				      .latency = { 1.05, 1.15, 2 },
				      .tail = { 1.5, 3, 8 },
				      .errors = { 1.1, 2, 5 },
				      .signals = { 2, 4, 20 },
				      .error_floor = 1e-4,
				      .signal_floor = 0.02,
				      .leak = 4096,
				      .drift = 0.02,
				      .drift_beside = 0.002,
				      .hard = HARD_ALL };
}

static struct error *check_margin(const char *name, const struct margin *m)
{
	if (m->harm > 1 && m->harm < m->equal && m->equal < m->fail && isfinite(m->fail))
		return NULL;
	return error_new(ERROR_POLICY,
			 "the margins of %s must be 1 < harm < equal < fail, not %g, %g, %g", name,
			 m->harm, m->equal, m->fail);
}

struct error *judge_policy_check(const struct judge_policy *p)
{
	const struct {
		const char *name;
		double value, least, most;
	} numbers[] = {
		{ "alpha", p->alpha, 1e-9, 0.2 },
		{ "baseline", p->baseline, 10, 86400 },
		{ "latency_floor", p->latency_floor, 0, 1e12 },
		{ "error_floor", p->error_floor, 0, 1 },
		{ "signal_floor", p->signal_floor, 0, 1e9 },
		{ "leak", p->leak, 0, 1e18 },
		{ "drift", p->drift, 0, 10 },
		{ "drift_beside", p->drift_beside, 0, 10 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!(numbers[i].value >= numbers[i].least && numbers[i].value <= numbers[i].most))
			return error_new(ERROR_POLICY, "%s is %g, outside of [%g, %g]",
					 numbers[i].name, numbers[i].value, numbers[i].least,
					 numbers[i].most);
	TRY(check_margin("latency", &p->latency));
	TRY(check_margin("tail", &p->tail));
	TRY(check_margin("errors", &p->errors));
	return check_margin("signals", &p->signals);
}
