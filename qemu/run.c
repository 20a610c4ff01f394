// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands in the guest. */
#include "base/clock.h"
#include "qemu/talk.h"

#define RUN_TIMEOUT 60.0
#define KILL_TIMEOUT 10.0 /* for an answer after a command was ended */
#define OUTPUT_MAX (64u << 20)

/* The command is given up. If its end is answered, the guest is well. */
static struct error *end_command(struct vm *vm, const char *doing, struct strbuf *out)
{
	double deadline = clock_seconds() + KILL_TIMEOUT;
	struct frame f;

	TRY(vm_tell(vm, doing, deadline, FRAME_KILL, NULL, 0));
	do {
		TRY(vm_hear(vm, doing, deadline, &f));
		if (f.type == FRAME_OUTPUT && out->n < OUTPUT_MAX)
			TRY(strbuf_add(out, f.payload, f.length));
	} while (f.type != FRAME_EXIT);
	return NULL;
}

static struct error *await_exit(struct vm *vm, const char *doing, double timeout,
				struct strbuf *out, int *status)
{
	double deadline = clock_seconds() + timeout;
	enum channel_event event;
	struct frame f;

	for (;;) {
		TRY(channel_receive(&vm->channel, deadline, &f, &event));
		if (event == CHANNEL_SILENT || clock_seconds() > deadline) {
			TRY(end_command(vm, doing, out));
			return error_failed("%s: no end after %s", doing, str_duration(timeout).s);
		}
		if (event == CHANNEL_CLOSED)
			return vm_gone(vm, event, doing);
		if (f.type == FRAME_FAILED)
			return error_context(vm_refusal(&f), "%s", doing);
		if (f.type == FRAME_OUTPUT)
			TRY(strbuf_add(out, f.payload, f.length));
		if (out->n >= OUTPUT_MAX) {
			TRY(end_command(vm, doing, out));
			return error_failed("%s: it printed more than %s", doing,
					    str_size(OUTPUT_MAX).s);
		}
		if (f.type == FRAME_EXIT && f.length == 4) {
			*status = (int)frame_get32(f.payload);
			return NULL;
		}
	}
}

struct error *vm_run(struct vm *vm, const char *command, double timeout, struct strbuf *out,
		     int *status)
{
	size_t n = strlen(command);
	char *doing __free = str_printf("running '%.*s%s'", (int)(n > 60 ? 57 : n), command,
					n > 60 ? "..." : "");

	if (!doing)
		return error_nomem();
	if (timeout <= 0)
		timeout = RUN_TIMEOUT;
	TRY_CONTEXT(vm_usable(vm), "%s", doing);
	if (n > FRAME_PAYLOAD_MAX)
		return error_failed("%s: the command is longer than %d bytes; put it in a file",
				    doing, FRAME_PAYLOAD_MAX);
	channel_begin(&vm->channel);
	TRY(vm_tell(vm, doing, clock_seconds() + KILL_TIMEOUT, FRAME_RUN, command, n));
	return await_exit(vm, doing, timeout, out, status);
}
