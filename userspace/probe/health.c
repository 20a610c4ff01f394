// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/health.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "bpf/health.skel.h"
#include "bpf/libbpf_log.h"

/* How a file gives its number. */
enum form { FORM_NUMBER, FORM_BITS, FORM_PRESSURE };

/* First what the kernel counts by itself; where it does not, what BPF counts. */
static const struct row {
	const char *name, *words;
	bool hard;
	const char *file;
	enum form form;
	int event; /* -1: none */
} rows[HEALTH_SIGNALS] = {
	[HEALTH_OOPSES] = { "oopses", "oopses", true, "/sys/kernel/oops_count", FORM_NUMBER, -1 },
	[HEALTH_WARNINGS] = { "warnings", "warnings of the kernel", true, "/sys/kernel/warn_count",
			      FORM_NUMBER, -1 },
	[HEALTH_TAINT] = { "taint", "taint flags", true, "/proc/sys/kernel/tainted", FORM_BITS,
			   -1 },
	[HEALTH_SOFT_LOCKUPS] = { "soft_lockups", "soft lockups", true,
				  "/sys/kernel/softlockup_count", FORM_NUMBER, -1 },
	[HEALTH_HARD_LOCKUPS] = { "hard_lockups", "hard lockups", true,
				  "/sys/kernel/hardlockup_count", FORM_NUMBER, -1 },
	[HEALTH_RCU_STALLS] = { "rcu_stalls", "RCU stalls", true, NULL, FORM_NUMBER,
				HEALTH_STALLS },
	[HEALTH_HUNG_TASKS] = { "hung_tasks", "hung tasks", true, NULL, FORM_NUMBER, HEALTH_HANGS },
	[HEALTH_ERROR_REPORTS] = { "error_reports", "errors that a detector reported", true, NULL,
				   FORM_NUMBER, HEALTH_REPORTS },
	[HEALTH_OOM_KILLS] = { "oom_kills", "processes killed for want of memory", false, NULL,
			       FORM_NUMBER, HEALTH_OOM },
	[HEALTH_PROCESS_CRASHES] = { "process_crashes", "processes that crashed", false, NULL,
				     FORM_NUMBER, HEALTH_CRASHES },
	[HEALTH_PROCESS_ERRORS] = { "process_errors", "processes that ended with an error", false,
				    NULL, FORM_NUMBER, HEALTH_EXITS },
	[HEALTH_TCP_RETRANSMITS] = { "tcp_retransmits", "TCP segments sent again", false, NULL,
				     FORM_NUMBER, HEALTH_RETRANSMITS },
	[HEALTH_CPU_PRESSURE] = { "cpu_pressure_us", "waiting for a CPU", false,
				  "/proc/pressure/cpu", FORM_PRESSURE, -1 },
	[HEALTH_IO_PRESSURE] = { "io_pressure_us", "waiting for I/O", false, "/proc/pressure/io",
				 FORM_PRESSURE, -1 },
	[HEALTH_MEMORY_PRESSURE] = { "memory_pressure_us", "waiting for memory", false,
				     "/proc/pressure/memory", FORM_PRESSURE, -1 },
};

struct health {
	struct health_bpf *bpf; /* NULL: BPF can't be had */
	int cpus;
	struct bpf_link *links[HEALTH_EVENTS];
};

const char *health_signal_name(enum health_signal s)
{
	return rows[s].name;
}

const char *health_signal_words(enum health_signal s)
{
	return rows[s].words;
}

bool health_signal_is_hard(enum health_signal s)
{
	return rows[s].hard;
}

bool health_signal_is_time(enum health_signal s)
{
	return rows[s].form == FORM_PRESSURE;
}

bool health_parse_pressure(const char *text, uint64_t *out)
{
	const char *at = str_starts(text, "some ") ? strstr(text, " total=") : NULL;

	if (!at || memchr(text, '\n', (size_t)(at - text)))
		return false;
	*out = strtoull(at + strlen(" total="), NULL, 10);
	return true;
}

