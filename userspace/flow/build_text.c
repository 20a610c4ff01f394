// SPDX-License-Identifier: GPL-2.0-or-later
/* What was built, on one screen, and as JSON. */
#include <string.h>

#include "base/str.h"
#include "flow/build.h"

#define LIST_MAX 12 /* lines of a list; the rest is counted */

static double own_seconds(const struct build *b)
{
	return b->seconds > b->compiler_seconds ? b->seconds - b->compiler_seconds : 0;
}

static size_t count_named(const struct build *b, enum livepatch_named named)
{
	size_t n = 0;

	vec_for_each(&b->account->references, r)
		n += r->named == named;
	return n;
}

static struct error *print_function(const struct build *b, const struct livepatch_function *f,
				    int width, struct strbuf *out)
{
	const struct delta_item *why = build_reason(b, f);

	TRY(strbuf_printf(out, "  %-*s  %-8s  ", width, f->name, f->object));
	if (why && why->file)
		TRY(strbuf_printf(out, "%s:%u  ", why->file, why->line));
	return strbuf_printf(out, "%s\n", why && why->reason ? why->reason : "");
}

static struct error *print_functions(const struct build *b, struct strbuf *out)
{
	int width = 0;
	size_t n = 0;

	vec_for_each(&b->account->functions, f)
		if ((int)strlen(f->name) > width)
			width = (int)strlen(f->name);
	vec_for_each(&b->account->functions, f)
		if (n++ < LIST_MAX)
			TRY(print_function(b, f, width, out));
	if (n > LIST_MAX)
		TRY(strbuf_printf(out, "  and %zu more\n", n - LIST_MAX));
	return NULL;
}

/* What is written when its module is loaded. */
static struct error *print_written(const struct build *b, struct strbuf *out)
{
	for (size_t i = 0; i < b->n; i++) {
		vec_for_each(&b->units[i].delta->items, it) {
			const struct delta_item *d = *it;

			if (d->kind != DELTA_WRITTEN_DATA)
				continue;
			TRY(strbuf_printf(out, "  writes %s of %s", d->symbol->name,
					  b->units[i].unit->module));
			if (d->file)
				TRY(strbuf_printf(out, "  %s:%u", d->file, d->line));
			TRY(strbuf_printf(out, "  %s\n", d->reason));
		}
	}
	return NULL;
}

static struct error *print_references(const struct build *b, struct strbuf *out)
{
	size_t n = 0, livepatch = count_named(b, LIVEPATCH_SYMBOL);

	TRY(strbuf_printf(out, "refers to %zu exported symbol%s of vmlinux, %zu by livepatch",
			  count_named(b, LIVEPATCH_EXPORT),
			  count_named(b, LIVEPATCH_EXPORT) == 1 ? "" : "s", livepatch));
	vec_for_each(&b->account->references, r) {
		if (r->named != LIVEPATCH_SYMBOL || n++ >= LIST_MAX)
			continue;
		TRY(strbuf_printf(out, "%s%s", n == 1 ? ": " : ", ", r->name));
		if (strcmp(r->object, "vmlinux") != 0)
			TRY(strbuf_printf(out, " [%s]", r->object));
		if (r->sympos)
			TRY(strbuf_printf(out, " (no. %u of its name)", r->sympos));
	}
	if (n > LIST_MAX)
		TRY(strbuf_printf(out, " and %zu more", n - LIST_MAX));
	return strbuf_puts(out, "\n");
}

static struct error *print_notes(const struct build *b, struct strbuf *out)
{
	size_t n = 0;

	vec_for_each(&b->account->notes, note)
		if (n++ < LIST_MAX)
			TRY(strbuf_printf(out, "note: %s\n", *note));
	if (n > LIST_MAX)
		TRY(strbuf_printf(out, "and %zu notes more\n", n - LIST_MAX));
	return NULL;
}

static struct error *print_extras(const struct build *b, struct strbuf *out)
{
	vec_for_each(&b->account->callbacks, c)
		TRY(strbuf_printf(out, "calls %s() as %s of %s\n", c->function, c->when,
				  c->object));
	vec_for_each(&b->account->states, s)
		TRY(strbuf_printf(out, "has state 0x%llx in version %u\n",
				  (unsigned long long)s->id, s->version));
	return b->replace ? strbuf_puts(out, "takes the place of all other livepatches\n") : NULL;
}

