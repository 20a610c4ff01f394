// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/host_blockers.h"

#include <stdlib.h>

#include "base/str.h"

#define TOLD 5

/* Going in, old code pins; going out (and under another patch), the new code. Both are named. */
static struct error *list(const struct live_patch *p, bool old, bool new,
			  struct blocker_function **out, size_t *n)
{
	struct blocker_function *v = calloc(p->functions.n + 1, sizeof(*v));

	if (!v)
		return error_nomem();
	*n = 0;
	vec_for_each(&p->functions, f)
		v[(*n)++] = (struct blocker_function){ .object = old ? f->object : NULL,
						       .patch = new ? p->name : NULL,
						       .name = f->name };
	*out = v;
	return NULL;
}

struct error *host_blockers(const struct live_patch *p, bool only_proc, struct blockers *out)
{
	struct blocker_function *functions __free = NULL;
	struct blockers_query q = { .wanted = p->enabled, .only_proc = only_proc };

	q.which = p->transition ? BLOCKERS_WAITING : BLOCKERS_PINNED;
	TRY(list(p, p->transition && p->enabled, !(p->transition && p->enabled), &functions, &q.n));
	q.functions = functions;
	return blockers_find(&q, out);
}

struct error *host_blockers_print(const struct blockers *b, bool stacks, size_t most,
				  struct strbuf *out)
{
	size_t told = 0;

	vec_for_each(&b->v, it) {
		if (told++ == most)
			return strbuf_printf(out, "and %zu more\n", b->v.n - most);
		TRY(blocker_name(it, out));
		TRY(strbuf_puts(out, " "));
		TRY(blocker_reason(it, out));
		TRY(strbuf_puts(out, "\n"));
		for (size_t i = 0; stacks && i < it->stack.n; i++)
			TRY(strbuf_printf(out, "    %s\n", it->stack.v[i]));
	}
	return NULL;
}

struct error *host_blockers_tell(const char *module, struct blockers *b, struct strbuf *text)
{
	struct live_patches live __cleanup_live = { 0 };
	const struct live_patch *p;

	TRY(live_patches_read(&live));
	p = live_patch_find(&live, module);
	if (p)
		TRY(host_blockers(p, false, b));
	TRY(host_blockers_print(b, false, TOLD, text));
	if (text->n)
		text->s[--text->n] = '\0';
	return NULL;
}
