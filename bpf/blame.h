/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What blame.bpf.c and its reader share. */
#ifndef SUTURE_BPF_BLAME_H
#define SUTURE_BPF_BLAME_H

/* Somebody who was ended by a signal that the new code sent. */
struct blame_victim {
	int pid, signal; /* 0: there was none */
	char comm[16];
};

struct blame_counts {
	unsigned long long warnings;	/* of the kernel, with the new code on the stack */
	unsigned long long others;	/* without */
	unsigned long long crashes;	/* processes ended by a signal that the new code sent */
	unsigned long long old_crashes; /* the old code */
	struct blame_victim victim;	/* the last one of the new code */
};

#endif
