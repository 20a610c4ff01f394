/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's state machine: check → apply → proof → confirm | revert, for one patch at a time.
 *
 * State lies in $SUTURE_STATE, else /var/lib/suture:
 *
 *	lock		held by whoever changes something; has his process id
 *	ledger.db	what was done (ledger/ledger.h)
 *	bundles/DIGEST.suture	each bundle that was applied, as it was
 *	bundles/DIGEST/MODULE.ko	its module for this kernel
 *	records/DIGEST.json	what was seen while it was watched, the newest (watch_record.h)
 *
 * An intent is in the ledger before the kernel is touched, and each verb first holds the ledger
 * against the kernel (recover.h): so a manager that is killed anywhere is found out, and what it
 * began is finished or rolled back.
 */
#ifndef SUTURE_FLOW_HOST_H
#define SUTURE_FLOW_HOST_H

#include "bundle/bundle.h"
#include "flow/check.h"
#include "flow/host_proof.h"
#include "flow/vigil.h"

/* What happens, as it happens: for a person, or as a line of JSON. */
struct host_event {
	const char *event;		 /* "loaded", "blocked", "live", ... */
	const char *patch;		 /* the fix's name */
	const char *text;		 /* a sentence */
	double seconds;			 /* since this verb began */
	const struct blockers *blockers; /* of "blocked"; or NULL */
};
typedef void host_tell(void *arg, const struct host_event *e);

struct host_request {
	double confirm_within; /* seconds; 0: it stays without a confirmation */
	double timeout;	       /* seconds for the transition; 0: 60 */
	bool wait;	       /* apply: until it is confirmed or taken back */
	const char *reason;    /* that a person gave; or NULL */
	double count;	/* apply to processes: seconds that calls are counted at most; 0: 1 */
	bool uncounted; /* not at all */
	bool perf_map;	/* apply to processes: name the new code for profilers */
	bool whole;	/* apply to processes: to all or none */
	bool impatient; /* don't wait until another suture, that is at work, has ended */
	/* apply: watch it, and act on the verdict. */
	double watch;		  /* seconds at most; 0: not */
	double interval;	  /* seconds from one look to the next; 0: 1 */
	struct watch_terms terms; /* what is asked of the watch, before the fix and the host */
	bool at_boot;		  /* apply: put back what was accepted and confirmed here before */
	host_tell *tell;	  /* or NULL */
	void *arg;
};

/* Collect, ask the ledger, judge. What is found is no error: findings_error() says. */
struct error *host_check(const struct bundle *b, const struct host_request *r,
			 struct findings *out) __must_check;

/*
 * ERROR_NOTHING if it is live already, ERROR_REFUSED or ERROR_POLICY as check says, with nothing
 * changed; ERROR_VERIFY if it was rolled back whole (the transition took too long, the proof
 * failed, or the user interrupted); ERROR_PENDING if rolling it back is itself blocked: then
 * status and blockers tell by whom. With .findings what check found.
 *
 * With .watch the functions are watched from before the patch until there is a verdict:
 * healthy is confirmed; failed and degraded are taken back (ERROR_VERIFY; a degraded one is
 * confirmed where its policy keeps it), and so is it if the user interrupts; of an inconclusive one
 * (ERROR_PENDING) the deadline goes on, for a person to confirm.
 */
struct error *host_apply(const char *path, const struct host_request *r,
			 struct findings *findings) __must_check;
/*
 * What was confirmed and is lost since the host was booted: applied again, with all checks, and
 * confirmed. One with which an earlier boot went down (reapply.h) is left out, and that is recorded
 * and told; so is one that is refused or fails. '*applied': how many are live again.
 */
struct error *host_reapply(const struct host_request *r, size_t *applied) __must_check;
/* By the fix's name or the livepatch's. ERROR_NOTHING if it is confirmed already. */
struct error *host_confirm(const char *name, const struct host_request *r) __must_check;
/* ERROR_NOTHING if it is not live; ERROR_PENDING if it is pinned: it goes on by itself. */
struct error *host_revert(const char *name, const struct host_request *r) __must_check;
/* Of a livepatch in transition; .reason must be there. */
struct error *host_force(const char *name, const struct host_request *r) __must_check;

/* One patch, as status shows it. */
struct host_patch_status {
	const char *name, *module, *digest;
	const char *state; /* the ledger's word, or "not suture's" */
	const char *since; /* UTC */
	bool ours, confirmed;
	bool live, transition;
	bool proof_known;
	struct host_verdict proof;
	/* Of a patch for processes: how many have the file mapped, and how many the patch. */
	bool of_processes, read_back;
	struct process_counts processes;
	const char *superseded_by; /* another one that is live; or NULL */
	size_t detail;		   /* of host_status.details, if read_back */
	const char *guard;	   /* on duty: "kernel", "process", "none" */
	double left;		   /* seconds to confirm; 0: no deadline */
	const char *trouble;	   /* or NULL */
	/*
	 * What the judge said of the apply that made it live; NULL: nothing, for it was not
	 * watched, or the watch goes on, .watching of its time at most; negative: none is at work.
	 */
	const char *verdict, *verdict_reason;
	double watching;
};

/* A patch for processes, with all of them. */
struct host_status_detail {
	struct bundle *bundle;
	struct process_patch processes;
};

struct host_status {
	struct live_kernel kernel;
	VEC(struct host_patch_status) patches;
	VEC(struct host_status_detail) details;
	VEC(const char *)
	recovered;	  /* what was found unfinished, and what was done, a sentence each */
	const char *busy; /* another suture is at work; or NULL */
	const struct json_value
		*watch; /* what sutured says (suture-audit/1); NULL: there is none */
	struct arena arena;
};

struct error *host_status_read(const struct host_request *r, struct host_status *out) __must_check;
/* 'processes': each, below its patch. */
struct error *host_status_print(const struct host_status *s, bool processes,
				struct strbuf *out) __must_check;
struct error *host_status_json(const struct host_status *s, struct strbuf *out) __must_check;
/* Prometheus' text format. */
struct error *host_status_metrics(const struct host_status *s, struct strbuf *out) __must_check;
void host_status_free(struct host_status *s);
#define __cleanup_status __cleanup(host_status_free)

/* "90", "90s", "10m", "2h", "1d": seconds. */
struct error *host_time(const char *words, double *out) __must_check;

#endif
