// SPDX-License-Identifier: GPL-2.0-or-later
/* The judge: its parts against values found another way, its verdicts, and odd input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "judge/chance.h"
#include "judge/eprocess.h"
#include "judge/judge.h"
#include "judge/series.h"

#define BASELINE 60

static void ok(struct error *e)
{
	if (e)
		fail_msg("%s", error_message(e));
}

static void near_by(double is, double want, double within)
{
	if (!(fabs(is - want) <= within))
		fail_msg("%.10g is not %.10g", is, want);
}

static void buckets_meet_and_are_an_eighth_wide(void **state)
{
	(void)state;
	for (uint64_t v = 0; v < 100000; v++) {
		unsigned int b = histogram_bucket(v);

		assert_true(histogram_floor(b) <= v && v < histogram_floor(b + 1));
		assert_true(v < 8 || histogram_floor(b + 1) - histogram_floor(b) <= v / 8.0);
	}
	assert_true(histogram_bucket(UINT64_MAX) < HISTOGRAM_BUCKETS);
}

static void quantiles_and_means_of_known_values(void **state)
{
	struct histogram h = { 0 };

	(void)state;
	assert_true(histogram_quantile(&h, 0.5) == 0 && histogram_mean_log(&h) == 0);
	for (unsigned int v = 1; v <= 10000; v++)
		histogram_add(&h, histogram_bucket(v), 1);
	near_by(histogram_quantile(&h, 0.5), 5000, 10);
	near_by(histogram_quantile(&h, 0.9), 9000, 20);
	/* ln(10000!) / 10000 by Stirling */
	near_by(histogram_mean_log(&h), log(10000) - 1, 0.01);
	histogram_add(&h, 3, UINT64_MAX);
	assert_true(h.count[3] == UINT64_MAX);
}

static void chances_agree_with_sums(void **state)
{
	(void)state;
	near_by(normal_exceeded(0.025), 1.959963985, 1e-8);
	near_by(normal_cdf(-3), 0.001349898, 1e-9);
	/* Q(k, x) is the chance of fewer than k events, x expected. */
	for (int k = 1; k < 60; k += 7) {
		for (double x = 0.5; x < 80; x *= 2) {
			double term = exp(-x), sum = term;

			for (int i = 1; i < k; i++)
				sum += term *= x / i;
			near_by(gamma_log_upper(k, x), log(fmin(sum, 1)),
				1e-9 + fabs(log(sum)) * 1e-9);
		}
	}
	near_by(gamma_log_upper(9999, 10100), gamma_log_upper(10001, 10102), 0.02);
	near_by(-log(0.05), gamma_quantile(1, 0.95), 1e-9);
	near_by(gamma_quantile(20000, 0.999), 20000 + 3.0902 * sqrt(20000), 5);
}

/* The same e-value by adding up the mixture, rate by rate. */
static void evidence_agrees_with_the_integral(void **state)
{
	const double count = 17, exposure = 1000, rate = 0.01, step = 1e-6;
	double sum = 0;

	(void)state;
	for (double x = rate + step / 2; x < 0.2; x += step)
		sum += step * exp(-x / rate + 1) / rate *
		       exp(count * log(x / rate) - (x - rate) * exposure);
	near_by(eprocess_log_above(count, exposure, rate), log(sum), 1e-4);
	assert_true(eprocess_log_above(0, 0, rate) == 0);
	assert_true(isinf(eprocess_log_above(1, 10, 0)));
}

static void exact_bounds_of_few_events(void **state)
{
	struct interval r = fixed_rates(0, 10, 0.05), s = fixed_rates(5, 1, 0.05);

	(void)state;
	near_by(r.high, -log(0.025) / 10, 1e-9);
	/* Garwood's table: 5 events, 95 % */
	near_by(s.low, 1.6235, 1e-3);
	near_by(s.high, 11.6683, 1e-3);
	/* Looking always costs width. */
	assert_true(eprocess_rates(5, 1, 0.05).high > s.high);
	assert_true(eprocess_rates(5, 1, 0.05).low < s.low);
}

static uint64_t seed;

