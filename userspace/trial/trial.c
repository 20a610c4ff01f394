// SPDX-License-Identifier: GPL-2.0-or-later
/* The parent: some workers at a time, their results as they come. */
#include "trial/trial.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "trial/event.h"
#include "trial/worker.h"

struct run {
	const struct trial_options *opt;
	trial_heard *heard;
	void *arg;
	struct trial *trials;
	struct worker *workers; /* of each trial */
	struct strbuf *heard_so_far;
	double *started;
	size_t n, next, running;
};

static void run_close(struct run *r)
{
	for (size_t i = 0; i < r->n && r->workers; i++)
		worker_end(&r->workers[i]);
	for (size_t i = 0; i < r->n && r->heard_so_far; i++)
		strbuf_free(&r->heard_so_far[i]);
	free(r->workers);
	free(r->heard_so_far);
	free(r->started);
}

void trial_free(struct trial **at, size_t n)
{
	struct trial *t = take(*at);

	for (size_t i = 0; i < n && t; i++) {
		vec_free(&t[i].results.v);
		arena_free(&t[i].arena);
	}
	free(t);
}

/* --- logs --------------------------------------------------------------------------- */

/* "kernel:6.1.0-56-amd64" as a folder's name. */
static char *folder_name(struct arena *a, const char *under, const char *kernel)
{
	const char *colon = strchr(kernel, ':');
	char *path = arena_printf(a, "%s/%s", under, colon ? colon + 1 : kernel);

	for (char *p = path ? path + strlen(under) + 1 : NULL; p && *p; p++)
		if (*p == '/')
			*p = '_';
	return path;
}

static struct error *choose_logs(struct run *r, struct trial *t)
{
	char *cache __free = NULL, *under __free = NULL;

	if (!r->opt->keep) {
		TRY(cache_dir(&cache));
		under = str_printf("%s/test/%s", cache, r->opt->subject->name);
		if (!under)
			return error_nomem();
	}
	t->logs = folder_name(&t->arena, under ? under : r->opt->keep, t->kernel->name);
	if (!t->logs)
		return error_nomem();
	TRY(dir_remove(t->logs));
	return error_context(dir_make(t->logs), "a place for logs");
}

/* What a good trial leaves is of no use, unless it was asked for; nor is an empty folder. */
static void drop_logs(struct run *r, struct trial *t)
{
	struct error *e __cleanup_error = NULL;

	if (t->logs && !rmdir(t->logs))
		t->logs = NULL;
	if (r->opt->keep || !t->logs ||
	    (t->done && t->verdict.kind != VERDICT_HEALTHY && t->verdict.kind != VERDICT_REFUSED &&
	     t->verdict.kind != VERDICT_NOTHING))
		return;
	e = dir_remove(t->logs);
	if (e)
		log_warn("%s", error_message(e));
	t->logs = NULL;
}

/* --- results ------------------------------------------------------------------------ */

static struct error *hear_line(struct run *r, size_t i, const char *line, size_t n)
{
	struct trial *t = &r->trials[i];
	struct phase_result result;

	TRY(event_read(line, n, &t->arena, &result));
	TRY(vec_push(&t->results.v, result));
	return r->heard(r->arg, r->trials, t, &t->results.v.v[t->results.v.n - 1]);
}

/* A worker that did not get to its last phase crashed; its own last words are the reason. */
static struct error *check_complete(struct run *r, size_t i)
{
	struct trial *t = &r->trials[i];
	struct phase_result result = { .outcome = OUTCOME_ERROR };
	char words[512];
	ssize_t n;

	if (t->results.v.n == PHASES)
		return NULL;
	n = pread(r->workers[i].messages, words, sizeof(words) - 1, 0);
	words[n > 0 ? n : 0] = '\0';
	words[strcspn(words, "\n")] = '\0';
	result.phase = (enum phase)t->results.v.n;
	result.why = arena_printf(&t->arena, "the trial ended before its end%s%s",
				  *words ? ": " : "", words);
	if (!result.why)
		return error_nomem();
	TRY(vec_push(&t->results.v, result));
	return r->heard(r->arg, r->trials, t, &t->results.v.v[t->results.v.n - 1]);
}

