/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What leak.bpf.c and its reader share. */
#ifndef SUTURE_BPF_LEAK_H
#define SUTURE_BPF_LEAK_H

#define LEAK_FOLLOWED_MOST 65536
/* One allocation of so many is followed, until it is known how many there are. */
#define LEAK_DRAWN_FIRST 64

/* Estimates: what is followed stands for what is not. */
struct leak_counts {
	long long bytes; /* that are held */
	unsigned long long allocations;
	unsigned long long unfollowed; /* that were drawn, and more than could be followed */
};

#endif
