// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/counter.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "bpf/libbpf_log.h"
#include "bpf/redirect.skel.h"
#include "probe/kprobe.h"

/* Between reading the kernel's count and ours a hit may be under way: look again. */
#define LOOKS 20

struct counters {
	struct redirect_bpf *bpf;
	int cpus;
	size_t n;
	struct bpf_link **links;
};

struct error *counters_open(size_t n, struct counters **out)
{
	struct counters *c __cleanup_counters = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return error_nomem();
	c->n = n;
	c->links = calloc(n, sizeof(struct bpf_link *));
	c->cpus = libbpf_num_possible_cpus();
	if (!c->links)
		return error_nomem();
	if (c->cpus < 0)
		return error_errno(-c->cpus, "counting the CPUs");
	TRY(kprobe_remove_stale());
	libbpf_log();
	c->bpf = redirect_bpf__open();
	if (!c->bpf)
		return error_errno(errno, "opening the BPF program");
	err = bpf_map__set_max_entries(c->bpf->maps.executions, (uint32_t)n);
	if (!err)
		err = redirect_bpf__load(c->bpf);
	if (err)
		return error_advise(error_errno(-err, "loading the BPF program that counts"),
				    "this needs root and a kernel with CONFIG_BPF_EVENTS");
	*out = take(c);
	return NULL;
}

struct error *counters_attach(struct counters *c, size_t i, const char *where)
{
	DECLARE_LIBBPF_OPTS(bpf_tracepoint_opts, opts, .bpf_cookie = i);
	struct kprobe_name event = kprobe_name((unsigned int)i);
	struct error *e, *gone __cleanup_error = NULL;

	TRY(kprobe_add(&event, where));
	c->links[i] = bpf_program__attach_tracepoint_opts(c->bpf->progs.count_execution,
							  KPROBE_GROUP, event.s, &opts);
	if (c->links[i])
		return NULL;
	e = error_errno(errno, "attaching the counter at %s", where);
	gone = kprobe_remove(&event);
	return e;
}

bool counters_attached(const struct counters *c, size_t i)
{
	return c->links[i];
}

static struct error *seen_by_bpf(struct counters *c, size_t i, uint64_t *out)
{
	uint64_t *each __free = calloc((size_t)c->cpus, sizeof(*each));
	uint32_t key = (uint32_t)i;

	if (!each)
		return error_nomem();
	if (bpf_map_lookup_elem(bpf_map__fd(c->bpf->maps.executions), &key, each) < 0)
		return error_errno(errno, "reading the BPF counters");
	*out = 0;
	for (int cpu = 0; cpu < c->cpus; cpu++)
		*out += each[cpu];
	return NULL;
}

struct error *counters_read(struct counters *c, size_t i, struct counter_value *out)
{
	struct kprobe_name event = kprobe_name((unsigned int)i);
	struct kprobe_counts kernel;
	uint64_t seen = 0;

	*out = (struct counter_value){ 0 };
	if (!c->links[i])
		return NULL;
	for (int look = 0; look < LOOKS; look++) {
		TRY(kprobe_counts(&event, &kernel));
		TRY(seen_by_bpf(c, i, &seen));
		if (seen >= kernel.hits)
			break;
	}
	out->executions = seen;
	out->missed = kernel.missed + (kernel.hits > seen ? kernel.hits - seen : 0);
	return NULL;
}

void counters_close(struct counters **at)
{
	struct counters *c = take(*at);

	if (!c)
		return;
	for (size_t i = 0; c->bpf && i < c->n; i++) {
		struct kprobe_name event = kprobe_name((unsigned int)i);
		struct error *e __cleanup_error = NULL;

		if (!c->links[i])
			continue;
		bpf_link__destroy(c->links[i]);
		e = kprobe_remove(&event);
		if (e)
			log_warn("a probe stays behind: %s", error_message(e));
	}
	redirect_bpf__destroy(c->bpf);
	free(c->links);
	free(c);
}