static struct error *finish(struct run *r, size_t i)
{
	struct trial *t = &r->trials[i];

	TRY(interrupt_check());
	TRY(check_complete(r, i));
	worker_end(&r->workers[i]);
	r->running--;
	t->verdict = verdict_of(&t->results);
	t->seconds = clock_seconds() - r->started[i];
	t->done = true;
	drop_logs(r, t);
	return r->heard(r->arg, r->trials, t, NULL);
}

static struct error *hear(struct run *r, size_t i)
{
	struct strbuf *b = &r->heard_so_far[i];
	char block[4096], *end;
	ssize_t n = read(r->workers[i].results, block, sizeof(block));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? NULL : error_errno(errno, "a worker");
	if (!n)
		return finish(r, i);
	TRY(strbuf_add(b, block, (size_t)n));
	while ((end = memchr(b->s, '\n', b->n))) {
		size_t k = (size_t)(end - b->s);

		TRY(hear_line(r, i, b->s, k));
		memmove(b->s, end + 1, b->n - k - 1);
		b->n -= k + 1;
		b->s[b->n] = '\0';
	}
	return NULL;
}

/* --- the loop ----------------------------------------------------------------------- */

static struct error *start_some(struct run *r)
{
	while (r->next < r->n && r->running < (r->opt->jobs ? r->opt->jobs : 1)) {
		struct trial *t = &r->trials[r->next];

		TRY(choose_logs(r, t));
		r->started[r->next] = clock_seconds();
		TRY(worker_start(r->opt, t->kernel, t->logs, &r->workers[r->next]));
		r->next++;
		r->running++;
	}
	return NULL;
}

static struct error *loop(struct run *r)
{
	struct pollfd *p __free = calloc(r->n, sizeof(*p));

	if (!p)
		return error_nomem();
	while (r->next < r->n || r->running) {
		TRY(interrupt_check());
		TRY(start_some(r));
		for (size_t i = 0; i < r->n; i++)
			p[i] = (struct pollfd){ .fd = r->workers[i].results, .events = POLLIN };
		if (poll(p, r->n, 500) < 0 && errno != EINTR)
			return error_errno(errno, "waiting for workers");
		TRY(interrupt_check());
		for (size_t i = 0; i < r->n; i++)
			if (p[i].fd >= 0 && p[i].revents)
				TRY(hear(r, i));
		TRY(r->heard(r->arg, r->trials, NULL, NULL));
	}
	return NULL;
}

static struct error *run(struct run *r)
{
	struct error *e;

	r->workers = calloc(r->n, sizeof(*r->workers));
	r->heard_so_far = calloc(r->n, sizeof(*r->heard_so_far));
	r->started = calloc(r->n, sizeof(*r->started));
	if (!r->workers || !r->heard_so_far || !r->started)
		return error_nomem();
	for (size_t i = 0; i < r->n; i++) {
		r->workers[i] = (struct worker){ .results = -1, .messages = -1 };
		r->trials[i].kernel = &r->opt->kernels->v.v[i];
	}
	e = loop(r);
	for (size_t i = 0; i < r->n && e; i++) {
		worker_end(&r->workers[i]);
		drop_logs(r, &r->trials[i]);
	}
	return e;
}

struct error *trial_run(const struct trial_options *opt, trial_heard *heard, void *arg,
			struct trial **out)
{
	struct run r __cleanup(
		run_close) = { .opt = opt, .heard = heard, .arg = arg, .n = opt->kernels->v.n };
	struct error *e;

	r.trials = calloc(r.n, sizeof(*r.trials));
	if (!r.trials)
		return error_nomem();
	e = run(&r);
	if (e)
		trial_free(&r.trials, r.n);
	else
		*out = r.trials;
	return e;
}
