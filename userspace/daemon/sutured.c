// SPDX-License-Identifier: GPL-2.0-or-later
/* sutured: applies at boot what is confirmed, and watches as long as it lives that it holds. */
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/str.h"
#include "daemon/door.h"
#include "daemon/notify.h"
#include "flow/audit.h"
#include "flow/daemon_socket.h"

static const char help[] =
	"sutured [OPTION]...\n"
	"\n"
	"Watch over the patches of this host. At the start those that are confirmed and were lost with\n"
	"the last boot are applied again, with every check of 'suture apply'; one with which the host\n"
	"went down is not tried twice. From then on the proof of each live patch is read again and\n"
	"again: a redirect that is lost is recorded, told and shown by 'suture status' within two\n"
	"seconds, whatever sysfs says. Deadlines that nobody else keeps are kept, and what a killed\n"
	"manager left is settled.\n"
	"\n"
	"  --every TIME     between two rounds (1s)\n"
	"  --settle TIME    that the host has to live with what was applied at boot, before the next\n"
	"                   boot may apply it again (5m); an orderly shutdown counts, too\n"
	"  --no-reapply     apply nothing at the start\n"
	"  --no-count       read the redirects only: no kprobe counts the calls\n"
	"  --metrics FILE   write Prometheus' text there, each 15 s and when a proof changes\n"
	"  --version\n"
	"\n"
	"It stays in the foreground, tells systemd when it is ready, and listens at\n"
	"/run/suture/sutured.sock ($SUTURE_RUN). Exit status: 0 ended by a signal; 2 usage; 1 error;\n"
	"6 another one is at work.\n";

#define METRICS_EVERY 15.0
#define BEAT_MS 1000 /* probe/newcomers.h */

struct options {
	double every, settle;
	bool no_reapply, no_count;
	const char *metrics;
};

struct daemon {
	struct options o;
	struct door door;
	struct audit *audit;
	double next_round, next_metrics, survived_at; /* clock_seconds(); 0: done */
	uint64_t proofs;     /* of all patches, when the metrics were written last */
	char said[512];	     /* the last error: each is told once */
	char newcomers[512]; /* how they get their patches: told when it changes */
};

/* --- telling ---------------------------------------------------------------------------- */

/* With the journal's levels, where it listens. */
static void tell(void *arg, const struct host_event *e)
{
	static const struct {
		const char *event;
		int level;
	} levels[] = { { "lost", 2 },	   { "left-out", 3 }, { "rolling-back", 3 },
		       { "recovered", 5 }, { "restored", 5 }, { "blocked", 4 },
		       { "at-risk", 4 },   { "missed", 4 } };
	int level = 6;

	(void)arg;
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (str_equal(levels[i].event, e->event))
			level = levels[i].level;
	if (getenv("JOURNAL_STREAM"))
		fprintf(stderr, "<%d>", level);
	fprintf(stderr, "%s: %s\n", e->event, e->text);
}

static void complain(struct daemon *d, const char *about, struct error *e)
{
	char text[sizeof(d->said)];

	snprintf(text, sizeof(text), "%s: %s", about, error_message(e));
	if (!str_equal(text, d->said))
		fprintf(stderr, "%s%s\n", getenv("JOURNAL_STREAM") ? "<3>" : "", text);
	strcpy(d->said, text);
	error_free(&e);
}

static void write_metrics(struct daemon *d)
{
	struct strbuf out __cleanup_strbuf = { 0 };
	struct error *e = audit_metrics(d->audit, &out);

	if (!e)
		e = file_write(d->o.metrics, strbuf_str(&out), out.n, 0644);
	if (e)
		complain(d, "metrics", e);
}

/* Another number whenever a patch comes or goes, or has another proof. */
static uint64_t proofs_of(const struct audit *a)
{
	uint64_t all = audit_size(a);

	for (size_t i = 0; i < audit_size(a); i++) {
		const struct audited *one = audit_at(a, i);

		all = all * 8 + (one->known ? one->verdict.state + 1u : 0);
	}
	return all;
}

/* --- the rounds --------------------------------------------------------------------------- */

static void survive(struct daemon *d)
{
	struct error *e = audit_survived(d->audit);

	d->survived_at = 0;
	if (e)
		complain(d, "recording that the host outlives its patches", e);
}

static void say_newcomers(struct daemon *d)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct error *e __cleanup_error = audit_say_newcomers(d->audit, &text);

	if (e || !strncmp(strbuf_str(&text), d->newcomers, sizeof(d->newcomers) - 1))
		return;
	snprintf(d->newcomers, sizeof(d->newcomers), "%s", strbuf_str(&text));
	fprintf(stderr, "%s%s\n", getenv("JOURNAL_STREAM") ? "<6>" : "", d->newcomers);
}

