// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/prober.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/str.h"

#define ANSWERS 60.0 /* seconds; a slow machine reads its symbols for a few */
#define ENDS 5.0

struct prober {
	int fd;
};

/* What goes before the text of an answer: an error's, or the evidence. */
struct answer {
	int32_t kind; /* of the error; 0: none */
	uint32_t text;
	struct host_verdict verdict;
};

/* --- what it comes to ----------------------------------------------------------------- */

/* How bad a state is: the worst of all functions stands for the patch. */
static int badness(enum proof_state s)
{
	static const int badness[] = { [PROOF_EXERCISED] = 0,
				       [PROOF_IN_PLACE] = 1,
				       [PROOF_NOT_PATCHED] = 2,
				       [PROOF_LOST] = 3 };

	return badness[s];
}

static void add(struct host_verdict *v, const struct proof_function *f,
		const struct proof_result *r)
{
	bool worse = !v->functions || badness(r->state) > badness(v->state);

	v->functions++;
	v->exercised += r->state == PROOF_EXERCISED;
	v->new_calls += r->count.new_entry;
	v->old_calls += r->count.old_body;
	v->missed += r->count.missed;
	if (worse)
		v->state = r->state;
	if (r->direct && !v->direct[0])
		snprintf(v->direct, sizeof(v->direct), "%s", f->name);
	if (r->trouble && (worse || !v->trouble[0]))
		snprintf(v->trouble, sizeof(v->trouble), "%s: %s", f->name, r->trouble);
}

static struct error *add_all(struct proof *p, struct host_verdict *v, struct json *j)
{
	for (size_t i = 0; i < proof_size(p); i++) {
		struct proof_result r;

		TRY(proof_read(p, i, &r));
		add(v, proof_function_at(p, i), &r);
		if (j)
			proof_json(proof_function_at(p, i), &r, j);
	}
	return NULL;
}

struct error *prober_sum(struct proof *p, struct host_verdict *out, struct strbuf *evidence)
{
	struct json j = evidence ? json_begin_compact(evidence) : (struct json){ 0 };
	struct error *e;

	*out = (struct host_verdict){ .state = PROOF_NOT_PATCHED };
	if (evidence)
		json_array(&j, NULL);
	e = p ? add_all(p, out, evidence ? &j : NULL) : NULL;
	if (evidence) {
		struct error *full;

		json_end(&j);
		full = json_finish(&j);
		if (!e)
			e = take(full);
		error_free(&full);
	}
	return e;
}

/* --- the process ---------------------------------------------------------------------- */

static bool send_all(int fd, const void *bytes, size_t n)
{
	for (const char *at = bytes; n;) {
		ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		at += sent;
		n -= (size_t)sent;
	}
	return true;
}

/* False: nobody listens any more. */
static bool answer(int fd, struct error *e, const struct host_verdict *v, const struct strbuf *text)
{
	struct error *owned __cleanup_error = e;
	struct answer a = { .kind = e ? (int)error_kind(e) : 0, .verdict = *v };
	const char *said = e ? error_message(e) : strbuf_str(text);

	a.text = (uint32_t)strlen(said);
	return send_all(fd, &a, sizeof(a)) && send_all(fd, said, a.text);
}

static void serve(int fd, struct proof *p)
{
	char command;

	while (recv(fd, &command, 1, 0) == 1) {
		struct strbuf text __cleanup_strbuf = { 0 };
		struct host_verdict v = { 0 };
		struct error *e = NULL;

		if (command == 'm') {
			e = proof_attach_new(p);
			if (!e)
				e = proof_mark(p);
		} else {
			e = prober_sum(p, &v, &text);
		}
		if (!answer(fd, e, &v, &text))
			break;
	}
}

/* Never returns. What the parent has open is not kept open by it: a lock would outlive him. */
static void be_prober(int fd, const struct proof_function *f, size_t n, bool count)
{
	static const struct strbuf nothing;
	static const struct host_verdict none;
	struct proof *p = NULL;
	struct error *e;

	if (dup2(fd, 3) < 0 || close_range(4, ~0U, 0) < 0)
		_exit(1);
	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	e = count ? proof_attach(f, n, &p) : proof_look(f, n, &p);
	if (answer(3, e, &none, &nothing) && p)
		serve(3, p);
	proof_detach(&p);
	_exit(0);
}

