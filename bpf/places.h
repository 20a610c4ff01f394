/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the code lies that a question is about: what a BPF program and its reader share. */
#ifndef SUTURE_BPF_PLACES_H
#define SUTURE_BPF_PLACES_H

#define PLACES_MOST 64

/* From start up to, but not with, end. */
struct code_place {
	unsigned long long start, end;
};

/* Written by the reader, the number last: they may grow while programs run. */
struct places {
	struct code_place v[PLACES_MOST];
	unsigned int n;
};

#ifdef __bpf__
static __attribute__((always_inline)) inline int places_have(const volatile struct places *p,
							     unsigned long long address)
{
	for (int i = 0; i < PLACES_MOST; i++) {
		if (i >= p->n)
			break;
		if (address >= p->v[i].start && address < p->v[i].end)
			return 1;
	}
	return 0;
}
#endif

#endif
