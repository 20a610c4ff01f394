// SPDX-License-Identifier: GPL-2.0-or-later
/* What the glue finds in the module: objects, functions, callbacks and states, in their order. */
#include <stdlib.h>
#include <string.h>

#include "livepatch/work.h"

int objects_compare(const char *a, const char *b)
{
	bool av = str_equal(a, "vmlinux"), bv = str_equal(b, "vmlinux");

	return av != bv ? (av ? -1 : 1) : strcmp(a, b);
}

/* For the account: what each set calls, and which states there are. */
static struct error *tell_extras(struct link *l)
{
	struct livepatch_account *a = l->account;

	vec_for_each(&l->extras.sets, set) {
		for (size_t k = 0; k < RECORD_CALLBACKS; k++) {
			struct livepatch_callback c = { .when = extras_callback_name(k) };

			if (!set->function[k])
				continue;
			c.object = arena_strdup(&a->arena, set->object);
			c.function = arena_strdup(&a->arena, set->function[k]->name);
			if (!c.object || !c.function)
				return error_nomem();
			TRY(vec_push(&a->callbacks, c));
		}
	}
	vec_for_each(&l->extras.states, s)
		TRY(vec_push(&a->states,
			     (struct livepatch_state){ s->id, (unsigned int)s->version }));
	return NULL;
}

/* By object, as functions are; within one in the order of the parts. */
static void sort_sets(struct link *l)
{
	struct record_set *v = l->extras.sets.v;

	for (size_t i = 1; i < l->extras.sets.n; i++)
		for (size_t k = i; k && objects_compare(v[k - 1].object, v[k].object) > 0; k--) {
			struct record_set t = v[k];

			v[k] = v[k - 1];
			v[k - 1] = t;
		}
}

struct error *link_extras(struct link *l)
{
	for (size_t i = 0; i < l->n; i++)
		TRY(extras_read(&l->parts[i], &l->merge.inputs[i], &l->extras));
	sort_sets(l);
	if (!l->account->functions.n && !l->extras.sets.n && !l->at_load)
		return error_new(ERROR_NOTHING, "there is no function to redirect");
	return tell_extras(l);
}

static int by_object_name(const void *a, const void *b)
{
	return objects_compare(*(const char *const *)a, *(const char *const *)b);
}

static struct error *add_at_load(struct livepatch_account *a, const char *object)
{
	const char *name = arena_strdup(&a->arena, object);

	return name ? vec_push(&a->at_load, name) : error_nomem();
}

/* Those that have functions, callbacks or data to be written, each once. */
static struct error *list_objects(struct link *l, struct record_list *list)
{
	size_t n = 0, kept = 0, most = l->account->functions.n + l->extras.sets.n + l->n;
	const char **all = arena_array(&l->merge.arena, most, sizeof(*all));
	bool *at_load = arena_array(&l->merge.arena, most, sizeof(*at_load));

	if (!all || !at_load)
		return error_nomem();
	vec_for_each(&l->account->functions, f)
		all[n++] = f->object;
	vec_for_each(&l->extras.sets, set)
		all[n++] = set->object;
	for (size_t i = 0; i < l->n; i++)
		if (l->parts[i].at_load)
			all[n++] = l->parts[i].unit->module;
	qsort(all, n, sizeof(*all), by_object_name);
	for (size_t i = 0; i < n; i++)
		if (!kept || strcmp(all[kept - 1], all[i]))
			all[kept++] = all[i];
	for (size_t i = 0; i < kept; i++) {
		at_load[i] = link_at_load(l, all[i]);
		if (at_load[i])
			TRY(add_at_load(l->account, all[i]));
	}
	list->objects = all;
	list->n_objects = kept;
	list->at_load = l->at_load ? at_load : NULL;
	return NULL;
}

struct error *link_records(struct link *l, struct records *out)
{
	size_t n = l->account->functions.n;
	struct record *funcs = arena_array(&l->merge.arena, n ? n : 1, sizeof(*funcs));
	struct record_list list = { .funcs = funcs,
				    .n_funcs = n,
				    .sets = l->extras.sets.v,
				    .n_sets = l->extras.sets.n,
				    .states = l->extras.states.v,
				    .n_states = l->extras.states.n,
				    .replace = l->request->replace,
				    .clears = l->from->payload->clears,
				    .late = l->reload,
				    .n_constants = l->constants.list.n };

	if (!funcs)
		return error_nomem();
	for (size_t i = 0; i < n; i++) {
		const struct livepatch_function *f = &l->account->functions.v[i];
		struct symbol *new = l->merge.inputs[f->part].symbols[f->new->index];

		if (!new || new->type != STT_FUNC)
			return error_failed("%s: its replacement is not in the extracted object",
					    f->name);
		funcs[i] = (struct record){ .object = f->object,
					    .old_name = f->name,
					    .sympos = f->sympos,
					    .new_function = new };
	}
	TRY(list_objects(l, &list));
	return records_add(l->merge.out, &list, out);
}
