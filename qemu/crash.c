// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is left of a guest that panicked or was lost: its console, the kernel's log as far as it
 * came, and, if that was asked for, its memory (QEMU's dump-guest-memory: an ELF file with the
 * processors' registers, which crash(8) and gdb read).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "qemu/talk.h"
#include "qemu/unnamed.h"

#define DUMP_TIMEOUT 300.0
#define PAGE 4096u
#define BLOCK (256 * PAGE)

static bool is_zero(const char *page)
{
	return !page[0] && !memcmp(page, page + 1, PAGE - 1);
}

/* Give back the room of pages that hold nothing; only room is lost where that is not possible. */
static void make_sparse(int fd)
{
	char *block __free = malloc(BLOCK);
	off_t at = 0;
	ssize_t n;

	while (block && (n = pread(fd, block, BLOCK, at)) > 0) {
		for (ssize_t i = 0; i + PAGE <= n;) {
			ssize_t end = i;

			while (end + PAGE <= n && is_zero(block + end))
				end += PAGE;
			if (end > i && fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
						 at + i, end - i) < 0)
				return;
			i = end + PAGE;
		}
		at += n;
	}
}

static struct error *dump(struct vm *vm)
{
	struct unnamed file __cleanup_unnamed = UNNAMED_NONE;
	char *path __free = str_printf("%s/core", vm->crash);
	double deadline = clock_seconds() + DUMP_TIMEOUT;
	struct monitor *m = &vm->emulator.monitor;

	if (!path)
		return error_nomem();
	TRY(unnamed_make(vm->crash, &file));
	TRY(monitor_command(m, deadline, "stop", NULL, -1));
	TRY(monitor_command(m, deadline, "getfd", "{\"fdname\": \"core\"}", file.fd));
	TRY(monitor_command(m, deadline, "dump-guest-memory",
			    "{\"paging\": false, \"protocol\": \"fd:core\"}", -1));
	make_sparse(file.fd);
	fchmod(file.fd, 0600);
	unlink(path);
	return unnamed_publish(&file, path);
}

static struct error *write_logs(struct vm *vm)
{
	char *console_path __free = str_printf("%s/console.log", vm->crash);
	char *log_path __free = str_printf("%s/dmesg.log", vm->crash);
	struct strbuf console __cleanup_strbuf = { 0 };

	if (!console_path || !log_path)
		return error_nomem();
	TRY(dir_make(vm->crash));
	/* Where everything is kept the emulator itself writes it. */
	if (!vm->keep || !str_equal(vm->keep, vm->crash)) {
		TRY(emulator_log(vm->emulator.console, &console));
		TRY(file_write(console_path, console.s, console.n, 0666));
	}
	return file_write(log_path, vm->channel.log.s, vm->channel.log.n, 0666);
}

struct error *vm_bury(struct vm *vm, struct error *e)
{
	struct error *bad __cleanup_error = NULL;

	if (!vm->crash)
		return e;
	bad = write_logs(vm);
	if (bad)
		return error_advise(e, "its logs were not kept: %s", error_message(bad));
	e = error_advise(e, "the whole console is in %s/console.log, the kernel's log in dmesg.log",
			 vm->crash);
	if (!vm->core)
		return e;
	bad = dump(vm);
	if (bad)
		return error_advise(e, "its memory was not kept: %s", error_message(bad));
	return error_advise(e, "its memory is in %s/core, for crash and gdb", vm->crash);
}