static struct error *print_overrides(const struct build *b, struct strbuf *out)
{
	for (size_t i = 0; i < b->n; i++)
		vec_for_each(&b->units[i].delta->findings, f)
			if (f->accepted)
				TRY(strbuf_printf(out, "accepted %s:%s (%s), because %s: %s\n",
						  f->code, f->where, f->what, f->accepted,
						  f->left));
	return NULL;
}

static struct error *print_at_load(const struct build *b, struct strbuf *out)
{
	vec_for_each(&b->account->at_load, module)
		TRY(strbuf_printf(out,
				  "takes hold when %s is loaded: unload it before you apply this, "
				  "or that is refused; or see --loaded\n",
				  *module));
	return NULL;
}

struct error *build_print(const struct build *b, const struct target *t, struct strbuf *out)
{
	size_t n = b->account->functions.n;

	TRY(strbuf_printf(out, "%s (%s): %s.ko for %s redirects %zu function%s\n", b->out,
			  str_size(b->out_size).s, b->module, t->name, n, n == 1 ? "" : "s"));
	TRY(print_at_load(b, out));
	TRY(strbuf_puts(out, "\n"));
	TRY(print_functions(b, out));
	TRY(print_written(b, out));
	TRY(strbuf_puts(out, "\n"));
	TRY(print_references(b, out));
	TRY(print_extras(b, out));
	TRY(print_overrides(b, out));
	TRY(print_notes(b, out));
	return strbuf_printf(out, "took %s: the compiler %s, suture %s\n",
			     str_duration(b->seconds).s, str_duration(b->compiler_seconds).s,
			     str_duration(own_seconds(b)).s);
}

static void function_json(const struct build *b, const struct livepatch_function *f, struct json *j)
{
	const struct delta_item *why = build_reason(b, f);

	json_object(j, NULL);
	json_string(j, "object", f->object);
	json_string(j, "name", f->name);
	json_u64(j, "sympos", f->sympos);
	json_hex(j, "address", f->address);
	json_string(j, "file", why ? why->file : NULL);
	json_u64(j, "line", why ? why->line : 0);
	json_string(j, "reason", why ? why->reason : NULL);
	json_end(j);
}

static void reference_json(const struct livepatch_reference *r, struct json *j)
{
	json_object(j, NULL);
	json_string(j, "object", r->object);
	json_string(j, "name", r->name);
	json_u64(j, "sympos", r->sympos);
	json_string(j, "named", r->named == LIVEPATCH_EXPORT ? "export" : "livepatch");
	json_hex(j, "address", r->address);
	json_u64(j, "witnesses", r->witnesses);
	json_end(j);
}

static void callback_json(const struct livepatch_callback *c, struct json *j)
{
	json_object(j, NULL);
	json_string(j, "object", c->object);
	json_string(j, "when", c->when);
	json_string(j, "function", c->function);
	json_end(j);
}

static void state_json(const struct livepatch_state *s, struct json *j)
{
	json_object(j, NULL);
	json_hex(j, "id", s->id);
	json_u64(j, "version", s->version);
	json_end(j);
}

void build_json(const struct build *b, const struct target *t, struct json *j)
{
	json_object(j, NULL);
	json_string(j, "schema", "suture-build/1");
	json_string(j, "name", b->name);
	json_string(j, "target", t->name);
	json_string(j, "bundle", b->out);
	json_u64(j, "bytes", b->out_size);
	json_string(j, "module", b->module);
	json_string(j, "build_id", b->account->build_id);
	json_array(j, "functions");
	vec_for_each(&b->account->functions, f)
		function_json(b, f, j);
	json_end(j);
	json_array(j, "references");
	vec_for_each(&b->account->references, r)
		reference_json(r, j);
	json_end(j);
	json_bool(j, "replace", b->replace);
	json_array(j, "callbacks");
	vec_for_each(&b->account->callbacks, c)
		callback_json(c, j);
	json_end(j);
	json_array(j, "states");
	vec_for_each(&b->account->states, s)
		state_json(s, j);
	json_end(j);
	json_array(j, "at_load");
	vec_for_each(&b->account->at_load, module)
		json_string(j, NULL, *module);
	json_end(j);
	json_array(j, "findings");
	for (size_t i = 0; i < b->n; i++)
		vec_for_each(&b->units[i].delta->findings, f)
			delta_finding_json(f, j);
	json_end(j);
	json_array(j, "notes");
	vec_for_each(&b->account->notes, note)
		json_string(j, NULL, *note);
	json_end(j);
	json_object(j, "seconds");
	json_double(j, "total", b->seconds);
	json_double(j, "compiler", b->compiler_seconds);
	json_double(j, "suture", own_seconds(b));
	json_end(j);
	json_end(j);
}
