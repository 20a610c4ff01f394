/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What health.bpf.c and its reader share. */
#ifndef SUTURE_BPF_HEALTH_H
#define SUTURE_BPF_HEALTH_H

enum health_event {
	HEALTH_CRASHES, /* a process got a signal that ends it with a dump, and did not handle it */
	HEALTH_EXITS,	/* a process ended with a status other than 0 */
	HEALTH_HANGS,	/* khungtaskd found a task that has slept for too long */
	HEALTH_STALLS,	/* RCU waits for too long */
	HEALTH_OOM,	/* a process was chosen for want of memory */
	HEALTH_REPORTS, /* KASAN, KFENCE or KCSAN told of an error */
	HEALTH_RETRANSMITS, /* TCP sent a segment again */
	HEALTH_EVENTS,
};

/* The last one, as evidence. */
struct health_last {
	unsigned long long when; /* CLOCK_MONOTONIC nanoseconds; 0: none */
	int pid;
	int code; /* a crash: the signal; an exit: the status */
	char comm[16];
};

#endif
