// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/prober.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/aside.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "probe/kprobe.h"

#define ANSWERS 30.0 /* seconds; a slow machine reads its symbols for a few */
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

/* False: nobody listens any more. */
static bool answer(int fd, const struct error *e, const struct host_verdict *v,
		   const struct strbuf *text)
{
	struct answer a = { .kind = e ? (int)error_kind(e) : 0, .verdict = *v };
	const char *said = e ? error_message(e) : strbuf_str(text);

	a.text = (uint32_t)strlen(said);
	return aside_send(fd, &a, sizeof(a)) && aside_send(fd, said, a.text);
}

static void serve(int fd, struct proof *p)
{
	char command;

	while (recv(fd, &command, 1, 0) == 1) {
		struct strbuf text __cleanup_strbuf = { 0 };
		struct error *e __cleanup_error = NULL;
		struct host_verdict v = { 0 };

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

struct task {
	const struct proof_function *functions;
	size_t n;
	bool count;
};

static void be_prober(int fd, void *arg)
{
	static const struct strbuf nothing;
	static const struct host_verdict none;
	const struct task *t = arg;
	struct error *e __cleanup_error = NULL;
	struct proof *p __cleanup_proof = NULL;

	e = t->count ? proof_attach(t->functions, t->n, &p) : proof_look(t->functions, t->n, &p);
	/* Else the module that is loaded next would wait for it, for ever if a task does. */
	if (!e && t->count)
		kprobe_settle();
	if (answer(fd, e, &none, &nothing) && p)
		serve(fd, p);
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
	struct error *e = aside_receive(fd, until, bytes, n);

	if (!e || error_kind(e) != ERROR_PENDING)
		return e;
	error_free(&e);
	return too_slow();
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
	if (!aside_send(p->fd, &command, 1))
		return error_failed("the process that has the probes ended");
	return hear(p->fd, out, text);
}

struct error *prober_start(const struct proof_function *f, size_t n, bool count,
			   struct prober **out)
{
	struct prober *p __cleanup_prober = calloc(1, sizeof(*p));
	struct task task = { f, n, count };

	if (!p)
		return error_nomem();
	p->fd = -1;
	TRY(aside_start(be_prober, &task, &p->fd));
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
