// SPDX-License-Identifier: GPL-2.0-or-later
/* suture vm: run a command on a kernel of one's choice. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/str.h"
#include "base/vec.h"
#include "cli/cli.h"
#include "qemu/vm.h"
#include "source/target.h"

static const char help[] =
	"suture vm run KERNEL [OPTION]... -- COMMAND [ARGUMENT]...\n"
	"\n"
	"Boot KERNEL (a target, kernel:RELEASE or tree:PATH, or a vmlinuz) in a virtual machine,\n"
	"run COMMAND there, and power off. COMMAND's output goes to stdout; its exit status is\n"
	"the exit status of suture. One argument is a line for the guest's shell; several are\n"
	"passed as they are.\n"
	"Where there is no answer (the guest panicked or was lost), the exit status is 1 and\n"
	"stderr says which.\n"
	"\n"
	"  --file HOST=GUEST    put a file into the guest; a program brings its libraries\n"
	"  --get GUEST=HOST     copy a file out after the command\n"
	"  --modules DIR        the kernel's modules (as /lib/modules/RELEASE); a target has its own\n"
	"  --load MODULE        load a module at boot, with what it depends on\n"
	"  --keep DIR           keep console.log and dmesg.log there\n"
	"  --timeout SECONDS    for the command (60)\n"
	"  --append WORDS       more kernel command line\n"
	"  --cpus N, --memory MIB\n";

struct request {
	struct vm_options vm;
	VEC(const char *) files, get, load;
	double timeout;
	char **command;
	int words;
};

static void request_free(struct request *r)
{
	vec_free(&r->files);
	vec_free(&r->get);
	vec_free(&r->load);
}

static struct error *number(const char *option, const char *words, unsigned int *out)
{
	uint64_t v;

	TRY_CONTEXT(str_u64(words, &v), "--%s", option);
	if (!v || v > 1u << 20)
		return error_usage("--%s: %s is out of range", option, words);
	*out = (unsigned int)v;
	return NULL;
}

static struct error *option(struct request *r, int c)
{
	unsigned int n;

	switch (c) {
	case 'f':
		return vec_push(&r->files, optarg);
	case 'g':
		if (!strchr(optarg, '='))
			return error_usage("--get is written GUEST=HOST");
		return vec_push(&r->get, optarg);
	case 'l':
		return vec_push(&r->load, optarg);
	case 'm':
		r->vm.modules = optarg;
		return NULL;
	case 'k':
		r->vm.keep = optarg;
		return NULL;
	case 'a':
		r->vm.append = optarg;
		return NULL;
	case 'c':
		return number("cpus", optarg, &r->vm.cpus);
	case 'M':
		return number("memory", optarg, &r->vm.memory);
	case 't':
		TRY(number("timeout", optarg, &n));
		r->timeout = n;
		return NULL;
	default:
		return error_advise(error_usage("that is not how 'suture vm' is used"),
				    "suture vm --help explains it");
	}
}

static struct error *parse(int argc, char **argv, struct request *r)
{
	static const struct option options[] = {
		{ "file", required_argument, NULL, 'f' },
		{ "get", required_argument, NULL, 'g' },
		{ "load", required_argument, NULL, 'l' },
		{ "modules", required_argument, NULL, 'm' },
		{ "keep", required_argument, NULL, 'k' },
		{ "append", required_argument, NULL, 'a' },
		{ "cpus", required_argument, NULL, 'c' },
		{ "memory", required_argument, NULL, 'M' },
		{ "timeout", required_argument, NULL, 't' },
		{ 0 },
	};
	int c;

	if (argc < 3 || !str_equal(argv[1], "run") || argv[2][0] == '-')
		return option(r, 0);
	r->vm.kernel = argv[2];
	argc -= 2;
	argv += 2;
	optind = 1;
	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1)
		TRY(option(r, c));
	r->command = argv + optind;
	r->words = argc - optind;
	if (r->words < 1)
		return error_usage("no command for the guest");
	TRY(vec_push(&r->files, NULL));
	TRY(vec_push(&r->load, NULL));
	r->vm.files = r->files.v;
	r->vm.load = r->load.v;
	return NULL;
}

/* Several words are quoted, so that the guest's shell passes them as they are. */
static struct error *command_line(const struct request *r, struct strbuf *out)
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

static struct error *get_files(struct vm *vm, const struct request *r)
{
	for (size_t i = 0; i < r->get.n; i++) {
		const char *to = strrchr(r->get.v[i], '=');
		char *from __free = strndup(r->get.v[i], (size_t)(to - r->get.v[i]));

		if (!from)
			return error_nomem();
		TRY(vm_get(vm, from, to + 1));
	}
	return NULL;
}

static struct error *choose_kernel(const struct request *r, struct vm_options *opt,
				   struct target **target)
{
	*opt = r->vm;
	if (!str_starts(opt->kernel, "kernel:") && !str_starts(opt->kernel, "tree:"))
		return NULL;
	TRY(target_open(opt->kernel, target));
	if (!file_exists((*target)->vmlinuz))
		return error_advise(error_failed("%s has no built kernel", opt->kernel),
				    "build it, then suture build takes it over");
	opt->kernel = (*target)->vmlinuz;
	if (!opt->modules)
		opt->modules = (*target)->modules;
	return NULL;
}

static struct error *run_command(const struct request *r, int *status)
{
	struct target *target __cleanup_target = NULL;
	struct vm *vm __cleanup_vm = NULL;
	struct vm_options opt;
	struct strbuf line __cleanup_strbuf = { 0 }, out __cleanup_strbuf = { 0 };
	struct error *e;

	TRY(command_line(r, &line));
	TRY(choose_kernel(r, &opt, &target));
	progress_step("boot %s", r->vm.kernel);
	TRY(vm_boot(&opt, &vm));
	progress_done();
	e = vm_run(vm, line.s, r->timeout, &out, status);
	if (out.n)
		fwrite(out.s, 1, out.n, stdout);
	return e ? e : get_files(vm, r);
}

static struct error *run(int argc, char **argv)
{
	struct request r __cleanup(request_free) = { 0 };
	int status = 0;

	TRY(parse(argc, argv, &r));
	TRY(run_command(&r, &status));
	if (fflush(stdout))
		return error_failed("writing the output failed");
	if (!status)
		return NULL;
	return error_new((enum error_kind)status, "the guest's command ended with status %d",
			 status);
}

const struct verb verb_vm = { "vm", "run a command on a kernel of your choice", help, run };