/* --- events --------------------------------------------------------------------------- */

static const struct bpf_program *program_of(const struct health *h, enum health_event event)
{
	const struct bpf_program *const programs[] = {
		[HEALTH_CRASHES] = h->bpf->progs.crashes,
		[HEALTH_EXITS] = h->bpf->progs.exits,
		[HEALTH_HANGS] = h->bpf->progs.hangs,
		[HEALTH_STALLS] = h->bpf->progs.stalls,
		[HEALTH_OOM] = h->bpf->progs.oom,
		[HEALTH_REPORTS] = h->bpf->progs.reports,
		[HEALTH_RETRANSMITS] = h->bpf->progs.retransmits,
	};

	return programs[event];
}

struct error *health_open(struct health **out)
{
	struct health *h __cleanup_health = calloc(1, sizeof(*h));

	if (!h)
		return error_nomem();
	h->cpus = libbpf_num_possible_cpus();
	if (h->cpus < 0)
		return error_errno(-h->cpus, "counting the CPUs");
	libbpf_log();
	h->bpf = health_bpf__open();
	if (h->bpf && health_bpf__load(h->bpf)) {
		health_bpf__destroy(h->bpf);
		h->bpf = NULL;
	}
	/* A tracepoint that this kernel lacks leaves its link empty. */
	for (int i = 0; h->bpf && i < HEALTH_EVENTS; i++)
		h->links[i] = bpf_program__attach(program_of(h, (enum health_event)i));
	*out = take(h);
	return NULL;
}

static struct error *read_event(struct health *h, enum health_event event, struct health_value *out)
{
	uint64_t *each __free = calloc((size_t)h->cpus, sizeof(*each));
	uint32_t key = event;

	if (!each)
		return error_nomem();
	if (!h->bpf || !h->links[event]) {
		out->why = h->bpf ? "this kernel has no such tracepoint" : "BPF can't be had";
		return NULL;
	}
	if (bpf_map_lookup_elem(bpf_map__fd(h->bpf->maps.events), &key, each) < 0 ||
	    bpf_map_lookup_elem(bpf_map__fd(h->bpf->maps.lasts), &key, &out->last) < 0)
		return error_errno(errno, "reading the BPF counters of events");
	for (int cpu = 0; cpu < h->cpus; cpu++)
		out->value += each[cpu];
	out->known = true;
	return NULL;
}

/* --- files ---------------------------------------------------------------------------- */

static bool parse(const struct row *row, const char *text, uint64_t *out)
{
	switch (row->form) {
	case FORM_PRESSURE:
		return health_parse_pressure(text, out);
	case FORM_BITS:
		*out = (uint64_t)__builtin_popcountll(strtoull(text, NULL, 10));
		return *text >= '0' && *text <= '9';
	case FORM_NUMBER:
		*out = strtoull(text, NULL, 10);
		return *text >= '0' && *text <= '9';
	}
	return false;
}

static void read_file(const struct row *row, struct health_value *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct error *missing __cleanup_error = file_read(row->file, &text);

	out->known = !missing && parse(row, strbuf_str(&text), &out->value);
	if (!out->known)
		out->why = "this kernel does not count them";
}

struct error *health_read(struct health *h, struct health_reading *out)
{
	*out = (struct health_reading){ 0 };
	for (size_t i = 0; i < HEALTH_SIGNALS; i++) {
		if (rows[i].file)
			read_file(&rows[i], &out->v[i]);
		else
			TRY(read_event(h, (enum health_event)rows[i].event, &out->v[i]));
	}
	return NULL;
}

void health_close(struct health **at)
{
	struct health *h = take(*at);

	if (!h)
		return;
	for (size_t i = 0; i < HEALTH_EVENTS; i++)
		bpf_link__destroy(h->links[i]);
	health_bpf__destroy(h->bpf);
	free(h);
}
