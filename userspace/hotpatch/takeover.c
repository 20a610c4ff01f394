// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/takeover.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

void takeover_free(struct takeover *t)
{
	vec_free(&t->v);
}

static bool is_superseded(const struct patching *a, const struct patch *p)
{
	for (size_t i = 0; i < a->options->n_supersedes; i++)
		if (str_equal(a->options->supersedes[i], p->header.fixed.fix))
			return true;
	return false;
}

static bool replaces(const struct hotpatch_object *o, uint64_t old)
{
	vec_for_each(&o->functions, f)
		if (f->old == old)
			return true;
	return false;
}

static bool has(const struct takeover *t, uint64_t address)
{
	vec_for_each(&t->v, it)
		if (it->address == address)
			return true;
	return false;
}

/* Whose bytes are at the site. */
static const struct patch *holder_of(const struct patching *a, uint64_t address, const uint8_t *now)
{
	vec_for_each(&a->patches.v, p)
		for (uint32_t i = 0; p->text == PATCH_IN && i < p->header.fixed.n; i++)
			if (p->header.sites[i].address == address &&
			    !memcmp(p->header.sites[i].after, now, SITE_JUMP))
				return p;
	return NULL;
}

/* The header may be forged, and the rest of the function written over. */
static struct error *check_function(const struct patching *a, const struct header_site *s)
{
	uint64_t in_file = s->old - a->opened.process.bias, site = s->address - s->old;
	uint8_t *now __free = NULL, *file __free = NULL;

	if (!mapped_is_code(&a->opened.file, in_file, s->old_size))
		return error_refused("what is at 0x%llx of the file is no function",
				     (unsigned long long)in_file);
	now = malloc(s->old_size + 1);
	file = malloc(s->old_size + 1);
	if (!now || !file)
		return error_nomem();
	TRY(memory_read(&a->opened.memory, s->old, now, s->old_size));
	TRY(mapped_bytes(&a->opened.file, in_file, file, s->old_size));
	for (uint64_t i = 0; i < s->old_size; i++)
		if (now[i] != file[i] && (i < site || i >= site + SITE_JUMP))
			return error_refused("the function at 0x%llx is no longer the file's at "
					     "+0x%llx: it can't go back to the original",
					     (unsigned long long)in_file, (unsigned long long)i);
	return NULL;
}

static struct error *add(const struct patching *a, const struct patch *p,
			 const struct header_site *s, struct takeover *out)
{
	uint64_t in_file = s->address - a->opened.process.bias;
	struct takeover_site t = { .address = s->address,
				   .old = s->old,
				   .old_size = s->old_size,
				   .stays = s->flags & HEADER_STAYS,
				   .n = TAKEOVER_BYTES };
	const struct patch *holder;

	TRY(memory_read(&a->opened.memory, s->address, t.jump, SITE_JUMP));
	TRY(mapped_bytes(&a->opened.file, in_file, t.bytes, SITE_JUMP));
	/* One that superseded it has put it back already. */
	if (!memcmp(t.bytes, t.jump, SITE_JUMP))
		return NULL;
	holder = holder_of(a, s->address, t.jump);
	if (!holder || !is_superseded(a, holder))
		return error_refused("%s lies over %s, which is superseded, and is not itself: "
				     "revert it first",
				     holder ? holder->header.fixed.fix : "another",
				     p->header.fixed.fix);
	TRY(check_function(a, s));
	if (!mapped_is_code(&a->opened.file, in_file, t.n))
		t.n = SITE_JUMP;
	TRY(mapped_bytes(&a->opened.file, in_file, t.bytes, t.n));
	return vec_push(&out->v, t);
}

struct error *takeover_find(const struct patching *a, const struct hotpatch_object *o,
			    struct takeover *out)
{
	struct takeover t __cleanup_takeover = { 0 };

	vec_for_each(&a->patches.v, p)
		for (uint32_t i = 0;
		     p->text == PATCH_IN && is_superseded(a, p) && i < p->header.fixed.n; i++) {
			const struct header_site *s = &p->header.sites[i];

			if (!replaces(o, s->old - a->opened.process.bias) && !has(&t, s->address))
				TRY(add(a, p, s, &t));
		}
	if (t.v.n + o->functions.n > HEADER_SITES)
		return error_refused("it replaces too many functions");
	*out = t;
	t = (struct takeover){ 0 };
	return NULL;
}
