// SPDX-License-Identifier: GPL-2.0-or-later
/* suture test: from a fix to a verdict on many kernels. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/progress.h"
#include "cli/cli.h"
#include "report/test_report.h"
#include "trial/event.h"
#include "trial/trial.h"

static const char help[] =
	"suture test BUNDLE|FIX.patch|FOLDER [--kernel KERNEL]... [OPTION]...\n"
	"\n"
	"Take a fix through its whole life on each KERNEL, in virtual machines: build it, see the\n"
	"fault, load, prove, see that the fault is gone, take it back; then again and again under\n"
	"load, with CPUs and modules that go and come. Results are KTAP on stdout, a table on\n"
	"stderr. The kernels must be prepared (suture target add).\n"
	"\n"
	"The reproducer is a script or a program, or C that is compiled here: it exits with 1 where\n"
	"the fault is, with 0 where it is not. A FOLDER brings its own.\n"
	"\n"
	"  -k, --kernel KERNEL  kernel:RELEASE or tree:PATH; may be given again (those of the bundle)\n"
	"      --matrix FILE    a kernel a line, with options: see suture-test(1)\n"
	"      --repro FILE     the reproducer\n"
	"      --smp N          CPUs of each guest (2)\n"
	"      --memory MIB     of each guest (512)\n"
	"      --append WORDS   more of the kernel's command line\n"
	"      --repeat N       rounds of loading, replacing and hotplug (3); 0 leaves them out\n"
	"      --only SCENE     life, leak, cycles, replace, hotplug or module; may be given again\n"
	"  -j, --jobs N         kernels at a time (2)\n"
	"      --keep DIR       keep console and kernel log of each guest there\n"
	"      --json           events instead of KTAP on stdout, one a line (suture-test/1)\n"
	"      --ktap FILE      KTAP into a file, too\n"
	"      --junit FILE     JUnit XML into a file, too\n"
	"\n"
	"Exit status: 0 healthy on each kernel that there is a patch for; 5 failed on one; 6 shown on\n"
	"one that nothing can be said; 4 refused on all; 3 changes no code on all; 1 anything else.\n";

struct request {
	struct trial_options trial;
	struct trial_kernel usual;
	VEC(const char *) names;
	struct trial_kernels kernels;
	const char *matrix, *ktap_file, *junit_file;
	bool json;
	struct arena arena;
	/* What is shown. */
	size_t shown; /* kernels in KTAP */
	struct strbuf ktap;
	double started;
};

static void request_free(struct request *r)
{
	vec_free(&r->names);
	vec_free(&r->kernels.v);
	strbuf_free(&r->ktap);
	arena_free(&r->arena);
}

/* --- the command line ----------------------------------------------------------------- */

static struct error *number(const char *option, const char *text, uint64_t least, uint64_t most,
			    unsigned int *out)
{
	uint64_t v;

	TRY_CONTEXT(error_with_kind(str_u64(text, &v), ERROR_USAGE), "--%s", option);
	if (v < least || v > most)
		return error_usage("--%s: %s is out of range", option, text);
	*out = (unsigned int)v;
	return NULL;
}

static struct error *add_scene(struct request *r, const char *name)
{
	enum scene scene;

	if (!scene_find(name, &scene) || scene == SCENE_NONE)
		return error_usage("--only %s: life, leak, cycles, replace, hotplug or module",
				   name);
	r->trial.only |= 1u << scene;
	return NULL;
}

static struct error *option(struct request *r, int c)
{
	switch (c) {
	case 'k':
		return vec_push(&r->names, optarg);
	case 'm':
		r->matrix = optarg;
		return NULL;
	case 'r':
		r->trial.reproducer = optarg;
		return NULL;
	case 's':
		return number("smp", optarg, 1, 64, &r->usual.cpus);
	case 'M':
		return number("memory", optarg, 128, 1 << 20, &r->usual.memory);
	case 'a':
		r->usual.append = optarg;
		return NULL;
	case 'R':
		return number("repeat", optarg, 0, 1000000, &r->usual.repeat);
	case 'o':
		return add_scene(r, optarg);
	case 'j':
		return number("jobs", optarg, 1, 256, &r->trial.jobs);
	case 'K':
		r->trial.keep = optarg;
		return NULL;
	case 'J':
		r->json = true;
		return NULL;
	case 't':
		r->ktap_file = optarg;
		return NULL;
	case 'u':
		r->junit_file = optarg;
		return NULL;
	default:
		return error_advise(error_usage("that is not how 'suture test' is used"),
				    "suture test --help explains it");
	}
}

static const struct option options[] = {
	{ "kernel", required_argument, NULL, 'k' }, { "matrix", required_argument, NULL, 'm' },
	{ "repro", required_argument, NULL, 'r' },  { "smp", required_argument, NULL, 's' },
	{ "memory", required_argument, NULL, 'M' }, { "append", required_argument, NULL, 'a' },
	{ "repeat", required_argument, NULL, 'R' }, { "only", required_argument, NULL, 'o' },
	{ "jobs", required_argument, NULL, 'j' },   { "keep", required_argument, NULL, 'K' },
	{ "json", no_argument, NULL, 'J' },	    { "ktap", required_argument, NULL, 't' },
	{ "junit", required_argument, NULL, 'u' },  { 0 },
};

