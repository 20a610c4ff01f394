// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/emulator_args.h"

#include "qemu/frame.h"

/*
 * panic=-1 and -no-reboot: a panic ends the guest at once. The console gets warnings and
 * worse (a panic raises that to everything by itself); the whole log comes through the channel.
 */
#define COMMAND_LINE                                                                         \
	"console=ttyS0,115200 loglevel=5 panic=-1 8250.nr_uarts=2 rcupdate.rcu_expedited=1 " \
	"tsc=reliable no_timer_check cryptomgr.notests random.trust_cpu=on"

#define ADD(a, name, ...) TRY(add((a), (name), arena_printf(&(a)->arena, __VA_ARGS__)))

static struct error *add(struct emulator_args *a, const char *name, const char *value)
{
	if (!value)
		return error_nomem();
	TRY(vec_push(&a->words, name));
	return *value ? vec_push(&a->words, value) : NULL;
}

static struct error *add_machine(struct emulator_args *a, const struct emulator_options *opt)
{
	ADD(a, QEMU, "-nodefaults");
	ADD(a, "-no-user-config", "-no-reboot");
	ADD(a, "-display", "none");
	if (opt->ram >= 0)
		ADD(a, "-object",
		    "memory-backend-file,id=ram,mem-path=/proc/self/fd/%d,size=%uM,share=%s",
		    EMULATOR_RAM, opt->memory, opt->initramfs ? "on" : "off");
	ADD(a, "-machine", "pc,usb=off,vmport=off%s", opt->ram >= 0 ? ",memory-backend=ram" : "");
	/*
	 * Emulated processors take turns. Side by side, those of QEMU 7.2 run into an int3 that the
	 * kernel has taken away again while it changes its code: a panic ("Oops: int3") that no
	 * machine has. Each transition of 6.12 changes code (static calls of the scheduler).
	 */
	ADD(a, "-accel", "%s", opt->kvm ? "kvm" : "tcg,thread=single");
	if (opt->counting && !opt->kvm)
		ADD(a, "-icount", "shift=0");
	ADD(a, "-cpu", "%s", opt->kvm ? "host" : "max");
	ADD(a, "-smp", "%u", opt->cpus);
	ADD(a, "-m", "%u", opt->memory);
	return NULL;
}

static struct error *add_kernel(struct emulator_args *a, const struct emulator_options *opt)
{
	/* A guest from a snapshot does not read it, but its firmware's tables must be the same. */
	ADD(a, "-kernel", "%s", opt->kernel);
	ADD(a, "-append", "%s%s%s", COMMAND_LINE, opt->append ? " " : "",
	    opt->append ? opt->append : "");
	if (opt->initramfs)
		ADD(a, "-initrd", "/proc/self/fd/%d", EMULATOR_INITRAMFS);
	else
		ADD(a, "-incoming", "defer");
	return NULL;
}

static struct error *add_lines(struct emulator_args *a, const struct emulator_options *opt)
{
	_Static_assert(SHARED_SIZE == 4 << 20, "the size in the arguments");

	ADD(a, "-chardev", "file,id=console,path=/proc/self/fd/%d,append=on", EMULATOR_CONSOLE);
	ADD(a, "-serial", "chardev:console");
	ADD(a, "-chardev", "socket,id=channel,fd=%d", EMULATOR_CHANNEL);
	ADD(a, "-serial", "chardev:channel");
	ADD(a, "-chardev", "socket,id=monitor,fd=%d", EMULATOR_MONITOR);
	ADD(a, "-mon", "chardev=monitor,mode=control");
	if (opt->shared) {
		ADD(a, "-object",
		    "memory-backend-file,id=shared,mem-path=/proc/self/fd/%d,size=4M,share=on",
		    EMULATOR_SHARED);
		ADD(a, "-device", "ivshmem-plain,memdev=shared");
	}
	if (opt->core)
		ADD(a, "-action", "shutdown=pause");
	if (opt->gdb && strchr(opt->gdb, '/'))
		ADD(a, "-gdb", "unix:%s,server=on,wait=off", opt->gdb);
	else if (opt->gdb)
		ADD(a, "-gdb", "tcp:127.0.0.1:%s", opt->gdb);
	if (opt->gdb)
		ADD(a, "-S", "%s", "");
	return NULL;
}

struct error *emulator_args(const struct emulator_options *opt, struct emulator_args *out)
{
	TRY(add_machine(out, opt));
	TRY(add_kernel(out, opt));
	TRY(add_lines(out, opt));
	return vec_push(&out->words, NULL);
}

void emulator_args_free(struct emulator_args *a)
{
	vec_free(&a->words);
	arena_free(&a->arena);
}
