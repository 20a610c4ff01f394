// SPDX-License-Identifier: GPL-2.0-or-later
/* Buckets of an eighth of a power of two. */
#include "base/histogram.h"

#include <math.h>

unsigned int histogram_bucket(uint64_t value)
{
	unsigned int high;

	if (value < 8)
		return value;
	high = 63 - __builtin_clzll(value);
	return (high - 2) * 8 + ((value >> (high - 3)) & 7);
}

double histogram_floor(unsigned int bucket)
{
	if (bucket < 8)
		return bucket;
	return ldexp(8 + bucket % 8, (int)(bucket / 8) - 1);
}

double histogram_log(unsigned int bucket)
{
	double middle = (histogram_floor(bucket) + histogram_floor(bucket + 1)) / 2;

	return middle > 1 ? log(middle) : 0;
}

void histogram_add(struct histogram *h, unsigned int bucket, uint64_t count)
{
	if (bucket < HISTOGRAM_BUCKETS &&
	    __builtin_add_overflow(h->count[bucket], count, &h->count[bucket]))
		h->count[bucket] = UINT64_MAX;
}

void histogram_merge(struct histogram *into, const struct histogram *h)
{
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (h->count[i])
			histogram_add(into, i, h->count[i]);
}

double histogram_total(const struct histogram *h)
{
	double n = 0;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		n += h->count[i];
	return n;
}

double histogram_mean_log(const struct histogram *h)
{
	double n = 0, sum = 0;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (!h->count[i])
			continue;
		n += h->count[i];
		sum += h->count[i] * histogram_log(i);
	}
	return n > 0 ? sum / n : 0;
}

/* The bucket where the sum first reaches q; what came before it goes to *below. */
static unsigned int reach(const struct histogram *h, double q, double *below)
{
	double want = q * histogram_total(h), sum = 0;
	unsigned int last = 0;

	*below = 0;
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (!h->count[i])
			continue;
		*below = sum;
		sum += h->count[i];
		last = i;
		if (sum >= want)
			break;
	}
	return last;
}

unsigned int histogram_quantile_bucket(const struct histogram *h, double q)
{
	double below;

	return reach(h, q, &below);
}

double histogram_quantile(const struct histogram *h, double q)
{
	double below, low, part;
	unsigned int b = reach(h, q, &below);

	if (!h->count[b])
		return 0;
	part = (q * histogram_total(h) - below) / h->count[b];
	low = histogram_floor(b);
	return low + part * (histogram_floor(b + 1) - low);
}

double histogram_above(const struct histogram *h, unsigned int bucket)
{
	double n = 0;

	for (unsigned int i = bucket + 1; i < HISTOGRAM_BUCKETS; i++)
		n += h->count[i];
	return n;
}
