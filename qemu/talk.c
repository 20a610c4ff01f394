// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/talk.h"

#include "base/clock.h"
#include "qemu/console.h"

#define EXIT_TIMEOUT 3.0 /* for an emulator whose channel is closed */
#define QUOTED_LINES 8

struct error *vm_gone(struct vm *vm, enum channel_event event, const char *doing)
{
	struct strbuf text __cleanup_strbuf = { 0 }, line __cleanup_strbuf = { 0 };
	struct strbuf said __cleanup_strbuf = { 0 };
	struct error *e;

	if (event == CHANNEL_CLOSED)
		emulator_ended(&vm->emulator, EXIT_TIMEOUT);
	TRY(emulator_log(vm->emulator.console, &text));
	vm->state = console_panicked(strbuf_str(&text), &line) ? VM_PANICKED : VM_LOST;
	if (event == CHANNEL_CLOSED && vm->state == VM_LOST)
		TRY(emulator_log(vm->emulator.complaints, &text));
	TRY(console_tail(strbuf_str(&text), QUOTED_LINES, &said));
	if (vm->state == VM_PANICKED)
		e = error_failed("%s: the guest panicked: %s%s", doing, strbuf_str(&line),
				 strbuf_str(&said));
	else if (event == CHANNEL_CLOSED)
		e = error_failed("%s: the guest was lost: the emulator ended%s", doing,
				 strbuf_str(&said));
	else
		e = error_failed("%s: the guest was lost: no answer%s%s", doing,
				 said.n ? "; its console's last lines:" : "", strbuf_str(&said));
	return vm_bury(vm, e);
}

double vm_deadline(const struct vm *vm, double seconds)
{
	return vm->patient ? 1e12 : clock_seconds() + seconds;
}

struct error *vm_usable(const struct vm *vm)
{
	static const char *const why[] = { "runs", "was stopped", "has panicked", "was lost" };

	return vm->state == VM_RUNNING ? NULL : error_failed("the guest %s", why[vm->state]);
}

struct error *vm_tell(struct vm *vm, const char *doing, double deadline, uint32_t type,
		      const void *payload, size_t n)
{
	enum channel_event event;

	TRY(channel_send(&vm->channel, deadline, type, payload, n, &event));
	return event == CHANNEL_FRAME ? NULL : vm_gone(vm, event, doing);
}

struct error *vm_refusal(const struct frame *f)
{
	int n = f->length > 4 ? (int)f->length - 4 : 0;

	if (f->length < 4)
		return error_failed("the guest failed and does not say why");
	return error_errno((int)frame_get32(f->payload), "in the guest: %.*s", n, f->payload + 4);
}

struct error *vm_hear(struct vm *vm, const char *doing, double deadline, struct frame *f)
{
	enum channel_event event;

	TRY(channel_receive(&vm->channel, deadline, f, &event));
	if (event != CHANNEL_FRAME)
		return vm_gone(vm, event, doing);
	if (f->type == FRAME_HELLO) {
		vm->state = VM_LOST;
		return error_failed("%s: the guest has started anew", doing);
	}
	return f->type == FRAME_FAILED ? vm_refusal(f) : NULL;
}

struct error *vm_await(struct vm *vm, const char *doing, uint32_t type)
{
	double deadline = vm_deadline(vm, ANSWER_TIMEOUT);
	struct frame f;

	do {
		TRY(vm_hear(vm, doing, deadline, &f));
	} while (f.type != type);
	return NULL;
}
