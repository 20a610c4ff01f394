// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/welcome.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"
#include "flow/tend.h"
#include "hotpatch/loading.h"

#define RETRY_AFTER 60.0    /* where it is closed */
#define LOADING_SECONDS 4.0 /* that a loader is followed */
#define LOCK_SECONDS 0.5    /* that another suture is waited for: they stand still */
#define LOCK_PAUSE_NS 5000000
#define PATIENCE 1.0
#define STAND_SECONDS 0.1 /* until it stands again; one that others continued never does */
#define AT_A_TIME 4	  /* followed side by side */

/* --- its life ------------------------------------------------------------------------------- */

static void forget(struct welcome *w)
{
	newcomers_close(&w->newcomers);
	w->files.n = 0;
}

void welcome_free(struct welcome *w)
{
	forget(w);
	vec_free(&w->files);
	free_pointer(&w->why);
}

static void closed(struct welcome *w, struct error *e)
{
	forget(w);
	free_pointer(&w->why);
	w->why = strdup(error_message(e));
	w->works = false;
	w->retry = clock_seconds() + RETRY_AFTER;
	error_free(&e);
}

static void begin(struct welcome *w)
{
	struct error *e = newcomers_open(&w->newcomers);

	w->tried = true;
	if (e) {
		closed(w, e);
		return;
	}
	free_pointer(&w->why);
	w->works = true;
}

/* Rows that were learned from belong to files that were forgotten. */
static void learn_anew(struct tending *t)
{
	vec_for_each(&t->v, one)
		vec_for_each(&one->processes.rows, row)
			row->learned = false;
}

struct error *welcome_round(struct welcome *w, struct tending *t)
{
	bool needed = false;

	w->left_out = 0;
	vec_for_each(&t->v, one) {
		bool can = one->bundle && welcome_can_give(&one->processes);

		one->processes.leave = welcome_has;
		one->processes.leave_arg = w;

		needed |= can;
		w->left_out += one->bundle && !can;
	}
	if (!w->newcomers && (!w->tried || (needed && (w->works || clock_seconds() >= w->retry)))) {
		begin(w);
		learn_anew(t);
	}
	if (!needed)
		forget(w);
	if (!w->newcomers)
		return NULL;
	welcome_beat(w);
	return w->newcomers ? welcome_learn(w, t) : NULL;
}

bool welcome_has(const void *welcome, pid_t pid)
{
	const struct welcome *w = welcome;

	return w->newcomers && newcomers_hold(w->newcomers, pid);
}

int welcome_fd(const struct welcome *w)
{
	return w->newcomers ? newcomers_fd(w->newcomers) : -1;
}

/* What is closed here is opened anew in the next round. */
void welcome_beat(struct welcome *w)
{
	struct error *e = w->newcomers ? newcomers_beat(w->newcomers) : NULL;

	if (!e)
		return;
	closed(w, e);
	w->works = true;
}

/* --- those who came --------------------------------------------------------------------------- */

/* The first of several is told. */
static void also(struct error **first, struct error *e)
{
	if (*first)
		error_free(&e);
	else
		*first = e;
}

struct follower {
	pthread_t thread;
	bool started;
	struct loading loading;
	struct error *error;
};

static void *follow(void *arg)
{
	struct follower *f = arg;

	f->error = loading_finish(&f->loading, LOADING_SECONDS);
	return NULL;
}

/* Each by a thread of its own: what it traces goes free with it. */
static struct error *follow_some(struct newcomer *v, size_t n, uint64_t *failed)
{
	struct error *first = NULL;
	struct follower f[AT_A_TIME] = { 0 };

	for (size_t i = 0; i < n; i++) {
		f[i].loading = (struct loading){ .pid = v[i].pid, .tid = v[i].tid };
		f[i].started = !pthread_create(&f[i].thread, NULL, follow, &f[i]);
	}
	for (size_t i = 0; i < n; i++) {
		if (f[i].started)
			pthread_join(f[i].thread, NULL);
		v[i].stays = f[i].loading.stopped_else;
		*failed += !f[i].started || f[i].error;
		if (!first && f[i].error && error_kind(f[i].error) != ERROR_NOTHING)
			first = error_context(take(f[i].error), "following process %d", v[i].pid);
		error_free(&f[i].error);
	}
	return first;
}

static struct error *lock(const struct host_request *r, struct host *h)
{
	struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };
	double until = clock_seconds() + LOCK_SECONDS;

	for (;;) {
		struct error *e = host_open(r, HOST_CHANGE, h);

		if (!e || error_kind(e) != ERROR_PENDING || clock_seconds() > until)
			return e;
		error_free(&e);
		nanosleep(&pause, NULL);
	}
}

