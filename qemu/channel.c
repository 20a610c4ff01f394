// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/channel.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/interrupt.h"

/* A kernel that logs without end must not fill our memory: its beginning is kept. */
#define LOG_MAX (64u << 20)
#define ACKNOWLEDGE_TIMEOUT 10.0

uint32_t channel_begin(struct channel *c)
{
	return ++c->id;
}

/* Wait at most a second, so that an interrupt between check and poll() is seen. */
static struct error *wait_for(struct channel *c, short events, double deadline,
			      enum channel_event *event)
{
	struct pollfd p[] = {
		{ .fd = c->fd, .events = events },
		{ .fd = c->monitor ? c->monitor->fd : -1, .events = POLLIN },
	};
	double left = deadline - clock_seconds();

	TRY(interrupt_check());
	if (left <= 0) {
		*event = CHANNEL_SILENT;
		return NULL;
	}
	if (poll(p, 2, left < 1 ? (int)(left * 1000) + 1 : 1000) < 0 && errno != EINTR)
		return error_errno(errno, "waiting for the guest");
	/* The emulator's end is seen on the channel, once all that was sent before is read. */
	if (p[1].revents && !monitor_poll(c->monitor))
		c->monitor = NULL;
	if (c->monitor && c->monitor->shut_down && !p[0].revents)
		*event = CHANNEL_CLOSED;
	return interrupt_check();
}

/* Take in what has come. */
static void fill(struct channel *c, enum channel_event *event)
{
	size_t room;
	uint8_t *to = frame_space(&c->in, &room);
	ssize_t n;

	if (!room)
		return;
	n = recv(c->fd, to, room, MSG_DONTWAIT);
	if (n > 0)
		frame_received(&c->in, (size_t)n);
	else if (!n || (errno != EAGAIN && errno != EINTR))
		*event = CHANNEL_CLOSED;
}

static struct error *send_frame(struct channel *c, double deadline, uint32_t type, uint32_t id,
				const void *payload, size_t n, enum channel_event *event)
{
	uint8_t frame[FRAME_MAX];
	size_t size = frame_write(frame, type, id, payload, n), done = 0;

	*event = CHANNEL_FRAME;
	while (done < size) {
		ssize_t k = send(c->fd, frame + done, size - done, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (k > 0) {
			done += (size_t)k;
			continue;
		}
		if (k < 0 && errno != EAGAIN && errno != EINTR) {
			*event = CHANNEL_CLOSED;
			return NULL;
		}
		/* The guest may be busy sending: take that in, or both sides wait. */
		fill(c, event);
		if (*event == CHANNEL_FRAME)
			TRY(wait_for(c, POLLOUT, deadline, event));
		if (*event != CHANNEL_FRAME)
			return NULL;
	}
	return NULL;
}

/* Copy what the guest left in the shared memory, and give it back. */
static struct error *take_shared(struct channel *c, double deadline, struct frame *f, bool *valid,
				 enum channel_event *event)
{
	uint32_t length = f->length == 8 ? frame_get32(f->payload) : 0;
	uint32_t sum = f->length == 8 ? frame_get32(f->payload + 4) : 0;

	*valid = length && length <= SHARED_HALF;
	if (!*valid)
		return NULL;
	c->large.n = 0;
	TRY(strbuf_add(&c->large, c->shared + SHARED_HALF, length));
	/* The copy is checked: the guest may write on. */
	*valid = frame_shared_checksum(c->large.s, length) == sum;
	f->type &= ~(uint32_t)FRAME_SHARED;
	f->payload = (const uint8_t *)c->large.s;
	f->length = length;
	return send_frame(c, deadline, FRAME_ACK, f->id, NULL, 0, event);
}

static struct error *next(struct channel *c, double deadline, struct frame *out, bool *found,
			  enum channel_event *event)
{
	*found = false;
	while (*event == CHANNEL_FRAME && frame_read(&c->in, out)) {
		bool valid = true;

		if (out->type & FRAME_SHARED)
			TRY(take_shared(c, deadline, out, &valid, event));
		if (!valid)
			continue;
		if (out->type == FRAME_LOG) {
			if (c->log.n < LOG_MAX)
				TRY(strbuf_add(&c->log, out->payload, out->length));
			continue;
		}
		if (out->id != c->id && out->type != FRAME_HELLO)
			continue;
		*found = true;
		return NULL;
	}
	return NULL;
}

struct error *channel_receive(struct channel *c, double deadline, struct frame *out,
			      enum channel_event *event)
{
	*event = CHANNEL_FRAME;
	for (;;) {
		bool found;

		TRY(next(c, deadline, out, &found, event));
		if (found || *event != CHANNEL_FRAME)
			return NULL;
		TRY(wait_for(c, POLLIN, deadline, event));
		if (*event == CHANNEL_FRAME)
			fill(c, event);
	}
}

struct error *channel_take(struct channel *c, struct frame *out, bool *found,
			   enum channel_event *event)
{
	double deadline = clock_seconds() + ACKNOWLEDGE_TIMEOUT;

	*event = CHANNEL_FRAME;
	TRY(next(c, deadline, out, found, event));
	if (*found || *event != CHANNEL_FRAME)
		return NULL;
	fill(c, event);
	return next(c, deadline, out, found, event);
}

struct error *channel_send(struct channel *c, double deadline, uint32_t type, const void *payload,
			   size_t n, enum channel_event *event)
{
	return send_frame(c, deadline, type, c->id, payload, n, event);
}

struct error *channel_send_shared(struct channel *c, double deadline, uint32_t type,
				  const void *payload, size_t n, enum channel_event *event)
{
	uint8_t words[8];

	memcpy(c->shared, payload, n);
	frame_put32(words, (uint32_t)n);
	frame_put32(words + 4, frame_shared_checksum(payload, n));
	return send_frame(c, deadline, type | FRAME_SHARED, c->id, words, sizeof(words), event);
}

void channel_free(struct channel *c)
{
	strbuf_free(&c->log);
	strbuf_free(&c->large);
}
