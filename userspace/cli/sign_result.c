// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sign_result.h"

#include <stdio.h>

#include "base/date.h"
#include "base/json.h"

static struct error *as_json(const struct sign_request *r, const struct sign_result *s,
			     const char *path, struct strbuf *out)
{
	struct json j = json_begin(out);

	json_object(&j, NULL);
	json_string(&j, "schema", "suture-sign/1");
	json_string(&j, "kind", !r->key ? NULL : r->approval ? "approval" : "signature");
	json_string(&j, "path", path);
	json_string(&j, "name", s->name);
	json_u64(&j, "serial", s->serial);
	json_string(&j, "digest", s->digest.hex);
	json_string(&j, "key", r->key ? s->key.hex : NULL);
	json_string(&j, "key_kind", r->key ? s->kind.s : NULL);
	json_string(&j, "expires", r->approval ? date_text(r->expires).s : NULL);
	json_u64(&j, "modules", s->modules);
	json_end(&j);
	return json_finish(&j);
}

static struct error *as_text(const struct sign_request *r, const struct sign_result *s,
			     const char *path, struct strbuf *out)
{
	const char *done = r->approval ? "approved" : "signed";

	TRY(strbuf_printf(out, "%s: %s %s\n", path, s->name, r->key ? done : "written"));
	TRY(strbuf_printf(out, "digest      sha256 %s\n", s->digest.hex));
	if (r->key)
		TRY(strbuf_printf(out, "key         %s (%s)\n", s->key.hex, s->kind.s));
	if (s->modules)
		TRY(strbuf_printf(out, "modules     %zu signed for the kernel\n", s->modules));
	if (!r->approval)
		return NULL;
	TRY(strbuf_printf(out, "until       %s\nfor         ", date_text(r->expires).s));
	for (size_t i = 0; i < r->scope.n; i++)
		TRY(strbuf_printf(out, "%s%s", i ? ", " : "", r->scope.patterns[i]));
	return strbuf_printf(out, "%s\n", r->scope.n ? "" : "every host and kernel");
}

struct error *sign_result_print(const struct sign_request *r, const struct sign_result *s,
				bool json)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	const char *path = r->out ? r->out : r->bundle;

	TRY(json ? as_json(r, s, path, &text) : as_text(r, s, path, &text));
	fputs(strbuf_str(&text), stdout);
	return NULL;
}
