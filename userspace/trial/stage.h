/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One kernel's guest, and what has been put into it. The actors (act_*.c) are thin: each says
 * what came of its phase by the error that it returns:
 *
 *	NULL		passed; what was seen is in .seen
 *	ERROR_VERIFY	failed
 *	ERROR_PENDING	inconclusive
 *	ERROR_NOTHING	skipped
 *	any other	a panic or a hang if the guest is no more, else the trial went wrong
 */
#ifndef SUTURE_TRIAL_STAGE_H
#define SUTURE_TRIAL_STAGE_H

#include "base/file.h"
#include "qemu/vm.h"
#include "trial/matrix.h"
#include "trial/memory.h"
#include "trial/plan.h"
#include "trial/subject.h"

/* What the session of suture verify counted, over all functions of the fix. */
struct counts {
	uint64_t new_entry, old_body, missed;
	size_t functions, exercised, in_place, patched; /* in_place: those exercised, too */
	const char *trouble;
};

struct stage {
	const struct subject *subject;
	const struct trial_kernel *kernel;
	const struct target *target;
	const struct bundle_payload *payload;
	const char *suture;	/* the program itself */
	const char *reproducer; /* a file of the host; or NULL */
	const char *keep;	/* folder for what a guest leaves */
	struct plan plan;
	struct tmpdir dir;
	struct arena arena;

	enum scene scene;
	struct vm *vm;
	struct strbuf seen; /* of a phase that passes */

	/* Of the guest as it is now: */
	size_t log_from; /* of the kernel's log: what is charged to the patch */
	uint64_t taint;
	bool complained; /* the kernel did, over the reproducer and without the patch */
	bool crashed;	 /* the reproducer, without the patch, ended the guest */
	bool unseen;	 /* it did not show the fault */
	struct counts counts;
	double run_seconds; /* of the reproducer with the patch */
	/* OUTCOME_PANIC or OUTCOME_HANG: worse than the phase's error says; OUTCOME_PASS: not. */
	enum outcome worse;
};

/* Guest paths. */
#define AGENT "/suture/agent"
#define MODULE "/suture/patch.ko"
#define SECOND "/suture/second.ko"
#define REPRODUCER "/suture/reproducer"

/* A guest as it is after its boot, with the agent, the module and the reproducer in it. */
struct error *stage_boot(struct stage *s, enum scene scene) __must_check;
void stage_close(struct stage *s);

/* A line for the guest's shell; *status is its own. Output is appended to out (or dropped). */
struct error *stage_run(struct stage *s, double timeout, struct strbuf *out, int *status,
			const char *fmt, ...) __printf_like(5, 6) __must_check;
/* The same, and another status than 0 is ERROR_FAILED. */
struct error *stage_do(struct stage *s, double timeout, struct strbuf *out, const char *fmt, ...)
	__printf_like(4, 5) __must_check;
/*
 * A command of the agent. Its status 1 is ERROR_VERIFY with what the kernel said, 2 that with who
 * holds the transition up.
 */
struct error *stage_agent(struct stage *s, double timeout, struct strbuf *out, const char *fmt, ...)
	__printf_like(4, 5) __must_check;
/* The number behind the last line of 'said' that begins with this word; 0 if there is none. */
double stage_number(const struct strbuf *said, const char *word);

/* --- what is seen (stage_look.c) ------------------------------------------------- */

/* From here on the log and the taint are the patch's. */
struct error *stage_mark_log(struct stage *s) __must_check;
/* ERROR_VERIFY with the first complaint since. */
struct error *stage_check_log(struct stage *s) __must_check;
struct error *stage_sample_memory(struct stage *s, struct memory_sample *out) __must_check;

/* --- the reproducer (stage_reproduce.c) ------------------------------------------- */

enum run_ended { RUN_AS_EXPECTED, RUN_OTHERWISE, RUN_LATE, RUN_CRASHED };

/*
 * Run it once. What it gave is told in a sentence, appended to 'told'; an error only if the trial
 * went wrong.
 */
struct error *stage_reproduce(struct stage *s, const struct fix_run *expected,
			      enum run_ended *ended, struct strbuf *told) __must_check;
/* The shell's words for one run. Of the arena; NULL without memory. */
char *stage_reproducer_words(struct stage *s);

/* --- the proof (stage_proof.c) ----------------------------------------------------- */

struct error *stage_watch(struct stage *s) __must_check;
struct error *stage_ask(struct stage *s, const char *command) __must_check;
struct error *stage_count(struct stage *s, struct counts *out) __must_check;
/* Without a session: are all functions in place now? ERROR_VERIFY says which is not. */
struct error *stage_prove_now(struct stage *s) __must_check;

/* --- modules of the kernel (stage_modules.c) --------------------------------------- */

/* Names of modules that the fix changes; NULL-terminated, of the arena. */
struct error *stage_module_names(struct stage *s, const char ***out) __must_check;
/* Load them, and those that the reproducer needs. */
struct error *stage_load_modules(struct stage *s) __must_check;
/* Unload, and load again, those that must be loaded after the patch. */
struct error *stage_free_modules(struct stage *s) __must_check;
struct error *stage_return_modules(struct stage *s) __must_check;

/* --- the actors ------------------------------------------------------------------- */

typedef struct error *actor(struct stage *s);

actor act_before, act_watch, act_load, act_transition, act_proof, act_after, act_exercised,
	act_revert, act_unload, act_log, act_again; /* act_life.c */
actor act_cycles, act_replace, act_hotplug;	    /* act_rounds.c */
actor act_leak;					    /* act_leak.c */
actor act_reload, act_early;			    /* act_module.c */

#endif
