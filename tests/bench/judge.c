// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calibration of the judge: how often it is wrong about a system that did not change, looked at
 * every second, and how soon it sees one that did. docs/JUDGE.md keeps the table.
 *
 *	judge [--runs N] [--seed S] [--only NAME] [--check]
 *	judge --replay FILE [--runs N] [--seed S] [--check]
 *
 * --check ends with 1 where a bound is broken. A trace (tests/judge/record.c) is replayed from N
 * random places, since it is all one system that nobody changed.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "judge/judge.h"

#define TABLE 4096
#define BASELINE 60

enum shape { LOGNORMAL, PARETO };

/* All of load is shared with the controls; the target answers to it 1.3 times as strongly. */
struct scenario {
	const char *name;
	unsigned int calls, controls, watch;
	enum shape shape;
	double spread;	       /* sigma of the lognormal, or the exponent of the Pareto */
	double rho, load, own; /* AR(1): of load, and of the target alone */
	double burst;	       /* factor while one lasts */
	double drift;	       /* a minute */
	double step;	       /* of load, 20 s into the watch */
	double errors;
	double slower, worse; /* the patch: factors on latency and on errors */
	unsigned int within;  /* a change is to be found in so many seconds, in 95 % of runs */
};

static const struct scenario scenarios[] = {
	{ "plain", 1000, 1, 180, LOGNORMAL, 0.5, 0, 0, 0, 1, 0, 1, 0.01, 1, 1 },
	{ "plain, sigma 1", 1000, 1, 180, LOGNORMAL, 1, 0, 0, 0, 1, 0, 1, 0.01, 1, 1 },
	{ "plain, 3 controls", 300, 3, 180, LOGNORMAL, 1, 0, 0, 0, 1, 0, 1, 0.01, 1, 1 },
	{ "load AR 0.5", 1000, 1, 180, LOGNORMAL, 0.7, 0.5, 0.1, 0, 1, 0, 1, 0.01, 1, 1 },
	{ "load AR 0.9", 500, 1, 180, LOGNORMAL, 0.7, 0.9, 0.2, 0, 1, 0, 1, 0.01, 1, 1 },
	{ "own AR 0.5", 500, 1, 180, LOGNORMAL, 0.7, 0.5, 0, 0.1, 1, 0, 1, 0.01, 1, 1 },
	{ "own AR 0.9", 500, 1, 180, LOGNORMAL, 0.7, 0.9, 0, 0.1, 1, 0, 1, 0.01, 1, 1 },
	{ "Pareto 1.2", 500, 1, 180, PARETO, 1.2, 0.5, 0.1, 0, 1, 0, 1, 0.01, 1, 1 },
	{ "bursts", 500, 1, 180, LOGNORMAL, 0.7, 0.5, 0.1, 0, 2.5, 0, 1, 0.01, 1, 1 },
	{ "drift +1 %/min", 200, 1, 600, LOGNORMAL, 0.7, 0.5, 0.05, 0, 1, 0.01, 1, 0.01, 1, 1 },
	{ "drift -1 %/min", 200, 1, 600, LOGNORMAL, 0.7, 0.5, 0.05, 0, 1, -0.01, 1, 0.01, 1, 1 },
	{ "step 1.5", 500, 1, 180, LOGNORMAL, 0.7, 0.5, 0.1, 0, 1, 0, 1.5, 0.01, 1, 1 },
	{ "1 call/s", 1, 1, 300, LOGNORMAL, 0.7, 0, 0, 0, 1, 0, 1, 0.01, 1, 1 },
	{ "no call", 0, 1, 120, LOGNORMAL, 0.7, 0, 0, 0, 1, 0, 1, 0.01, 1, 1 },
	{ "alone", 1000, 0, 180, LOGNORMAL, 0.7, 0, 0, 0, 1, 0, 1, 0.01, 1, 1 },
	{ "alone, AR 0.9", 500, 0, 180, LOGNORMAL, 0.7, 0.9, 0.1, 0, 1, 0, 1, 0.01, 1, 1 },
	{ "alone, bursts", 500, 0, 180, LOGNORMAL, 0.7, 0.5, 0.1, 0, 2.5, 0, 1, 0.01, 1, 1 },
	{ "alone, +1 %/min", 200, 0, 600, LOGNORMAL, 0.7, 0.5, 0.05, 0, 1, 0.01, 1, 0.01, 1, 1 },
	{ "20 % slower", 1000, 1, 60, LOGNORMAL, 0.5, 0, 0, 0, 1, 0, 1, 0.01, 1.2, 1, 30 },
	{ "20 %, sigma 1", 1000, 1, 60, LOGNORMAL, 1, 0, 0, 0, 1, 0, 1, 0.01, 1.2, 1, 30 },
	{ "20 %, load AR 0.5", 1000, 1, 60, LOGNORMAL, 0.7, 0.5, 0.1, 0, 1, 0, 1, 0.01, 1.2, 1,
	  30 },
	{ "errors 1 % to 2 %", 1000, 1, 90, LOGNORMAL, 0.7, 0, 0, 0, 1, 0, 1, 0.01, 1, 2, 60 },
	{ "errors, load AR 0.5", 1000, 1, 90, LOGNORMAL, 0.7, 0.5, 0.1, 0, 1, 0, 1, 0.01, 1, 2,
	  60 },
};

