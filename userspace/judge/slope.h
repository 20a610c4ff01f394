/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does something grow (bytes, descriptors)? The slope by Theil (1950) and Sen (1968), its trend
 * by Mann (1945) and Kendall, corrected for autocorrelation (Hamed & Rao 1998, first lag).
 */
#ifndef SUTURE_JUDGE_SLOPE_H
#define SUTURE_JUDGE_SLOPE_H

#define SLOPE_POINTS 64

/* Levels over time; when it is full, neighbours are averaged into one. */
struct levels {
	unsigned int n, each, pending; /* points; batches a point; batches of the next one */
	double sum_time, sum;
	double time[SLOPE_POINTS], level[SLOPE_POINTS];
};

struct slope {
	double per_second; /* Theil-Sen */
	double chance; /* of so strong a rise without a trend, one-sided; 1 with too few points */
	unsigned int points;
};

void levels_add(struct levels *l, double time, double level);
struct slope slope_of(const struct levels *l);

#endif
