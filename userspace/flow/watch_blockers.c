// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/watch_blockers.h"

#include <string.h>

void watch_blockers_free(struct watch_blockers *w)
{
	vec_for_each(&w->v, it)
		vec_free(&it->stack);
	vec_free(&w->v);
	arena_free(&w->arena);
	*w = (struct watch_blockers){ 0 };
}

static struct watch_blocker *find(struct watch_blockers *w, const struct blocker *b)
{
	vec_for_each(&w->v, it)
		if (it->tid == b->tid && it->pid == b->pid)
			return it;
	return NULL;
}

/* The name of "NAME+0x10/0x20 [MODULE]". */
static const char *name_of(struct arena *a, const char *entry)
{
	return arena_printf(a, "%.*s", (int)strcspn(entry, "+ "), entry);
}

static struct error *see(struct watch_blockers *w, struct watch_blocker *to,
			 const struct blocker *b)
{
	to->pid = b->pid;
	to->tid = b->tid;
	to->comm = arena_strdup(&w->arena, b->comm);
	if (!to->comm)
		return error_nomem();
	if (b->pinned) {
		to->function = name_of(&w->arena, b->pinned);
		if (!to->function)
			return error_nomem();
	}
	to->stack.n = 0;
	vec_for_each(&b->stack, entry) {
		const char *kept = arena_strdup(&w->arena, *entry);

		TRY(kept ? vec_push(&to->stack, kept) : error_nomem());
	}
	return NULL;
}

struct error *watch_blockers_look(struct watch_blockers *w, double time, const struct blockers *b)
{
	vec_for_each(&b->v, it) {
		struct watch_blocker *known = find(w, it);

		if (!known && w->v.n == WATCH_BLOCKERS)
			continue;
		if (!known) {
			TRY(vec_push(&w->v, (struct watch_blocker){ .comm = "" }));
			known = &w->v.v[w->v.n - 1];
		}
		known->seconds = time - w->begun;
		TRY(see(w, known, it));
	}
	return NULL;
}

void watch_blockers_json(const struct watch_blockers *w, struct json *j)
{
	json_array(j, "blockers");
	vec_for_each(&w->v, it) {
		json_object(j, NULL);
		json_i64(j, "pid", it->pid);
		json_i64(j, "tid", it->tid);
		json_string(j, "comm", it->comm);
		json_string(j, "function", it->function);
		json_double(j, "seconds", it->seconds);
		json_array(j, "stack");
		vec_for_each(&it->stack, entry)
			json_string(j, NULL, *entry);
		json_end(j);
		json_end(j);
	}
	json_end(j);
}
