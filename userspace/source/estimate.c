// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/estimate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

#define FILE_NAME "objects/compile-cost"
/* Before anything is known: net/ipv4/arp.c of 6.1 on a CPU of 2023. */
#define FIRST_GUESS 1.5
#define MEMORY 200

static char *path_of(const struct target *t)
{
	return str_printf("%s/" FILE_NAME, t->dir);
}

struct compile_cost compile_cost_load(const struct target *t)
{
	struct compile_cost cost = { FIRST_GUESS, 0 }, read = { 0 };
	struct strbuf text __cleanup_strbuf = { 0 };
	struct error *e __cleanup_error = NULL;
	char *path __free = path_of(t);

	if (!path || !file_exists(path))
		return cost;
	e = file_read(path, &text);
	if (!e && sscanf(strbuf_str(&text), "%lf %lf", &read.each, &read.n) == 2 && read.each > 0 &&
	    read.each < 1000 && read.n >= 1 && read.n <= MEMORY)
		cost = read;
	return cost;
}

struct compile_cost compile_cost_learn(struct compile_cost old, size_t n, double seconds,
				       unsigned int jobs)
{
	struct compile_cost out = old;
	double busy = n < jobs ? (double)n : (double)jobs;

	if (!n || seconds <= 0 || busy <= 0)
		return old;
	out.n = old.n + (double)n;
	out.each = (old.each * old.n + seconds * busy) / out.n;
	if (out.n > MEMORY)
		out.n = MEMORY;
	return out;
}

static struct error *keep(const struct target *t, struct compile_cost cost)
{
	char *path __free = path_of(t), *text __free = str_printf("%.4f %.0f\n", cost.each, cost.n);
	char *folder __free = str_printf("%s/objects", t->dir);

	if (!path || !text || !folder)
		return error_nomem();
	TRY(dir_make(folder));
	return file_write(path, text, strlen(text), 0644);
}

void compile_cost_add(const struct target *t, size_t n, double seconds, unsigned int jobs)
{
	struct compile_cost old = compile_cost_load(t);
	struct error *e __cleanup_error = NULL;

	if (n)
		e = keep(t, compile_cost_learn(old, n, seconds, jobs));
	if (e)
		log_verbose("not kept: %s", error_message(e));
}

double compile_estimate(struct compile_cost cost, size_t n, unsigned int jobs)
{
	size_t rounds = jobs ? (n + jobs - 1) / jobs : n;

	return cost.each * (double)rounds;
}

struct text32 compile_estimate_text(double seconds)
{
	struct text32 t;

	if (seconds < 60)
		snprintf(t.s, sizeof(t.s), "about %.0f s", seconds < 1 ? 1 : ceil(seconds));
	else if (seconds < 5400)
		snprintf(t.s, sizeof(t.s), "about %.0f min", ceil(seconds / 60));
	else
		snprintf(t.s, sizeof(t.s), "about %.1f h", seconds / 3600);
	return t;
}
