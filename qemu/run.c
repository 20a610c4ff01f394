// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands in the guest. */
#include "base/clock.h"
#include "qemu/talk.h"

#define RUN_TIMEOUT 60.0
#define KILL_TIMEOUT 10.0   /* of silence, after a command was ended */
#define FLOOD_TIMEOUT 120.0 /* that it may go on writing all the same */
#define OUTPUT_MAX (64u << 20)

struct output {
	vm_sink *sink;
	void *arg;
};

/*
 * The command is given up. If its end is answered, the guest is well. What it wrote until then
 * comes first, and may take long where the emulator gets little of the CPU.
 */
static struct error *end_command(struct vm *vm, const char *doing, const struct output *to)
{
	double deadline = clock_seconds() + KILL_TIMEOUT, end = clock_seconds() + FLOOD_TIMEOUT;
	struct frame f;

	TRY(vm_tell(vm, doing, deadline, FRAME_KILL, NULL, 0));
	do {
		TRY(vm_hear(vm, doing, deadline, &f));
		if (f.type == FRAME_OUTPUT && to)
			TRY(to->sink(to->arg, f.payload, f.length));
		if (clock_seconds() < end)
			deadline = clock_seconds() + KILL_TIMEOUT;
	} while (f.type != FRAME_EXIT);
	return NULL;
}

/* What the sink does not take ends the command. */
static struct error *give(struct vm *vm, const char *doing, const struct output *to,
			  const struct frame *f)
{
	struct error *e = to->sink(to->arg, f->payload, f->length), *later;

	if (!e)
		return NULL;
	later = end_command(vm, doing, NULL);
	error_free(&later);
	return error_context(e, "%s", doing);
}

static struct error *await_exit(struct vm *vm, const char *doing, double timeout,
				const struct output *to, int *status)
{
	double deadline = vm_deadline(vm, timeout);
	enum channel_event event;
	struct frame f;

	for (;;) {
		TRY(channel_receive(&vm->channel, deadline, &f, &event));
		if (event == CHANNEL_SILENT || clock_seconds() > deadline) {
			TRY(end_command(vm, doing, to));
			return error_failed("%s: no end after %s", doing, str_duration(timeout).s);
		}
		if (event == CHANNEL_CLOSED)
			return vm_gone(vm, event, doing);
		if (f.type == FRAME_FAILED)
			return error_context(vm_refusal(&f), "%s", doing);
		if (f.type == FRAME_OUTPUT)
			TRY(give(vm, doing, to, &f));
		if (f.type == FRAME_EXIT && f.length == 4) {
			*status = (int)frame_get32(f.payload);
			return NULL;
		}
	}
}

struct error *vm_run_to(struct vm *vm, const char *command, double timeout, vm_sink *sink,
			void *arg, int *status)
{
	const struct output to = { sink, arg };
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
	TRY(vm_tell(vm, doing, vm_deadline(vm, KILL_TIMEOUT), FRAME_RUN, command, n));
	return await_exit(vm, doing, timeout, &to, status);
}

static struct error *keep_output(void *arg, const void *bytes, size_t n)
{
	struct strbuf *out = arg;

	if (out->n + n > OUTPUT_MAX)
		return error_failed("it printed more than %s", str_size(OUTPUT_MAX).s);
	return strbuf_add(out, bytes, n);
}

struct error *vm_run(struct vm *vm, const char *command, double timeout, struct strbuf *out,
		     int *status)
{
	return vm_run_to(vm, command, timeout, keep_output, out, status);
}