/* --- the asker ------------------------------------------------------------------------ */

static struct error *too_slow(void)
{
	return error_advise(
		error_new(ERROR_PENDING,
			  "the kernel did not answer within %d s: ftrace or kprobes are "
			  "kept waiting",
			  (int)ANSWERS),
		"a task that runs in the kernel without sleeping does that: suture check "
		"names it");
}

static struct error *receive(int fd, double until, void *bytes, size_t n)
{
	for (char *at = bytes; n;) {
		struct pollfd w = { .fd = fd, .events = POLLIN };
		double left = until - clock_seconds();
		ssize_t got;

		TRY(interrupt_check());
		if (left <= 0)
			return too_slow();
		if (poll(&w, 1, left > 0.5 ? 500 : (int)(left * 1000) + 1) <= 0)
			continue;
		got = recv(fd, at, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return error_failed("the process that has the probes ended");
		at += got;
		n -= (size_t)got;
	}
	return NULL;
}

static struct error *hear(int fd, struct host_verdict *out, struct strbuf *text)
{
	struct strbuf said __cleanup_strbuf = { 0 };
	double until = clock_seconds() + ANSWERS;
	struct answer a;

	TRY(receive(fd, until, &a, sizeof(a)));
	TRY(strbuf_reserve(&said, a.text));
	TRY(receive(fd, until, said.s, a.text));
	said.n = a.text;
	said.s[said.n] = '\0';
	if (a.kind)
		return error_new((enum error_kind)a.kind, "%s", said.s);
	if (out)
		*out = a.verdict;
	return text ? strbuf_add(text, said.s, said.n) : NULL;
}

static struct error *ask(struct prober *p, char command, struct host_verdict *out,
			 struct strbuf *text)
{
	if (!send_all(p->fd, &command, 1))
		return error_failed("the process that has the probes ended");
	return hear(p->fd, out, text);
}

/* It belongs to init at once: whoever gives it up leaves no zombie. */
static struct error *start(int pair[2], const struct proof_function *f, size_t n, bool count)
{
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(errno, "socketpair");
	pid = fork();
	if (!pid) {
		pid = fork();
		if (!pid)
			be_prober(pair[1], f, n, count);
		_exit(pid < 0);
	}
	close_fd(&pair[1]);
	if (pid > 0 && waitpid(pid, NULL, 0) == pid)
		return NULL;
	return error_errno(errno, "starting a process for the probes");
}

struct error *prober_start(const struct proof_function *f, size_t n, bool count,
			   struct prober **out)
{
	struct prober *p __cleanup_prober = calloc(1, sizeof(*p));
	int pair[2] = { -1, -1 };
	struct error *e;

	if (!p)
		return error_nomem();
	e = start(pair, f, n, count);
	p->fd = pair[0];
	TRY(e);
	TRY(hear(p->fd, NULL, NULL));
	*out = p;
	p = NULL;
	return NULL;
}

struct error *prober_mark(struct prober *p)
{
	return ask(p, 'm', NULL, NULL);
}

struct error *prober_read(struct prober *p, struct host_verdict *out, struct strbuf *evidence)
{
	return ask(p, 'r', out, evidence);
}

void prober_end(struct prober **p)
{
	double until = clock_seconds() + ENDS;
	char byte;

	if (!*p)
		return;
	if ((*p)->fd >= 0) {
		shutdown((*p)->fd, SHUT_WR);
		/* It closes its end once it has detached. */
		while (clock_seconds() < until) {
			struct pollfd w = { .fd = (*p)->fd, .events = POLLIN };

			if (poll(&w, 1, 100) > 0 && recv((*p)->fd, &byte, 1, 0) <= 0)
				break;
		}
		close((*p)->fd);
	}
	free(*p);
	*p = NULL;
}
