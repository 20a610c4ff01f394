// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/own_code.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "livepatch/live.h"
#include "probe/live_symbols.h"

struct error *own_code_read(const struct bundle_payload *p, struct own_code *out)
{
	out->payload = p;
	return error_context(
		object_parse(p->module, strbuf_str(p->content), p->content->n, &out->module),
		"looking where the patch's code will lie");
}

void own_places_free(struct own_places *p)
{
	vec_free(&p->v);
}

void own_code_free(struct own_code *c)
{
	object_free(&c->module);
}

bool own_code_is_text(const struct section *s)
{
	return s->flags & SHF_ALLOC && s->flags & SHF_EXECINSTR && s->size &&
	       !str_starts(s->name, ".init");
}

static bool is_there(const struct bundle_function *f)
{
	return str_equal(f->object, "vmlinux") || live_module_present(f->object);
}

struct error *own_code_old(const struct own_code *c, struct own_places *out)
{
	const struct bundle_payload *p = c->payload;
	struct live_symbol *q __free = calloc(p->functions.n, sizeof(*q));
	size_t n = 0;

	if (!q)
		return error_nomem();
	vec_for_each(&p->functions, f)
		if (is_there(f))
			q[n++] = (struct live_symbol){ f->object, f->name, f->sympos };
	TRY(live_symbols_find(q, n));
	n = 0;
	vec_for_each(&p->functions, f) {
		uint64_t at = is_there(f) ? q[n++].address : 0;

		if (at)
			TRY(vec_push(&out->v, (struct code_place){ at, at + f->old_size }));
	}
	return NULL;
}

static struct error *read_address(const char *path, uint64_t *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	TRY(file_read(path, &text));
	*out = strtoull(strbuf_str(&text), NULL, 16);
	return *out ? NULL : error_failed("%s: the kernel hides the address", path);
}

/* While it is still being loaded its folder in sysfs is not whole. */
static bool is_live(const char *module)
{
	char *path __free = str_printf("/sys/module/%s/initstate", module);
	struct strbuf state __cleanup_strbuf = { 0 };
	struct error *missing __cleanup_error = path ? file_read(path, &state) : error_nomem();

	return !missing && str_starts(strbuf_str(&state), "live");
}

struct error *own_code_new(const struct own_code *c, struct own_places *out)
{
	if (!is_live(c->payload->module))
		return NULL;
	vec_for_each(&c->module->sections, it) {
		const struct section *s = *it;
		char *path __free =
			str_printf("/sys/module/%s/sections/%s", c->payload->module, s->name);
		uint64_t at;

		if (!path)
			return error_nomem();
		if (!own_code_is_text(s))
			continue;
		TRY(read_address(path, &at));
		TRY(vec_push(&out->v, (struct code_place){ at, at + s->size }));
	}
	return NULL;
}
