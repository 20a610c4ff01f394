// SPDX-License-Identifier: GPL-2.0-or-later
/* The same again and again, with the machine at work. */
#include "trial/second.h"
#include "trial/stage.h"

#define WORKERS 4
#define CHUNK 10 /* rounds in one command */

/* Replacing takes four transitions a round, CPUs take their time: a third of the rounds. */
static unsigned int rounds_of(const struct stage *s)
{
	return s->scene == SCENE_CYCLES ? s->kernel->repeat : (s->kernel->repeat + 2) / 3;
}

/* What one round may take: two transitions, and the module's coming and going. */
static double round_limit(const struct stage *s)
{
	return 2 * s->subject->transition_timeout + 30;
}

/* The reproducer is part of the load: the functions in question are then on stacks. */
static struct error *start_load(struct stage *s)
{
	char *words = s->reproducer && !s->crashed ? stage_reproducer_words(s) : NULL;

	/* One quoted word: what is quoted in it is closed and opened again. */
	if (words) {
		char *file = arena_printf(&s->arena, "%s/load", s->dir.path);

		if (!file)
			return error_nomem();
		TRY(file_write(file, words, strlen(words), 0644));
		TRY(vm_put(s->vm, file, "/suture/load"));
	}
	return stage_agent(s, 30, NULL, "load %u%s", WORKERS, words ? " '. /suture/load'" : "");
}

struct rounds {
	struct memory_sample first, last;
	unsigned int counted; /* rounds between the two */
	struct strbuf said;
};

static void rounds_free(struct rounds *r)
{
	strbuf_free(&r->said);
}

/*
 * Rounds in chunks, and the memory at a quarter and at the end: modules and kthreads that are made
 * the first time stay.
 */
static struct error *do_rounds(struct stage *s, const char *command, struct rounds *r)
{
	unsigned int all = rounds_of(s), left = all;

	while (left) {
		unsigned int n = left < CHUNK ? left : CHUNK;

		TRY(stage_agent(s, n * round_limit(s), &r->said, "%s %u %.0f", command, n,
				s->subject->transition_timeout));
		left -= n;
		if (!r->first.held && all >= 2 * CHUNK && left <= all / 4 * 3) {
			TRY(stage_sample_memory(s, &r->first));
			r->counted = left;
		}
	}
	return NULL;
}

#define LOSS_PER_ROUND 8 /* kB of unreclaimable slabs */

/* What a round costs the kernel's memory. Nothing is said of less than 10 rounds. */
static struct error *check_memory(struct stage *s, struct rounds *r)
{
	int64_t grown;

	if (!r->counted)
		return NULL;
	TRY(stage_sample_memory(s, &r->last));
	grown = (int64_t)r->last.unreclaimable - (int64_t)r->first.unreclaimable;
	TRY(strbuf_printf(&s->seen,
			  "; unreclaimable slabs changed by %lld kB in the last %u "
			  "(threshold %d kB a round)",
			  (long long)grown, r->counted, LOSS_PER_ROUND));
	if (grown > (int64_t)r->counted * LOSS_PER_ROUND)
		return error_new(ERROR_VERIFY, "it loses memory%s", s->seen.s);
	return NULL;
}

static struct error *rounds(struct stage *s, const char *command, const char *unit)
{
	struct rounds r __cleanup(rounds_free) = { 0 };

	TRY(stage_free_modules(s));
	TRY(start_load(s));
	TRY(do_rounds(s, command, &r));
	TRY(stage_agent(s, 60, NULL, "quiet"));
	TRY(strbuf_printf(&s->seen, "%u %s", rounds_of(s), unit));
	TRY(check_memory(s, &r));
	return stage_check_log(s);
}

static struct error *with_module(struct stage *s, const char *verb, const char *unit)
{
	char *command = arena_printf(&s->arena, "%s " MODULE " %s", verb, s->payload->module);

	return command ? rounds(s, command, unit) : error_nomem();
}

struct error *act_cycles(struct stage *s)
{
	return with_module(s, "cycle", "times loaded and unloaded under load");
}

struct error *act_replace(struct stage *s)
{
	char *name = arena_strdup(&s->arena, s->payload->module), *command;
	struct strbuf unused __cleanup_strbuf = { 0 };

	if (!name)
		return error_nomem();
	TRY(second_make(s->payload->content, name, &unused));
	command = arena_printf(&s->arena, "replace " MODULE " %s " SECOND " %s", s->payload->module,
			       name);
	return command ? rounds(s, command, "times replaced and back under load") : error_nomem();
}

struct error *act_hotplug(struct stage *s)
{
	struct strbuf said __cleanup_strbuf = { 0 };

	TRY(stage_free_modules(s));
	TRY(stage_agent(s, 30, NULL, "load 2"));
	TRY(stage_agent(s, rounds_of(s) * round_limit(s), &said, "hotplug " MODULE " %s %u %.0f",
			s->payload->module, rounds_of(s), s->subject->transition_timeout));
	TRY(stage_agent(s, 60, NULL, "quiet"));
	if (stage_number(&said, "changes") < 2)
		return error_new(ERROR_NOTHING, "this kernel's CPUs can't be taken away");
	TRY(strbuf_printf(&s->seen, "%u rounds while CPUs went and came %.0f times", rounds_of(s),
			  stage_number(&said, "changes")));
	return stage_check_log(s);
}