/* Who has not got it, though it stood still for that. */
static void say_missed(struct welcome *w, const struct host *h, const struct tended *one,
		       const pid_t *pids, size_t n)
{
	vec_for_each(&one->processes.rows, row)
		for (size_t i = 0; i < n; i++)
			if (row->process.pid == pids[i] && row->why && row->has != PROCESS_HAS &&
			    error_kind(row->why) != ERROR_NOTHING) {
				w->failed++;
				host_say(h, "missed", one->name, "%s (%d) began without %s: %s",
					 row->process.comm, pids[i], one->name,
					 error_message(row->why));
			}
}

static struct error *give_one(struct welcome *w, struct tending *t, struct host *h,
			      struct tended *one, const pid_t *pids, size_t n)
{
	static const struct hotpatch_options options = { .patience = PATIENCE };
	struct process_counts before, after;
	bool still;

	if (!one->bundle || one->superseded || !welcome_can_give(&one->processes))
		return NULL;
	TRY(host_is_still(h, one->name, one->seq, &still));
	if (!still)
		return NULL;
	for (size_t i = 0; i < n; i++)
		error_free(&(struct error *){ loading_wait(pids[i], STAND_SECONDS) });
	process_patch_count(&one->processes, &before);
	TRY(process_patch_give(&one->processes, pids, n, &options));
	process_patch_count(&one->processes, &after);
	one->counts = after;
	w->got += after.have - before.have;
	t->patched += after.have - before.have;
	say_missed(w, h, one, pids, n);
	return NULL;
}

static struct error *give(struct welcome *w, struct tending *t, const struct host_request *r,
			  const struct newcomer *came, size_t n)
{
	struct host h __cleanup_host = HOST_CLOSED;
	struct error *first = NULL;
	pid_t pids[AT_A_TIME];

	for (size_t i = 0; i < n; i++)
		pids[i] = came[i].pid;
	TRY(lock(r, &h));
	vec_for_each(&t->v, one) {
		welcome_beat(w);
		also(&first, give_one(w, t, &h, one, pids, n));
	}
	return first;
}

static struct error *welcome_some(struct welcome *w, struct tending *t,
				  const struct host_request *r, struct newcomer *came, size_t n)
{
	double began = clock_seconds(), took;
	struct error *e = follow_some(came, n, &w->failed);

	welcome_beat(w);
	also(&e, give(w, t, r, came, n));
	/* Without a warden they are gone already. */
	for (size_t i = 0; i < n && w->newcomers; i++)
		newcomers_let_go(w->newcomers, &came[i]);
	took = clock_seconds() - began;
	w->came += n;
	if (took > w->longest)
		w->longest = took;
	return e;
}

struct error *welcome_all(struct welcome *w, struct tending *t, const struct host_request *r)
{
	newcomer_list came = { 0 };
	struct error *e = newcomers_take(w->newcomers, &came);

	for (size_t i = 0; i < came.n && w->newcomers; i += AT_A_TIME) {
		size_t left = came.n - i;

		also(&e, welcome_some(w, t, r, came.v + i, left < AT_A_TIME ? left : AT_A_TIME));
		/* The others see that they are not forgotten. If there is none to see, all go. */
		welcome_beat(w);
	}
	vec_free(&came);
	return e;
}

/* --- telling ------------------------------------------------------------------------------------
 */

struct error *welcome_say(const struct welcome *w, double every, struct strbuf *out)
{
	if (w->works) {
		TRY(strbuf_puts(out,
				"new processes: exec watcher, patched before their code runs"));
		if (w->left_out)
			TRY(strbuf_printf(out,
					  "; but %zu patch%s with hooks or exceptions: polling "
					  "every %g s",
					  w->left_out, w->left_out == 1 ? "" : "es", every));
		return NULL;
	}
	return strbuf_printf(
		out,
		"new processes: polling every %g s, a new process may run old code until "
		"then: %s",
		every, w->why ? w->why : "not tried yet");
}

void welcome_json(const struct welcome *w, double every, struct json *j, const char *key)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct error *e __cleanup_error = welcome_say(w, every, &text);
	uint64_t stopped = 0, passed = 0;

	if (w->newcomers)
		newcomers_count(w->newcomers, &stopped, &passed);
	json_object(j, key);
	json_string(j, "by", w->works ? "exec watcher" : "polling");
	json_string(j, "text", e ? NULL : strbuf_str(&text));
	json_string(j, "why", w->why);
	json_double(j, "every", every);
	json_u64(j, "files", w->files.n);
	json_u64(j, "came", w->came);
	json_u64(j, "patched", w->got);
	json_u64(j, "not_followed", w->failed);
	json_u64(j, "not_stopped", passed);
	json_double(j, "longest", w->longest);
	json_u64(j, "left_out", w->left_out);
	json_end(j);
}
