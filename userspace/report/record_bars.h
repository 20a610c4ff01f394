/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two histograms on common rows, as rates. Pure. */
#ifndef SUTURE_REPORT_RECORD_BARS_H
#define SUTURE_REPORT_RECORD_BARS_H

#include "report/record.h"

#define RECORD_BARS 20

struct record_bars {
	size_t n;
	struct {
		double low, end; /* nanoseconds */
		double before,
			after; /* calls a second; of those that were measured, scaled up to all */
	} row[RECORD_BARS];
	double most; /* of all rates */
};

/* n is 0 where neither has a call, or no span has a known length. */
struct record_bars record_bars(const struct record_function *f);

/* Calls a second in a bucket of that many measured calls; 0 if that can't be known. */
double record_bucket_rate(const struct record_span *s, double count);

#endif
