/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who hooks a function, by ftrace's own word: tracefs/enabled_functions, one function a line
 * (kernel/trace/ftrace.c, t_show()):
 *
 *	cmdline_proc_show (1) R I  \ttramp: 0xffff... (klp_ftrace_handler+0x0/0x1d0) ->klp_...
 *	schedule (2) R I D M \t...
 *	\tdirect-->bpf_trampoline_6442...
 *
 * A file that is empty while functions are hooked means that ftrace has shut itself down.
 */
#ifndef SUTURE_PROBE_HOOKS_H
#define SUTURE_PROBE_HOOKS_H

#include <stdbool.h>

#include "base/error.h"

struct hooks {
	bool listed; /* the function has hooks */
	unsigned int count;
	bool livepatch; /* livepatch's handler is named */
	bool redirects; /* flag I: one of the hooks may lead elsewhere */
	bool direct;	/* flag D: a BPF trampoline is attached */
	bool empty;	/* no function at all is listed */
};

/* 'text' is the file; several functions of one name are added up. Pure. */
struct hooks hooks_parse(const char *text, const char *object, const char *name);
struct error *hooks_read(const char *object, const char *name, struct hooks *out) __must_check;

/* Where tracefs is: /sys/kernel/tracing or below debugfs. NULL if it is not mounted. */
const char *tracefs_path(void);

#endif