/* xorshift64*, so that a seed gives the same runs everywhere. */
static uint64_t random_bits(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 2685821657736338717ull;
}

static double uniform(uint64_t *state)
{
	return ((random_bits(state) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(uint64_t *state)
{
	return sqrt(-2 * log(uniform(state))) * cos(2 * M_PI * uniform(state));
}

static unsigned int poisson(uint64_t *state, double mean)
{
	double left = exp(-mean), p = 1;
	unsigned int n = 0;

	if (mean > 30)
		return fmax(0, round(mean + sqrt(mean) * normal(state)));
	while ((p *= uniform(state)) > left)
		n++;
	return n;
}

/* The logarithms (base 2) of a distribution, at equal steps of chance. */
static void fill(double table[TABLE], const struct scenario *s, uint64_t *seed)
{
	for (int i = 0; i < TABLE; i++)
		table[i] = log2(50000) + (s->shape == PARETO ? -log2((i + 0.5) / TABLE) / s->spread
							     : s->spread * normal(seed) / M_LN2);
}

struct world {
	uint64_t seed;
	double load, own;
	bool burst;
	const double *table;
};

static void latencies(struct world *w, struct histogram *h, unsigned int calls, double log_factor)
{
	double add = log_factor / M_LN2;

	for (unsigned int i = 0; i < calls; i++) {
		double x = exp2(w->table[random_bits(&w->seed) >> 52] + add);

		histogram_add(h, histogram_bucket(x < 1e18 ? (uint64_t)x : 1ull << 60), 1);
	}
}

static void second(const struct scenario *s, struct world *w, unsigned int t, bool since,
		   struct batch *b, struct histogram *control)
{
	double keep = sqrt(1 - s->rho * s->rho), load, calls;
	unsigned int n, bad;

	w->load = s->rho * w->load + keep * normal(&w->seed);
	w->own = s->rho * w->own + keep * normal(&w->seed);
	w->burst = uniform(&w->seed) < (w->burst ? 5.0 / 6 : 1.0 / 30);
	load = s->load * w->load + s->drift * t / 60.0 + (w->burst ? log(s->burst) : 0) +
	       (t >= BASELINE + 20 ? log(s->step) : 0);
	calls = s->calls * exp(s->load * w->load);
	n = poisson(&w->seed, calls);
	memset(b, 0, sizeof(*b));
	memset(control, 0, s->controls * sizeof(*control));
	b->time = t;
	b->control = control;
	latencies(w, &b->latency, n, 1.3 * load + s->own * w->own + (since ? log(s->slower) : 0));
	for (unsigned int i = 0; i < s->controls; i++)
		latencies(w, &control[i], poisson(&w->seed, calls), load);
	bad = poisson(&w->seed, n * s->errors * (since ? s->worse : 1));
	bad = bad < n ? bad : n;
	b->returns[RETURN_ERRNO + 11] = bad;
	b->returns[RETURN_ZERO] = n - bad;
	if (s->controls) {
		b->control_calls = n;
		b->control_errors = poisson(&w->seed, n * s->errors);
	}
}

struct outcome {
	unsigned int runs, alarms, healthy;
	double alarm_at[20000], healthy_at[20000];
	unsigned int by[JUDGE_METRICS];
};

/* One second more, looked at once the patch is live. */
static bool is_harm(struct judge *h, bool since, const struct batch *b, bool *healthy,
		    struct outcome *o)
{
	struct judge_verdict v;

	judge_second(h, since, b);
	if (!since)
		return false;
	judge_verdict(h, &v);
	if (v.word == JUDGE_HEALTHY && !*healthy) {
		*healthy = true;
		o->healthy_at[o->healthy++] = v.watched;
	}
	if (v.word != JUDGE_DEGRADED && v.word != JUDGE_FAILED)
		return false;
	o->alarm_at[o->alarms++] = v.watched;
	if (v.metric >= 0)
		o->by[v.metric]++;
	return true;
}

static struct error *run(const struct scenario *s, const double *table, uint64_t seed,
			 struct outcome *o)
{
	struct judge_policy p = judge_policy_usual();
	struct judge *h __cleanup_judge = NULL;
	struct histogram control[JUDGE_CONTROLS];
	struct world w = { .seed = seed, .table = table };
	struct batch b;
	bool healthy = false;

	TRY(judge_new(&p, s->controls, &h));
	w.load = normal(&w.seed);
	w.own = normal(&w.seed);
	o->runs++;
	for (unsigned int t = 0; t < BASELINE + s->watch; t++) {
		second(s, &w, t, t >= BASELINE, &b, control);
		if (is_harm(h, t >= BASELINE, &b, &healthy, o))
			break;
	}
	return NULL;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of all runs, those that never came being last. */
static void print_time(double *at, unsigned int n, unsigned int runs, double q)
{
	unsigned int i = ceil(q * runs);

	qsort(at, n, sizeof(*at), ascending);
	if (!runs || i > n || !i)
		printf(" %6s", "-");
	else
		printf(" %4.0f s", at[i - 1]);
}

static bool print(const char *name, const struct scenario *s, struct outcome *o)
{
	unsigned int in_time = 0;
	bool well;

	for (unsigned int i = 0; i < o->alarms; i++)
		in_time += s && o->alarm_at[i] <= s->within;
	if (s && s->within)
		well = in_time >= 0.95 * o->runs;
	else
		well = o->alarms <= 0.01 * o->runs;
	printf("| %-20s | %5u | %6.2f %% |", name, o->runs, 100.0 * o->alarms / o->runs);
	print_time(o->alarm_at, o->alarms, o->runs, 0.5);
	print_time(o->alarm_at, o->alarms, o->runs, 0.95);
	printf(" | %5.1f %% |", 100.0 * o->healthy / o->runs);
	print_time(o->healthy_at, o->healthy, o->runs, 0.5);
	print_time(o->healthy_at, o->healthy, o->runs, 0.95);
	printf(" | %s |\n", well ? "yes" : "NO");
	if (getenv("JUDGE_BY"))
		printf("  latency %u tail %u errors %u\n", o->by[0], o->by[1], o->by[2]);
	fflush(stdout);
	return well;
}

static void heading(void)
{
	puts("| scenario             |  runs | degraded | 50 %   95 %   | healthy | 50 %   95 %   | bound "
	     "|");
	puts("|---|---|---|---|---|---|---|");
}

struct options {
	unsigned int runs;
	uint64_t seed;
	const char *only, *replay;
	bool check;
};

static struct error *simulate(const struct options *opt, bool *well)
{
	struct outcome *o __free = malloc(sizeof(*o));
	double table[TABLE];

	if (!o)
		return error_nomem();
	for (unsigned int i = 0; i < ARRAY_SIZE(scenarios); i++) {
		const struct scenario *s = &scenarios[i];
		uint64_t seed = opt->seed * 0x9e3779b97f4a7c15ull + i + 1;

		if (opt->only && !strstr(s->name, opt->only))
			continue;
		memset(o, 0, sizeof(*o));
		fill(table, s, &seed);
		for (unsigned int r = 0; r < opt->runs; r++)
			TRY(run(s, table, random_bits(&seed) | 1, o));
		*well &= print(s->name, s, o);
	}
	return NULL;
}

#define TRACE 600
struct trace {
	unsigned int seconds;
	struct histogram target[TRACE], control[TRACE];
};

static struct error *read_trace(const char *path, struct trace *t)
{
	FILE *f __closefile = fopen(path, "re");
	char line[8192];

	if (!f)
		return error_failed("%s can't be read", path);
	while (fgets(line, sizeof(line), f)) {
		unsigned int at, bucket;
		unsigned long long count;
		char metric[16], *word;
		struct histogram *h;
		int used;

		if (sscanf(line, "%u %15s%n", &at, metric, &used) != 2 || at >= TRACE)
			return error_failed("%s: no line of a trace: %.40s", path, line);
		h = strcmp(metric, "target") ? &t->control[at] : &t->target[at];
		for (word = strtok(line + used, " \n"); word; word = strtok(NULL, " \n")) {
			if (sscanf(word, "%u:%llu", &bucket, &count) != 2)
				return error_failed("%s: no bucket: %s", path, word);
			histogram_add(h, bucket, count);
		}
		if (at >= t->seconds)
			t->seconds = at + 1;
	}
	return t->seconds > 2 * BASELINE ? NULL : error_failed("%s: too short", path);
}

/* A run begins anywhere; its end meets the trace's beginning, as at a night's end. */
static struct error *replay_once(const struct trace *t, unsigned int start, struct outcome *o)
{
	struct judge_policy p = judge_policy_usual();
	struct judge *h __cleanup_judge = NULL;
	struct batch b = { 0 };
	bool healthy = false;

	TRY(judge_new(&p, 1, &h));
	o->runs++;
	for (unsigned int i = 0; i < t->seconds; i++) {
		unsigned int at = (start + i) % t->seconds;

		b.time = i;
		b.latency = t->target[at];
		b.control = &t->control[at];
		b.returns[RETURN_ZERO] = histogram_total(&b.latency);
		if (is_harm(h, i >= BASELINE, &b, &healthy, o))
			break;
	}
	return NULL;
}

static struct error *replay(const struct options *opt, bool *well)
{
	struct outcome *o __free = calloc(1, sizeof(*o));
	struct trace *t __free = calloc(1, sizeof(*t));
	const char *name = strrchr(opt->replay, '/');

	if (!o || !t)
		return error_nomem();
	TRY(read_trace(opt->replay, t));
	for (unsigned int r = 0; r < opt->runs && r < t->seconds; r++)
		TRY(replay_once(t, (r + opt->seed) % t->seconds, o));
	*well &= print(name ? name + 1 : opt->replay, NULL, o);
	return NULL;
}

static bool parse(int argc, char **argv, struct options *opt)
{
	for (int i = 1; i < argc; i++) {
		const char *next = i + 1 < argc ? argv[i + 1] : NULL;

		if (!strcmp(argv[i], "--check")) {
			opt->check = true;
			continue;
		}
		if (!next)
			return false;
		if (!strcmp(argv[i], "--runs"))
			opt->runs = strtoul(next, NULL, 10);
		else if (!strcmp(argv[i], "--seed"))
			opt->seed = strtoull(next, NULL, 10);
		else if (!strcmp(argv[i], "--only"))
			opt->only = next;
		else if (!strcmp(argv[i], "--replay"))
			opt->replay = next;
		else
			return false;
		i++;
	}
	return opt->runs && opt->runs <= 20000;
}

int main(int argc, char **argv)
{
	struct options opt = { .runs = 2000, .seed = 1 };
	struct error *e __cleanup_error = NULL;
	bool well = true;

	if (!parse(argc, argv, &opt)) {
		fprintf(stderr, "usage: judge [--runs N] [--seed S] [--only NAME] [--replay FILE] "
				"[--check]\n");
		return 2;
	}
	heading();
	e = opt.replay ? replay(&opt, &well) : simulate(&opt, &well);
	if (e) {
		fprintf(stderr, "judge: %s\n", error_message(e));
		return 1;
	}
	return opt.check && !well;
}
