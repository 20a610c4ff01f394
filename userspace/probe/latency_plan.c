// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/latency_plan.h"

#include <stddef.h>

static const char *why_not_trampoline(const struct latency_facts *f)
{
	if (f->patched)
		return "it is patched already, and a trampoline may undo that";
	if (!f->has_btf)
		return "its object has no BTF for it";
	if (f->namesakes != 1)
		return "other functions have its name";
	if (!f->trampolines)
		return "no trampoline can be had, or none is wanted";
	return NULL;
}

struct latency_plan latency_plan(const struct latency_facts *f)
{
	const char *why = why_not_trampoline(f);

	return (struct latency_plan){
		.way = why ? LATENCY_BY_KPROBE : LATENCY_BY_TRAMPOLINE,
		/* One of several namesakes is in BTF: it need not be this one. */
		.returned = f->has_btf && f->namesakes == 1 ? f->returned : f->told,
		.why = why,
	};
}

const char *latency_way_name(enum latency_way way)
{
	static const char *const names[] = {
		[LATENCY_BY_TRAMPOLINE] = "BPF trampoline",
		[LATENCY_BY_KPROBE] = "kprobe",
		[LATENCY_BY_STUB] = "stub in the process",
	};

	return names[way];
}
