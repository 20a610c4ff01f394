// SPDX-License-Identifier: GPL-2.0-or-later
#include "trial/play.h"

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "trial/stage.h"

/* Who does a phase; and whether those behind it make no sense once it failed. */
static const struct {
	actor *act;
	bool stops;
} actors[PHASES] = {
	[PHASE_BEFORE] = { act_before, false },
	[PHASE_WATCH] = { act_watch, true },
	[PHASE_LOAD] = { act_load, true },
	[PHASE_TRANSITION] = { act_transition, true },
	[PHASE_PROOF] = { act_proof, false },
	[PHASE_AFTER] = { act_after, false },
	[PHASE_EXERCISED] = { act_exercised, false },
	[PHASE_REVERT] = { act_revert, true },
	[PHASE_UNLOAD] = { act_unload, false },
	[PHASE_LOG] = { act_log, false },
	[PHASE_AGAIN] = { act_again, false },
	[PHASE_LEAK] = { act_leak, false },
	[PHASE_CYCLES] = { act_cycles, false },
	[PHASE_REPLACE] = { act_replace, false },
	[PHASE_HOTPLUG] = { act_hotplug, false },
	[PHASE_RELOAD] = { act_reload, false },
	[PHASE_EARLY] = { act_early, false },
};

struct player {
	struct stage stage;
	struct bundle *bundle; /* that was built; or NULL */
	play_tell *tell;
	void *arg;
	const char *broken; /* why nothing more is tried; NULL: it is */
};

static void player_close(struct player *p)
{
	stage_close(&p->stage);
	bundle_free(&p->bundle);
}

/* --- results ------------------------------------------------------------------------ */

static enum outcome outcome_of(const struct player *p, const struct error *e)
{
	static const struct {
		enum error_kind kind;
		enum outcome outcome;
	} rows[] = {
		{ ERROR_VERIFY, OUTCOME_FAIL },
		{ ERROR_PENDING, OUTCOME_INCONCLUSIVE },
		{ ERROR_NOTHING, OUTCOME_SKIP },
		{ ERROR_REFUSED, OUTCOME_REFUSED },
	};

	if (!e)
		return OUTCOME_PASS;
	if (p->stage.worse != OUTCOME_PASS)
		return p->stage.worse;
	if (p->stage.vm && vm_state(p->stage.vm) == VM_PANICKED)
		return OUTCOME_PANIC;
	if (p->stage.vm && vm_state(p->stage.vm) == VM_LOST)
		return OUTCOME_HANG;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (error_kind(e) == rows[i].kind)
			return rows[i].outcome;
	return OUTCOME_ERROR;
}

static struct error *skip(struct player *p, enum phase phase, const char *why)
{
	struct phase_result r = { .phase = phase, .outcome = OUTCOME_SKIP, .why = why };

	return p->tell(p->arg, &r);
}

/* Why it did not pass, with what to do about it; for a pass what was seen. */
static struct error *reason(const struct player *p, const struct error *e, struct strbuf *out)
{
	const char *advice = e ? error_advice(e) : NULL;

	TRY(strbuf_puts(out, e ? error_message(e) : strbuf_str(&p->stage.seen)));
	return advice ? strbuf_printf(out, "\n→ %s", advice) : NULL;
}

/* Takes what came of the phase, and tells it. An error of its own if that fails. */
static struct error *conclude(struct player *p, enum phase phase, double start, struct error *came)
{
	struct error *e __cleanup_error = came;
	struct strbuf words __cleanup_strbuf = { 0 };
	struct phase_result r = { .phase = phase,
				  .outcome = outcome_of(p, e),
				  .seconds = clock_seconds() - start };

	TRY(interrupt_check());
	if (phase == PHASE_BUILD && e && error_kind(e) == ERROR_NOTHING)
		r.outcome = OUTCOME_NOTHING;
	TRY(reason(p, e, &words));
	r.why = words.n ? words.s : NULL;
	if (outcome_is_bad(r.outcome) &&
	    (actors[phase].stops || !actors[phase].act || r.outcome >= OUTCOME_PANIC)) {
		p->broken = arena_printf(&p->stage.arena, "not tried: '%s' did not pass",
					 phase_row(phase)->name);
		if (!p->broken)
			return error_nomem();
	}
	return p->tell(p->arg, &r);
}

