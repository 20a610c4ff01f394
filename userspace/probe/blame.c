// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/blame.h"

#include <bpf/libbpf.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "bpf/blame.skel.h"
#include "bpf/libbpf_log.h"
#include "probe/places.h"

struct blame {
	struct blame_bpf *bpf; /* NULL: nothing is known */
	struct bpf_link *warned, *generated, *delivered;
};

struct error *blame_open(struct blame **out)
{
	struct blame *b = calloc(1, sizeof(*b));

	if (!b)
		return error_nomem();
	libbpf_log();
	/* A kernel that does not tell of warnings by the tracepoint lacks the enumerator. */
	b->bpf = blame_bpf__open();
	if (b->bpf && blame_bpf__load(b->bpf)) {
		blame_bpf__destroy(b->bpf);
		b->bpf = NULL;
	}
	if (b->bpf) {
		b->warned = bpf_program__attach(b->bpf->progs.warned);
		b->generated = bpf_program__attach(b->bpf->progs.generated);
		b->delivered = bpf_program__attach(b->bpf->progs.delivered);
	}
	*out = b;
	return NULL;
}

struct error *blame_add_old(struct blame *b, const struct code_place *p, size_t n)
{
	return b->bpf ? places_add(&b->bpf->bss->old_places, p, n) : NULL;
}

struct error *blame_add_new(struct blame *b, const struct code_place *p, size_t n)
{
	return b->bpf ? places_add(&b->bpf->bss->places, p, n) : NULL;
}

/* A process can call itself anything. */
static void make_printable(char *name, size_t n)
{
	for (size_t i = 0; i < n && name[i]; i++)
		if (name[i] < ' ' || name[i] > '~')
			name[i] = '?';
	name[n - 1] = '\0';
}

void blame_read(const struct blame *b, struct blame_reading *out)
{
	*out = (struct blame_reading){ .warnings_known = b->warned,
				       .crashes_known = b->generated && b->delivered };
	if (b->bpf)
		out->counts = b->bpf->bss->counts;
	make_printable(out->counts.victim.comm, sizeof(out->counts.victim.comm));
}

void blame_close(struct blame **at)
{
	struct blame *b = take(*at);

	if (!b)
		return;
	bpf_link__destroy(b->warned);
	bpf_link__destroy(b->generated);
	bpf_link__destroy(b->delivered);
	blame_bpf__destroy(b->bpf);
	free(b);
}
