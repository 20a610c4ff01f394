// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/vm.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "qemu/talk.h"

#define STOP_TIMEOUT 3.0

enum vm_state vm_state(const struct vm *vm)
{
	return vm->state;
}

const char *vm_accelerator(const struct vm *vm)
{
	return vm->kvm ? "KVM" : "TCG";
}

struct error *vm_dmesg(struct vm *vm, struct strbuf *out)
{
	if (vm->state == VM_RUNNING) {
		channel_begin(&vm->channel);
		TRY(vm_tell(vm, "reading the kernel log", vm_deadline(vm, ANSWER_TIMEOUT),
			    FRAME_PING, NULL, 0));
		TRY(vm_await(vm, "reading the kernel log", FRAME_PONG));
	}
	return strbuf_add(out, vm->channel.log.s, vm->channel.log.n);
}

bool vm_restored(const struct vm *vm)
{
	return vm->restored;
}

/* Collect the rest of the log while the guest powers off. */
static struct error *power_off(struct vm *vm)
{
	double deadline = clock_seconds() + STOP_TIMEOUT;
	enum channel_event event;
	struct frame f;

	channel_begin(&vm->channel);
	TRY(channel_send(&vm->channel, deadline, FRAME_POWEROFF, NULL, 0, &event));
	while (event == CHANNEL_FRAME)
		TRY(channel_receive(&vm->channel, deadline, &f, &event));
	return NULL;
}

static struct error *keep_log(const struct vm *vm)
{
	char *path __free = str_printf("%s/dmesg.log", vm->keep);

	if (!path)
		return error_nomem();
	return file_write(path, vm->channel.log.s, vm->channel.log.n, 0666);
}

void vm_stop(struct vm **at)
{
	struct vm *vm = take(*at);
	struct error *e __cleanup_error = NULL, *kept __cleanup_error = NULL;

	if (!vm)
		return;
	if (vm->state == VM_RUNNING && !interrupted())
		e = power_off(vm);
	if (vm->keep)
		kept = keep_log(vm);
	if (kept)
		log_warn("the guest's kernel log was not kept: %s", error_message(kept));
	emulator_kill(&vm->emulator);
	channel_free(&vm->channel);
	vec_for_each(&vm->supplied, it)
		free(*it);
	vec_free(&vm->supplied);
	free(vm->modules);
	free(vm->keep);
	free(vm->crash);
	free(vm);
}
