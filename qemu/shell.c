// SPDX-License-Identifier: GPL-2.0-or-later
/* A terminal of the guest on ours. */
#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "base/interrupt.h"
#include "qemu/talk.h"

#define ESCAPE 0x1d /* Ctrl-] */
#define LOOK_MS 500 /* how soon a new size of the window is seen */

struct terminal {
	bool raw;
	struct termios before;
	struct winsize size;
};

static void give_back(struct terminal *t)
{
	if (t->raw)
		tcsetattr(0, TCSADRAIN, &t->before);
	t->raw = false;
}

static struct error *take_over(struct terminal *t)
{
	struct termios raw;

	if (tcgetattr(0, &t->before) < 0)
		return NULL; /* no terminal: what comes is passed on as it is */
	raw = t->before;
	cfmakeraw(&raw);
	if (tcsetattr(0, TCSADRAIN, &raw) < 0)
		return error_errno(errno, "setting up the terminal");
	t->raw = true;
	return NULL;
}

static struct error *tell_size(struct vm *vm, struct terminal *t, const char *doing)
{
	struct winsize now;
	uint8_t words[8];

	if (!t->raw || ioctl(0, TIOCGWINSZ, &now) < 0 || !memcmp(&now, &t->size, sizeof(now)))
		return NULL;
	t->size = now;
	frame_put32(words, now.ws_row);
	frame_put32(words + 4, now.ws_col);
	return vm_tell(vm, doing, vm_deadline(vm, ANSWER_TIMEOUT), FRAME_WINDOW, words,
		       sizeof(words));
}

static struct error *write_out(const uint8_t *p, size_t n)
{
	while (n) {
		ssize_t k = write(1, p, n);

		if (k < 0 && errno != EINTR && errno != EAGAIN)
			return error_errno(errno, "writing the output");
		TRY(interrupt_check());
		if (k > 0) {
			p += k;
			n -= (size_t)k;
		}
	}
	return NULL;
}

/* *open is false once there is no more input. */
static struct error *pass_input(struct vm *vm, const struct terminal *t, const char *doing,
				bool *open)
{
	uint8_t bytes[512];
	ssize_t n = read(0, bytes, sizeof(bytes));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return NULL;
	if (n > 0 && t->raw && memchr(bytes, ESCAPE, (size_t)n))
		return error_failed("%s: given up with Ctrl-]", doing);
	if (n <= 0) {
		/* The end of a file is to the guest's terminal what it is to ours. */
		bytes[0] = 4; /* Ctrl-D */
		n = 1;
		*open = false;
	}
	return vm_tell(vm, doing, vm_deadline(vm, ANSWER_TIMEOUT), FRAME_INPUT, bytes, (size_t)n);
}

/* Show what has come; *ended with the status if it is over. */
static struct error *pass_output(struct vm *vm, const char *doing, bool *ended, int *status)
{
	enum channel_event event;
	struct frame f;
	bool found;

	while (!*ended) {
		TRY(channel_take(&vm->channel, &f, &found, &event));
		if (!found)
			return event == CHANNEL_CLOSED ? vm_gone(vm, event, doing) : NULL;
		if (f.type == FRAME_FAILED)
			return error_context(vm_refusal(&f), "%s", doing);
		if (f.type == FRAME_OUTPUT)
			TRY(write_out(f.payload, f.length));
		*ended = f.type == FRAME_EXIT && f.length == 4;
		if (*ended)
			*status = (int)frame_get32(f.payload);
	}
	return NULL;
}

static struct error *serve(struct vm *vm, struct terminal *t, const char *doing, int *status)
{
	bool open = true, ended = false;

	while (!ended) {
		struct monitor *m = vm->channel.monitor;
		struct pollfd p[] = {
			{ .fd = open ? 0 : -1, .events = POLLIN },
			{ .fd = vm->channel.fd, .events = POLLIN },
			{ .fd = m ? m->fd : -1, .events = POLLIN },
		};

		TRY(interrupt_check());
		TRY(tell_size(vm, t, doing));
		if (poll(p, 3, LOOK_MS) < 0 && errno != EINTR)
			return error_errno(errno, "waiting for the guest");
		if (p[0].revents)
			TRY(pass_input(vm, t, doing, &open));
		TRY(pass_output(vm, doing, &ended, status));
		if (p[2].revents && !monitor_poll(m))
			vm->channel.monitor = NULL;
		if (!ended && m && m->shut_down)
			return vm_gone(vm, CHANNEL_CLOSED, doing);
	}
	return NULL;
}

struct error *vm_shell(struct vm *vm, const char *command, int *status)
{
	struct terminal t __cleanup(give_back) = { 0 };
	const char *doing = "the guest's terminal", *kind = getenv("TERM");
	struct strbuf request __cleanup_strbuf = { 0 };

	TRY_CONTEXT(vm_usable(vm), "%s", doing);
	/* The terminal's kind, NUL, the command. */
	TRY(strbuf_puts(&request, kind && strlen(kind) < 64 ? kind : "vt100"));
	TRY(strbuf_add(&request, "", 1));
	TRY(strbuf_puts(&request, command ? command : "exec sh -l"));
	if (request.n > FRAME_PAYLOAD_MAX)
		return error_failed("%s: the command is longer than %d bytes", doing,
				    FRAME_PAYLOAD_MAX);
	channel_begin(&vm->channel);
	TRY(vm_tell(vm, doing, vm_deadline(vm, ANSWER_TIMEOUT), FRAME_TERMINAL, request.s,
		    request.n));
	TRY(take_over(&t));
	return serve(vm, &t, doing, status);
}
