// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long the delta takes, by the number of functions: objects made of so many functions,
 * one of which changed. Each has a static variable, a message, and calls two others. Reading
 * both objects is part of the time; the best of several rounds is told, in CPU time. Memory is
 * the most that the program ever had, less what it had before, over the size of both objects.
 *
 *	delta [-g] [N...]
 *	delta -k TARGET DIFF
 *
 * -g: with debug information, as kernel objects have. -k: the kernel's own object, that a diff of
 * one function changes.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/subprocess.h"
#include "delta/delta.h"
#include "source/compile.h"

#define ROUNDS 15
#define LIMIT_MS 30.0 /* at 4,000 functions */
/* Of the kernel's largest object. */
#define KERNEL_MS 150.0
#define KERNEL_MEMORY 4.0

static bool debug;

/* CPU time: the engine is one thread that waits for nothing, other programs don't count. */
static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(struct error *e)
{
	if (!e)
		return;
	fprintf(stderr, "delta: %s\n", error_message(e));
	exit(error_kind(e));
}

/* The changed function is in the middle, so that all behind it moves. */
static struct error *write_source(const char *path, unsigned int n, bool changed)
{
	struct strbuf s __cleanup_strbuf = { 0 };

	TRY(strbuf_puts(&s, "int say(const char *, int);\n"));
	for (unsigned int i = 0; i < n; i++)
		TRY(strbuf_printf(&s, "int f%u(int);\n", i));
	for (unsigned int i = 0; i < n; i++)
		TRY(strbuf_printf(&s,
				  "int f%u(int x)\n{\n\tstatic int seen;\n\tseen += x;\n"
				  "\tif (x & 1)\n\t\treturn say(\"message %u\", seen);\n"
				  "%s\treturn f%u(x * %u) + f%u(seen);\n}\n",
				  i, i % 1000, changed && i == n / 2 ? "\tx += 3;\n" : "",
				  (i + 1) % n, i % 13 + 2, (i * 7 + 3) % n));
	return file_write(path, s.s, s.n, 0644);
}

static struct error *compile(const char *source, const char *object)
{
	struct strbuf log __cleanup_strbuf = { 0 };
	struct subprocess p = {
		.argv = subprocess_words(
			"gcc", "-O1", debug ? "-g" : "-g0", "-c", "-fno-pie", "-mcmodel=kernel",
			"-ffunction-sections", "-fdata-sections", "-fno-asynchronous-unwind-tables",
			"-pg", "-mfentry", "-mrecord-mcount", "-o", object, source),
		.out = &log,
		.err = &log,
	};

	return subprocess_check(&p);
}

static double peak_bytes(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_maxrss * 1024;
}

struct times {
	double read, delta, objects; /* ms, ms, bytes */
};

static struct error *once(const char *before, const char *after, struct times *t)
{
	struct object *a __cleanup_object = NULL, *b __cleanup_object = NULL;
	struct delta *d __cleanup_delta = NULL;
	double start = cpu_seconds(), middle;

	TRY(object_read(before, &a));
	TRY(object_read(after, &b));
	middle = cpu_seconds();
	TRY(delta_compute(a, b, &d));
	t->delta = (cpu_seconds() - middle) * 1e3;
	t->read = (middle - start) * 1e3;
	t->objects = (double)(a->content.n + b->content.n);
	TRY(delta_refusal(d));
	for (size_t i = 0, changed = 0; i <= d->items.n; i++) {
		if (i == d->items.n && changed != 1)
			return error_failed("%zu functions changed, not one", changed);
		changed += i < d->items.n && d->items.v[i]->kind == DELTA_CHANGED_FUNCTION;
	}
	return NULL;
}

static struct error *measure_files(const char *before, const char *after, struct times *best)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct times t;

		TRY(once(before, after, &t));
		if (!i || t.read + t.delta < best->read + best->delta)
			*best = t;
	}
	return NULL;
}

static struct error *measure(const char *folder, unsigned int n, struct times *best)
{
	char *source __free = str_printf("%s/source.c", folder);
	char *before __free = str_printf("%s/before.o", folder);
	char *after __free = str_printf("%s/after.o", folder);

	if (!source || !before || !after)
		return error_nomem();
	TRY(write_source(source, n, false));
	TRY(compile(source, before));
	TRY(write_source(source, n, true));
	TRY(compile(source, after));
	return measure_files(before, after, best);
}

/* In a child, whose memory is that of the comparison alone. */
static int compare_pair(const char *before, const char *after, const char *name)
{
	double idle = peak_bytes(), memory;
	struct times t = { 0 };

	die(once(before, after, &t));
	memory = (peak_bytes() - idle) / t.objects;
	die(measure_files(before, after, &t));
	printf("%s, both %.2f MB: read %.2f ms, delta %.2f ms, total %.2f ms (under %.0f), "
	       "memory %.1f times the objects (under %.0f)\n",
	       name, t.objects / 1e6, t.read, t.delta, t.read + t.delta, KERNEL_MS, memory,
	       KERNEL_MEMORY);
	fflush(stdout);
	return t.read + t.delta > KERNEL_MS || memory > KERNEL_MEMORY;
}

static struct error *measure_kernel(const char *name, const char *diff, bool *slow)
{
	struct workspace *w __cleanup_workspace = NULL;
	struct target *t = NULL;
	struct error *e = target_open(name, &t);
	int status = 0;
	pid_t pid;

	if (!e)
		e = workspace_build(t, diff, 0, NULL, &w);
	if (!e && !w->units.n)
		e = error_failed("%s touches no object", diff);
	target_free(&t);
	if (e)
		return e;
	pid = fork();
	if (!pid) {
		const struct unit *u = &w->units.v[0];

		_exit(compare_pair(u->before, u->after, u->source));
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return error_errno(errno, "a child");
	*slow = status != 0;
	return NULL;
}

int main(int argc, char **argv)
{
	static const char *const usual[] = { "250", "1000", "4000", "16000" };
	struct tmpdir dir __cleanup_tmpdir = { 0 };
	const char *const *sizes = usual;
	size_t n_sizes = ARRAY_SIZE(usual);
	double idle = peak_bytes();
	bool slow = false;

	if (argc == 4 && str_equal(argv[1], "-k")) {
		die(measure_kernel(argv[2], argv[3], &slow));
		return slow;
	}
	if (argc > 1 && str_equal(argv[1], "-g")) {
		debug = true;
		argc--;
		argv++;
	}
	if (argc > 1) {
		sizes = (const char *const *)argv + 1;
		n_sizes = (size_t)argc - 1;
	}
	die(tmpdir_make(NULL, &dir));
	printf("delta of two objects%s, one function changed, best of %d\n",
	       debug ? " with debug information" : "", ROUNDS);
	printf("%10s %10s %10s %10s %16s %18s\n", "functions", "read ms", "delta ms", "total ms",
	       "ms per 1,000", "memory / objects");
	for (size_t i = 0; i < n_sizes; i++) {
		struct times t = { 0 };
		uint64_t n;

		die(str_u64(sizes[i], &n));
		die(measure(dir.path, (unsigned int)n, &t));
		printf("%10lu %10.2f %10.2f %10.2f %16.2f %18.1f\n", n, t.read, t.delta,
		       t.read + t.delta, (t.read + t.delta) * 1000 / (double)n,
		       (peak_bytes() - idle) / t.objects);
		slow = slow || (n == 4000 && !debug && t.read + t.delta > LIMIT_MS);
	}
	if (slow)
		fprintf(stderr, "delta: over %.0f ms at 4,000 functions\n", LIMIT_MS);
	return slow;
}
