// SPDX-License-Identifier: GPL-2.0-or-later
/* The table at the end. */
#include <stdio.h>

#include "tests/lab/lab.h"

static void print_functions(const struct fix *f)
{
	size_t shown = 0;

	vec_for_each(&f->functions, fn) {
		if (++shown > 4)
			break;
		printf("%s%s%s%s", shown > 1 ? ", " : "",
		       str_equal(fn->object, "vmlinux") ? "" : fn->object,
		       str_equal(fn->object, "vmlinux") ? "" : ":", fn->name);
	}
	if (f->functions.n > 4)
		printf(" and %zu more", f->functions.n - 4);
}

/* "exercised", or "exercised 1/3" where not all of the functions were called. */
static char *state(struct lab *lab, const struct fix *f)
{
	if (f->called && f->called < f->functions.n)
		return arena_printf(&lab->arena, "%s %zu/%zu", f->state, f->called, f->functions.n);
	return arena_printf(&lab->arena, "%s", f->state ? f->state : "-");
}

void lab_print_table(struct lab *lab)
{
	printf("#\n# %-18s %7s %7s %7s %7s  %-13s %7s %5s %7s %5s %6s  %s\n", "FIX", "BUILD", "OWN",
	       "SWITCH", "BEFORE", "STATE", "NEW", "OLD", "MISSED", "BACK", "RESULT", "FUNCTIONS");
	vec_for_each(&lab->fixes, f) {
		printf("# %-18s %5.2f s %5.2f s %5.2f s %7llu  %-13s %7llu %5llu %7llu %5s %6s  ",
		       f->name, f->build, f->own, f->transition, (unsigned long long)f->before,
		       state(lab, f), (unsigned long long)f->new_entry,
		       (unsigned long long)f->old_body, (unsigned long long)f->missed,
		       f->reverted ? "yes" : "-", f->result ? "FAILED" : "ok");
		print_functions(f);
		printf("\n");
	}
	printf("# BEFORE, NEW, OLD: calls of the old code before, of the new and the old code "
	       "while patched\n");
}
