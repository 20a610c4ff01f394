// SPDX-License-Identifier: GPL-2.0-or-later
/* What the compiler has put apart from a function (".cold"): whoever is there is in the function.
 */
#include <string.h>

#include "base/str.h"
#include "hotpatch/link_work.h"

#define COLD ".cold"

static bool is_piece_of(const struct symbol *s, const struct symbol *function)
{
	size_t n = strlen(function->name);
	const char *rest = s->name + n;

	return s->type == STT_FUNC && s->section && !strncmp(s->name, function->name, n) &&
	       str_starts(rest, COLD) && (!rest[strlen(COLD)] || rest[strlen(COLD)] == '.');
}

static struct error *add_piece(struct link *l, const struct binding *b, const struct symbol *s)
{
	const struct placement *p = &b->placements[s->index];
	struct hotpatch_piece piece = { .old = p->address, .size = s->size };

	if (p->how == BIND_NONE || !s->size)
		return error_advise(error_refused("%s has no place in the program: nobody could "
						  "tell who is in it",
						  s->name),
				    "where that does no harm: --on-stack with the function's name");
	vec_for_each(&l->o->pieces, other)
		if (other->old == piece.old)
			return NULL; /* of a function that two units emit */
	piece.name = arena_strdup(&l->o->arena, s->name);
	return piece.name ? vec_push(&l->o->pieces, piece) : error_nomem();
}

static int by_address(const void *a, const void *b)
{
	const struct hotpatch_piece *x = a, *y = b;

	return x->old < y->old ? -1 : x->old > y->old;
}

struct error *link_pieces(struct link *l)
{
	for (size_t u = 0; u < l->n; u++)
		vec_for_each(&l->units[u].extraction->replacements, r) {
			const struct binding *b = l->units[u].binding->before;

			if (link_may_be_on_stack(l, r->old->name))
				continue;
			vec_for_each(&b->object->symbols, s)
				if (is_piece_of(*s, r->old))
					TRY_CONTEXT(add_piece(l, b, *s), "%s", l->units[u].source);
		}
	vec_sort(&l->o->pieces, by_address);
	return NULL;
}
