// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "flow/inspect.h"
#include "hotpatch/object.h"
#include "livepatch/contents.h"

static struct error *differs(const char *what, const char *module, const char *manifest)
{
	return error_failed("%s is %s in the module, but %s in the manifest", what, module,
			    manifest);
}

static struct error *check_names(const struct bundle_payload *p, const struct livepatch_contents *c)
{
	size_t n = strlen(p->release);

	if (strcmp(c->name, p->module) != 0)
		return differs("the module's name", c->name, p->module);
	if (strncmp(c->vermagic, p->release, n) != 0 || (c->vermagic[n] && c->vermagic[n] != ' '))
		return differs("the kernel", c->vermagic, p->release);
	if (strcmp(c->build_id, p->build_id) != 0)
		return differs("the build-id", c->build_id, p->build_id);
	if (c->replace != p->replace)
		return differs("whether it replaces other patches", c->replace ? "yes" : "no",
			       p->replace ? "yes" : "no");
	return NULL;
}

static struct error *count(const char *what, size_t module, size_t manifest)
{
	return module == manifest ? NULL
				  : error_failed("there are %zu %s in the module, but %zu in the "
						 "manifest",
						 module, what, manifest);
}

static struct error *check_functions(const struct bundle_payload *p,
				     const struct livepatch_contents *c)
{
	TRY(count("functions", c->functions.n, p->functions.n));
	for (size_t i = 0; i < p->functions.n; i++) {
		const struct bundle_function *said = &p->functions.v[i];
		const struct contents_function *is = &c->functions.v[i];

		if (strcmp(said->object, is->object) != 0 || strcmp(said->name, is->name) != 0 ||
		    said->sympos != is->sympos || said->new_size != is->size)
			return error_failed("it redirects %s,%u of %s to %llu bytes, but the "
					    "manifest says %s,%u of %s to %llu bytes",
					    is->name, is->sympos, is->object,
					    (unsigned long long)is->size, said->name, said->sympos,
					    said->object, (unsigned long long)said->new_size);
	}
	return NULL;
}

/* The manifest's references of one kind, in the module's order. */
static const struct bundle_reference *next(const struct bundle_payload *p, size_t *at,
					   const char *named)
{
	while (*at < p->references.n) {
		const struct bundle_reference *r = &p->references.v[(*at)++];

		if (str_equal(r->named, named))
			return r;
	}
	return NULL;
}

static struct error *check_references(const struct bundle_payload *p,
				      const struct livepatch_contents *c)
{
	const struct bundle_reference *r;
	size_t at = 0;

	TRY(count("symbols outside", c->symbols.n + c->exports.n, p->references.n));
	vec_for_each(&c->symbols, s) {
		r = next(p, &at, "livepatch");
		if (!r || strcmp(r->object, s->object) != 0 || strcmp(r->name, s->name) != 0 ||
		    r->sympos != s->sympos)
			return error_failed("it refers to %s,%u of %s, but the manifest does not "
					    "say so",
					    s->name, s->sympos, s->object);
	}
	at = 0;
	vec_for_each(&c->exports, name) {
		r = next(p, &at, "export");
		if (!r || strcmp(r->name, *name) != 0)
			return error_failed("it refers to the exported %s, but the manifest does "
					    "not say so",
					    *name);
	}
	return NULL;
}

static struct error *check_extras(const struct bundle_payload *p,
				  const struct livepatch_contents *c)
{
	TRY(count("callbacks", c->callbacks.n, p->callbacks.n));
	for (size_t i = 0; i < p->callbacks.n; i++)
		if (strcmp(p->callbacks.v[i].object, c->callbacks.v[i].object) != 0 ||
		    strcmp(p->callbacks.v[i].when, c->callbacks.v[i].when) != 0 ||
		    strcmp(p->callbacks.v[i].function, c->callbacks.v[i].function) != 0)
			return differs("a callback", c->callbacks.v[i].function,
				       p->callbacks.v[i].function);
	TRY(count("modules to be loaded after it", c->at_load.n, p->at_load.n));
	for (size_t i = 0; i < p->at_load.n; i++)
		if (strcmp(p->at_load.v[i], c->at_load.v[i]) != 0)
			return differs("a module to be loaded after it", c->at_load.v[i],
				       p->at_load.v[i]);
	TRY(count("states", c->states.n, p->states.n));
	for (size_t i = 0; i < p->states.n; i++)
		if (p->states.v[i].id != c->states.v[i].id ||
		    p->states.v[i].version != c->states.v[i].version)
			return error_failed("state %zu is another one in the manifest", i + 1);
	return NULL;
}

static struct error *check_debug(const struct bundle_payload *p)
{
	struct object *o __cleanup_object = NULL;
	char build_id[129];

	if (!p->debug.content)
		return NULL;
	TRY(object_parse("debug information", strbuf_str(p->debug.content), p->debug.content->n,
			 &o));
	object_build_id(o, build_id);
	return strcmp(build_id, p->build_id) != 0
		       ? differs("the build-id of its debug information", build_id, p->build_id)
		       : NULL;
}

/* The same for a hotpatch object. */
static struct error *check_hotpatch(const struct bundle_payload *p)
{
	struct hotpatch_object o __cleanup_hotpatch = { 0 };
	char id[2 * sizeof(o.build_id) + 1] = "";

	TRY(hotpatch_object_read(strbuf_str(p->content), p->content->n, &o));
	for (unsigned int i = 0; i < o.build_id_n; i++)
		snprintf(id + 2 * i, 3, "%02x", o.build_id[i]);
	if (strcmp(id, p->build_id) != 0)
		return differs("the build-id", id, p->build_id);
	if (strcmp(o.fix, p->module) != 0)
		return differs("the fix's name", o.fix, p->module);
	if (o.functions.n != p->functions.n)
		return error_failed("it redirects %zu functions, the manifest says %zu",
				    o.functions.n, p->functions.n);
	for (size_t i = 0; i < o.functions.n; i++) {
		const struct hotpatch_function *f = &o.functions.v[i];
		const struct bundle_function *said = &p->functions.v[i];

		if (strcmp(f->name, said->name) != 0)
			return differs("a function", f->name, said->name);
		if (f->size != said->old_size || f->fresh_size != said->new_size)
			return error_failed("%s() has other sizes than the manifest says", f->name);
	}
	return NULL;
}

static struct error *check_payload(const struct bundle_payload *p)
{
	if (p->process)
		return check_hotpatch(p);

	struct livepatch_contents c __cleanup_contents = { 0 };

	TRY(livepatch_contents_read(strbuf_str(p->content), p->content->n, &c));
	TRY(check_names(p, &c));
	TRY(check_functions(p, &c));
	TRY(check_references(p, &c));
	TRY(check_extras(p, &c));
	return check_debug(p);
}

struct error *inspect_check(const struct bundle *b)
{
	vec_for_each(&b->payloads, p)
		TRY_CONTEXT(check_payload(p), "%s.ko for %s", p->module, p->release);
	return NULL;
}
