/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kprobes at addresses, made through tracefs (Documentation/trace/kprobetrace.rst) so that the
 * kernel counts their hits and misses for us in kprobe_profile, independently of what is
 * attached to them.
 */
#ifndef SUTURE_PROBE_KPROBE_H
#define SUTURE_PROBE_KPROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define KPROBE_GROUP "suture"

/* An event's name. It has our process id in it: the kernel's profile leaves the group out. */
struct kprobe_name {
	char s[32];
};
struct kprobe_name kprobe_name(unsigned int number);

struct kprobe_counts {
	uint64_t hits, missed;
};

/* Remove the events that processes which are gone left behind. */
struct error *kprobe_remove_stale(void) __must_check;
/* Make an event at "0xADDRESS" or "MODULE:SYMBOL"; with the latter the kernel puts the probe
 * back by itself when the module is loaded anew. */
struct error *kprobe_add(const struct kprobe_name *event, const char *where) __must_check;
/* The same for returns of the function there, of 4096 calls that are under way at a time. */
struct error *kprobe_add_return(const struct kprobe_name *event, const char *where) __must_check;
/* No error if it is not there. It must not be in use any more. */
struct error *kprobe_remove(const struct kprobe_name *event) __must_check;
/* The kernel's counts since the event was made; an error if there is no such event. */
struct error *kprobe_counts(const struct kprobe_name *event,
			    struct kprobe_counts *out) __must_check;

/*
 * Wait until the kernel has turned the probes that were just attached into jumps, where it does: it
 * holds kprobe_mutex meanwhile, which loading a module needs, and waits for all tasks to sleep or
 * leave the kernel (kprobe_optimizer()). Without debugfs it does not wait.
 */
void kprobe_settle(void);

/*
 * Whether the kernel will run the probe at an address, by debugfs: kprobes/enabled and
 * kprobes/list. A probe that is gone (with its module) or disabled counts nothing and says
 * nothing.
 */
enum kprobe_state { KPROBE_UNKNOWN, KPROBE_ARMED, KPROBE_OFF };
struct error *kprobe_state(uint64_t address, enum kprobe_state *out) __must_check;
/* The same from the text of kprobes/list; with several at one address all must be well. Pure. */
enum kprobe_state kprobe_list_parse(const char *text, uint64_t address);

/* The line of an event in the text of kprobe_profile; false if
 * there is none. Pure. */
bool kprobe_profile_parse(const char *text, const char *event, struct kprobe_counts *out);

#endif
