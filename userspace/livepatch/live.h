/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the running kernel says of its livepatches, and of what it lets in: /sys/kernel/livepatch
 * (Documentation/ABI/testing/sysfs-kernel-livepatch), /proc/modules, lockdown, module signatures,
 * taint. All of it is a claim; evidence is probe's.
 */
#ifndef SUTURE_LIVEPATCH_LIVE_H
#define SUTURE_LIVEPATCH_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"

struct live_function {
	const char *object; /* "vmlinux" or a module */
	const char *name;
	unsigned int sympos; /* from 1, as sysfs counts */
};

struct live_patch {
	const char *name;
	bool enabled, transition;
	bool replace_known,
		replace;    /* it took the place of others; kernels before 6.14 don't say */
	unsigned int order; /* from 1: the one that was loaded first; 0: not known */
	VEC(struct live_function) functions;
};

struct live_patches {
	bool supported;			/* the kernel knows livepatches */
	VEC(struct live_patch) patches; /* in the order in which they were loaded */
	struct arena arena;
};

struct error *live_patches_read(struct live_patches *out) __must_check;
void live_patches_free(struct live_patches *l);
#define __cleanup_live __cleanup(live_patches_free)
/* NULL if there is none of that name. */
const struct live_patch *live_patch_find(const struct live_patches *l, const char *name);
/* 'sympos' 0 is the first, and only one. */
bool live_patch_has(const struct live_patch *p, const char *object, const char *name,
		    unsigned int sympos);
/* One that is in transition, or NULL: the kernel changes one at a time. */
const struct live_patch *live_patch_in_transition(const struct live_patches *l);

/* The three flags of one patch, without its functions. */
struct live_flags {
	bool present, enabled, transition;
};
struct error *live_flags_read(const char *patch, struct live_flags *out) __must_check;

/* Is a module of that name there? A livepatch that was disabled may still be. */
bool live_module_present(const char *name);
/* How many modules and others use it; -1 if it is not there. */
int live_module_users(const char *name);

/* Names of modules in the text of /proc/modules, the first loaded first; into the arena. Pure. */
struct live_names {
	VEC(const char *) v;
};
struct error *live_modules_parse(const char *text, struct arena *a,
				 struct live_names *out) __must_check;

enum live_lockdown {
	LOCKDOWN_UNKNOWN,
	LOCKDOWN_NONE,
	LOCKDOWN_INTEGRITY,
	LOCKDOWN_CONFIDENTIALITY
};

/* What decides about loading and taking back. */
struct live_kernel {
	char release[65], version[65];
	char boot_id[37];
	enum live_lockdown lockdown;
	bool secure_boot_known, secure_boot;
	bool sig_enforce; /* only modules that a key of the kernel's signed */
	bool modules_disabled;
	bool panic_on_oops, panic_on_warn;
	uint64_t taint;
};
struct error *live_kernel_read(struct live_kernel *out) __must_check;
/* "[none] integrity confidentiality" */
enum live_lockdown live_lockdown_parse(const char *text);

#endif
