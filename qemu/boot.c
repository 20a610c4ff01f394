// SPDX-License-Identifier: GPL-2.0-or-later
/* From options to a guest that is up: booted, or restored from the snapshot of one that was. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "qemu/accel.h"
#include "qemu/emulator_args.h"
#include "qemu/initramfs.h"
#include "qemu/snapshot.h"
#include "qemu/talk.h"

#define BOOT_TIMEOUT 300.0 /* on a busy machine an emulated boot takes minutes */
#define SMOKE_TIMEOUT 12.0
#define RANDOM_BYTES 64

struct plan {
	const struct vm_options *opt;
	bool kvm;
	double timeout;
};

/* What every guest of this plan has in common; 'ram' and 'shared' come to it. */
static struct emulator_options emulator_options(const struct plan *p)
{
	return (struct emulator_options){
		.kernel = p->opt->kernel,
		.append = p->opt->append,
		.cpus = p->opt->cpus ? p->opt->cpus : 1,
		.memory = p->opt->memory ? p->opt->memory : 512,
		.kvm = p->kvm,
		.counting = p->opt->counting,
		.ram = -1,
		.state = -1,
	};
}

static uint64_t ram_size(const struct emulator_options *eo)
{
	return (uint64_t)eo->memory << 20;
}

static struct error *copy_words(struct vm *vm, const struct vm_options *opt)
{
	const char *crash = opt->crash ? opt->crash : opt->keep;

	if (opt->keep && !(vm->keep = strdup(opt->keep)))
		return error_nomem();
	if (crash && !(vm->crash = strdup(crash)))
		return error_nomem();
	if (opt->modules && !(vm->modules = strdup(opt->modules)))
		return error_nomem();
	return NULL;
}

static struct error *start(const struct plan *p, struct emulator_options *eo, struct vm **out)
{
	char *console __free = p->opt->keep ? str_printf("%s/console.log", p->opt->keep) : NULL;
	struct vm *vm __cleanup_vm = calloc(1, sizeof(*vm));

	if (!vm || (p->opt->keep && !console))
		return error_nomem();
	*vm = (struct vm){ .state = VM_LOST,
			   .kvm = p->kvm,
			   .patient = eo->gdb,
			   .core = p->opt->core,
			   .emulator = EMULATOR_NONE };
	eo->console = console;
	eo->core = p->opt->core;
	TRY(copy_words(vm, p->opt));
	TRY(emulator_start(eo, &vm->emulator));
	vm->channel.fd = vm->emulator.channel;
	vm->channel.shared = vm->emulator.shared;
	vm->channel.monitor = &vm->emulator.monitor;
	*out = take(vm);
	return NULL;
}

/* Wait until the guest says that it is up. */
static struct error *greet(struct vm *vm, const char *doing, double deadline)
{
	enum channel_event event;
	const char *trouble;
	struct frame f;
	size_t n;

	do {
		TRY(channel_receive(&vm->channel, deadline, &f, &event));
		if (event != CHANNEL_FRAME)
			return vm_gone(vm, event, doing);
	} while (f.type != FRAME_HELLO);
	vm->state = VM_RUNNING;
	trouble = memchr(f.payload, '\0', f.length);
	n = trouble ? f.length - (size_t)(trouble + 1 - (const char *)f.payload) : 0;
	/* The guest of a snapshot gets its shared memory when it is restored. */
	return n && vm->channel.shared
		       ? error_failed("%s: in the guest: %.*s", doing, (int)n, trouble + 1)
		       : NULL;
}

static void tell_gdb(const struct vm_options *opt)
{
	bool file = strchr(opt->gdb, '/');

	log_info("the guest waits for gdb: gdb %s%s-ex 'target remote %s%s' -ex continue",
		 opt->vmlinux ? opt->vmlinux : "", opt->vmlinux ? " " : "",
		 file ? "" : "localhost:", opt->gdb);
}

static struct error *boot(const struct plan *p, struct emulator_options *eo, struct vm **out)
{
	struct strbuf initramfs __cleanup_strbuf = { 0 };
	struct vm *vm __cleanup_vm = NULL;

	TRY(initramfs_build(p->opt->tools, &initramfs));
	eo->initramfs = &initramfs;
	TRY(start(p, eo, &vm));
	if (eo->gdb)
		tell_gdb(p->opt);
	TRY(greet(vm, "booting", vm_deadline(vm, p->timeout)));
	*out = take(vm);
	return NULL;
}

/* --- snapshots ---------------------------------------------------------------- */

