// SPDX-License-Identifier: GPL-2.0-or-later
/* Sums of a series, and the long-run variance as an AR(1) has it: v (1 + r) / (1 - r). */
#include "judge/series.h"

#include <math.h>

void series_add(struct series *s, double value)
{
	double x;

	if (!isfinite(value))
		return;
	if (!s->n)
		s->origin = value;
	x = value - s->origin;
	if (s->n)
		s->products += x * s->last;
	s->times += s->n * x;
	s->recent[s->n % SERIES_RECENT] = x;
	s->sum += x;
	s->squares += x * x;
	s->last = x;
	s->n++;
}

double series_mean(const struct series *s)
{
	return s->n ? s->origin + s->sum / s->n : 0;
}

double series_recent(const struct series *s)
{
	unsigned int n = s->n < SERIES_RECENT ? s->n : SERIES_RECENT;
	double sum = 0;

	for (unsigned int i = 0; i < n; i++)
		sum += s->recent[i];
	return n ? s->origin + sum / n : 0;
}

/* The sum of squares around the mean, and of products of neighbours around it. */
static double around(const struct series *s, double *neighbours)
{
	double m, squares;

	*neighbours = 0;
	if (s->n < 2)
		return 0;
	m = s->sum / s->n;
	squares = fmax(s->squares - s->sum * m, 0);
	/* Sum of (x[i] - m)(x[i+1] - m); the ends, x[0] = 0 and last, are in one factor only. */
	*neighbours = s->products - m * (2 * s->sum - s->last) + (s->n - 1) * m * m;
	return squares;
}

double series_variance(const struct series *s)
{
	double neighbours;

	return s->n < 2 ? 0 : around(s, &neighbours) / (s->n - 1);
}

static double correlation(double squares, double neighbours, double n)
{
	double r = squares > 0 ? neighbours / squares : 0;

	r = fmin(fmax(r, -0.5), 0.98);
	r += (1 + 3 * r) / n + sqrt((1 - r * r) / n);
	return fmin(fmax(r, 0), 0.98);
}

double series_correlation(const struct series *s)
{
	double neighbours, squares = around(s, &neighbours);

	return s->n < 4 ? 0.98 : correlation(squares, neighbours, s->n);
}

double series_long_run(const struct series *a, const struct series *b)
{
	double na, nb, squares, degrees, r;
	unsigned int n = a->n + b->n;

	if (n < 8)
		return INFINITY;
	squares = around(a, &na) + around(b, &nb);
	degrees = n - (a->n > 0) - (b->n > 0);
	r = correlation(squares, na + nb, n);
	/* The mean of so correlated a series takes more of its variance away than one degree. */
	degrees = fmax(degrees * (1 - (1 + r) / (1 - r) / n), degrees * 0.2);
	return squares / degrees * (1 + r) / (1 - r) * (1 + 4.0 / n);
}

double series_slope(const struct series *s, double long_run, double *error)
{
	double n = s->n, spread = n * (n * n - 1) / 12;

	if (s->n < 3) {
		*error = INFINITY;
		return 0;
	}
	*error = sqrt(long_run / spread);
	return (s->times - s->sum * (n - 1) / 2) / spread;
}
