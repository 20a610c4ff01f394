// SPDX-License-Identifier: GPL-2.0-or-later
#include "trial/judge.h"

#include "base/cleanup.h"
#include "base/error.h"

/* How bad it is, which verdict it makes, and its cause if that is not the phase's. */
static const struct {
	unsigned int weight;
	enum verdict_kind kind;
	const char *cause;
} outcomes[OUTCOMES] = {
	[OUTCOME_PASS] = { 0, VERDICT_HEALTHY, NULL },
	[OUTCOME_SKIP] = { 0, VERDICT_HEALTHY, NULL },
	[OUTCOME_NOTHING] = { 1, VERDICT_NOTHING, "no change" },
	[OUTCOME_REFUSED] = { 2, VERDICT_REFUSED, "refused" },
	[OUTCOME_INCONCLUSIVE] = { 3, VERDICT_INCONCLUSIVE, NULL },
	[OUTCOME_ERROR] = { 4, VERDICT_ERROR, NULL },
	[OUTCOME_FAIL] = { 5, VERDICT_FAILED, NULL },
	[OUTCOME_HANG] = { 6, VERDICT_FAILED, "hang" },
	[OUTCOME_PANIC] = { 7, VERDICT_FAILED, "panic" },
};

static const char *const names[VERDICTS] = {
	[VERDICT_HEALTHY] = "healthy", [VERDICT_NOTHING] = "no change",
	[VERDICT_REFUSED] = "refused", [VERDICT_INCONCLUSIVE] = "inconclusive",
	[VERDICT_ERROR] = "error",     [VERDICT_FAILED] = "failed",
};

const char *verdict_name(enum verdict_kind k)
{
	return names[k];
}

struct verdict verdict_of(const struct phase_results *r)
{
	struct verdict v = { .kind = VERDICT_HEALTHY };
	unsigned int worst = 0;

	if (!r->v.n)
		return (struct verdict){ .kind = VERDICT_ERROR, .cause = "nothing was tried" };
	vec_for_each(&r->v, it) {
		if (outcomes[it->outcome].weight <= worst)
			continue;
		worst = outcomes[it->outcome].weight;
		v.kind = outcomes[it->outcome].kind;
		v.cause = outcomes[it->outcome].cause;
		v.result = it;
		if (!v.cause)
			v.cause = phase_row(it->phase)->cause;
	}
	return v;
}

int verdict_exit_code(const enum verdict_kind *kinds, size_t n)
{
	static const struct {
		enum verdict_kind kind;
		int code;
	} worst_first[] = {
		{ VERDICT_FAILED, ERROR_VERIFY },	 { VERDICT_ERROR, ERROR_FAILED },
		{ VERDICT_INCONCLUSIVE, ERROR_PENDING }, { VERDICT_HEALTHY, 0 },
		{ VERDICT_REFUSED, ERROR_REFUSED },	 { VERDICT_NOTHING, ERROR_NOTHING },
	};

	for (size_t row = 0; row < ARRAY_SIZE(worst_first); row++)
		for (size_t i = 0; i < n; i++)
			if (kinds[i] == worst_first[row].kind)
				return worst_first[row].code;
	return ERROR_FAILED;
}
