/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the host itself fares: what the kernel counts of its own troubles (sysfs, procfs), and events
 * that BPF counts at tracepoints (bpf/health.bpf.c). Read twice, the difference is what happened in
 * between. What this kernel does not have is not counted, and says why.
 */
#ifndef SUTURE_PROBE_HEALTH_H
#define SUTURE_PROBE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "bpf/health.h"

enum health_signal {
	HEALTH_OOPSES,
	HEALTH_WARNINGS,
	HEALTH_TAINT, /* bits that are set in /proc/sys/kernel/tainted */
	HEALTH_SOFT_LOCKUPS,
	HEALTH_HARD_LOCKUPS,
	HEALTH_RCU_STALLS,
	HEALTH_HUNG_TASKS,
	HEALTH_ERROR_REPORTS,
	HEALTH_OOM_KILLS,
	HEALTH_PROCESS_CRASHES,
	HEALTH_PROCESS_ERRORS,
	HEALTH_TCP_RETRANSMITS,
	HEALTH_CPU_PRESSURE, /* microseconds in which some task waited
				(Documentation/accounting/psi.rst) */
	HEALTH_IO_PRESSURE,
	HEALTH_MEMORY_PRESSURE,
	HEALTH_SIGNALS,
};

struct health_value {
	bool known;
	const char *why;	 /* not known */
	uint64_t value;		 /* since boot, or since health_open() */
	struct health_last last; /* of those that BPF counts */
};

struct health_reading {
	struct health_value v[HEALTH_SIGNALS];
};

struct health;

/* Without root, or without BPF, what needs it is not known. */
struct error *health_open(struct health **out) __must_check;
struct error *health_read(struct health *h, struct health_reading *out) __must_check;
void health_close(struct health **h);
#define __cleanup_health __cleanup(health_close)

/* "warnings", for JSON and metrics */
const char *health_signal_name(enum health_signal s);
/* "warnings of the kernel", for people */
const char *health_signal_words(enum health_signal s);
/* One of them is trouble whatever the baseline was. */
bool health_signal_is_hard(enum health_signal s);
/* In microseconds, not a number of events. */
bool health_signal_is_time(enum health_signal s);

/* --- pure ---------------------------------------------------------------------------- */

/* total=N of the line "some" (/proc/pressure). */
bool health_parse_pressure(const char *text, uint64_t *out);

#endif
