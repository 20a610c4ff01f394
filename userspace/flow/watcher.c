// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/watcher.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/aside.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "probe/kprobe.h"

#define ANSWERS 60.0 /* seconds; a slow machine attaches for some */
#define ENDS 5.0
/* So long it looks at what is called before it decides how much of it is timed. */
#define TRIAL 2.0

struct watcher {
	int fd;
	size_t n;
};

/* Before each message: an error's text, else the plans, else one reading. */
struct head {
	int32_t kind; /* of the error; 0: none */
	uint32_t text;
	double time;
};

/* --- the process ---------------------------------------------------------------------- */

struct task {
	const struct watch_function *functions;
	size_t n;
	const struct watcher_wish *wish;
};

static void send_error(int fd, const struct error *e)
{
	const char *said = error_message(e);
	struct head h = { .kind = (int)error_kind(e), .text = (uint32_t)strlen(said) };

	if (aside_send(fd, &h, sizeof(h)))
		(void)aside_send(fd, said, h.text);
}

/* Literals of the program, which the asker has at the same place, are sent as pointers. */
static bool send_ways(int fd, const struct watch *w, const struct watcher_ways *ways)
{
	const struct head h = { 0 };

	if (!aside_send(fd, &h, sizeof(h)))
		return false;
	for (size_t i = 0; w && i < watch_size(w); i++)
		if (!aside_send(fd, watch_plan_at(w, i), sizeof(struct latency_plan)))
			return false;
	return (!w || aside_send(fd, ways->sampling, watch_size(w) * sizeof(*ways->sampling))) &&
	       aside_send(fd, ways->unknown, sizeof(ways->unknown));
}

/* That a cost is not known is no reason not to watch. */
static struct error *learn_cost(struct watch *w, const struct watcher_wish *wish,
				struct watcher_ways *out)
{
	struct error *e __cleanup_error = NULL;
	const char *why = wish->blind;

	TRY(watch_sampling(w, out->sampling));
	if (!why) {
		e = watch_keep_budget(w, wish->budget, TRIAL, out->sampling);
		why = e ? error_message(e) : "";
	}
	snprintf(out->unknown, sizeof(out->unknown), "%s", why);
	return NULL;
}

/* Until the next reading is due; false: nobody listens any more. */
static bool wait_for(int fd, double until)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	double left = until - clock_seconds();

	return poll(&p, 1, left > 0 ? (int)(left * 1000) + 1 : 0) == 0;
}

static struct error *send_reading(int fd, struct watch *w, struct health *host,
				  struct latency_reading *each, bool *heard)
{
	const struct head h = { .time = clock_seconds() };
	struct health_reading health;

	size_t n = w ? watch_size(w) : 0;

	for (size_t i = 0; i < n; i++)
		TRY(watch_read(w, i, &each[i]));
	TRY(health_read(host, &health));
	*heard = aside_send(fd, &h, sizeof(h)) && aside_send(fd, &health, sizeof(health)) &&
		 (!n || aside_send(fd, each, n * sizeof(*each)));
	return NULL;
}

static struct error *serve(int fd, struct watch *w, struct health *host, double interval)
{
	struct latency_reading *each __free = calloc((w ? watch_size(w) : 0) + 1, sizeof(*each));
	double due = clock_seconds();
	bool heard = true;

	if (!each)
		return error_nomem();
	while (heard && wait_for(fd, due)) {
		TRY(send_reading(fd, w, host, each, &heard));
		due += interval;
		/* A reading that took long is not made up for. */
		if (due < clock_seconds())
			due = clock_seconds() + interval;
	}
	return NULL;
}

static void be_watcher(int fd, void *arg)
{
	static const struct watch_options usual;
	const struct task *t = arg;
	struct watch_sampling *sampling __free = calloc(t->n + 1, sizeof(*sampling));
	struct watcher_ways ways = { .sampling = sampling };
	struct watch *w __cleanup_watch = NULL;
	struct health *host __cleanup_health = NULL;
	struct error *e __cleanup_error = sampling ? NULL : error_nomem();

	/* The host alone takes no kernel that can be probed. */
	if (!e && t->n)
		e = watch_open(t->functions, t->n, &usual, &w);
	if (!e)
		e = health_open(&host);
	if (!e && t->n)
		e = learn_cost(w, t->wish, &ways);
	/* Else the module that is loaded next would wait for it. */
	if (!e && t->n)
		kprobe_settle();
	if (!e && send_ways(fd, w, &ways))
		e = serve(fd, w, host, t->wish->interval);
	if (e)
		send_error(fd, e);
}

/* --- the asker ------------------------------------------------------------------------ */

static struct error *hear(struct watcher *w, double until, double *time)
{
	char said[512] = "";
	struct head h;

	TRY(aside_receive(w->fd, until, &h, sizeof(h)));
	if (!h.kind) {
		*time = h.time;
		return NULL;
	}
	if (h.text >= sizeof(said))
		h.text = sizeof(said) - 1;
	TRY(aside_receive(w->fd, until, said, h.text));
	return error_new((enum error_kind)h.kind, "%s", said);
}

struct error *watcher_start(const struct watch_function *f, size_t n,
			    const struct watcher_wish *wish, struct watcher_ways *ways,
			    struct watcher **out)
{
	struct watcher *w __cleanup_watcher = calloc(1, sizeof(*w));
	struct task task = { f, n, wish };
	double until = clock_seconds() + ANSWERS, unused;

	if (!w)
		return error_nomem();
	w->fd = -1;
	w->n = n;
	TRY(aside_start(be_watcher, &task, &w->fd));
	TRY(hear(w, until, &unused));
	if (n) {
		TRY(aside_receive(w->fd, until, ways->plans, n * sizeof(*ways->plans)));
		TRY(aside_receive(w->fd, until, ways->sampling, n * sizeof(*ways->sampling)));
	}
	TRY(aside_receive(w->fd, until, ways->unknown, sizeof(ways->unknown)));
	*out = take(w);
	return NULL;
}

struct error *watcher_next(struct watcher *w, double *time, struct health_reading *host,
			   struct latency_reading *each)
{
	double until = clock_seconds() + ANSWERS;

	TRY(hear(w, until, time));
	TRY(aside_receive(w->fd, until, host, sizeof(*host)));
	return w->n ? aside_receive(w->fd, until, each, w->n * sizeof(*each)) : NULL;
}

void watcher_end(struct watcher **at)
{
	struct watcher *w = take(*at);
	double until = clock_seconds() + ENDS;
	char rest[4096];

	if (!w)
		return;
	if (w->fd >= 0) {
		shutdown(w->fd, SHUT_WR);
		/* It closes its end once it has detached. */
		while (clock_seconds() < until) {
			struct pollfd p = { .fd = w->fd, .events = POLLIN };

			if (poll(&p, 1, 100) > 0 && recv(w->fd, rest, sizeof(rest), 0) <= 0)
				break;
		}
		close(w->fd);
	}
	free(w);
}
