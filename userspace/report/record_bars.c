// SPDX-License-Identifier: GPL-2.0-or-later
/* Buckets are numbered: below 8 ns each is one nanosecond, then eight a power of two. */
#include <math.h>

#include "report/record_bars.h"

static size_t bucket_number(double low)
{
	double k = low < 8 ? 0 : floor(log2(low));

	return low < 8 ? (size_t)low : (size_t)(8 * (k - 2) + floor((low / exp2(k) - 1) * 8));
}

static double bucket_low(size_t number)
{
	size_t doublings = number / 8 + 2;

	return number < 8 ? (double)number
			  : exp2((double)doublings) * (1 + (double)(number % 8) / 8);
}

double record_bucket_rate(const struct record_span *s, double count)
{
	double share = s->calls.known && s->taken.known && s->taken.value > 0
			       ? s->calls.value / s->taken.value
			       : 1;

	return s->seconds.known && s->seconds.value > 0 ? count * share / s->seconds.value : 0;
}

static void find_range(const struct record_span *s, size_t *first, size_t *last)
{
	const struct record_pair *v = s->buckets.v;

	for (size_t i = 0; i < s->buckets.n; i++) {
		size_t at = bucket_number(v[i].low);

		if (v[i].count <= 0 || record_bucket_rate(s, v[i].count) <= 0)
			continue;
		*first = at < *first ? at : *first;
		*last = at > *last ? at : *last;
	}
}

struct record_bars record_bars(const struct record_function *f)
{
	const struct record_span *spans[] = { &f->before, &f->after };
	struct record_bars b = { 0 };
	size_t first = SIZE_MAX, last = 0, step;

	find_range(&f->before, &first, &last);
	find_range(&f->after, &first, &last);
	if (first == SIZE_MAX)
		return b;
	step = (last - first) / RECORD_BARS + 1;
	b.n = (last - first) / step + 1;
	for (size_t i = 0; i < b.n; i++) {
		b.row[i].low = bucket_low(first + i * step);
		b.row[i].end = bucket_low(first + (i + 1) * step);
	}
	for (size_t s = 0; s < 2; s++) {
		const struct record_pair *v = spans[s]->buckets.v;

		for (size_t i = 0; i < spans[s]->buckets.n; i++) {
			double rate = record_bucket_rate(spans[s], v[i].count);
			size_t at = bucket_number(v[i].low);
			double *sum;

			if (rate <= 0)
				continue;
			at = (at - first) / step;
			sum = s ? &b.row[at].after : &b.row[at].before;
			*sum += rate;
			b.most = fmax(b.most, *sum);
		}
	}
	return b;
}
