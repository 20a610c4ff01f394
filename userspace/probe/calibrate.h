/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the probes of latency.h cost a call on this host, found by trying it: the very programs at
 * a system call that does next to nothing and that hardly anybody uses (personality(0xffffffff),
 * which only asks), timed without them and with them. All of it counts: the way into the programs
 * and back, the programs, what a slower processor or a mitigation adds. In a loop caches are warm;
 * what the programs take more elsewhere is for probe_cost_where().
 */
#ifndef SUTURE_PROBE_CALIBRATE_H
#define SUTURE_PROBE_CALIBRATE_H

#include "base/error.h"
#include "probe/budget.h"
#include "probe/latency_plan.h"

/*
 * Some ten milliseconds. Needs root. An error if the function can't be had, or is patched, or if
 * the probes did not see what was called: then nothing is known. Emulated, it is no figure to
 * believe; that is the caller's to know.
 */
struct error *calibrate(enum latency_way way, struct probe_cost *out) __must_check;

#endif
