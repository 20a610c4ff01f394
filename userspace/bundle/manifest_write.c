// SPDX-License-Identifier: GPL-2.0-or-later
#include "bundle/manifest.h"

char *bundle_payload_path(const struct bundle_payload *p)
{
	return str_printf("kernel/%s/%s.ko", p->release, p->module);
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

static void write_payload(struct json *j, const struct bundle_payload *p)
{
	json_object(j, NULL);
	json_string(j, "target", p->target);
	json_string(j, "release", p->release);
	json_string(j, "version", p->version);
	json_string(j, "compiler", p->compiler);
	json_string(j, "module", p->module);
	json_stringf(j, "path", "kernel/%s/%s.ko", p->release, p->module);
	json_string(j, "sha256", p->digest.hex);
	json_string(j, "build_id", p->build_id);
	json_array(j, "functions");
	vec_for_each(&p->functions, f)
		write_function(j, f);
	json_end(j);
	json_array(j, "references");
	vec_for_each(&p->references, r)
		write_reference(j, r);
	json_end(j);
	json_array(j, "overrides");
	vec_for_each(&p->overrides, o)
		write_override(j, o);
	json_end(j);
	json_array(j, "notes");
	vec_for_each(&p->notes, note)
		json_string(j, NULL, *note);
	json_end(j);
	json_end(j);
}

void bundle_json(const struct bundle *b, struct json *j, const char *key)
{
	json_object(j, key);
	json_string(j, "schema", MANIFEST_SCHEMA);
	json_string(j, "name", b->name);
	json_string(j, "tool", b->tool);
	json_object(j, "patch");
	json_string(j, "path", PATCH_NAME);
	json_string(j, "sha256", b->patch_digest.hex);
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