static void round_of(struct daemon *d)
{
	struct error *e = audit_round(d->audit);
	double now = clock_seconds();

	if (e)
		complain(d, "audit", e);
	else
		d->said[0] = '\0';
	say_newcomers(d);
	if (notify_has_watchdog())
		notify("WATCHDOG=1");
	if (d->survived_at > 0 && now >= d->survived_at)
		survive(d);
	if (d->o.metrics && (now >= d->next_metrics || proofs_of(d->audit) != d->proofs)) {
		write_metrics(d);
		d->next_metrics = now + METRICS_EVERY;
		d->proofs = proofs_of(d->audit);
	}
}

static void welcome(struct daemon *d)
{
	struct error *e = audit_newcomers(d->audit);

	if (e)
		complain(d, "audit", e);
}

/* Newcomers stand still: they come first. */
static void wait_and_answer(struct daemon *d, int ms)
{
	struct pollfd w[] = { { .fd = audit_newcomers_fd(d->audit), .events = POLLIN },
			      { .fd = d->door.listener, .events = POLLIN } };

	if (w[0].fd >= 0 && ms > BEAT_MS)
		ms = BEAT_MS;
	if (poll(w, ARRAY_SIZE(w), ms) < 0)
		return;
	if (w[0].revents)
		welcome(d);
	if (w[1].revents)
		door_answer(&d->door, d->audit);
	audit_beat(d->audit);
}

static void serve(struct daemon *d)
{
	while (!interrupted()) {
		double left = d->next_round - clock_seconds();
		/* Rounded up, lest we wake just before and once more. */
		int ms = left > 0 ? (int)(left * 1000) + 1 : 0;

		if (ms)
			wait_and_answer(d, ms);
		if (clock_seconds() < d->next_round)
			continue;
		round_of(d);
		d->next_round = clock_seconds() + d->o.every;
	}
}

static struct error *reapply(const struct daemon *d)
{
	static const struct host_request request = { .tell = tell };
	size_t applied = 0;

	if (d->o.no_reapply)
		return NULL;
	TRY(host_reapply(&request, &applied));
	if (applied)
		fprintf(stderr, "%zu patch%s applied again after the boot\n", applied,
			applied == 1 ? "" : "es");
	return NULL;
}

static void daemon_free(struct daemon *d)
{
	audit_close(&d->audit);
	door_close(&d->door);
}

static struct error *run(const struct options *o)
{
	struct daemon d __cleanup(daemon_free) = { .o = *o, .door = DOOR_CLOSED };
	struct audit_options watch = { .every = o->every, .count = !o->no_count, .tell = tell };
	char *path __free = daemon_socket_path();
	struct error *e;

	if (!path)
		return error_nomem();
	if (geteuid())
		return error_advise(error_failed("sutured needs root"), "run it as root");
	TRY(door_open(path, &d.door));
	TRY(audit_open(&watch, &d.audit));
	/* One that can't be applied does not keep us from watching the others. */
	e = reapply(&d);
	if (e)
		complain(&d, "applying what is confirmed", e);
	d.survived_at = clock_seconds() + o->settle;
	round_of(&d);
	d.next_round = clock_seconds() + o->every;
	notify("READY=1\nSTATUS=watching %zu patches", audit_size(d.audit));
	serve(&d);
	notify("STOPPING=1");
	if (d.survived_at > 0 && notify_system_stops())
		survive(&d);
	return NULL;
}

/* --- options ------------------------------------------------------------------------------ */

static struct error *option(int c, struct options *o, bool *done)
{
	switch (c) {
	case 'e':
		return error_context(host_time(optarg, &o->every), "--every");
	case 's':
		return error_context(host_time(optarg, &o->settle), "--settle");
	case 'r':
		o->no_reapply = true;
		return NULL;
	case 'c':
		o->no_count = true;
		return NULL;
	case 'm':
		o->metrics = optarg;
		return NULL;
	case 'h':
	case 'V':
		*done = true;
		if (c == 'h')
			fputs(help, stdout);
		else
			printf("sutured %s\n", SUTURE_VERSION);
		return NULL;
	default:
		return error_advise(error_usage("that is not how sutured is used"),
				    "sutured --help explains it");
	}
}

static struct error *start(int argc, char **argv)
{
	static const struct option options[] = { { "every", required_argument, NULL, 'e' },
						 { "settle", required_argument, NULL, 's' },
						 { "no-reapply", no_argument, NULL, 'r' },
						 { "no-count", no_argument, NULL, 'c' },
						 { "metrics", required_argument, NULL, 'm' },
						 { "help", no_argument, NULL, 'h' },
						 { "version", no_argument, NULL, 'V' },
						 { 0 } };
	struct options o = { .every = 1, .settle = 300 };
	bool done = false;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		TRY(option(c, &o, &done));
	if (done)
		return NULL;
	if (argc != optind)
		return error_usage("'%s' is not expected", argv[optind]);
	return run(&o);
}

int main(int argc, char **argv)
{
	struct error *e;
	int code;

	interrupt_install();
	e = start(argc, argv);
	if (!e)
		return 0;
	code = error_kind(e);
	fprintf(stderr, "sutured: %s\n", error_message(e));
	if (error_advice(e))
		fprintf(stderr, "  → %s\n", error_advice(e));
	error_free(&e);
	return code;
}
