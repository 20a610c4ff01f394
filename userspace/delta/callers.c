// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions that changed and can't be redirected themselves: they have no ftrace site. If only
 * calls from this object lead to one, and each caller can be redirected, or in its turn where
 * it is called, the callers become part of the patch and call a new copy of it.
 *
 * That is as consistent as a redirect of the function would be: whoever is in it came through
 * a caller, which is on the same stack.
 */
#include "delta/private.h"

#define DEPTH 8

static bool can_be_redirected(const struct node *n)
{
	return n->symbol && n->symbol->type == STT_FUNC && n->twin && !n->parent &&
	       node_has_fentry(n->twin);
}

static const struct node *whole(const struct node *n)
{
	return n->parent ? n->parent : n;
}

/* Lists of functions for others to know; they lead nowhere. */
static bool is_mere_list(const struct node *n)
{
	return str_equal(n->section->name, "_kprobe_blacklist") ||
	       str_equal(n->section->name, "_error_injection_whitelist");
}

/* References that no call goes through from now on. */
static bool is_harmless(const struct delta *d, const struct node *to, const struct referrer *r)
{
	if (!r->from)
		return false;
	if (whole(r->from) == whole(to) || is_mere_list(r->from))
		return true;
	return r->from->class == CLASS_BOOT_TEXT && d->private->builtin;
}

/* What a referrer of either build is in after; NULL: it is gone. */
static struct node *now(const struct delta *d, const struct node *n)
{
	n = whole(n);
	return n->view == &d->private->after ? (struct node *)n : n->twin;
}

static const char *why_not_through(struct delta *d, struct node *n, unsigned int depth);

/* A sentence; NULL if this reference is a call that can be led elsewhere. */
static const char *obstacle(struct delta *d, const struct node *to, const struct referrer *r,
			    unsigned int depth)
{
	struct node *caller;
	const char *why;

	if (is_harmless(d, to, r))
		return NULL;
	if (!r->from || r->in_table || r->doubtful)
		return "a table, or code that is not understood, refers to it";
	if (r->from->class != CLASS_TEXT || !r->from->symbol || r->from->symbol->type != STT_FUNC)
		return arena_printf(&d->arena, "%s refers to it", node_name(r->from));
	if (!r->called)
		return arena_printf(&d->arena, "%s() takes its address", node_name(r->from));
	caller = now(d, r->from);
	if (!caller || !caller->twin || can_be_redirected(caller))
		return NULL;
	why = why_not_through(d, caller, depth + 1);
	return why ? arena_printf(&d->arena, "its caller %s() can't be redirected either: %s",
				  node_name(caller), why)
		   : NULL;
}

static const char *find_obstacle(struct delta *d, const struct node *n, unsigned int depth)
{
	const char *why = NULL;

	if (!node_is_local(n))
		return "other objects may call it";
	for (const struct referrer *r = n->referrers; r && !why; r = r->next)
		why = obstacle(d, n, r, depth);
	return why;
}

/* Marked while it is looked at: functions may call one another in a ring. */
static const char *why_not_through(struct delta *d, struct node *n, unsigned int depth)
{
	const char *why;

	if (n->through_callers)
		return NULL;
	if (!n->symbol || n->symbol->type != STT_FUNC || !n->twin)
		return "it is no function of C";
	if (depth > DEPTH)
		return "too many calls lead to it";
	n->through_callers = true;
	why = find_obstacle(d, n, depth);
	if (!why)
		why = find_obstacle(d, n->twin, depth);
	if (why)
		n->through_callers = false;
	return why;
}

static struct error *include_callers(struct delta *d, struct node *n);

static struct error *include_caller(struct delta *d, const struct node *of,
				    const struct referrer *r)
{
	struct node *caller;

	if (is_harmless(d, of, r))
		return NULL;
	caller = now(d, r->from);
	if (!caller || !caller->twin || caller->state != STATE_SAME)
		return NULL;
	TRY(change_because(caller,
			   arena_printf(&d->arena,
					"calls %s(), which changed and can't be redirected itself",
					node_name(of))));
	return caller->through_callers ? include_callers(d, caller) : NULL;
}

static struct error *include_callers(struct delta *d, struct node *n)
{
	for (const struct referrer *r = n->referrers; r; r = r->next)
		TRY(include_caller(d, n, r));
	for (const struct referrer *r = n->twin->referrers; r; r = r->next)
		TRY(include_caller(d, n, r));
	return NULL;
}

static bool is_called(const struct delta *d, const struct node *n)
{
	for (const struct referrer *r = n->referrers; r; r = r->next)
		if (!is_harmless(d, n, r))
			return true;
	return false;
}

static struct error *include_all(struct delta *d, struct node *n)
{
	if (is_called(d, n) || is_called(d, n->twin))
		return include_callers(d, n);
	return add_note(d, "%s() changed, but nothing that still runs calls it", node_name(n));
}

struct error *redirect_callers(struct delta *d)
{
	vec_for_each(&d->private->after.nodes, it) {
		struct node *n = *it;

		if (n->class != CLASS_TEXT || n->state != STATE_CHANGED || n->parent ||
		    can_be_redirected(n) || !n->symbol || n->symbol->type != STT_FUNC)
			continue;
		TRY(view_index_referrers(&d->private->before));
		TRY(view_index_referrers(&d->private->after));
		n->why_not = why_not_through(d, n, 0);
		if (!n->why_not)
			TRY(include_all(d, n));
	}
	return NULL;
}
