// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/vm.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "qemu/accel.h"
#include "qemu/initramfs.h"
#include "qemu/talk.h"

#define BOOT_TIMEOUT 120.0
#define SMOKE_TIMEOUT 12.0
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
		TRY(vm_tell(vm, "reading the kernel log", clock_seconds() + ANSWER_TIMEOUT,
			    FRAME_PING, NULL, 0));
		TRY(vm_await(vm, "reading the kernel log", FRAME_PONG));
	}
	return strbuf_add(out, vm->channel.log.s, vm->channel.log.n);
}

static struct error *greet(struct vm *vm, double deadline)
{
	enum channel_event event;
	const char *trouble;
	struct frame f;
	size_t n;

	do {
		TRY(channel_receive(&vm->channel, deadline, &f, &event));
		if (event != CHANNEL_FRAME)
			return vm_gone(vm, event, "booting");
	} while (f.type != FRAME_HELLO);
	vm->state = VM_RUNNING;
	trouble = memchr(f.payload, '\0', f.length);
	n = trouble ? f.length - (size_t)(trouble + 1 - (const char *)f.payload) : 0;
	return n ? error_failed("booting: in the guest: %.*s", (int)n, trouble + 1) : NULL;
}

static struct error *start(const struct vm_options *opt, const struct strbuf *initramfs, bool kvm,
			   double timeout, struct vm **out)
{
	struct vm *vm __cleanup_vm = calloc(1, sizeof(*vm));
	char *console __free = opt->keep ? str_printf("%s/console.log", opt->keep) : NULL;
	struct emulator_options eo = {
		.kernel = opt->kernel,
		.initramfs = initramfs,
		.append = opt->append,
		.cpus = opt->cpus ? opt->cpus : 1,
		.memory = opt->memory ? opt->memory : 512,
		.kvm = kvm,
		.console = console,
	};

	if (!vm || (opt->keep && !console))
		return error_nomem();
	*vm = (struct vm){ .state = VM_LOST, .kvm = kvm };
	vm->emulator = (struct emulator){ .channel = -1, .console = -1, .complaints = -1 };
	if (opt->keep) {
		vm->keep = strdup(opt->keep);
		if (!vm->keep)
			return error_nomem();
	}
	TRY(emulator_start(&eo, &vm->emulator));
	vm->channel.fd = vm->emulator.channel;
	vm->channel.shared = vm->emulator.shared;
	TRY(greet(vm, clock_seconds() + timeout));
	*out = take(vm);
	return NULL;
}

struct smoke {
	const struct vm_options *opt;
	const struct strbuf *initramfs;
};

static struct error *smoke(void *arg, bool *works)
{
	const struct smoke *s = arg;
	struct vm_options opt = { .kernel = s->opt->kernel };
	struct vm *vm __cleanup_vm = NULL;
	struct error *e __cleanup_error = NULL;

	log_verbose("trying whether KVM runs guests here");
	e = start(&opt, s->initramfs, true, SMOKE_TIMEOUT, &vm);
	TRY(interrupt_check());
	*works = !e;
	if (e)
		log_verbose("KVM does not run guests here: %s", error_message(e));
	return NULL;
}

struct error *vm_boot(const struct vm_options *opt, struct vm **out)
{
	struct strbuf initramfs __cleanup_strbuf = { 0 };
	struct smoke s = { .opt = opt, .initramfs = &initramfs };
	bool kvm;

	if (!file_exists(opt->kernel))
		return error_errno(errno, "the kernel to boot: %s", opt->kernel);
	if (opt->keep)
		TRY(dir_make(opt->keep));
	TRY_CONTEXT(initramfs_build(opt, &initramfs), "making the guest's file system");
	TRY(accel_kvm(smoke, &s, &kvm));
	return start(opt, &initramfs, kvm, opt->boot_timeout > 0 ? opt->boot_timeout : BOOT_TIMEOUT,
		     out);
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
	free(vm->keep);
	free(vm);
}