static struct error *parse(int argc, char **argv, struct request *r, const char **path)
{
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "k:j:", options, NULL)) != -1)
		TRY(option(r, c));
	if (argc - optind != 1)
		return error_advise(error_usage("one bundle, diff or folder is needed"),
				    "suture test FIX.patch --kernel kernel:RELEASE");
	*path = argv[optind];
	return NULL;
}

/* Those that are named; without any, those of the fix itself. */
static struct error *choose_kernels(struct request *r)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	vec_for_each(&r->names, name) {
		struct trial_kernel k = r->usual;

		k.name = *name;
		if (matrix_has(&r->kernels, k.name))
			return error_usage("%s is there twice", k.name);
		TRY(vec_push(&r->kernels.v, k));
	}
	if (r->matrix) {
		TRY(file_read(r->matrix, &text));
		TRY(matrix_parse(r->matrix, strbuf_str(&text), &r->usual, &r->arena, &r->kernels));
	}
	if (!r->kernels.v.n)
		TRY(subject_kernels(r->trial.subject, &r->usual, &r->arena, &r->kernels));
	if (!r->kernels.v.n)
		return error_advise(
			error_usage("on which kernel?"),
			"--kernel kernel:RELEASE; suture target list shows those that are "
			"prepared");
	return NULL;
}

/* --- what is shown ------------------------------------------------------------------- */

static struct error *print(const struct strbuf *text)
{
	fputs(strbuf_str(text), stdout);
	return fflush(stdout) ? error_errno(errno, "writing the output") : NULL;
}

static struct error *print_json(const struct trial *t, const struct phase_result *result)
{
	struct strbuf line __cleanup_strbuf = { 0 };

	TRY(result ? event_write(t->kernel->name, result, &line) : report_json_verdict(t, &line));
	return print(&line);
}

/* KTAP of the kernels that are done, in their order: one may be done before those before it. */
static struct error *show_ktap(struct request *r, const struct trial *all, size_t n)
{
	while (r->shown < n && all[r->shown].done) {
		struct strbuf text __cleanup_strbuf = { 0 };

		TRY(report_ktap_kernel(&all[r->shown], r->shown + 1, &text));
		r->shown++;
		TRY(strbuf_puts(&r->ktap, text.s));
		if (!r->json)
			TRY(print(&text));
	}
	return NULL;
}

static struct error *heard(void *arg, const struct trial *all, const struct trial *t,
			   const struct phase_result *result)
{
	struct request *r = arg;

	if (!t) {
		progress_tick();
		return NULL;
	}
	if (r->json)
		TRY(print_json(t, result));
	if (result)
		progress_note("%s: %s", t->kernel->name, phase_row(result->phase)->name);
	return result ? NULL : show_ktap(r, all, r->kernels.v.n);
}

static struct error *begin(struct request *r)
{
	struct strbuf line __cleanup_strbuf = { 0 };

	TRY(report_ktap_begin(r->kernels.v.n, &r->ktap));
	if (!r->json)
		return print(&r->ktap);
	TRY(report_json_begin(&r->trial, &line));
	return print(&line);
}

static struct error *write_files(const struct request *r, const struct trial *t, size_t n)
{
	struct strbuf xml __cleanup_strbuf = { 0 };

	if (r->ktap_file)
		TRY(file_write(r->ktap_file, r->ktap.s, r->ktap.n, 0666));
	if (!r->junit_file)
		return NULL;
	TRY(report_junit(t, n, r->trial.subject->name, &xml));
	return file_write(r->junit_file, xml.s, xml.n, 0666);
}

/* The table, files, and the exit status as an error. */
static struct error *end(struct request *r, const struct trial *t)
{
	size_t n = r->kernels.v.n, healthy = 0;
	struct strbuf table __cleanup_strbuf = { 0 }, line __cleanup_strbuf = { 0 };
	int code = report_exit_code(t, n);

	for (size_t i = 0; i < n; i++)
		healthy += t[i].verdict.kind == VERDICT_HEALTHY;
	TRY(write_files(r, t, n));
	if (r->json) {
		TRY(report_json_end(t, n, clock_seconds() - r->started, &line));
		TRY(print(&line));
	}
	TRY(report_table(&r->trial, t, n, &table));
	fprintf(stderr, "\n%s\n", strbuf_str(&table));
	return code ? error_new((enum error_kind)code, "%s is healthy on %zu of %zu kernels",
				r->trial.subject->name, healthy, n)
		    : NULL;
}

static struct error *run(int argc, char **argv)
{
	struct request r __cleanup(request_free) = { .usual = { .cpus = 2, .repeat = 3 },
						     .trial = { .jobs = 2 },
						     .started = clock_seconds() };
	struct subject *subject __cleanup_subject = NULL;
	char *self __free = realpath("/proc/self/exe", NULL);
	struct trial *t = NULL;
	const char *path = NULL;
	struct error *e;

	TRY(parse(argc, argv, &r, &path));
	if (!self)
		return error_errno(errno, "/proc/self/exe");
	TRY(subject_open(path, r.trial.reproducer, &subject));
	r.trial.subject = subject;
	r.trial.kernels = &r.kernels;
	r.trial.suture = self;
	TRY(choose_kernels(&r));
	TRY(begin(&r));
	progress_step("test %s on %zu kernels", subject->name, r.kernels.v.n);
	e = trial_run(&r.trial, heard, &r, &t);
	progress_done();
	if (!e)
		e = end(&r, t);
	trial_free(&t, r.kernels.v.n);
	return e;
}

const struct verb verb_test = { "test", "take a fix to a verdict on many kernels, in VMs", help,
				run, options };
