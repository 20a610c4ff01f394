// SPDX-License-Identifier: GPL-2.0-or-later
#include "bundle/manifest.h"

char *bundle_fix_path(const struct bundle_fix *f)
{
	return str_printf("fixes/%s.patch", f->name);
}

char *bundle_part_path(const struct bundle_part *p)
{
	return str_printf("fix/%s", p->name);
}

char *bundle_payload_path(const struct bundle_payload *p)
{
	return str_printf(p->process ? "process/%s/%s.hotpatch" : "kernel/%s/%s.ko", p->release,
			  p->module);
}

char *bundle_debug_path(const struct bundle_payload *p)
{
	return str_printf("kernel/%s/%s.ko.debug", p->release, p->module);
}

char *bundle_guard_path(const struct bundle_payload *p)
{
	return str_printf("kernel/%s/suture_guard.ko", p->release);
}

static void write_function(struct json *j, const struct bundle_function *f)
{
	json_object(j, NULL);
	json_string(j, "object", f->object);
	json_string(j, "name", f->name);
	json_u64(j, "sympos", f->sympos);
	json_string(j, "file", f->file);
	json_u64(j, "line", f->line);
	json_string(j, "reason", f->reason);
	json_u64(j, "old_size", f->old_size);
	json_u64(j, "new_size", f->new_size);
	json_string(j, "code", f->code);
	json_array(j, "fixes");
	for (size_t i = 0; i < f->n_fixes; i++)
		json_string(j, NULL, f->fixes[i]);
	json_end(j);
	json_end(j);
}

static void write_reference(struct json *j, const struct bundle_reference *r)
{
	json_object(j, NULL);
	json_string(j, "object", r->object);
	json_string(j, "name", r->name);
	json_u64(j, "sympos", r->sympos);
	json_string(j, "named", r->named);
	json_hex(j, "address", r->address);
	json_string(j, "proof", r->proof);
	json_u64(j, "witnesses", r->witnesses);
	json_end(j);
}

static void write_override(struct json *j, const struct bundle_override *o)
{
	json_object(j, NULL);
	json_string(j, "code", o->code);
	json_string(j, "where", o->where);
	json_string(j, "what", o->what);
	json_string(j, "left", o->left);
	json_string(j, "reason", o->reason);
	json_string(j, "file", o->file);
	json_u64(j, "line", o->line);
	json_end(j);
}

static void write_file(struct json *j, const char *key, const struct bundle_file *f, char *path)
{
	char *owned __free = path;

	if (!f->content) {
		json_null(j, key);
		return;
	}
	json_object(j, key);
	json_string(j, "path", owned);
	json_string(j, "sha256", f->digest.hex);
	json_end(j);
}

static void write_provenance(struct json *j, const struct bundle_provenance *p)
{
	json_object(j, "provenance");
	json_string(j, "config", p->config.hex);
	json_array(j, "packages");
	vec_for_each(&p->packages, it) {
		json_object(j, NULL);
		json_string(j, "name", it->name);
		json_string(j, "version", it->version);
		json_string(j, "sha256", it->sha256);
		json_end(j);
	}
	json_end(j);
	json_array(j, "sources");
	vec_for_each(&p->sources, it) {
		json_object(j, NULL);
		json_string(j, "path", it->path);
		json_string(j, "before", it->before.hex);
		json_string(j, "after", it->after.hex);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void write_extras(struct json *j, const struct bundle_payload *p)
{
	json_array(j, "callbacks");
	vec_for_each(&p->callbacks, c) {
		json_object(j, NULL);
		json_string(j, "object", c->object);
		json_string(j, "when", c->when);
		json_string(j, "function", c->function);
		json_end(j);
	}
	json_end(j);
	json_array(j, "states");
	vec_for_each(&p->states, s) {
		json_object(j, NULL);
		json_hex(j, "id", s->id);
		json_u64(j, "version", s->version);
		json_end(j);
	}
	json_end(j);
}

static void write_lists(struct json *j, const struct bundle_payload *p)
{
	json_array(j, "functions");
	vec_for_each(&p->functions, f)
		write_function(j, f);
	json_end(j);
	json_array(j, "references");
	vec_for_each(&p->references, r)
		write_reference(j, r);
	json_end(j);
	write_extras(j, p);
	json_array(j, "at_load");
	vec_for_each(&p->at_load, module)
		json_string(j, NULL, *module);
	json_end(j);
	json_array(j, "overrides");
	vec_for_each(&p->overrides, o)
		write_override(j, o);
	json_end(j);
	json_array(j, "notes");
	vec_for_each(&p->notes, note)
		json_string(j, NULL, *note);
	json_end(j);
}

static void write_payload(struct json *j, const struct bundle_payload *p)
{
	json_object(j, NULL);
	json_string(j, "target", p->target);
	json_string(j, "release", p->release);
	json_string(j, "version", p->version);
	json_string(j, "compiler", p->compiler);
	json_string(j, "module", p->module);
	json_stringf(j, "path", p->process ? "process/%s/%s.hotpatch" : "kernel/%s/%s.ko",
		     p->release, p->module);
	if (p->process) {
		json_string(j, "kind", "process");
		json_string(j, "file", p->file);
		json_string(j, "package", p->package);
	}
	json_string(j, "sha256", p->digest.hex);
	json_string(j, "build_id", p->build_id);
	json_bool(j, "replace", p->replace);
	write_file(j, "debug", &p->debug, bundle_debug_path(p));
	write_file(j, "guard", &p->guard, bundle_guard_path(p));
	write_lists(j, p);
	write_provenance(j, &p->provenance);
	json_end(j);
}

static void write_fix(struct json *j, const struct bundle_fix *f)
{
	json_object(j, NULL);
	json_string(j, "name", f->name);
	json_string(j, "title", f->title);
	json_stringf(j, "path", "fixes/%s.patch", f->name);
	json_string(j, "sha256", f->digest.hex);
	json_end(j);
}

void bundle_json(const struct bundle *b, struct json *j, const char *key)
{
	json_object(j, key);
	json_string(j, "schema", MANIFEST_SCHEMA);
	json_string(j, "name", b->name);
	json_string(j, "tool", b->tool);
	bundle_facts_write(&b->facts, j);
	watch_terms_json(&b->watch, j, "watch");
	json_array(j, "fixes");
	vec_for_each(&b->fixes, f)
		write_fix(j, f);
	json_end(j);
	json_array(j, "metadata");
	vec_for_each(&b->metadata, p) {
		json_object(j, NULL);
		json_string(j, "name", p->name);
		json_string(j, "sha256", p->digest.hex);
		json_end(j);
	}
	json_end(j);
	json_array(j, "payloads");
	vec_for_each(&b->payloads, p)
		write_payload(j, p);
	json_end(j);
	json_end(j);
}

struct error *bundle_manifest_write(const struct bundle *b, struct strbuf *out)
{
	struct json j = json_begin(out);

	bundle_json(b, &j, NULL);
	return json_finish(&j);
}
