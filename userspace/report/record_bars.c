// SPDX-License-Identifier: GPL-2.0-or-later
#include <math.h>

#include "base/histogram.h"
#include "report/record_bars.h"

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
		size_t at = histogram_bucket((uint64_t)v[i].low);

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
		b.row[i].low = histogram_floor((unsigned int)(first + i * step));
		b.row[i].end = histogram_floor((unsigned int)(first + (i + 1) * step));
	}
	for (size_t s = 0; s < 2; s++) {
		const struct record_pair *v = spans[s]->buckets.v;

		for (size_t i = 0; i < spans[s]->buckets.n; i++) {
			double rate = record_bucket_rate(spans[s], v[i].count);
			size_t at = histogram_bucket((uint64_t)v[i].low);
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
