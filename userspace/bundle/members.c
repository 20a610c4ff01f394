// SPDX-License-Identifier: GPL-2.0-or-later
#include "bundle/members.h"

#include "bundle/manifest.h"

void bundle_members_clear(struct bundle_members *m)
{
	vec_for_each(&m->paths, it)
		free(*it);
	vec_free(&m->paths);
	vec_free(&m->files);
}

struct error *bundle_members_add(struct bundle_members *m, char *path, const struct strbuf *content)
{
	static const struct strbuf empty;
	char *owned __free = path;

	if (!owned)
		return error_nomem();
	TRY(vec_push(&m->paths, owned));
	take(owned);
	return vec_push(&m->files, (struct archive_input){ path, content ? content : &empty });
}

static struct error *add_payload(const struct bundle_payload *p, struct bundle_members *m)
{
	TRY(bundle_members_add(m, bundle_payload_path(p), p->content));
	if (p->debug.content)
		TRY(bundle_members_add(m, bundle_debug_path(p), p->debug.content));
	return p->guard.content ? bundle_members_add(m, bundle_guard_path(p), p->guard.content)
				: NULL;
}

struct error *bundle_members_list(const struct bundle *b, const struct strbuf *manifest,
				  struct bundle_members *out)
{
	TRY(vec_push(&out->files, (struct archive_input){ MANIFEST_NAME, manifest }));
	vec_for_each(&b->fixes, f)
		TRY(bundle_members_add(out, bundle_fix_path(f), f->patch));
	vec_for_each(&b->metadata, p)
		TRY(bundle_members_add(out, bundle_part_path(p), p->content));
	vec_for_each(&b->payloads, p)
		TRY(add_payload(p, out));
	return NULL;
}

struct error *bundle_members_digest(const struct bundle_members *m, struct digest *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	TRY(strbuf_puts(&text, "suture-bundle-digest/1\n"));
	vec_for_each(&m->files, f) {
		struct digest d;

		TRY(digest_bytes(strbuf_str(f->content), f->content->n, &d));
		TRY(strbuf_printf(&text, "%s %zu %s\n", d.hex, f->content->n, f->name));
	}
	return digest_bytes(text.s, text.n, out);
}
