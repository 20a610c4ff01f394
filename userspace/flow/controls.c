// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/controls.h"

#include <poll.h>
#include <unistd.h>

#include "base/aside.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "livepatch/live.h"

#define CANDIDATES 12
#define MOST 3
#define LOOK 2.0     /* seconds */
#define ANSWERS 60.0 /* seconds, for one function to be attached to, or let go */
/* Calls a second: fewer make no figure, and more would cost. */
#define LEAST_RATE 20.0
#define MOST_RATE 20000.0

struct task {
	struct watch_function f[CANDIDATES];
	size_t n;
};

size_t controls_pick(const double *rate, size_t n, size_t *chosen, size_t most)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		size_t at = k;

		if (!(rate[i] >= LEAST_RATE && rate[i] <= MOST_RATE))
			continue;
		while (at && rate[chosen[at - 1]] < rate[i])
			at--;
		if (at >= most)
			continue;
		k += k < most;
		for (size_t to = k - 1; to > at; to--)
			chosen[to] = chosen[to - 1];
		chosen[at] = i;
	}
	return k;
}

/* --- the process ---------------------------------------------------------------------- */

static uint64_t calls_of(struct watch *w)
{
	struct latency_reading r;
	struct error *e __cleanup_error = watch_read(w, 0, &r);

	return e ? 0 : r.counts.entries;
}

/* A word after each step: an emulated kernel takes seconds for one, but comes back. */
static void say_step(int fd)
{
	(void)aside_send(fd, "", 1);
}

/* What can't be attached to, a variable for one, is no candidate. */
static void be_chooser(int fd, void *arg)
{
	static const struct watch_options usual;
	const struct task *t = arg;
	struct watch *w[CANDIDATES] = { 0 };
	uint64_t before[CANDIDATES] = { 0 };
	double rate[CANDIDATES], began;

	for (size_t i = 0; i < t->n; i++) {
		struct error *e __cleanup_error = watch_open(&t->f[i], 1, &usual, &w[i]);

		if (!e)
			before[i] = calls_of(w[i]);
		say_step(fd);
	}
	began = clock_seconds();
	poll(NULL, 0, (int)(LOOK * 1000));
	for (size_t i = 0; i < t->n; i++) {
		double seconds = clock_seconds() - began;

		rate[i] = w[i] ? (double)(calls_of(w[i]) - before[i]) / seconds : -1;
		watch_close(&w[i]);
		say_step(fd);
	}
	(void)aside_send(fd, rate, sizeof(rate));
}

/* --- the asker ------------------------------------------------------------------------ */

static bool is_patched(const struct bundle_payload *p, const struct bundle_reference *r)
{
	vec_for_each(&p->functions, f)
		if (str_equal(f->name, r->name) && str_equal(f->object, r->object))
			return true;
	return false;
}

static bool is_there(const char *object)
{
	return object && (str_equal(object, "vmlinux") || live_module_present(object));
}

static struct error *hear(int fd, size_t steps, double *rate, size_t size)
{
	char word;

	for (size_t i = 0; i < steps; i++)
		TRY(aside_receive(fd, clock_seconds() + ANSWERS, &word, 1));
	return aside_receive(fd, clock_seconds() + ANSWERS, rate, size);
}

struct error *controls_choose(const struct bundle_payload *p, struct controls *out)
{
	struct task task = { 0 };
	double rate[CANDIDATES];
	size_t chosen[MOST], n;
	int fd __closefd = -1;

	vec_for_each(&p->references, r)
		if (task.n < CANDIDATES && is_there(r->object) && !is_patched(p, r))
			task.f[task.n++] = (struct watch_function){ r->object, r->name, r->sympos };
	if (!task.n)
		return NULL;
	TRY(aside_start(be_chooser, &task, &fd));
	TRY_CONTEXT(hear(fd, 2 * task.n, rate, sizeof(rate)), "choosing functions to compare with");
	n = controls_pick(rate, task.n, chosen, MOST);
	for (size_t i = 0; i < n; i++)
		TRY(vec_push(&out->v, task.f[chosen[i]]));
	return NULL;
}
