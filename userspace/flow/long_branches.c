// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/long_branches.h"

#include "base/interrupt.h"
#include "base/progress.h"
#include "bind/twin.h"
#include "flow/compare_unit.h"
#include "flow/refusal.h"
#include "livepatch/cut.h"
#include "source/long_branches.h"

/* The two builds of a unit, and what came of them. */
struct builds {
	struct object *before, *after;
	struct delta *delta;
	struct extraction *extraction;
};

static void builds_free(struct builds *s)
{
	extraction_free(&s->extraction);
	delta_free(&s->delta);
	object_free(&s->after);
	object_free(&s->before);
}

/* The second builds take the place of the first, which go with 's'. */
static void exchange(struct build_unit *u, struct builds *s)
{
	struct builds first = { u->before, u->after, u->delta, u->extraction };

	u->before = s->before;
	u->after = s->after;
	u->delta = s->delta;
	u->extraction = s->extraction;
	*s = first;
}

static struct error *lengthen(struct build *b, const struct build_options *opt,
			      struct build_unit *u)
{
	struct long_branches l __cleanup_long_branches = { 0 };
	struct builds s __cleanup(builds_free) = { 0 };

	progress_step("compile %s again, with room at its branches", u->unit->source);
	TRY(long_branches_build(opt->target, b->workspace, u->unit, opt->jobs, &l));
	b->compiler_seconds += l.compile_seconds;
	TRY(compare_unit(u->unit, b->at_load, l.before, l.after, &s.before, &s.after, &s.delta));
	TRY(binding_adopt(u->binding, s.before));
	exchange(u, &s);
	return NULL;
}

static bool has_no_room(const struct build *b, const struct build_unit *u)
{
	struct livepatch_part part = { .unit = u->unit,
				       .extraction = u->extraction,
				       .binding = u->binding,
				       .vmlinux = b->vmlinux };

	return u->extraction && cut_needs_room(&part);
}

struct error *lengthen_branches(struct build *b, const struct build_options *opt)
{
	bool any = false;

	for (size_t i = 0; i < b->n; i++) {
		struct build_unit *u = &b->units[i];

		if (!has_no_room(b, u))
			continue;
		TRY_CONTEXT(lengthen(b, opt, u), "%s", u->unit->source);
		TRY(interrupt_check());
		any = true;
	}
	if (!any)
		return NULL;
	TRY(refusal_accept(b, opt));
	TRY(refusal_make(b));
	for (size_t i = 0; i < b->n; i++) {
		struct build_unit *u = &b->units[i];

		if (u->binding && !u->extraction)
			TRY_CONTEXT(delta_extract(u->delta, &u->extraction), "%s", u->unit->source);
	}
	return NULL;
}
