// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Real stable fixes, from the archive to a proof in a running kernel. For each row of
 * tests/vm/fixes.list: derive the diff, `suture build` it, and in one VM with the target's own
 * stock kernel: count the old code running, load, wait for the transition, prove that the new
 * code runs, take it back, see the old code run again. A table at the end, and TAP.
 *
 *	stable-fixes [NAME]...
 *
 * timeout: 1500 s
 */
#include <stdio.h>
#include <string.h>

#include "tests/lab/lab.h"

#define ENOUGH 12 /* fixes that must go all the way */

static void keep(struct lab *lab, struct fix *f, struct error *e)
{
	if (!e)
		return;
	f->result = arena_strdup(&lab->arena, error_message(e));
	error_free(&e);
}

static bool print_verdicts(const struct lab *lab, bool all)
{
	size_t n = 0, live = 0, in_module = 0, many_files = 0, bad = 0;

	printf("1..%zu\n", lab->fixes.n + (all ? 1 : 0));
	vec_for_each(&lab->fixes, f) {
		bool well = f->done && !f->result;

		printf("%sok %zu - %s\n", well ? "" : "not ", ++n, f->name);
		bad += !well;
		if (f->result)
			for (const char *p = f->result; *p; p += strcspn(p, "\n"), p += *p == '\n')
				printf("#   %.*s\n", (int)strcspn(p, "\n"), p);
		if (!well || f->expect > AT_LOAD)
			continue;
		live++;
		many_files += strchr(f->files, ' ') != NULL;
		vec_for_each(&f->functions, fn)
			if (!str_equal(fn->object, "vmlinux")) {
				in_module++;
				break;
			}
	}
	if (!all)
		return !bad;
	bad += live < ENOUGH || !in_module || !many_files;
	printf("%sok %zu - %zu fixes went all the way (at least %d), %zu in modules, %zu in several "
	       "files\n",
	       live < ENOUGH || !in_module || !many_files ? "not " : "", ++n, live, ENOUGH,
	       in_module, many_files);
	return !bad;
}

int main(int argc, char **argv)
{
	struct lab lab __cleanup(lab_close) = { 0 };
	struct error *e __cleanup_error = lab_open(&lab, "tests/vm/fixes.list");

	if (!e && argc > 1)
		lab_choose(&lab, argv + 1);
	if (!e)
		e = lab_prepare(&lab);
	if (e) {
		printf("Bail out! %s\n", error_message(e));
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	vec_for_each(&lab.fixes, f) {
		keep(&lab, f, lab_build(&lab, f));
		printf("# %s: %s after %.1f s\n", f->name,
		       f->result   ? "failed"
		       : f->module ? "built"
				   : f->state,
		       f->build);
	}
	vec_for_each(&lab.fixes, f) {
		if (!f->module || f->result)
			continue;
		keep(&lab, f, lab_cycle(&lab, f));
		printf("# %s: %s\n", f->name, f->result ? "failed" : f->state);
	}
	lab_print_table(&lab);
	return print_verdicts(&lab, argc == 1) ? 0 : 1;
}