static struct error *migration_ready(struct vm *vm, double deadline)
{
	return monitor_command(&vm->emulator.monitor, deadline, "migrate-set-capabilities",
			       "{\"capabilities\": ["
			       "{\"capability\": \"x-ignore-shared\", \"state\": true}, "
			       "{\"capability\": \"events\", \"state\": true}]}",
			       -1);
}

static struct error *thaw(struct vm *vm, double deadline)
{
	uint8_t words[12 + RANDOM_BYTES];
	struct timespec now;

	if (getrandom(words + 12, RANDOM_BYTES, 0) != RANDOM_BYTES)
		return error_errno(errno, "random bytes for the guest");
	clock_gettime(CLOCK_REALTIME, &now);
	frame_put64(words, (uint64_t)now.tv_sec);
	frame_put32(words + 8, (uint32_t)now.tv_nsec);
	channel_begin(&vm->channel);
	TRY(vm_tell(vm, "restoring", deadline, FRAME_THAW, words, sizeof(words)));
	return greet(vm, "restoring", deadline);
}

static struct error *restore(const struct plan *p, const struct snapshot *s, struct vm **out)
{
	struct emulator_options eo = emulator_options(p);
	struct vm *vm __cleanup_vm = NULL;
	double deadline;
	char from[32];

	eo.ram = eo.state = s->fd;
	eo.shared = true;
	eo.gdb = p->opt->gdb;
	eo.printed = &s->console;
	if (lseek(s->fd, (off_t)s->state, SEEK_SET) < 0)
		return error_errno(errno, "reading the snapshot");
	TRY(start(p, &eo, &vm));
	deadline = vm_deadline(vm, p->timeout);
	vm->restored = true;
	TRY(strbuf_add(&vm->channel.log, s->log.s, s->log.n));
	TRY(migration_ready(vm, deadline));
	snprintf(from, sizeof(from), "{\"uri\": \"fd:%d\"}", EMULATOR_STATE);
	TRY(monitor_command(&vm->emulator.monitor, deadline, "migrate-incoming", from, -1));
	TRY(monitor_await_migration(&vm->emulator.monitor, deadline));
	if (eo.gdb)
		tell_gdb(p->opt);
	TRY(thaw(vm, deadline));
	*out = take(vm);
	return NULL;
}

/* The guest says no more; its state goes to a file. It does not go on. */
static struct error *freeze(struct vm *vm, int state)
{
	double deadline = vm_deadline(vm, ANSWER_TIMEOUT);
	struct monitor *m = &vm->emulator.monitor;

	channel_begin(&vm->channel);
	TRY(vm_tell(vm, "making a snapshot", deadline, FRAME_FREEZE, NULL, 0));
	TRY(vm_await(vm, "making a snapshot", FRAME_ACK));
	TRY(migration_ready(vm, deadline));
	TRY(monitor_command(m, deadline, "getfd", "{\"fdname\": \"state\"}", state));
	TRY(monitor_command(m, deadline, "migrate", "{\"uri\": \"fd:state\"}", -1));
	TRY(monitor_await_migration(m, deadline));
	vm->state = VM_STOPPED;
	return NULL;
}

static struct error *save(struct vm *vm, const char *path, int ram, uint64_t size)
{
	int state __closefd = memfd_create("state", MFD_CLOEXEC);
	struct strbuf console __cleanup_strbuf = { 0 };
	const struct snapshot_parts parts = { .ram = ram,
					      .state = state,
					      .ram_size = size,
					      .console = &console,
					      .log = &vm->channel.log };

	if (state < 0)
		return error_errno(errno, "memory for the guest's state");
	TRY(freeze(vm, state));
	TRY(emulator_log(vm->emulator.console, &console));
	return snapshot_write(path, &parts);
}

/* What goes wrong with the cache costs time only. */
static struct error *without_snapshot(struct error *e)
{
	struct error *why __cleanup_error = e;

	TRY(interrupt_check());
	log_warn("no snapshot of the booted guest is used, each boot takes its time: %s",
		 error_message(why));
	return NULL;
}

/* Boot a guest only to keep it. *kept is false, and why is told, if it could not be kept. */
static struct error *make(const struct plan *p, const char *path, bool *kept)
{
	struct emulator_options eo = emulator_options(p);
	struct vm *vm __cleanup_vm = NULL;
	int ram __closefd = memfd_create("guest's memory", MFD_CLOEXEC);
	char *dir __free = strndup(path, (size_t)(strrchr(path, '/') - path));
	struct error *e __cleanup_error = NULL;

