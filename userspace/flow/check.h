/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Would a bundle work on this host, now? Facts are collected (check_collect()), then judged
 * (check_judge(), pure) into findings, one for each thing that was looked at: what is so, why it
 * matters, and the way out. Nothing is changed by it.
 */
#ifndef SUTURE_FLOW_CHECK_H
#define SUTURE_FLOW_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/vec.h"
#include "bundle/bundle.h"
#include "flow/process_patch.h"
#include "livepatch/blockers.h"
#include "livepatch/live.h"
#include "probe/hooks.h"
#include "probe/stuck.h"

/* --- facts ------------------------------------------------------------------------ */

enum check_text {
	TEXT_NOT_CHECKED, /* see check_function.text_why */
	TEXT_AGREES,	  /* the running text is what the patch was built for */
	TEXT_DIFFERS,
};

struct check_function {
	const struct bundle_function *f;
	bool object_present;		   /* vmlinux, or the module is loaded */
	bool symbol_known, symbol_present; /* kallsyms could be read; it is there */
	bool sites_known, site_present;	   /* available_filter_functions could be read */
	enum check_text text;
	const char *text_why; /* what differs, or why it was not checked */
	uint64_t text_bytes;  /* that were compared, masked ones left out */
	bool hooks_known;
	struct hooks hooks;
	unsigned int kprobes; /* at its entry or inside */
	const char *kprobe;   /* one of them: "meminfo_proc_show+0x0" */
	const char *other;    /* the livepatch on top that patches it, too; or NULL */
};

/* A patch that the ledger knows to be live. */
struct check_live {
	const char *name, *module;
};

/* A function that a live patch for processes replaces, too. */
struct check_stacked {
	const char *function, *patch;
};

struct check_crc {
	const char *symbol;
	uint32_t wanted, running;
};

struct check_facts {
	bool root;
	struct live_kernel kernel;
	const struct bundle *bundle;
	const struct bundle_payload *payload; /* NULL: the bundle has none for this kernel */

	const char *vermagic, *running_vermagic; /* NULL: not known */
	bool is_signed;				 /* the module ends with a signature */
	bool crcs_known;			 /* of the running kernel */
	size_t crcs;				 /* that were compared */
	VEC(struct check_crc) crc_trouble;

	struct live_patches live;
	bool livepatch_of_name; /* the module's name is loaded, or a livepatch */
	bool same_digest;	/* and the ledger says it is this very bundle */
	VEC(struct check_live) known;
	VEC(struct check_function) functions;
	VEC(const char *) at_load_present; /* modules that should not be loaded yet */
	bool stuck_known;
	struct stuck stuck;
	bool blockers_known;
	struct blockers blockers;
	bool has_fix; /* the running kernel is as new as the one that has the fix itself */

	/* For processes: as process_patch_check() left it, and whether all or none shall have it.
	 */
	const struct process_patch *processes;
	VEC(struct check_stacked) stacked;
	bool whole;
	bool tended; /* processes that begin later get it, too */

	bool guard_wanted;	 /* --confirm-within */
	bool guard_present;	 /* the guard's module is loaded, or can be */
	struct error *policy;	 /* what signatures and policy say; NULL: allowed */
	const char *policy_note; /* what allowed it; or NULL */

	struct arena arena;
};

/* --- findings --------------------------------------------------------------------- */

enum finding_level {
	FINDING_OK,
	FINDING_NOTE,	 /* worth knowing */
	FINDING_WARNING, /* it can go wrong, and how */
	FINDING_REFUSED,
	FINDING_NOTHING, /* there is nothing to do, whatever else is found */
	FINDING_POLICY,	 /* signature or policy says no */
};

struct finding {
	enum finding_level level;
	const char *about; /* "kernel", "text", ...: a word */
	const char *what;  /* a sentence */
	const char *way;   /* out; or NULL */
};

struct findings {
	VEC(struct finding) v;
	struct arena arena;
};

/* Pure. */
struct error *check_judge(const struct check_facts *f, struct findings *out) __must_check;
/* One row of it: what process_judge.c says of the processes. */
struct error *check_judge_processes(const struct check_facts *f, struct findings *out) __must_check;

/* 'way' may be NULL. Both texts are copied. */
struct error *finding_add(struct findings *out, enum finding_level level, const char *about,
			  const char *way, const char *fmt, ...) __printf_like(5, 6) __must_check;
void findings_free(struct findings *f);
#define __cleanup_findings __cleanup(findings_free)

/*
 * What the findings come to: NULL, or an error whose kind is the worst of them (policy before
 * refused before nothing), that names the first finding of that kind.
 */
struct error *findings_error(const struct findings *f) __must_check;
/* "ok", "note", ... */
const char *finding_level_name(enum finding_level level);
struct error *findings_print(const struct findings *f, bool all, struct strbuf *out) __must_check;
void finding_json(const struct finding *f, struct json *j);

/* --- the looking ------------------------------------------------------------------ */

/* What the caller knows: the ledger, the policy, the guard. Into .known etc. beforehand. */
struct error *check_collect(const struct bundle *b, struct check_facts *f) __must_check;
void check_facts_free(struct check_facts *f);
#define __cleanup_facts __cleanup(check_facts_free)

#endif
