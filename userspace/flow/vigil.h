/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A patch's functions watched from before it is loaded until there is a verdict on it: the probes
 * (watcher.h) and a judge for each function. alpha is split over the functions.
 *
 *	vigil_begin(), vigil_baseline()		before the patch is loaded
 *	vigil_watch()				once it is live and proved
 */
#ifndef SUTURE_FLOW_VIGIL_H
#define SUTURE_FLOW_VIGIL_H

#include "bundle/bundle.h"
#include "flow/service_check.h"
#include "flow/vigil_source.h"
#include "judge/judge.h"

struct vigil_wish {
	double watch, baseline, interval;	  /* seconds */
	struct judge_policy policy;		  /* of all functions together, in seconds */
	const struct watch_function *controls;	  /* that the patch does not change; none: chosen */
	size_t n_controls;			  /* at most JUDGE_CONTROLS */
	const char *health_check[SERVICE_CHECKS]; /* commands, service_check.h; or NULL */
	double budget; /* share of the functions' time that the probes may take; 0: the usual */
};

struct vigil;

/*
 * Functions of the kernel. Attach. ERROR_USAGE for a control that is patched; ERROR_REFUSED if
 * nothing of it is there.
 */
struct error *vigil_begin(const struct bundle_payload *p, const struct vigil_wish *wish,
			  struct vigil **out) __must_check;
/*
 * n functions that the source reads, all of which the patch changes; plans[] says how they are
 * timed. What lies behind the source must outlive the vigil, which detaches it.
 */
struct error *vigil_begin_on(const struct vigil_source *source, const struct watch_function *f,
			     const struct latency_plan *plans, size_t n,
			     const struct vigil_wish *wish, struct vigil **out) __must_check;
/* "seq_printf(), si_meminfo()": what the patched ones are compared with. */
struct error *vigil_controls(const struct vigil *v, struct strbuf *out) __must_check;
/* "to be timed takes a call 130 ns; one call in 6 of slab_alloc() is timed", or why not. */
struct error *vigil_cost(const struct vigil *v, struct strbuf *out) __must_check;
/* Why leaks of the kernel's new code can't be seen here, after the baseline; or NULL. */
const char *vigil_blind(const struct vigil *v);
/* Until the baseline is whole. ERROR_REFUSED if the health check fails, or if a function's probe
 * was not attached as it should.
 */
struct error *vigil_baseline(struct vigil *v) __must_check;

struct vigil_verdict {
	struct judge_verdict judge;
	const char *function; /* whose verdict it is; lives as long as the vigil */
	double at;	      /* clock_seconds() */
	double seconds;	      /* of watching */
	size_t idle;	      /* functions that nobody called, and that are not judged */
};

/*
 * Until the patch is proven worse, or healthy, or the time is over. The proof is read again and
 * again: a redirect that is lost, or can't be read, is no health. Only an interrupt is an error;
 * without probes the verdict is inconclusive, and says why.
 */
struct error *vigil_watch(struct vigil *v, struct vigil_verdict *out) __must_check;
/* "functions", "series" and "signals" of suture-record/1; 'begun' is its time 0. */
void vigil_json_functions(const struct vigil *v, struct json *j);
void vigil_json_series(const struct vigil *v, double begun, struct json *j);
void vigil_json_signals(const struct vigil *v, struct json *j);
/* "cost" of suture-record/1. */
void vigil_json_cost(const struct vigil *v, struct json *j);
/* No probe of it is there any more; what it has seen stays. */
void vigil_detach(struct vigil *v);
void vigil_end(struct vigil **v);
#define __cleanup_vigil __cleanup(vigil_end)

/* --- pure ------------------------------------------------------------------------------ */

/* The worst of n verdicts, of those of functions that were called ('calls'); n: of the first. */
size_t vigil_worst(const struct judge_verdict *v, const double *calls, size_t n, size_t *idle);

#endif
