// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/monitor.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/json_read.h"

#define LINE_MAX_BYTES (1u << 20)

/* *closed: the emulator has ended. */
static struct error *fill(struct monitor *m, bool *closed)
{
	char block[4096];
	ssize_t n = recv(m->fd, block, sizeof(block), MSG_DONTWAIT);

	*closed = !n || (n < 0 && errno != EAGAIN && errno != EINTR);
	if (m->in.n > LINE_MAX_BYTES)
		return error_failed("the emulator's monitor sends a line without end");
	return n > 0 ? strbuf_add(&m->in, block, (size_t)n) : NULL;
}

static void note_event(struct monitor *m, const char *event, const struct json_value *line)
{
	const struct json_value *data = json_member(line, "data");
	const struct json_value *status = json_member(data, "status");

	if (str_equal(event, "SHUTDOWN"))
		m->shut_down = true;
	if (str_equal(event, "MIGRATION") && status && status->string)
		snprintf(m->migration, sizeof(m->migration), "%s", status->string);
}

/* What a whole line says. *answered: it was the answer to a command. */
static struct error *take_line(struct monitor *m, size_t n, bool *answered)
{
	struct arena a __cleanup(arena_free) = { 0 };
	const struct json_value *line, *event, *bad, *words;
	struct error *e = json_parse(m->in.s, n, &a, &line);

	m->in.n -= n + 1;
	memmove(m->in.s, m->in.s + n + 1, m->in.n);
	TRY_CONTEXT(e, "the emulator's monitor");
	if (json_member(line, "QMP")) {
		m->greeted = true;
		return NULL;
	}
	event = json_member(line, "event");
	if (event && event->string) {
		note_event(m, event->string, line);
		return NULL;
	}
	bad = json_member(line, "error");
	words = json_member(bad, "desc");
	*answered = true;
	return bad ? error_failed("the emulator: %s",
				  words && words->string ? words->string : "no reason given")
		   : NULL;
}

static struct error *take_lines(struct monitor *m, bool *answered)
{
	char *end;

	while (!*answered && m->in.n && (end = memchr(m->in.s, '\n', m->in.n)))
		TRY(take_line(m, (size_t)(end - m->in.s), answered));
	return NULL;
}

/* Wait for more to come, at most a second, so that an interrupt is seen. */
static struct error *more(struct monitor *m, double deadline)
{
	struct pollfd p = { .fd = m->fd, .events = POLLIN };
	double left = deadline - clock_seconds();
	bool closed = false;

	TRY(interrupt_check());
	if (left <= 0)
		return error_failed("the emulator's monitor does not answer");
	if (poll(&p, 1, left < 1 ? (int)(left * 1000) + 1 : 1000) > 0)
		TRY(fill(m, &closed));
	return closed ? error_failed("the emulator ended") : NULL;
}

static struct error *send_line(struct monitor *m, const struct strbuf *line, int file)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec io = { .iov_base = line->s, .iov_len = line->n };
	struct msghdr msg = { .msg_iov = &io, .msg_iovlen = 1 };

	if (file >= 0) {
		struct cmsghdr *c = &control.align;

		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
				       .cmsg_type = SCM_RIGHTS,
				       .cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(c), &file, sizeof(int));
	}
	/* A command is short, and the socket's buffer empty: it goes whole or not at all. */
	if (sendmsg(m->fd, &msg, MSG_NOSIGNAL) != (ssize_t)line->n)
		return error_errno(errno, "commanding the emulator");
	return NULL;
}

static struct error *command(struct monitor *m, double deadline, const char *name,
			     const char *arguments, int file)
{
	struct strbuf line __cleanup_strbuf = { 0 };
	bool answered = false;

	TRY(strbuf_printf(&line, "{\"execute\": \"%s\"%s%s}\n", name,
			  arguments ? ", \"arguments\": " : "", arguments ? arguments : ""));
	TRY(send_line(m, &line, file));
	for (;;) {
		TRY(take_lines(m, &answered));
		if (answered)
			return NULL;
		TRY(more(m, deadline));
	}
}

static struct error *greet(struct monitor *m, double deadline)
{
	bool answered = false;

	for (;;) {
		TRY(take_lines(m, &answered));
		if (m->greeted)
			break;
		TRY(more(m, deadline));
	}
	TRY(command(m, deadline, "qmp_capabilities", NULL, -1));
	m->ready = true;
	return NULL;
}

struct error *monitor_command(struct monitor *m, double deadline, const char *name,
			      const char *arguments, int file)
{
	if (!m->ready)
		TRY(greet(m, deadline));
	return error_context(command(m, deadline, name, arguments, file), "%s", name);
}

struct error *monitor_await_migration(struct monitor *m, double deadline)
{
	bool answered = false;

	for (;;) {
		TRY(take_lines(m, &answered));
		if (str_equal(m->migration, "completed"))
			return NULL;
		if (str_equal(m->migration, "failed") || str_equal(m->migration, "cancelled"))
			return error_failed("the emulator: migration %s", m->migration);
		TRY(more(m, deadline));
	}
}

bool monitor_poll(struct monitor *m)
{
	struct error *e __cleanup_error = NULL;
	bool closed = false, answered = false;

	if (m->fd < 0)
		return true;
	e = fill(m, &closed);
	if (!e)
		e = take_lines(m, &answered);
	return !closed;
}

void monitor_close(struct monitor *m)
{
	close_fd(&m->fd);
	strbuf_free(&m->in);
}
