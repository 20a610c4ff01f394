// SPDX-License-Identifier: GPL-2.0-or-later
/* Theil-Sen and Mann-Kendall over at most 64 points: 2016 pairs. */
#include "judge/slope.h"

#include <math.h>
#include <stdlib.h>

#include "judge/chance.h"

#define PAIRS (SLOPE_POINTS * (SLOPE_POINTS - 1) / 2)

static void halve(struct levels *l)
{
	for (unsigned int i = 0; i < l->n / 2; i++) {
		l->time[i] = (l->time[2 * i] + l->time[2 * i + 1]) / 2;
		l->level[i] = (l->level[2 * i] + l->level[2 * i + 1]) / 2;
	}
	l->n /= 2;
	l->each *= 2;
}

void levels_add(struct levels *l, double time, double level)
{
	if (!isfinite(time) || !isfinite(level))
		return;
	if (!l->each)
		l->each = 1;
	if (l->n == SLOPE_POINTS)
		halve(l);
	l->sum_time += time;
	l->sum += level;
	if (++l->pending < l->each)
		return;
	l->time[l->n] = l->sum_time / l->pending;
	l->level[l->n++] = l->sum / l->pending;
	l->sum = l->sum_time = l->pending = 0;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* n / effective n, by the first lag of what remains when the slope is taken off. */
static double inflation(const struct levels *l, double slope)
{
	double mean = 0, squares = 0, products = 0, before = 0, r;

	for (unsigned int i = 0; i < l->n; i++)
		mean += (l->level[i] - slope * l->time[i]) / l->n;
	for (unsigned int i = 0; i < l->n; i++) {
		double x = l->level[i] - slope * l->time[i] - mean;

		squares += x * x;
		products += x * before;
		before = x;
	}
	r = squares > 0 ? products / squares : 0;
	r = fmin(fmax(r + (1 + 3 * r) / l->n + 1 / sqrt(l->n), 0), 0.95);
	return (1 + r) / (1 - r);
}

struct slope slope_of(const struct levels *l)
{
	struct slope s = { 0, 1, l->n };
	double pair[PAIRS], n = l->n, score = 0, spread;
	unsigned int pairs = 0;

	if (l->n < 8)
		return s;
	for (unsigned int i = 0; i < l->n; i++) {
		for (unsigned int j = i + 1; j < l->n; j++) {
			double dt = l->time[j] - l->time[i], dx = l->level[j] - l->level[i];

			if (!(dt > 0))
				continue;
			pair[pairs++] = dx / dt;
			score += (dx > 0) - (dx < 0);
		}
	}
	if (!pairs)
		return s;
	qsort(pair, pairs, sizeof(*pair), ascending);
	s.per_second = (pair[(pairs - 1) / 2] + pair[pairs / 2]) / 2;
	spread = sqrt(n * (n - 1) * (2 * n + 5) / 18 * inflation(l, s.per_second));
	s.chance = score > 0 ? 1 - normal_cdf((score - 1) / spread) : 1;
	return s;
}
