/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What leak.bpf.c and its reader share. */
#ifndef SUTURE_BPF_LEAK_H
#define SUTURE_BPF_LEAK_H

#define LEAK_FOLLOWED_MOST 65536

struct leak_counts {
	long long bytes;	       /* that are held */
	long long followed;	       /* allocations that they are in */
	unsigned long long unfollowed; /* more than could be followed, and in none of the above */
};

#endif
