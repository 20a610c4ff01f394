// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/watch_batch.h"

#include <cpuid.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"

/* What redirecting a call may cost by itself: ftrace's way to the new function. */
#define REDIRECT_NS 300
#define REDIRECT_EMULATED_NS 5000

/* Buckets and errnos are numbered alike on both sides. */
_Static_assert(LATENCY_BUCKETS <= HISTOGRAM_BUCKETS, "a latency has a bucket of the judge's");
_Static_assert(RETURN_ERRNO + LATENCY_ERRNOS == RETURN_CLASSES, "an errno has a class");

/* Which of the host's events decide at once, and as what. */
static const struct {
	enum health_signal signal;
	enum hard_signal hard;
} hard[] = {
	{ HEALTH_OOPSES, HARD_OOPS },	      { HEALTH_WARNINGS, HARD_WARNING },
	{ HEALTH_ERROR_REPORTS, HARD_OOPS },  { HEALTH_SOFT_LOCKUPS, HARD_LOCKUP },
	{ HEALTH_HARD_LOCKUPS, HARD_LOCKUP }, { HEALTH_RCU_STALLS, HARD_LOCKUP },
	{ HEALTH_HUNG_TASKS, HARD_LOCKUP },
};

/* And which are counted, against how often they came before. */
static const enum health_signal counted[] = { HEALTH_OOM_KILLS, HEALTH_PROCESS_CRASHES,
					      HEALTH_PROCESS_ERRORS, HEALTH_TCP_RETRANSMITS };
/* Behind them, warnings from other code. */
#define OTHER_WARNINGS ARRAY_SIZE(counted)
_Static_assert(OTHER_WARNINGS < JUDGE_SIGNALS, "the judge has room for them");

static uint64_t grown(uint64_t before, uint64_t now)
{
	return now > before ? now - before : 0;
}

struct latency_counts watch_difference(const struct latency_counts *before,
				       const struct latency_counts *now)
{
	struct latency_counts d = {
		.entries = grown(before->entries, now->entries),
		.taken = grown(before->taken, now->taken),
		.returns = grown(before->returns, now->returns),
		.unseen = grown(before->unseen, now->unseen),
		.nanoseconds = grown(before->nanoseconds, now->nanoseconds),
	};

	for (size_t i = 0; i < LATENCY_BUCKETS; i++)
		d.buckets[i] = grown(before->buckets[i], now->buckets[i]);
	for (size_t i = 0; i < LATENCY_CLASSES; i++)
		d.classes[i] = grown(before->classes[i], now->classes[i]);
	return d;
}

static void latencies(struct histogram *h, const struct latency_counts *d)
{
	for (unsigned int i = 0; i < LATENCY_BUCKETS; i++)
		histogram_add(h, i, d->buckets[i]);
}

static unsigned int class_of(unsigned int class, enum latency_return returned)
{
	if (class == LATENCY_ZERO)
		return returned == LATENCY_RETURN_POINTER ? RETURN_NULL : RETURN_ZERO;
	if (class == LATENCY_NEGATIVE)
		return RETURN_NEGATIVE;
	return class == LATENCY_POSITIVE ? RETURN_POSITIVE : RETURN_ERRNO + class;
}

void watch_batch_target(struct batch *b, const struct latency_counts *d,
			enum latency_return returned)
{
	latencies(&b->latency, d);
	b->no_returns = returned == LATENCY_RETURN_NONE;
	if (b->no_returns) {
		b->returns[RETURN_ZERO] += d->returns;
		return;
	}
	for (unsigned int i = 0; i < LATENCY_CLASSES; i++)
		b->returns[class_of(i, returned)] += d->classes[i];
}

void watch_batch_control(struct batch *b, struct histogram *latency, const struct latency_counts *d,
			 enum latency_return returned)
{
	latencies(latency, d);
	b->control_calls += d->returns;
	if (returned == LATENCY_RETURN_NONE)
		return;
	for (unsigned int i = 0; i < LATENCY_CLASSES; i++) {
		unsigned int class = class_of(i, returned);

		if (class == RETURN_NULL || class >= RETURN_NEGATIVE)
			b->control_errors += d->classes[i];
	}
}

static uint64_t happened(const struct health_reading *before, const struct health_reading *now,
			 enum health_signal s)
{
	return before->v[s].known && now->v[s].known ? grown(before->v[s].value, now->v[s].value)
						     : 0;
}

void watch_batch_host(struct batch *b, const struct health_reading *before,
		      const struct health_reading *now)
{
	for (size_t i = 0; i < ARRAY_SIZE(hard); i++)
		if (happened(before, now, hard[i].signal))
			b->hard |= 1u << hard[i].hard;
	b->no_signals = true;
	for (size_t i = 0; i < ARRAY_SIZE(counted); i++) {
		b->signal[i] = happened(before, now, counted[i]);
		b->no_signals &= !now->v[counted[i]].known;
	}
}

const char *watch_batch_signal_words(unsigned int i)
{
	return i < ARRAY_SIZE(counted) ? health_signal_words(counted[i])
				       : "warnings of the kernel from other code";
}

void watch_batch_own(struct batch *b, const struct own_reading *before,
		     const struct own_reading *now, bool usual)
{
	const struct blame_counts *was = &before->blame.counts, *is = &now->blame.counts;

	b->has_leak = now->leak.known && !now->leak.unfollowed;
	b->leak = (double)now->leak.bytes;
	if (now->blame.warnings_known && now->loaded) {
		b->hard &= ~(1u << HARD_WARNING);
		if (is->warnings > was->warnings)
			b->hard |= 1u << HARD_WARNING;
	}
	b->signal[OTHER_WARNINGS] = grown(was->others, is->others);
	if (is->crashes > was->crashes && !usual)
		b->hard |= 1u << HARD_CRASH;
}

bool watch_is_emulated(void)
{
	unsigned int top, name[3];

	__cpuid(0x40000000, top, name[0], name[1], name[2]);
	return !memcmp(name, "TCGTCGTCGTCG", sizeof(name));
}

struct judge_policy watch_policy(const struct judge_policy *wanted, double interval,
				 unsigned int targets, bool emulated)
{
	struct judge_policy p = *wanted;

	p.alpha /= targets ? targets : 1;
	p.baseline = (unsigned int)ceil(p.baseline / interval);
	p.soak = (unsigned int)ceil(p.soak / interval);
	p.signal_floor *= interval;
	p.latency_floor = emulated ? REDIRECT_EMULATED_NS : REDIRECT_NS;
	p.drift *= interval;
	p.drift_beside *= interval;
	return p;
}
