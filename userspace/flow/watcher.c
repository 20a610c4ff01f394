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

struct probes {
	struct watch *watch; /* NULL: the host alone */
	struct health *host;
	struct own_watch own; /* .code NULL: of no patch */
	size_t targets;
};

static void probes_close(struct probes *p)
{
	own_watch_close(&p->own);
	health_close(&p->host);
	watch_close(&p->watch);
}

static size_t functions_of(const struct probes *p)
{
	return p->watch ? watch_size(p->watch) : 0;
}

static struct error *send_reading(int fd, struct probes *p, struct latency_reading *each,
				  bool *heard)
{
	const struct head h = { .time = clock_seconds() };
	struct health_reading health;
	struct own_reading own = { 0 };
	size_t n = functions_of(p);
	uint64_t calls = 0;

	for (size_t i = 0; i < n; i++) {
		TRY(watch_read(p->watch, i, &each[i]));
		calls += i < p->targets ? each[i].counts.entries : 0;
	}
	TRY(health_read(p->host, &health));
	if (p->own.code)
		TRY(own_watch_read(&p->own, calls, &own));
	*heard = aside_send(fd, &h, sizeof(h)) && aside_send(fd, &health, sizeof(health)) &&
		 aside_send(fd, &own, sizeof(own)) &&
		 (!n || aside_send(fd, each, n * sizeof(*each)));
	return NULL;
}

static struct error *serve(int fd, struct probes *p, double interval)
{
	struct latency_reading *each __free = calloc(functions_of(p) + 1, sizeof(*each));
	double due = clock_seconds();
	bool heard = true;

	if (!each)
		return error_nomem();
	while (heard && wait_for(fd, due)) {
		TRY(send_reading(fd, p, each, &heard));
		due += interval;
		/* A reading that took long is not made up for. */
		if (due < clock_seconds())
			due = clock_seconds() + interval;
	}
	return NULL;
}

/* The host alone takes no kernel that can be probed. */
static struct error *probes_open(const struct task *t, struct watcher_ways *ways,
				 struct probes *out)
{
	static const struct watch_options usual;

	out->targets = t->wish->targets;
	if (t->n)
		TRY(watch_open(t->functions, t->n, &usual, &out->watch));
	TRY(health_open(&out->host));
	if (t->wish->own)
		TRY(own_watch_open(t->wish->own, &out->own));
	if (t->n)
		TRY(learn_cost(out->watch, t->wish, ways));
	/* Else the module that is loaded next would wait for it. */
	if (t->n)
		kprobe_settle();
	return NULL;
}

static void be_watcher(int fd, void *arg)
{
	const struct task *t = arg;
	struct watch_sampling *sampling __free = calloc(t->n + 1, sizeof(*sampling));
	struct watcher_ways ways = { .sampling = sampling };
	struct probes p __cleanup(probes_close) = { 0 };
	struct error *e __cleanup_error = sampling ? NULL : error_nomem();

	if (!e)
		e = probes_open(t, &ways, &p);
	if (!e && send_ways(fd, p.watch, &ways))
		e = serve(fd, &p, t->wish->interval);
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
			   struct own_reading *own, struct latency_reading *each)
{
	double until = clock_seconds() + ANSWERS;
	struct own_reading unasked;

	TRY(hear(w, until, time));
	TRY(aside_receive(w->fd, until, host, sizeof(*host)));
	TRY(aside_receive(w->fd, until, own ? own : &unasked, sizeof(*own)));
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
