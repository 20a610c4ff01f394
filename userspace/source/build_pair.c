// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/build_pair.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/subprocess.h"
#include "source/command.h"
#include "source/object_cache.h"

/* What a compiler or objtool has to say is quoted up to here. */
#define MOST_QUOTED 2000

struct half {
	const struct build_pair *pair;
	bool after, cached;
	bool same; /* as the other half: objtool would make the same of both */
	const char **compile, **objtool;
	struct strbuf said;
};

struct build {
	const struct target *target;
	const char *env[4];
	struct half *halves;
	size_t n;
	struct arena arena;
};

static void build_free(struct build *b)
{
	for (size_t i = 0; b->halves && i < b->n; i++)
		strbuf_free(&b->halves[i].said);
	arena_free(&b->arena);
}

static const char *object_of(const struct half *h)
{
	return h->after ? h->pair->after : h->pair->before;
}

static struct error *prepare_half(struct build *b, struct half *h, const char *root)
{
	struct command c __cleanup_command = { 0 };
	const char *dep, *text = arena_strdup(&b->arena, h->pair->command);
	const char **words;

	if (!text)
		return error_nomem();
	TRY(command_parse(text, &c));
	dep = h->after ? h->pair->depfile : "/dev/null";
	TRY(command_retarget(&c, object_of(h), dep, root, &b->arena, &h->compile));
	if (h->pair->include)
		TRY(command_first_include(h->pair->include, h->pair->include_as, &b->arena,
					  &h->compile));
	TRY(command_objtool(&c, object_of(h), &b->arena, &h->objtool));
	/* The parsed words outlive the command. */
	for (words = h->compile; *words; words++)
		if (!(*words = arena_strdup(&b->arena, *words)))
			return error_nomem();
	for (words = h->objtool; words && *words; words++)
		if (!(*words = arena_strdup(&b->arena, *words)))
			return error_nomem();
	return NULL;
}

static struct error *prepare(struct build *b, const char *shadow, const struct build_pair *pairs,
			     size_t n, size_t *n_cached)
{
	b->n = 2 * n;
	b->halves = arena_array(&b->arena, b->n, sizeof(*b->halves));
	if (!b->halves)
		return error_nomem();
	for (size_t i = 0; i < b->n; i++) {
		struct half *h = &b->halves[i];

		h->pair = &pairs[i / 2];
		h->after = i % 2;
		TRY_CONTEXT(prepare_half(b, h, h->after ? shadow : b->target->tree), "%s",
			    h->pair->object);
		if (!h->after && !h->pair->include)
			TRY(cached_object_get(b->target, h->pair->command, h->pair->before,
					      &h->cached));
		*n_cached += h->cached;
	}
	return NULL;
}

static struct error *quote(const struct target *t, const struct half *h, const char *what)
{
	const char *said = strbuf_str(&h->said);
	int n = (int)(h->said.n < MOST_QUOTED ? h->said.n : MOST_QUOTED);

	if (h->after)
		return error_failed("%s %s with the fix:\n%.*s", h->pair->source, what, n, said);
	return error_advise(
		error_failed("%s %s even without the fix:\n%.*s", h->pair->source, what, n, said),
		"the target may be damaged: suture target remove %s, and add it again", t->name);
}

typedef const char **half_argv(const struct half *h);

static const char **compile_argv(const struct half *h)
{
	return h->cached ? NULL : h->compile;
}

static const char **objtool_argv(const struct half *h)
{
	return h->cached || h->same ? NULL : h->objtool;
}

/* What was cached has been through objtool already. */
static struct error *find_same(struct build *b)
{
	for (size_t i = 0; i < b->n; i += 2) {
		struct half *before = &b->halves[i], *after = &b->halves[i + 1];

		if (before->cached || before->pair->include)
			continue;
		TRY(file_compare(before->pair->before, after->pair->after, &before->same));
		after->same = before->same;
	}
	return NULL;
}

/* Run one program for each half that has it. */
static struct error *run(struct build *b, const char *shadow, half_argv *argv, const char *failed,
			 unsigned int jobs)
{
	struct subprocess *p = arena_array(&b->arena, b->n, sizeof(*p));
	size_t n = 0, k = 0;

	if (!p)
		return error_nomem();
	for (size_t i = 0; i < b->n; i++) {
		struct half *h = &b->halves[i];

		if (!argv(h))
			continue;
		/* objtool is the target's own; both run where their paths are relative to. */
		p[n++] = (struct subprocess){ .argv = argv(h),
					      .cwd = h->after ? shadow : b->target->tree,
					      .env = b->env,
					      .clear_env = true,
					      .root = target_root(b->target),
					      .out = &h->said,
					      .err = &h->said };
	}
	TRY(subprocess_run_all(p, n, jobs));
	for (size_t i = 0; i < b->n; i++)
		if (argv(&b->halves[i]) && p[k++].status)
			return quote(b->target, &b->halves[i], failed);
	return NULL;
}

static void report(const struct build *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->halves[i].after && b->halves[i].said.n)
			log_verbose("%s: %s", b->halves[i].pair->source,
				    strbuf_str(&b->halves[i].said));
}

struct error *build_pairs(const struct target *t, const char *shadow, const char *scratch,
			  const struct build_pair *pairs, size_t n, unsigned int jobs,
			  struct build_result *out)
{
	struct build b __cleanup(build_free) = { .target = t };
	struct build_result result = { 0 };
	double started;

	/* Nothing of the caller's environment (CPATH, ...) may reach the compiler. */
	b.env[0] = "LC_ALL=C";
	b.env[1] = "SRCARCH=x86"; /* Debian's objtool asks which of several it shall be */
	b.env[2] = arena_printf(&b.arena, "TMPDIR=%s", scratch);
	if (!b.env[2])
		return error_nomem();
	TRY(prepare(&b, shadow, pairs, n, &result.n_cached));
	started = clock_seconds();
	TRY(run(&b, shadow, compile_argv, "does not compile", jobs));
	result.compile_seconds = clock_seconds() - started;
	TRY(find_same(&b));
	TRY(run(&b, shadow, objtool_argv, "is refused by objtool", jobs));
	report(&b);
	for (size_t i = 0; i < b.n; i++)
		if (!b.halves[i].after && !b.halves[i].cached && !b.halves[i].same &&
		    !b.halves[i].pair->include)
			cached_object_put(t, b.halves[i].pair->command, b.halves[i].pair->before);
	*out = result;
	return NULL;
}
