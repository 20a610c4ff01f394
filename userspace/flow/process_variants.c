// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/process_variants.h"

#include <string.h>

static bool is_same_source(const struct process_build *b, size_t x, size_t y)
{
	return str_equal(b->workspace->units.v[x].entry->file,
			 b->workspace->units.v[y].entry->file);
}

static bool is_better(const struct process_binding *a, const struct process_binding *than)
{
	size_t found_a, of_a, found, of;

	process_binding_found(a, &found_a, &of_a);
	process_binding_found(than, &found, &of);
	return found_a != found ? found_a > found : of_a < of;
}

static void drop(struct process_file *f, size_t at)
{
	process_binding_free(&f->bindings[f->units[at]]);
	memmove(&f->units[at], &f->units[at + 1], (f->n_units - at - 1) * sizeof(*f->units));
	f->n_units--;
}

/* The position of a unit that another one displaces; n_units: there is none. */
static size_t displaced(const struct process_build *b, const struct process_file *f)
{
	for (size_t i = 0; i < f->n_units; i++) {
		for (size_t k = i + 1; k < f->n_units; k++) {
			const struct process_binding *x = &f->bindings[f->units[i]];
			const struct process_binding *y = &f->bindings[f->units[k]];

			if (is_same_source(b, f->units[i], f->units[k]) &&
			    process_binding_shares(x, y))
				return is_better(y, x) ? i : k;
		}
	}
	return f->n_units;
}

void process_variants_settle(const struct process_build *b, struct process_file *f)
{
	for (size_t at; (at = displaced(b, f)) < f->n_units;)
		drop(f, at);
}

bool process_variants_has_other(const struct process_build *b, size_t unit)
{
	for (size_t u = 0; u < b->base.n; u++)
		if (u != unit && is_same_source(b, u, unit))
			for (size_t i = 0; i < b->n_files; i++)
				if (b->files[i].bindings[u].before)
					return true;
	return false;
}
