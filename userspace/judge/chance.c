// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Distribution functions by their textbook expansions (Abramowitz & Stegun 1964: 6.5.29 the
 * series, 6.5.31 the continued fraction), inverted by bisection: slower than a rational
 * approximation and with nothing in it that could be copied wrongly.
 */
#include "judge/chance.h"

#include <math.h>

double normal_cdf(double x)
{
	return erfc(-x / M_SQRT2) / 2;
}

double normal_exceeded(double chance)
{
	double low = -40, high = 40;

	for (int i = 0; i < 80; i++) {
		double middle = (low + high) / 2;

		if (erfc(middle / M_SQRT2) / 2 > chance)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* ln of x^shape e^-x / Gamma(shape) */
static double log_density(double shape, double x)
{
	return shape * log(x) - x - lgamma(shape);
}

static double lower_series(double shape, double x)
{
	double term = 1 / shape, sum = term;

	for (double n = shape + 1; n < shape + 20000; n++) {
		term *= x / n;
		sum += term;
		if (term < sum * 1e-15)
			break;
	}
	return exp(log_density(shape, x) + log(sum));
}

/* Lentz's way through the continued fraction. */
static double log_upper_fraction(double shape, double x)
{
	double b = x + 1 - shape, c = 1e300, d = 1 / b, f = d;

	for (int i = 1; i < 20000; i++) {
		double a = -i * (i - shape), step;

		b += 2;
		d = a * d + b;
		d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
		c = b + a / c;
		c = fabs(c) < 1e-300 ? 1e-300 : c;
		step = c * d;
		f *= step;
		if (fabs(step - 1) < 1e-14)
			break;
	}
	return log_density(shape, x) + log(f);
}

/* From here on Wilson & Hilferty (1931) is good to six digits, and quicker. */
#define LARGE 1e4

static double log_normal_tail(double z)
{
	if (z > 30)
		return -z * z / 2 - log(z * sqrt(2 * M_PI));
	return log(erfc(z / M_SQRT2) / 2);
}

double gamma_log_upper(double shape, double x)
{
	double lower;

	if (x <= 0)
		return 0;
	if (shape > LARGE)
		return log_normal_tail((cbrt(x / shape) - 1 + 1 / (9 * shape)) * 3 * sqrt(shape));
	if (x >= shape + 1)
		return log_upper_fraction(shape, x);
	lower = lower_series(shape, x);
	return log1p(-(lower < 1 ? lower : 1 - 1e-16));
}

double gamma_quantile(double shape, double chance)
{
	double low = 0, high, above = log1p(-chance);

	if (shape <= 0)
		return 0;
	if (shape > LARGE) {
		low = 1 - 1 / (9 * shape) - normal_exceeded(chance) / (3 * sqrt(shape));
		return shape * low * low * low;
	}
	high = shape + 40 * sqrt(shape) + 60;
	for (int i = 0; i < 50; i++) {
		double middle = (low + high) / 2;

		if (gamma_log_upper(shape, middle) > above)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}
