// SPDX-License-Identifier: GPL-2.0-or-later
/* Finding a function by its name, as far as names can be trusted to be the same. */
#include <ctype.h>
#include <string.h>

#include "bind/work.h"

/* What gcc appends to the name of a clone, before its number. */
static const char *const clones[] = { ".isra", ".constprop", ".part", ".cold", ".localalias" };

size_t clone_stem(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(clones); i++) {
		const char *at = strstr(name, clones[i]);
		size_t length = strlen(clones[i]);

		if (at && at > name && (!at[length] || at[length] == '.') &&
		    (size_t)(at - name) < n)
			n = at - name;
	}
	return n;
}

static struct error *add_candidate(const struct work *w, struct code *c, uint64_t address)
{
	const struct image_segment *s = image_segment_at(w->image, address);

	if (!s || !s->executable)
		return NULL;
	vec_for_each(&c->candidates, a) {
		if (*a == address)
			return NULL;
	}
	return vec_push(&c->candidates, address);
}

/* The same clone with another number: "f.isra.0" may be "f.isra.1" elsewhere. */
static bool same_but_numbers(const char *a, const char *b)
{
	char last = '\0';

	for (;; last = *a, a++, b++) {
		if (last == '.' && isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
			a += strspn(a, "0123456789");
			b += strspn(b, "0123456789");
		}
		if (*a != *b)
			return false;
		if (!*a)
			return true;
	}
}

struct error *named_candidates(const struct work *w, struct code *c)
{
	const char *name = c->main->name;
	size_t stem = clone_stem(name), first, n;

	n = image_symbols_named(w->image, name, &first);
	for (size_t i = first; i < first + n; i++)
		TRY(add_candidate(w, c,
				  w->image->symbols.v[w->image->name_order.v[i]].address -
					  c->main->value));
	if (n || !name[stem])
		return NULL;
	/* The names that begin alike stand together from here on. */
	for (size_t i = first; i > 0; i--) {
		const struct image_symbol *s = &w->image->symbols.v[w->image->name_order.v[i - 1]];

		if (strncmp(s->name, name, stem))
			break;
		if (same_but_numbers(s->name, name))
			TRY(add_candidate(w, c, s->address - c->main->value));
	}
	for (size_t i = first; i < w->image->name_order.n; i++) {
		const struct image_symbol *s = &w->image->symbols.v[w->image->name_order.v[i]];

		if (strncmp(s->name, name, stem))
			break;
		if (same_but_numbers(s->name, name))
			TRY(add_candidate(w, c, s->address - c->main->value));
	}
	return NULL;
}