/* --- phases ------------------------------------------------------------------------- */

static struct error *play_phase(struct player *p, enum phase phase)
{
	double start = clock_seconds();

	if (p->stage.plan.skip[phase])
		return skip(p, phase, p->stage.plan.skip[phase]);
	if (p->broken)
		return skip(p, phase, p->broken);
	strbuf_free(&p->stage.seen);
	return conclude(p, phase, start, actors[phase].act(&p->stage));
}

/* A guest that does not come up is nobody's patch's fault. */
static struct error *boot(struct player *p, enum scene scene, enum phase phase)
{
	double start = clock_seconds();
	struct error *e = stage_boot(&p->stage, scene);

	strbuf_free(&p->stage.seen);
	if (e) {
		vm_stop(&p->stage.vm);
		return conclude(p, phase, start, e);
	}
	if (phase != PHASE_BOOT)
		return NULL;
	TRY(strbuf_printf(&p->stage.seen, "%s, %u CPUs, %s", p->stage.target->release,
			  p->stage.kernel->cpus, vm_accelerator(p->stage.vm)));
	return conclude(p, phase, start, NULL);
}

/* Phases of one scene with a guest each, but for those of a patch's life, which share theirs. */
static struct error *play_scene(struct player *p, enum scene scene)
{
	for (unsigned int i = 0; i < PHASES; i++) {
		bool own_guest = scene != SCENE_LIFE || i == PHASE_BOOT;
		enum phase phase = (enum phase)i;

		if (phase_row(phase)->scene != scene)
			continue;
		if (own_guest && !p->stage.plan.skip[phase] && !p->broken) {
			TRY(boot(p, scene, phase));
			if (phase == PHASE_BOOT || p->broken)
				continue;
		}
		TRY(play_phase(p, phase));
	}
	vm_stop(&p->stage.vm);
	return NULL;
}

/* --- the build ---------------------------------------------------------------------- */

static void make_plan(struct player *p, const struct trial_options *opt)
{
	struct plan_facts f = { .has_reproducer = opt->subject->reproducer.file != NULL,
				.cpus = p->stage.kernel->cpus,
				.repeat = p->stage.kernel->repeat,
				.only = opt->only };

	if (p->stage.payload)
		vec_for_each(&p->stage.payload->functions, fn) {
			f.modules += !str_equal(fn->object, "vmlinux");
			f.in_vmlinux |= str_equal(fn->object, "vmlinux");
		}
	plan_make(&f, &p->stage.plan);
}

static struct error *prepare(struct player *p, struct target **target)
{
	struct stage *s = &p->stage;
	size_t changed;

	TRY(target_open(s->kernel->name, target));
	TRY(target_refresh(target, &changed));
	s->target = *target;
	if (!file_exists(s->target->vmlinuz))
		return error_failed("%s has no built kernel to boot", s->kernel->name);
	TRY(subject_payload(s->subject, s->target, s->dir.path, &p->bundle, &s->payload));
	TRY(subject_reproducer(s->subject, s->dir.path, &s->arena, &s->reproducer));
	return strbuf_printf(&s->seen, "%s: %zu functions", s->payload->module,
			     s->payload->functions.n);
}

static struct error *play_all(struct player *p, const struct trial_options *opt)
{
	struct target *target __cleanup_target = NULL;
	double start = clock_seconds();
	struct error *e;

	TRY(tmpdir_make(NULL, &p->stage.dir));
	e = prepare(p, &target);
	make_plan(p, opt);
	TRY(conclude(p, PHASE_BUILD, start, e));
	for (unsigned int i = SCENE_LIFE; i < SCENES; i++)
		TRY(play_scene(p, (enum scene)i));
	return NULL;
}

struct error *play(const struct trial_options *opt, const struct trial_kernel *k, const char *logs,
		   play_tell *tell, void *arg)
{
	struct player p __cleanup(player_close) = {
		.stage = { .subject = opt->subject,
			   .kernel = k,
			   .suture = opt->suture,
			   .keep = logs },
		.tell = tell,
		.arg = arg,
	};

	return play_all(&p, opt);
}
