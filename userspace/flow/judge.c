// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "flow/compare_unit.h"

void build_unit_free(struct build_unit *u)
{
	binding_free(&u->binding);
	extraction_free(&u->extraction);
	delta_free(&u->delta);
	object_free(&u->after);
	object_free(&u->before);
}

/* In another object, of a header that both include. */
bool judge_same_finding(const struct delta_finding *a, const struct delta_finding *b)
{
	return str_equal(a->code, b->code) && str_equal(a->where, b->where) &&
	       str_equal(a->what, b->what);
}

static bool has_finding(const struct build *b, const struct delta_finding *f)
{
	for (size_t i = 0; i < b->n; i++)
		vec_for_each(&b->units[i].delta->findings, g)
			if (judge_same_finding(f, g))
				return true;
	return false;
}

static bool has_note(const struct build *b, const char *note)
{
	for (size_t i = 0; i < b->n; i++)
		vec_for_each(&b->units[i].delta->notes, it)
			if (str_equal(*it, note))
				return true;
	return false;
}

/* Has it anything that the units before it do not have? A header's findings are everybody's. */
static bool is_worth_keeping(const struct build *b, const struct build_unit *u)
{
	if (u->delta->items.n)
		return true;
	vec_for_each(&u->delta->notes, note)
		if (!has_note(b, *note))
			return true;
	vec_for_each(&u->delta->findings, f)
		if (!has_finding(b, f))
			return true;
	return false;
}

static struct error *check_outside(const struct unit *from, const struct build_unit *u)
{
	if (!u->delta->items.n && !u->delta->findings.n)
		return NULL;
	return error_advise(
		error_refused("%s %s, and the diff changes it", from->source, from->outside),
		"such code is not reached by a livepatch; the fix would not be whole");
}

static struct error *judge_into(struct build *b, const struct unit *from, struct build_unit *u,
				bool *keep)
{
	struct build_unit *grown;
	bool same;

	*keep = false;
	/* Most objects that include a changed header are. */
	TRY_CONTEXT(file_compare(from->before, from->after, &same), "%s", from->source);
	if (same)
		return NULL;
	TRY_CONTEXT(compare_unit(from, b->at_load, from->before, from->after, &u->before, &u->after,
				 &u->delta),
		    "%s", from->source);
	*keep = !from->outside && is_worth_keeping(b, u);
	if (from->outside)
		TRY(check_outside(from, u));
	if (!*keep)
		return NULL;
	grown = realloc(b->units, (b->n + 1) * sizeof(*grown));
	if (!grown)
		return error_nomem();
	b->units = grown;
	b->units[b->n++] = *u;
	*u = (struct build_unit){ 0 };
	return NULL;
}

struct error *judge_unit(void *arg, const struct unit *from, bool *keep)
{
	struct build_unit u __cleanup(build_unit_free) = { 0 };

	return judge_into(arg, from, &u, keep);
}
