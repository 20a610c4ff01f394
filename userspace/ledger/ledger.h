/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger: what happened to the patches of this host, in the order it happened, who did it and
 * why. One SQLite file with three tables:
 *
 *	event    appended to and never changed; each event holds the hash of the one before
 *	patch    where each patch stands: what follows from its events, and nothing else
 *	newest   the newest version seen of each fix: likewise
 *
 * A patch changes only by ledger_append(), which writes the event and what follows from it in one
 * transaction that is on the disk when it returns. Any number of processes may do so; they
 * take turns.
 *
 *	TRY(ledger_open(path, LEDGER_WRITE, &l));
 *	TRY(ledger_append(l, &(struct ledger_change){ .verb = "apply", .patch = "tcp_fix",
 *						      .to = LEDGER_APPLYING, .why = "CVE-..." },
 *NULL));
 *	... touch the kernel ...
 *	TRY(ledger_append(l, &(struct ledger_change){ .verb = "apply", .patch = "tcp_fix",
 *						      .to = LEDGER_LIVE }, NULL));
 *
 * The chain proves that nobody changed the past by mistake or in part. Who can write to the file
 * and computes every hash anew is found out only with a checkpoint that was kept elsewhere
 * (checkpoint.h), and what was cut off after the last checkpoint can't be.
 */
#ifndef SUTURE_LEDGER_LEDGER_H
#define SUTURE_LEDGER_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/error.h"
#include "ledger/state.h"

/* What shall be recorded. Members that are left out (NULL, 0) say nothing. */
struct ledger_change {
	const char *actor;    /* "guard", "sutured"; NULL: a person, who is found out */
	const char *verb;     /* needed: "apply" */
	const char *patch;    /* NULL: it is about the host */
	enum ledger_state to; /* LEDGER_NONE: no change of state */
	const char *why;      /* a sentence */
	const char *evidence; /* a JSON text */

	/* New facts of the patch; it keeps those that are left out. */
	const char *bundle; /* its digest, 64 hex digits */
	const char *path;   /* where the bundle is kept */
	const char *module; /* its name in the kernel */
	const char *fix;    /* the fix's name ... */
	uint64_t version;   /* ... and version: together they are seen (ledger_newest) */
	uint64_t deadline;  /* when the guard takes it back: microseconds of CLOCK_BOOTTIME */
};

struct ledger_event {
	uint64_t seq;	   /* 1, 2, 3 ... */
	int64_t time;	   /* microseconds since 1970, UTC, as the host's clock had it */
	uint64_t uptime;   /* microseconds of CLOCK_BOOTTIME ... */
	const char *boot;  /* ... of this boot (its ID) */
	const char *actor; /* "person", or as given */
	uint64_t uid, pid;
	const char *login; /* who logged in (the audit login, else of sudo); or NULL */
	const char *tty;   /* or NULL */
	const char *verb;
	const char *patch;		 /* or NULL */
	enum ledger_state before, after; /* the same: no change. LEDGER_NONE without a patch */
	const char *bundle, *path, *module, *fix; /* as in the change; or NULL */
	uint64_t version, deadline;
	const char *why, *evidence; /* or NULL */
	const char *prev;	    /* the hash of the event before; zeros in the first */
	const char *hash;	    /* of everything above (event.h) */
	const char *malformed; /* the column that holds what was never written there; or NULL */
};

struct ledger_patch {
	const char *name;
	enum ledger_state state;
	bool confirmed; /* to be applied again at boot; a lost patch may still be */
	const char *bundle, *path, *module, *fix; /* or NULL */
	uint64_t version;
	const char *boot;  /* ID of the boot in which it was last applied; or NULL */
	uint64_t deadline; /* as above, of that boot; 0: none is pending */
	int64_t since;	   /* when it came into its state, microseconds since 1970 */
	uint64_t seq;	   /* of the last event about it */
};

struct ledger_events {
	struct ledger_event *v;
	size_t n;
};
struct ledger_patches {
	struct ledger_patch *v;
	size_t n;
};

struct ledger;
enum ledger_mode { LEDGER_READ, LEDGER_WRITE };

/* $SUTURE_STATE/ledger.db, else /var/lib/suture/ledger.db. Allocated. */
struct error *ledger_path(char **out) __must_check;

/*
 * Open what is there. ERROR_NOTHING: there is none. ERROR_VERIFY: it is damaged, cut off, or no
 * ledger: ledger_rebuild() is the way on. ERROR_REFUSED: a newer suture wrote it. ERROR_FAILED:
 * anything else (rights, the disk, others that hold it for too long); nothing is lost then.
 */
struct error *ledger_open(const char *path, enum ledger_mode mode,
			  struct ledger **out) __must_check;

/* The same, and a new one where there is none; its folder is made, too. For a host that never had
 * one: where it is missing though patches of suture are live, rebuild. */
struct error *ledger_create(const char *path, struct ledger **out) __must_check;
void ledger_close(struct ledger **l);
#define __cleanup_ledger __cleanup(ledger_close)

/*
 * Record a change. ERROR_REFUSED, from the table of transitions or because the change contradicts
 * itself. Whatever fails (a full disk, others, a signal) leaves the ledger as it was.
 */
struct error *ledger_append(struct ledger *l, const struct ledger_change *c,
			    uint64_t *seq) __must_check;

/* All patches, by name; one of them: NULL in *out if the ledger does not know it. */
struct error *ledger_patches(struct ledger *l, struct arena *a,
			     struct ledger_patches *out) __must_check;
struct error *ledger_patch(struct ledger *l, const char *name, struct arena *a,
			   const struct ledger_patch **out) __must_check;

struct ledger_filter {
	const char *patch; /* NULL: all */
	int64_t since;	   /* microseconds since 1970; 0: from the first */
	uint64_t last;	   /* at most so many, the latest; 0: all */
};
/* Events in their order. */
struct error *ledger_events(struct ledger *l, const struct ledger_filter *f, struct arena *a,
			    struct ledger_events *out) __must_check;

/* The highest version that was recorded for a fix; 0: none was. */
struct error *ledger_newest(struct ledger *l, const char *fix, uint64_t *version) __must_check;

/* What a caller found in the kernel. */
struct ledger_found {
	const char *patch, *module;
	const char *bundle, *path, *fix; /* or NULL: not known */
	uint64_t version;
};

/*
 * Begin anew after a loss: a missing or damaged file is kept aside (its name is in *aside; NULL if
 * there was none), and a new chain begins with an event that says that there is a gap, why, and
 * what is kept where; then one event for each patch found, which is "live" from there on. All
 * of it or nothing. Whoever has the old file open gets an error when he next appends.
 */
struct error *ledger_rebuild(const char *path, const char *actor, const char *why,
			     const struct ledger_found *found, size_t n, char **aside,
			     struct ledger **out) __must_check;

#endif
