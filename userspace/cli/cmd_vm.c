// SPDX-License-Identifier: GPL-2.0-or-later
/* suture vm: a command, or a shell, on a kernel of one's choice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/vm_request.h"

static const char help[] =
	"suture vm run KERNEL [OPTION]... -- COMMAND [ARGUMENT]...\n"
	"suture vm shell KERNEL [OPTION]... [-- COMMAND [ARGUMENT]...]\n"
	"\n"
	"Take a virtual machine with KERNEL, run COMMAND there, and power off. KERNEL is\n"
	"kernel:RELEASE (any that the archive has, also rt and cloud), tree:PATH, or a file: a\n"
	"bzImage, vmlinuz or vmlinux. It boots once; later ones go on from a snapshot of the\n"
	"booted guest. Nothing is installed.\n"
	"\n"
	"run: COMMAND's output goes to stdout as it comes; its exit status is the exit status of\n"
	"suture. One argument is a line for the guest's shell; several are passed as they are.\n"
	"Where there is no answer (the guest panicked or was lost), the exit status is 1, and\n"
	"stderr says which and where console and kernel log are.\n"
	"shell: COMMAND, or a shell, on a terminal. Ctrl-] gives up.\n"
	"\n"
	"  --file HOST=GUEST    put a file into the guest; a program brings its libraries\n"
	"  --share FOLDER=GUEST copy a folder of the host to one of the guest\n"
	"  --get GUEST=HOST     copy a file out after the command\n"
	"  --load MODULE        load a module, with what it depends on\n"
	"  --modules DIR        the kernel's modules (as /lib/modules/RELEASE); kernel: and tree:\n"
	"                       have their own\n"
	"  --timeout SECONDS    for the command (60)\n"
	"  --keep DIR           keep console.log and dmesg.log there\n"
	"  --core               if the guest panics or is lost, keep its memory, too: core, an\n"
	"                       ELF file for crash and gdb\n"
	"  --gdb[=PORT|PATH]    wait until gdb has connected to this port of localhost, or to this\n"
	"                       socket; without, a free port; stderr says how. The kernel is where\n"
	"                       it was linked to (nokaslr), and nothing times out\n"
	"  --append WORDS       more kernel command line\n"
	"  --fresh              boot now, without a snapshot\n"
	"  --cpus N             processors (1)\n"
	"  --memory MIB         memory (512)\n";

/* Several words are quoted, so that the guest's shell passes them as they are. */
static struct error *command_line(const struct vm_request *r, struct strbuf *out)
{
	if (r->words == 1)
		return strbuf_puts(out, r->command[0]);
	for (int i = 0; i < r->words; i++) {
		TRY(strbuf_puts(out, i ? " '" : "'"));
		for (const char *p = r->command[i]; *p; p++)
			TRY(*p == '\'' ? strbuf_puts(out, "'\\''") : strbuf_add(out, p, 1));
		TRY(strbuf_puts(out, "'"));
	}
	return NULL;
}

/* "A=B": A, allocated, and B. */
static struct error *split(const char *words, char **a, const char **b)
{
	const char *equals = strrchr(words, '=');

	*a = strndup(words, (size_t)(equals - words));
	*b = equals + 1;
	return *a ? NULL : error_nomem();
}

static struct error *put_folders(struct vm *vm, const struct vm_request *r)
{
	for (size_t i = 0; i < r->shares.n; i++) {
		char *from __free = NULL;
		const char *to;

		TRY(split(r->shares.v[i], &from, &to));
		TRY(vm_share(vm, from, to));
	}
	return NULL;
}

static struct error *get_files(struct vm *vm, const struct vm_request *r)
{
	for (size_t i = 0; i < r->get.n; i++) {
		char *from __free = NULL;
		const char *to;

		TRY(split(r->get.v[i], &from, &to));
		TRY(vm_get(vm, from, to));
	}
	return NULL;
}

static struct error *show(void *arg, const void *bytes, size_t n)
{
	(void)arg;
	if (fwrite(bytes, 1, n, stdout) != n || fflush(stdout))
		return error_failed("writing the output failed");
	return NULL;
}

static struct error *use(const struct vm_request *r, int *status)
{
	struct strbuf line __cleanup_strbuf = { 0 };
	struct vm *vm __cleanup_vm = NULL;

	TRY(command_line(r, &line));
	TRY(vm_boot(&r->vm, &vm));
	TRY(put_folders(vm, r));
	progress_done();
	if (r->shell)
		TRY(vm_shell(vm, line.n ? line.s : NULL, status));
	else
		TRY(vm_run_to(vm, line.s, r->timeout, show, NULL, status));
	return get_files(vm, r);
}

static struct error *run(int argc, char **argv)
{
	struct vm_request r __cleanup(vm_request_free) = { 0 };
	int status = 0;

	TRY(vm_request_parse(argc, argv, &r));
	progress_step("boot %s", r.vm.kernel);
	TRY(vm_request_kernel(&r));
	TRY(vm_request_crash(&r));
	TRY(use(&r, &status));
	if (!status)
		return NULL;
	return error_new((enum error_kind)status, "the guest's command ended with status %d",
			 status);
}

const struct verb verb_vm = { "vm", "run a command, or a shell, on a kernel of your choice", help,
			      run, vm_options };