static double uniform(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return ((seed * 2685821657736338717ull >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

static unsigned int poisson(double mean)
{
	double p = 1, end = exp(-mean);
	unsigned int n = 0;

	if (mean > 100)
		return (unsigned int)fmax(0, round(mean + sqrt(mean) * normal()));
	while ((p *= uniform()) > end)
		n++;
	return n;
}

static void the_sequence_holds_the_mean_at_every_look(void **state)
{
	unsigned int missed = 0;

	(void)state;
	seed = 7;
	for (int run = 0; run < 2000; run++) {
		double sum = 0;

		for (int n = 1; n <= 500; n++) {
			sum += normal();
			if (fabs(sum / n) > sequence_radius(n, 1, 0.05, 25)) {
				missed++;
				break;
			}
		}
	}
	/* 100 were allowed; that some miss shows that it is not idly wide. */
	assert_in_range(missed, 10, 100);
}

static void evidence_seldom_reaches_its_bound(void **state)
{
	unsigned int reached = 0;

	(void)state;
	seed = 11;
	for (int run = 0; run < 1000; run++) {
		double count = 0;

		for (int n = 1; n <= 200; n++) {
			count += poisson(2);
			if (eprocess_log_above(count, n, 2) >= log(20)) {
				reached++;
				break;
			}
		}
	}
	assert_in_range(reached, 3, 50);
}

static void long_run_variance_knows_correlation(void **state)
{
	struct series s = { 0 }, none = { 0 };
	double x = 0, error, slope;

	(void)state;
	seed = 3;
	for (int i = 0; i < 20000; i++) {
		x = 0.5 * x + normal();
		series_add(&s, 100 + x);
	}
	near_by(series_mean(&s), 100, 0.1);
	near_by(series_variance(&s), 1 / 0.75, 0.05);
	near_by(series_correlation(&s), 0.5, 0.03);
	near_by(series_long_run(&s, &none), 4, 0.3);
	memset(&s, 0, sizeof(s));
	for (int i = 0; i < 50; i++)
		series_add(&s, 1e6 + 3 * i);
	slope = series_slope(&s, 1, &error);
	near_by(slope, 3, 1e-9);
	near_by(series_recent(&s), 1e6 + 3 * 45.5, 1e-6);
}

/* What a patch may do with memory, second by second: what is held since the last one. */
struct holding {
	double taken;  /* allocations of 64 bytes a second */
	double leaked; /* of them, since the patch: never given back */
	double kept;   /* seconds for which each is held */
	double wave;   /* the load's swing, slowly: 0.3 is 30 % */
	double drawn;  /* of so many leaks one is followed, and stands for all; 0: each */
};

static enum standing leak_after(const struct holding *h, unsigned int watch)
{
	struct judge_policy p = judge_policy_usual();
	struct judge *j __cleanup_judge = NULL;
	struct judge_verdict v;
	double held = 0, lost = 0, phase = 2 * M_PI * uniform(), of = fmax(h->drawn, 1);

	ok(judge_new(&p, 0, &j));
	for (unsigned int t = 0; t < 300 + BASELINE + watch; t++) {
		bool since = t >= 300 + BASELINE;
		double load = h->taken * (1 + h->wave * sin(phase + t / 40.0));
		struct batch b = { .time = t, .has_leak = true };

		held += 64.0 * poisson(load);
		held -= fmin(held, 64.0 * poisson(held / 64 / h->kept));
		if (since)
			lost += 64.0 * of * poisson(h->leaked / of);
		b.leak = held + lost;
		b.returns[RETURN_ZERO] = 100;
		if (t >= 300)
			judge_second(j, since, &b);
	}
	judge_verdict(j, &v);
	return v.finding[METRIC_LEAK].standing;
}

static unsigned int found(const struct holding *h, unsigned int watch, unsigned int runs)
{
	unsigned int n = 0;

	seed = 7;
	for (unsigned int i = 0; i < runs; i++)
		n += leak_after(h, watch) >= STANDING_WORSE;
	return n;
}

static void a_leak_of_64_bytes_a_call_is_found(void **state)
{
	(void)state;
	/* A fixed rate, one that is drawn, and one beside much that is held for a while. */
	assert_int_equal(found(&(struct holding){ 1, 200, 1, 0 }, 60, 100), 100);
	assert_int_equal(found(&(struct holding){ 200, 200, 2, 0 }, 60, 100), 100);
	assert_true(found(&(struct holding){ 1000, 500, 10, 0 }, 120, 100) >= 95);
	assert_true(found(&(struct holding){ 1, 200, 1, 0, 16 }, 60, 100) >= 95);
}

static void what_is_given_back_is_no_leak(void **state)
{
	static const struct holding sound[] = {
		{ 200, 0, 0.5, 0 },
		{ 1000, 0, 10, 0 },
		{ 1000, 0, 60, 0 },
		{ 1000, 0, 10, 0.3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sound); i++)
		for (unsigned int watch = 30; watch <= 240; watch *= 2)
			assert_int_equal(found(&sound[i], watch, 300), 0);
}

/* Each object gets something at its first use: it ends. */
static void what_is_set_up_once_is_not_called_a_leak_later(void **state)
{
	struct judge_policy p = judge_policy_usual();
	struct judge *j __cleanup_judge = NULL;
	struct judge_verdict v;
	double held = 0;

	(void)state;
	ok(judge_new(&p, 0, &j));
	for (unsigned int t = 0; t < BASELINE + 60; t++) {
		struct batch b = { .time = t, .has_leak = true };

		if (t >= BASELINE && t < BASELINE + 15)
			held += 50000;
		b.leak = held;
		b.returns[RETURN_ZERO] = 100;
		judge_second(j, t >= BASELINE, &b);
		judge_verdict(j, &v);
		assert_true(v.word < JUDGE_DEGRADED);
	}
}

struct life {
	double slower, worse; /* since the patch */
	double calls, errors, leak;
	double all; /* load since the patch, on controls, too */
	unsigned int controls, watch;
	uint32_t hard;
};

static struct judge_verdict live(const struct life *l)
{
	struct judge_policy p = judge_policy_usual();
	struct judge *h __cleanup_judge = NULL;
	struct histogram control[JUDGE_CONTROLS];
	struct judge_verdict v;

	seed = 99;
	ok(judge_new(&p, l->controls, &h));
	for (unsigned int t = 0; t < BASELINE + l->watch; t++) {
		bool since = t >= BASELINE;
		struct batch b = { .time = t, .control = control, .control_calls = l->calls };
		double add = since ? log(l->slower * l->all) : 0;

		memset(control, 0, sizeof(control));
		for (unsigned int i = 0; i < l->calls; i++) {
			double x = exp(10 + 0.5 * normal());

			histogram_add(&b.latency, histogram_bucket(x * exp(add)), 1);
			x = exp(10 + 0.5 * normal());
			for (unsigned int c = 0; c < l->controls; c++)
				histogram_add(&control[c],
					      histogram_bucket(x * (since ? l->all : 1)), 1);
		}
		b.returns[RETURN_ERRNO + 5] =
			poisson(l->calls * l->errors * (since ? l->worse : 1));
		b.returns[RETURN_ZERO] = l->calls;
		b.control_errors = poisson(l->calls * l->errors);
		b.has_leak = true;
		b.leak = 1e6 + 1e4 * normal() + (since ? l->leak * (t - BASELINE) : 0);
		b.hard = t == BASELINE + 10 ? l->hard : 0;
		judge_second(h, since, &b);
	}
	judge_verdict(h, &v);
	return v;
}

static void each_word_has_its_reason(void **state)
{
	static const struct {
		struct life life;
		enum judge_word word;
		const char *reason;
	} rows[] = {
		{ { 1, 1, 300, 0.02, 0, 1, 1, 120, 0 }, JUDGE_HEALTHY, "within its margin" },
		{ { 1, 1, 300, 0.02, 0, 1, 1, 20, 0 }, JUDGE_INCONCLUSIVE, "" },
		{ { 1.3, 1, 300, 0.02, 0, 1, 1, 40, 0 }, JUDGE_DEGRADED, "latency: 1.3" },
		{ { 4, 1, 300, 0.02, 0, 1, 1, 40, 0 }, JUDGE_FAILED, "latency: 4" },
		{ { 1, 2.5, 300, 0.02, 0, 1, 1, 60, 0 }, JUDGE_DEGRADED, "errors" },
		{ { 1, 12, 300, 0.02, 0, 1, 1, 60, 0 }, JUDGE_FAILED, "errors" },
		{ { 1, 1, 300, 0.02, 20000, 1, 1, 130, 0 }, JUDGE_DEGRADED, "leak" },
		{ { 1, 1, 300, 0.02, 0, 1.5, 1, 60, 0 }, JUDGE_HEALTHY, "" },
		{ { 1.2, 1, 300, 0.02, 0, 1.5, 1, 60, 0 }, JUDGE_INCONCLUSIVE, "load moved" },
		{ { 1, 1, 0, 0, 0, 1, 1, 60, 0 }, JUDGE_INCONCLUSIVE, "too few calls" },
		{ { 1.3, 1, 300, 0.02, 0, 1, 0, 40, 0 }, JUDGE_INCONCLUSIVE, "no control" },
		{ { 1.3, 1, 300, 0.02, 0, 1, 0, 90, 0 }, JUDGE_DEGRADED, "latency" },
		{ { 1, 1, 300, 0.02, 0, 1, 1, 60, 1 << HARD_OOPS }, JUDGE_FAILED, "an oops" },
		{ { 1, 1, 300, 0.02, 0, 1, 1, 60, 1 << 30 }, JUDGE_HEALTHY, "" },
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct judge_verdict v = live(&rows[i].life);

		if (v.word != rows[i].word || !strstr(v.reason, rows[i].reason))
			fail_msg("row %u: %s: %s", i, judge_word_name(v.word), v.reason);
	}
}

static void inconclusive_says_what_it_could_have_seen(void **state)
{
	struct life l = { 1, 1, 300, 0.02, 0, 1, 1, 20, 0 };
	struct judge_verdict v = live(&l);
	const struct judge_finding *f = &v.finding[METRIC_LATENCY];

	(void)state;
	assert_true(f->smallest > 1.05 && f->smallest < 1.5);
	assert_true(f->interval.low < 1 && f->interval.high > 1);
	assert_true(v.seconds_more > 0 && isfinite(v.seconds_more));
}

static void odd_input_gives_no_harm(void **state)
{
	struct judge_policy p = judge_policy_usual();

	(void)state;
	seed = 1234;
	for (int run = 0; run < 60; run++) {
		struct judge *h __cleanup_judge = NULL;
		struct histogram control[2];
		struct judge_verdict v;
		int kind = run % 6;

		ok(judge_new(&p, run % 3, &h));
		for (int t = 0; t < 120; t++) {
			struct batch b = { .time = t, .control = control };
			uint64_t n = kind == 0 ? 0 : kind == 1 ? UINT64_MAX / 4 : 1000;

			memset(control, 0, sizeof(control));
			if (kind == 2)
				b.time = uniform() < 0.2 ? NAN : 100 * uniform();
			if (kind == 3)
				b.time = t * 1e6; /* gaps */
			if (kind == 4 && t % 3)
				n = 0;
			histogram_add(&b.latency, kind == 5 ? 511 : 80, n);
			histogram_add(&control[0], 0, n);
			histogram_add(&control[1], 90, n);
			b.returns[RETURN_ERRNO + 1] = n / 2;
			b.returns[RETURN_POSITIVE] = n;
			b.control_calls = b.control_errors = n;
			b.has_leak = kind != 2;
			b.leak = kind == 1 ? INFINITY : 5;
			judge_second(h, t >= 50, &b);
			judge_verdict(h, &v);
			if (v.word > JUDGE_INCONCLUSIVE)
				fail_msg("kind %d at %d: %s", kind, t, v.reason);
			assert_false(isnan(v.seconds_more) || isnan(v.finding[0].effect));
		}
		assert_true(kind != 2 || v.odd > 0);
	}
}

static void a_policy_without_sense_is_refused(void **state)
{
	struct judge_policy p = judge_policy_usual();
	struct error *e __cleanup_error = NULL, *many __cleanup_error = NULL;
	struct judge *h __cleanup_judge = NULL;

	(void)state;
	many = judge_new(&p, JUDGE_CONTROLS + 1, &h);
	assert_non_null(many);
	p.latency.equal = 1.01;
	e = judge_new(&p, 1, &h);
	assert_int_equal(error_kind(e), ERROR_POLICY);
	assert_non_null(strstr(error_message(e), "latency"));
	assert_null(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_meet_and_are_an_eighth_wide),
		cmocka_unit_test(quantiles_and_means_of_known_values),
		cmocka_unit_test(chances_agree_with_sums),
		cmocka_unit_test(evidence_agrees_with_the_integral),
		cmocka_unit_test(exact_bounds_of_few_events),
		cmocka_unit_test(the_sequence_holds_the_mean_at_every_look),
		cmocka_unit_test(evidence_seldom_reaches_its_bound),
		cmocka_unit_test(long_run_variance_knows_correlation),
		cmocka_unit_test(a_leak_of_64_bytes_a_call_is_found),
		cmocka_unit_test(what_is_given_back_is_no_leak),
		cmocka_unit_test(what_is_set_up_once_is_not_called_a_leak_later),
		cmocka_unit_test(each_word_has_its_reason),
		cmocka_unit_test(inconclusive_says_what_it_could_have_seen),
		cmocka_unit_test(odd_input_gives_no_harm),
		cmocka_unit_test(a_policy_without_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
