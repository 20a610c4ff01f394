// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/leak.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "bpf/leak.h"
#include "bpf/leak.skel.h"
#include "bpf/libbpf_log.h"
#include "probe/places.h"

/* One call of so many pays for an allocation; the least and the most that one is drawn of. */
#define PAYS 16
#define DRAWN_MOST 4096

struct leak {
	struct leak_bpf *bpf; /* NULL: nothing is known */
	const char *why;
};

/* --- what the kernel has --------------------------------------------------------------- */

enum argument { NUMBER = 1, POINTER };

/* What the programs take, behind the pointer that is each tracepoint's own. */
static const struct {
	const char *type;
	enum argument arguments[4]; /* 0: whatever is there */
} points[] = {
	{ "btf_trace_kmalloc", { NUMBER, POINTER, NUMBER, NUMBER } },
	{ "btf_trace_kmem_cache_alloc", { NUMBER, POINTER, POINTER } },
	{ "btf_trace_kfree", { NUMBER, POINTER } },
	{ "btf_trace_kmem_cache_free", { NUMBER, POINTER } },
};

static const struct btf_type *plain(const struct btf *b, unsigned int id)
{
	int to = btf__resolve_type(b, id);

	return to > 0 ? btf__type_by_id(b, (unsigned int)to) : NULL;
}

static bool is(const struct btf *b, unsigned int id, enum argument wanted)
{
	const struct btf_type *t = plain(b, id);

	return t && (wanted == POINTER ? btf_is_ptr(t) : btf_is_int(t) && t->size == 8);
}

/* typedef void (*btf_trace_NAME)(void *, ...) */
static const struct btf_type *prototype(const struct btf *b, const char *type)
{
	int id = btf__find_by_name_kind(b, type, BTF_KIND_TYPEDEF);
	const struct btf_type *t = id > 0 ? plain(b, (unsigned int)id) : NULL;

	t = t && btf_is_ptr(t) ? plain(b, t->type) : NULL;
	return t && btf_is_func_proto(t) ? t : NULL;
}

bool leak_fits(const struct btf *vmlinux)
{
	for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
		const struct btf_type *t = prototype(vmlinux, points[i].type);

		if (!t)
			return false;
		for (size_t k = 0; k < ARRAY_SIZE(points[i].arguments); k++) {
			if (!points[i].arguments[k])
				continue;
			if (k + 1 >= btf_vlen(t) ||
			    !is(vmlinux, btf_params(t)[k + 1].type, points[i].arguments[k]))
				return false;
		}
	}
	return true;
}

/* --- the programs ---------------------------------------------------------------------- */

static const char *attach(struct leak *l)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool fits = btf && leak_fits(btf);

	btf__free(btf);
	if (!btf)
		return "the kernel has no BTF";
	if (!fits)
		return "this kernel's tracepoints of allocations have another form";
	libbpf_log();
	l->bpf = leak_bpf__open_and_load();
	if (!l->bpf)
		return "BPF can't be had";
	if (!leak_bpf__attach(l->bpf))
		return NULL;
	return "this kernel does not tell of all that is freed";
}

struct error *leak_open(struct leak **out)
{
	struct leak *l = calloc(1, sizeof(*l));
	const char *why;

	if (!l)
		return error_nomem();
	why = attach(l);
	if (why)
		leak_give_up(l, why);
	*out = l;
	return NULL;
}

struct error *leak_add(struct leak *l, const struct code_place *p, size_t n)
{
	return l->bpf ? places_add(&l->bpf->bss->places, p, n) : NULL;
}

uint32_t leak_drawn(uint64_t allocations, uint64_t calls)
{
	uint32_t of = PAYS;

	if (!allocations || !calls)
		return LEAK_DRAWN_FIRST;
	while (of < DRAWN_MOST && (double)of * (double)calls < (double)PAYS * (double)allocations)
		of *= 2;
	return of;
}

void leak_pace(struct leak *l, uint64_t calls)
{
	if (l->bpf)
		l->bpf->data->drawn = leak_drawn(l->bpf->bss->counts.allocations, calls);
}

void leak_give_up(struct leak *l, const char *why)
{
	leak_bpf__destroy(l->bpf);
	l->bpf = NULL;
	l->why = why;
}

void leak_read(const struct leak *l, struct leak_reading *out)
{
	*out = (struct leak_reading){ .known = l->bpf, .why = l->why };
	if (!l->bpf)
		return;
	out->bytes = __atomic_load_n(&l->bpf->bss->counts.bytes, __ATOMIC_RELAXED);
	out->unfollowed = __atomic_load_n(&l->bpf->bss->counts.unfollowed, __ATOMIC_RELAXED);
}

void leak_close(struct leak **at)
{
	struct leak *l = take(*at);

	if (!l)
		return;
	leak_bpf__destroy(l->bpf);
	free(l);
}
