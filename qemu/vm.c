// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "qemu/accel.h"
#include "qemu/channel.h"
#include "qemu/console.h"
#include "qemu/emulator.h"
#include "qemu/initramfs.h"

#define BOOT_TIMEOUT 120.0
#define RUN_TIMEOUT 60.0
#define FILE_TIMEOUT 30.0 /* without progress */
#define SMOKE_TIMEOUT 12.0
#define KILL_TIMEOUT 10.0 /* for an answer after a command was ended */
#define STOP_TIMEOUT 3.0
#define QUOTED_LINES 8

struct vm {
	struct emulator emulator;
	struct channel channel;
	enum vm_state state;
	bool kvm;
	char *keep;
};

enum vm_state vm_state(const struct vm *vm)
{
	return vm->state;
}

const char *vm_accelerator(const struct vm *vm)
{
	return vm->kvm ? "KVM" : "TCG";
}

/* --- how it ended ------------------------------------------------------------- */

/* The guest is no more, or answers no more: which of the two, and what it said last. */
static struct error *gone(struct vm *vm, enum channel_event event, const char *doing)
{
	struct strbuf text __cleanup_strbuf = { 0 }, line __cleanup_strbuf = { 0 };
	struct strbuf said __cleanup_strbuf = { 0 };
	struct error *e;

	if (event == CHANNEL_CLOSED)
		emulator_ended(&vm->emulator, STOP_TIMEOUT);
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
	if (vm->keep)
		e = error_advise(e, "the whole console is in %s/console.log", vm->keep);
	return e;
}

static struct error *usable(const struct vm *vm)
{
	static const char *const why[] = { "runs", "was stopped", "has panicked", "was lost" };

	return vm->state == VM_RUNNING ? NULL : error_failed("the guest %s", why[vm->state]);
}

/* --- talking ------------------------------------------------------------------ */

static struct error *tell(struct vm *vm, const char *doing, double deadline, uint32_t type,
			  const void *payload, size_t n)
{
	enum channel_event event;

	TRY(channel_send(&vm->channel, deadline, type, payload, n, &event));
	return event == CHANNEL_FRAME ? NULL : gone(vm, event, doing);
}

/* What the guest could not do. */
static struct error *refusal(const struct frame *f)
{
	int n = f->length > 4 ? (int)f->length - 4 : 0;

	if (f->length < 4)
		return error_failed("the guest failed and does not say why");
	return error_errno((int)frame_get32(f->payload), "in the guest: %.*s", n, f->payload + 4);
}

static struct error *hear(struct vm *vm, const char *doing, double deadline, struct frame *f)
{
	enum channel_event event;

	TRY(channel_receive(&vm->channel, deadline, f, &event));
	if (event != CHANNEL_FRAME)
		return gone(vm, event, doing);
	if (f->type == FRAME_HELLO) {
		vm->state = VM_LOST;
		return error_failed("%s: the guest has started anew", doing);
	}
	return f->type == FRAME_FAILED ? refusal(f) : NULL;
}

/* --- commands ----------------------------------------------------------------- */

/* The command took too long. If its end is answered, the guest is well. */
static struct error *end_command(struct vm *vm, const char *doing, double timeout,
				 struct strbuf *out)
{
	double deadline = clock_seconds() + KILL_TIMEOUT;
	struct frame f;

	TRY(tell(vm, doing, deadline, FRAME_KILL, NULL, 0));
	for (;;) {
		TRY(hear(vm, doing, deadline, &f));
		if (f.type == FRAME_EXIT)
			return error_failed("%s: no end after %s", doing, str_duration(timeout).s);
		if (f.type == FRAME_OUTPUT)
			TRY(strbuf_add(out, f.payload, f.length));
	}
}

static struct error *await_exit(struct vm *vm, const char *doing, double timeout,
				struct strbuf *out, int *status)
{
	double deadline = clock_seconds() + timeout;
	enum channel_event event;
	struct frame f;

