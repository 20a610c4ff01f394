/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Latencies as counts in buckets: each power of two is cut into eight equal parts, so that a
 * bucket is at most an eighth wide. The unit (nanoseconds) is the caller's.
 */
#ifndef SUTURE_BASE_HISTOGRAM_H
#define SUTURE_BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BUCKETS 512

struct histogram {
	uint64_t count[HISTOGRAM_BUCKETS];
};

/* Below 8 a value is its own bucket; above, the three bits behind the highest choose. */
unsigned int histogram_bucket(uint64_t value);
/* The least value of a bucket, and its logarithm in the middle (never below 0). */
double histogram_floor(unsigned int bucket);
double histogram_log(unsigned int bucket);

/* Counts saturate instead of wrapping. */
void histogram_add(struct histogram *h, unsigned int bucket, uint64_t count);
void histogram_merge(struct histogram *into, const struct histogram *h);
double histogram_total(const struct histogram *h);
/* The mean of the logarithm: a factor on each latency moves it by the factor's logarithm, and
 * no single slow call rules it. 0 without calls. */
double histogram_mean_log(const struct histogram *h);
/* The bucket in which the share q of the calls is reached; 0 without calls. */
unsigned int histogram_quantile_bucket(const struct histogram *h, double q);
/* The same, interpolated within the bucket. */
double histogram_quantile(const struct histogram *h, double q);
/* How many calls lie in buckets above this one. */
double histogram_above(const struct histogram *h, unsigned int bucket);

#endif
