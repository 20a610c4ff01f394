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

void lab_print_table(const struct lab *lab)
{
	printf("#\n# %-18s %7s %7s %7s  %-10s %7s %5s %7s %5s %6s  %s\n", "FIX", "BUILD", "OWN",
	       "SWITCH", "STATE", "NEW", "OLD", "MISSED", "BACK", "RESULT", "FUNCTIONS");
	vec_for_each(&lab->fixes, f) {
		printf("# %-18s %5.2f s %5.2f s %5.2f s  %-10s %7llu %5llu %7llu %5s %6s  ",
		       f->name, f->build, f->own, f->transition, f->state ? f->state : "-",
		       (unsigned long long)f->new_entry, (unsigned long long)f->old_body,
		       (unsigned long long)f->missed, f->reverted ? "yes" : "-",
		       f->result ? "FAILED" : "ok");
		print_functions(f);
		printf("\n");
	}
}