	for (;;) {
		TRY(channel_receive(&vm->channel, deadline, &f, &event));
		if (event == CHANNEL_SILENT || clock_seconds() > deadline)
			return end_command(vm, doing, timeout, out);
		if (event == CHANNEL_CLOSED)
			return gone(vm, event, doing);
		if (f.type == FRAME_FAILED)
			return error_context(refusal(&f), "%s", doing);
		if (f.type == FRAME_OUTPUT)
			TRY(strbuf_add(out, f.payload, f.length));
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
	TRY_CONTEXT(usable(vm), "%s", doing);
	if (n > FRAME_PAYLOAD_MAX)
		return error_failed("%s: the command is longer than %d bytes; put it in a file",
				    doing, FRAME_PAYLOAD_MAX);
	channel_begin(&vm->channel);
	TRY(tell(vm, doing, clock_seconds() + KILL_TIMEOUT, FRAME_RUN, command, n));
	return await_exit(vm, doing, timeout, out, status);
}

/* --- files -------------------------------------------------------------------- */

static struct error *await(struct vm *vm, const char *doing, uint32_t type)
{
	double deadline = clock_seconds() + FILE_TIMEOUT;
	struct frame f;

	do {
		TRY(hear(vm, doing, deadline, &f));
	} while (f.type != type);
	return NULL;
}

static struct error *put_bytes(struct vm *vm, const char *doing, const struct file_map *m)
{
	enum channel_event event;

	TRY(await(vm, doing, FRAME_ACK));
	for (size_t sent = 0, n; sent < m->size; sent += n) {
		double deadline = clock_seconds() + FILE_TIMEOUT;

		n = m->size - sent < SHARED_HALF ? m->size - sent : SHARED_HALF;
		TRY(channel_send_shared(&vm->channel, deadline, FRAME_DATA, m->bytes + sent, n,
					&event));
		if (event != CHANNEL_FRAME)
			return gone(vm, event, doing);
		TRY(await(vm, doing, FRAME_ACK));
	}
	TRY(tell(vm, doing, clock_seconds() + FILE_TIMEOUT, FRAME_END, NULL, 0));
	return await(vm, doing, FRAME_EXIT);
}

struct error *vm_put(struct vm *vm, const char *from, const char *to)
{
	struct file_map m __cleanup_map = { 0 };
	struct strbuf request __cleanup_strbuf = { 0 };
	char *doing __free = str_printf("copying %s to %s in the guest", from, to);
	struct stat st;
	uint8_t mode[4];

	if (!doing)
		return error_nomem();
	TRY_CONTEXT(usable(vm), "%s", doing);
	TRY(file_map(from, &m));
	if (stat(from, &st) < 0)
		return error_errno(errno, "%s", from);
	frame_put32(mode, st.st_mode & 0777);
	TRY(strbuf_add(&request, mode, sizeof(mode)));
	TRY(strbuf_puts(&request, to));
	if (request.n > FRAME_PAYLOAD_MAX)
		return error_failed("%s: the name is too long", doing);
	channel_begin(&vm->channel);
	TRY(tell(vm, doing, clock_seconds() + FILE_TIMEOUT, FRAME_PUT, request.s, request.n));
	return put_bytes(vm, doing, &m);
}

struct error *vm_get(struct vm *vm, const char *from, const char *to)
{
	struct strbuf bytes __cleanup_strbuf = { 0 };
	char *doing __free = str_printf("copying %s from the guest to %s", from, to);
	struct frame f;

	if (!doing)
		return error_nomem();
	TRY_CONTEXT(usable(vm), "%s", doing);
	if (strlen(from) > FRAME_PAYLOAD_MAX)
		return error_failed("%s: the name is too long", doing);
	channel_begin(&vm->channel);
	TRY(tell(vm, doing, clock_seconds() + FILE_TIMEOUT, FRAME_GET, from, strlen(from)));
	for (;;) {
		TRY(hear(vm, doing, clock_seconds() + FILE_TIMEOUT, &f));
		if (f.type == FRAME_DATA)
			TRY(strbuf_add(&bytes, f.payload, f.length));
		if (f.type == FRAME_END && f.length == 4)
			return file_write(to, bytes.s, bytes.n, frame_get32(f.payload) & 0777);
	}
}

struct error *vm_dmesg(struct vm *vm, struct strbuf *out)
{
	if (vm->state == VM_RUNNING) {
		channel_begin(&vm->channel);
		TRY(tell(vm, "reading the kernel log", clock_seconds() + FILE_TIMEOUT, FRAME_PING,
			 NULL, 0));
		TRY(await(vm, "reading the kernel log", FRAME_PONG));
	}
	return strbuf_add(out, vm->channel.log.s, vm->channel.log.n);
}

/* --- from beginning to end ---------------------------------------------------- */

static struct error *greet(struct vm *vm, double deadline)
{
	enum channel_event event;
	const char *trouble;
	struct frame f;
	size_t n;

	do {
		TRY(channel_receive(&vm->channel, deadline, &f, &event));
		if (event != CHANNEL_FRAME)
			return gone(vm, event, "booting");
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