	*kept = false;
	if (!dir)
		return error_nomem();
	if (ram < 0 || ftruncate(ram, (off_t)ram_size(&eo)) < 0)
		return error_errno(errno, "memory for the guest");
	eo.ram = ram;
	TRY(boot(p, &eo, &vm));
	e = save(vm, path, ram, ram_size(&eo));
	if (!e)
		e = snapshot_prune(dir, path, SNAPSHOTS_MOST, SNAPSHOTS_BYTES);
	*kept = !e;
	return e ? without_snapshot(take(e)) : NULL;
}

/* All that a snapshot depends on. */
static struct error *identify(const struct plan *p, char **path)
{
	struct strbuf identity __cleanup_strbuf = { 0 };
	struct emulator_options eo = emulator_options(p);
	struct digest kernel;

	TRY(digest_file(p->opt->kernel, &kernel));
	TRY(strbuf_printf(&identity, "%s\n", kernel.hex));
	TRY(initramfs_identity(p->opt->tools, &identity));
	TRY(emulator_identity(&eo, &identity));
	return snapshot_path(&identity, path);
}

/* *out stays NULL if there is no snapshot, or none that can be used. */
static struct error *try_restore(const struct plan *p, const char *path, struct vm **out)
{
	struct emulator_options eo = emulator_options(p);
	struct snapshot s __cleanup_snapshot = SNAPSHOT_NONE;
	struct error *e __cleanup_error = NULL;
	bool found;

	TRY(snapshot_open(path, ram_size(&eo), &s, &found));
	if (!found)
		return NULL;
	e = restore(p, &s, out);
	TRY(interrupt_check());
	if (e) {
		log_verbose("%s cannot be used and is removed: %s", path, error_message(e));
		unlink(path);
	}
	return NULL;
}

static struct error *restore_or_make(const struct plan *p, struct vm **out)
{
	int lock __closefd = -1;
	char *path __free = NULL;
	bool kept = false;
	struct error *e = identify(p, &path);

	if (!e)
		e = try_restore(p, path, out);
	if (!e && !*out)
		e = snapshot_lock(path, clock_seconds() + p->timeout, &lock);
	/* Whoever held the lock has made it. */
	if (!e && !*out)
		e = try_restore(p, path, out);
	if (e)
		return without_snapshot(e);
	if (!*out)
		TRY(make(p, path, &kept));
	return kept ? try_restore(p, path, out) : NULL;
}

static struct error *bring_up(const struct plan *p, struct vm **out)
{
	struct emulator_options eo = emulator_options(p);

	eo.shared = true;
	eo.gdb = p->opt->gdb;
	if (!p->opt->fresh)
		TRY(restore_or_make(p, out));
	return *out ? NULL : boot(p, &eo, out);
}

/* --- with what ---------------------------------------------------------------- */

static struct error *smoke(void *arg, bool *works)
{
	const struct plan *asked = arg;
	const struct vm_options opt = { .kernel = asked->opt->kernel };
	const struct plan p = { .opt = &opt, .kvm = true, .timeout = SMOKE_TIMEOUT };
	struct emulator_options eo = emulator_options(&p);
	struct vm *vm __cleanup_vm = NULL;
	struct error *e __cleanup_error = NULL;

	log_verbose("trying whether KVM runs guests here");
	eo.shared = true;
	e = boot(&p, &eo, &vm);
	TRY(interrupt_check());
	*works = !e;
	if (e)
		log_verbose("KVM does not run guests here: %s", error_message(e));
	return NULL;
}

struct error *vm_boot(const struct vm_options *opt, struct vm **out)
{
	struct plan p = { .opt = opt,
			  .timeout = opt->boot_timeout > 0 ? opt->boot_timeout : BOOT_TIMEOUT };
	struct vm *vm __cleanup_vm = NULL;
	struct error *e;

	if (!file_exists(opt->kernel))
		return error_errno(errno, "the kernel to boot: %s", opt->kernel);
	if (opt->keep)
		TRY(dir_make(opt->keep));
	if (!opt->counting)
		TRY(accel_kvm(smoke, &p, &p.kvm));
	e = bring_up(&p, &vm);
	if (e && p.kvm && !interrupted()) {
		log_warn("KVM failed a guest after all; from now on they are emulated: %s",
			 error_message(e));
		error_free(&e);
		p.kvm = false;
		TRY(accel_refute());
		e = bring_up(&p, &vm);
	}
	TRY(e);
	TRY(vm_supply(vm, opt));
	*out = take(vm);
	return NULL;
}
