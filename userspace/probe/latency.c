// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/latency.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "bpf/latency.skel.h"
#include "bpf/libbpf_log.h"
#include "probe/kprobe.h"

/* Apart from those of the counters. */
#define FIRST_NUMBER 1000000

struct latency {
	struct latency_bpf *bpf;
	int cpus;
	struct bpf_program *enter, *leave;
	struct bpf_link *entered, *left;
	struct kprobe_name entry, ret;
	bool has_entry, has_return;
};

static struct error *open_programs(struct latency *l, const struct latency_function *f,
				   const struct latency_plan *plan,
				   const struct latency_options *options)
{
	bool by_trampoline = plan->way == LATENCY_BY_TRAMPOLINE;
	struct bpf_program *p;
	int err = 0;

	libbpf_log();
	l->bpf = latency_bpf__open();
	if (!l->bpf)
		return error_errno(errno, "opening the BPF programs");
	l->bpf->data->sample_every = options->sample_every ? options->sample_every : 1;
	l->bpf->rodata->returned = plan->returned;
	l->enter =
		by_trampoline ? l->bpf->progs.enter_by_trampoline : l->bpf->progs.enter_by_kprobe;
	l->leave =
		by_trampoline ? l->bpf->progs.leave_by_trampoline : l->bpf->progs.leave_by_kprobe;
	bpf_object__for_each_program(p, l->bpf->obj)
	{
		bpf_program__set_autoload(p, p == l->enter || p == l->leave);
		if (by_trampoline && !err && (p == l->enter || p == l->leave))
			err = bpf_program__set_attach_target(p, 0, f->name);
	}
	if (!err)
		err = latency_bpf__load(l->bpf);
	if (err)
		return error_errno(-err, "loading the BPF programs that watch %s", f->name);
	return NULL;
}

static struct error *attach_trampolines(struct latency *l)
{
	l->entered = bpf_program__attach(l->enter);
	if (l->entered)
		l->left = bpf_program__attach(l->leave);
	return l->left ? NULL : error_errno(errno, "attaching a BPF trampoline");
}

static struct error *attach_kprobes(struct latency *l, const struct latency_function *f,
				    unsigned int number)
{
	char where[32];

	snprintf(where, sizeof(where), "0x%llx", (unsigned long long)f->address);
	l->entry = kprobe_name(FIRST_NUMBER + 2 * number);
	l->ret = kprobe_name(FIRST_NUMBER + 2 * number + 1);
	/* The return first: what has no return is not seen to begin. */
	TRY(kprobe_add_return(&l->ret, where));
	l->has_return = true;
	TRY(kprobe_add(&l->entry, where));
	l->has_entry = true;
	l->left = bpf_program__attach_tracepoint(l->leave, KPROBE_GROUP, l->ret.s);
	if (l->left)
		l->entered = bpf_program__attach_tracepoint(l->enter, KPROBE_GROUP, l->entry.s);
	return l->entered ? NULL : error_errno(errno, "attaching to the kprobes");
}

struct error *latency_attach(const struct latency_function *f, const struct latency_plan *plan,
			     const struct latency_options *options, struct latency **out)
{
	struct latency *l __cleanup_latency = calloc(1, sizeof(*l));

	if (!l)
		return error_nomem();
	l->cpus = libbpf_num_possible_cpus();
	if (l->cpus < 0)
		return error_errno(-l->cpus, "counting the CPUs");
	TRY(open_programs(l, f, plan, options));
	if (plan->way == LATENCY_BY_TRAMPOLINE)
		TRY_CONTEXT(attach_trampolines(l), "watching %s", f->name);
	else
		TRY_CONTEXT(attach_kprobes(l, f, options->number), "watching %s", f->name);
	*out = take(l);
	return NULL;
}

void latency_sample(struct latency *l, unsigned int every)
{
	l->bpf->data->sample_every = every;
}

static struct error *ask(const struct bpf_program *p, struct bpf_prog_info *out)
{
	uint32_t size = sizeof(*out);

	*out = (struct bpf_prog_info){ 0 };
	if (bpf_obj_get_info_by_fd(bpf_program__fd(p), out, &size))
		return error_errno(errno, "asking for what a BPF program is and does");
	return NULL;
}

struct error *latency_instructions(const struct latency *l, unsigned int *out)
{
	struct bpf_prog_info enter, leave;

	TRY(ask(l->enter, &enter));
	TRY(ask(l->leave, &leave));
	*out = (enter.xlated_prog_len + leave.xlated_prog_len) / sizeof(struct bpf_insn);
	return NULL;
}

struct error *latency_programs(const struct latency *l, double *out)
{
	struct bpf_prog_info enter, leave;

	TRY(ask(l->enter, &enter));
	TRY(ask(l->leave, &leave));
	*out = (double)enter.run_time_ns + (double)leave.run_time_ns;
	return NULL;
}

/* Calls of a program that the kernel left out because it was running on that CPU. */
static struct error *left_out(const struct bpf_program *p, uint64_t *out)
{
	struct bpf_prog_info info;

	TRY(ask(p, &info));
	*out += info.recursion_misses;
	return NULL;
}

static struct error *missed(const struct latency *l, uint64_t *out)
{
	struct kprobe_counts counts;

	*out = 0;
	TRY(left_out(l->enter, out));
	TRY(left_out(l->leave, out));
	if (l->has_entry) {
		TRY(kprobe_counts(&l->entry, &counts));
		*out += counts.missed;
		TRY(kprobe_counts(&l->ret, &counts));
		*out += counts.missed;
	}
	return NULL;
}

struct error *latency_read(struct latency *l, struct latency_reading *out)
{
	struct latency_counts *each __free = calloc((size_t)l->cpus, sizeof(*each));
	const size_t words = sizeof(*each) / sizeof(unsigned long long);
	unsigned long long *sum = (unsigned long long *)&out->counts;
	uint32_t zero = 0;

	if (!each)
		return error_nomem();
	*out = (struct latency_reading){ 0 };
	if (bpf_map_lookup_elem(bpf_map__fd(l->bpf->maps.counts), &zero, each) < 0)
		return error_errno(errno, "reading the BPF counters");
	for (int cpu = 0; cpu < l->cpus; cpu++)
		for (size_t i = 0; i < words; i++)
			sum[i] += ((const unsigned long long *)&each[cpu])[i];
	return missed(l, &out->missed);
}

static void remove_event(const struct kprobe_name *event, bool there)
{
	struct error *e __cleanup_error = there ? kprobe_remove(event) : NULL;

	if (e)
		log_warn("a probe stays behind: %s", error_message(e));
}

void latency_detach(struct latency **at)
{
	struct latency *l = take(*at);

	if (!l)
		return;
	bpf_link__destroy(l->entered);
	bpf_link__destroy(l->left);
	remove_event(&l->entry, l->has_entry);
	remove_event(&l->ret, l->has_return);
	latency_bpf__destroy(l->bpf);
	free(l);
}
