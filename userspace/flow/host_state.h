/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host's verbs share: the state folder, the lock, a patch with its bundle. */
#ifndef SUTURE_FLOW_HOST_STATE_H
#define SUTURE_FLOW_HOST_STATE_H

#include "flow/host.h"
#include "flow/recover.h"
#include "ledger/ledger.h"

/* A transition that is not over by then is rolled back; --timeout says otherwise. */
#define HOST_TRANSITION 60.0
/* How long a way back is watched, by whoever asked for it, and in passing. It goes on by itself. */
#define HOST_WAY_BACK 120.0
#define HOST_PASSING 5.0
/* Until another suture has ended: a look takes no longer; at boot nobody is there to try again. */
#define HOST_TURN 5.0
#define HOST_TURN_AT_BOOT 120.0
/* For those that still use a disabled livepatch's module. */
#define HOST_UNLOAD 10.0

enum host_mode {
	HOST_LOOK,   /* read only; without the lock; without a ledger, where there is none */
	HOST_CHANGE, /* with the lock, once what others left unfinished is settled */
	HOST_BESIDE, /* write without the lock, while another waits for a transition */
};

struct host {
	char *dir;
	int lock;
	struct ledger *ledger; /* NULL: there is none yet */
	struct live_kernel kernel;
	const struct host_request *request;
	double start;
	double patience; /* seconds that a way back is watched */
};

/* ERROR_PENDING with HOST_CHANGE if another suture goes on holding the lock. */
struct error *host_open(const struct host_request *r, enum host_mode mode,
			struct host *out) __must_check;
void host_close(struct host *h);
#define __cleanup_host __cleanup(host_close)
#define HOST_CLOSED      \
	{                \
		NULL, -1 \
	}

/* Tell the caller what happens. */
void host_say(const struct host *h, const char *event, const char *patch, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A patch as the ledger knows it, with the bundle that is kept of it. */
struct host_patch {
	struct arena arena;
	const struct ledger_patch *row;
	struct bundle *bundle;		      /* NULL: it could not be read; see .trouble */
	const struct bundle_payload *payload; /* for this kernel; or NULL */
	const char *trouble;
};

/* By the fix's name, or its module's. ERROR_FAILED if the ledger knows none. */
struct error *host_patch_find(struct host *h, const char *name,
			      struct host_patch *out) __must_check;
void host_patch_free(struct host_patch *p);
#define __cleanup_host_patch __cleanup(host_patch_free)

/* Whether the kernel, or the processes, should have it, by the ledger's word. */
bool host_should_be_live(enum ledger_state s);
/* Whether it is one for processes. */
bool host_is_of_processes(const struct ledger_patch *row);

/*
 * A manager writes his intent before he acts: if the patch's last event is still 'seq', what was
 * seen since was not his doing.
 */
struct error *host_is_still(struct host *h, const char *name, uint64_t seq, bool *out) __must_check;

/*
 * Keep the bundle and, of one for a kernel, the modules that are loaded of it; '*module' and
 * '*guard' (NULL: it has none) are their paths. p is NULL for processes.
 */
struct error *host_keep(const struct host *h, const char *path, const struct bundle *b,
			const struct bundle_payload *p, char **kept, char **module,
			char **guard) __must_check;
/* Forget it, if no patch of the ledger's that is live has it. */
void host_forget(const struct host *h, const char *digest);

/* Forget all that nothing needs. */
struct error *host_sweep(const struct host *h) __must_check;

/*
 * Take the livepatch out: disable, wait, unload; or put the old code back in all processes, which
 * the bundle kept at 'path' names. ERROR_PENDING, naming who pins it, if that does not end: a
 * livepatch goes on by itself then. Nothing is recorded.
 */
struct error *host_take_out(const struct host *h, const char *name, const char *module,
			    const char *path) __must_check;
struct error *host_take_out_of_processes(const struct host *h, const char *name,
					 const char *path) __must_check;
/* The same from a patch that is live, recorded: reverting, then 'over'. */
struct error *host_revert_row(struct host *h, const struct ledger_patch *row,
			      enum ledger_state over, const char *verb,
			      const char *why) __must_check;

/* What recover.h decides, done, for each patch of the ledger; said as events "recovered". */
struct error *host_recover(struct host *h) __must_check;
struct error *host_recover_facts(const struct host *h, const struct ledger_patch *row,
				 struct recover_facts *out) __must_check;

/*
 * A ledger where there is none that is sound ('damaged': the one that is there is not, and is kept
 * aside). Patches of suture's that are live all the same are found, and the gap is recorded.
 */
struct error *host_ledger_begin(struct host *h, const char *path, bool damaged,
				const char *why) __must_check;

/* Microseconds of CLOCK_BOOTTIME. */
uint64_t host_uptime(void);
/* When that is or was, in seconds since 1970 by the clock as it is now; 0 of 0. */
int64_t host_time_of(uint64_t uptime);

/* --- the guard -------------------------------------------------------------------- */

enum host_guard_kind { GUARD_NONE, GUARD_KERNEL, GUARD_PROCESS };

/* Load the guard's module if the bundle has it, and arm it. GUARD_NONE: there is none to arm. */
struct error *host_guard_arm(const struct host *h, const char *module, const char *guard_ko,
			     double seconds, enum host_guard_kind *out) __must_check;
/* ERROR_VERIFY: too late, it is being taken back. Without a guard: nothing. */
struct error *host_guard_confirm(const char *module) __must_check;
void host_guard_disarm(const char *module);
/*
 * A process that keeps the deadline (CLOCK_BOOTTIME): it reverts 'name' unless it is confirmed by
 * then. It lives on when this one is killed.
 */
struct error *host_guard_process(const struct host *h, const char *name,
				 uint64_t deadline) __must_check;
/* Nothing is to be kept any more: it was confirmed, or taken back. */
void host_guard_dismiss(const struct host *h, const char *name);
/* Which one is on duty; *left in seconds; *said: what the kernel's guard did, or NULL. */
struct error *host_guard_look(const char *dir, const char *name, const char *module,
			      struct arena *a, enum host_guard_kind *kind,
			      const char **said) __must_check;

#endif
