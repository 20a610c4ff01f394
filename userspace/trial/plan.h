/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which phases a fix goes through on a kernel, and why not the others. Pure. */
#ifndef SUTURE_TRIAL_PLAN_H
#define SUTURE_TRIAL_PLAN_H

#include "trial/phase.h"

/* What is known of the fix, the kernel and what was asked for. */
struct plan_facts {
	bool has_reproducer;
	size_t modules;	 /* of the kernel, that the fix changes code in */
	bool in_vmlinux; /* it changes code of vmlinux, too */
	unsigned int cpus;
	unsigned int repeat; /* rounds */
	unsigned int only;   /* bits 1 << enum scene; 0: all */
};

struct plan {
	/* NULL: it is tried; else why not. */
	const char *skip[PHASES];
};

void plan_make(const struct plan_facts *f, struct plan *out);
/* Has the scene a phase that is tried? */
bool plan_has(const struct plan *p, enum scene s);

#endif
