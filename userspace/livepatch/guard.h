/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard in the kernel (kmod/guard), from the outside: arm it before a patch is loaded, confirm
 * when all is well. What it does if nobody does, and what it can't do: docs/GUARD.md.
 *
 *	struct guard g __cleanup_guard = GUARD_CLOSED;
 *
 *	TRY(guard_open(&g));
 *	TRY(guard_arm(&g, &(struct guard_request){ .patch = "suture_x", .within_ms = 60000,
 *						   .flags = GUARD_USUAL, .stall_ms = 10000 }, &id));
 *	... load, prove, watch ...
 *	TRY(guard_confirm(&g, "suture_x", id));
 *
 * Nothing of it depends on the file staying open, or on the process staying alive.
 */
#ifndef SUTURE_LIVEPATCH_GUARD_H
#define SUTURE_LIVEPATCH_GUARD_H

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "kmod/guard/suture_guard.h"

#define GUARD_PATH "/dev/" SUTURE_GUARD_DEVICE

struct guard {
	int fd; /* -1: closed */
};
#define GUARD_CLOSED \
	{            \
		-1   \
	}

/* What every patch should be guarded against. */
#define GUARD_USUAL (SUTURE_GUARD_ON_OOPS | SUTURE_GUARD_ON_WARN | SUTURE_GUARD_ON_STALL)

struct guard_request {
	const char *patch;  /* the livepatch module's name */
	uint64_t within_ms; /* without a confirmation in this time it is taken back */
	uint32_t flags;	    /* SUTURE_GUARD_ON_..., SUTURE_GUARD_STAY, SUTURE_GUARD_FORCE */
	uint64_t stall_ms;  /* with SUTURE_GUARD_ON_STALL */
	uint64_t force_ms;  /* with SUTURE_GUARD_FORCE */
};

struct guard_list {
	struct suture_guard_status *v; /* see base/vec.h; strings in it end */
	size_t n, cap;
};

/* Is there a guard to open? Says nothing of permission. */
bool guard_present(void);
/* ERROR_FAILED with advice: no module, no permission. */
struct error *guard_open(struct guard *out) __must_check;
void guard_close(struct guard *g);
#define __cleanup_guard __cleanup(guard_close)

/* ERROR_USAGE for a request that makes no sense; *id is of this guard. */
struct error *guard_arm(const struct guard *g, const struct guard_request *r,
			uint64_t *id) __must_check;
/*
 * 'id' 0: whichever guard the patch has. ERROR_VERIFY if it came too late: the patch is being taken
 * back. ERROR_FAILED if there is no such guard, or the patch is not there.
 */
struct error *guard_confirm(const struct guard *g, const char *patch, uint64_t id) __must_check;
/* ERROR_NOTHING if there is none. */
struct error *guard_disarm(const struct guard *g, const char *patch, uint64_t id) __must_check;

/* All guards, in no order. Free with vec_free(). */
struct error *guard_status(const struct guard *g, struct guard_list *out) __must_check;
/* The patch's guard in a list; NULL: it has none. */
const struct suture_guard_status *guard_of(const struct guard_list *list, const char *patch);

/* "waiting", "on duty", "reverting", "reverted", "gone"; "deadline", "oops", ... */
const char *guard_state_name(uint32_t state);
const char *guard_reason_name(uint32_t reason);
/* A sentence for people: "taken back 12 ms after an oops of cat (123) in f+0x1/0x2 [m]". */
struct error *guard_sentence(const struct suture_guard_status *s, struct strbuf *out) __must_check;

/* A request in the kernel's form. ERROR_USAGE. */
struct error *guard_fill(const struct guard_request *r, struct suture_guard_arm *out) __must_check;
/* What an errno of the device means. 'doing' as in "arming"; 'patch' may be NULL. */
struct error *guard_error(int err, const char *doing, const char *patch) __must_check;

#endif
