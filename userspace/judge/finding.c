// SPDX-License-Identifier: GPL-2.0-or-later
/* Equivalence (Schuirmann 1987: two one-sided tests) and its opposite, on one interval. */
#include "judge/finding.h"

#include <math.h>

enum standing standing_of(struct interval logs, const struct margin *m, double allowed)
{
	if (isnan(logs.low) || isnan(logs.high))
		return STANDING_OPEN;
	if (logs.low > log(m->fail) + allowed)
		return STANDING_FAILED;
	if (logs.high < log(m->equal))
		return STANDING_EQUAL;
	if (logs.low > log(m->harm) + allowed)
		return STANDING_WORSE;
	return STANDING_OPEN;
}
