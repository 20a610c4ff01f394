// SPDX-License-Identifier: GPL-2.0-or-later
#include "bundle/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "bundle/archive.h"
#include "bundle/manifest.h"
#include "bundle/members.h"
#include "bundle/signature.h"

static const struct strbuf *or_empty(const struct strbuf *b)
{
	static const struct strbuf empty;

	return b ? b : &empty;
}

static struct error *digest_of(const struct strbuf *b, struct digest *out)
{
	return digest_bytes(strbuf_str(b), b->n, out);
}

/* --- writing ------------------------------------------------------------------- */

static struct error *digest_contents(const struct bundle *b)
{
	vec_for_each(&b->fixes, f)
		TRY(digest_of(or_empty(f->patch), &f->digest));
	vec_for_each(&b->metadata, p)
		TRY(digest_of(or_empty(p->content), &p->digest));
	vec_for_each(&b->payloads, p) {
		TRY(digest_of(or_empty(p->content), &p->digest));
		TRY(digest_of(or_empty(p->debug.content), &p->debug.digest));
		TRY(digest_of(or_empty(p->guard.content), &p->guard.digest));
	}
	return NULL;
}

struct error *bundle_pack(const struct bundle *b, struct strbuf *out)
{
	struct strbuf manifest __cleanup_strbuf = { 0 };
	struct bundle_members m __cleanup_members = { 0 };

	TRY(digest_contents(b));
	TRY(bundle_manifest_write(b, &manifest));
	TRY(bundle_members_list(b, &manifest, &m));
	return archive_pack(m.files.v, m.files.n, out);
}

struct error *bundle_write(const struct bundle *b, const char *path)
{
	struct strbuf bytes __cleanup_strbuf = { 0 };
	struct bundle *read_back __cleanup_bundle = NULL;

	TRY(bundle_pack(b, &bytes));
	/* What would be refused where it is needed is refused here. */
	TRY_CONTEXT(bundle_parse(bytes.s, bytes.n, &read_back), "the bundle would not be sound");
	return file_write(path, bytes.s, bytes.n, 0644);
}

static void clear_payload(struct bundle_payload *p)
{
	vec_free(&p->functions);
	vec_free(&p->references);
	vec_free(&p->callbacks);
	vec_free(&p->states);
	vec_free(&p->at_load);
	vec_free(&p->overrides);
	vec_free(&p->notes);
	vec_free(&p->provenance.packages);
	vec_free(&p->provenance.sources);
}

void bundle_clear(struct bundle *b)
{
	vec_for_each(&b->payloads, p)
		clear_payload(p);
	vec_free(&b->payloads);
	vec_free(&b->signatures);
	vec_free(&b->metadata);
	vec_free(&b->fixes);
	bundle_facts_clear(&b->facts);
	arena_free(&b->arena);
}

/* --- reading ------------------------------------------------------------------- */

/* Takes the path. */
static struct error *take_file(const struct bundle_files *f, char *path,
			       const struct digest *expected, const struct strbuf **out)
{
	char *name __free = path;
	const struct strbuf *content;
	struct digest d;

	if (!name)
		return error_nomem();
	content = archive_find(f, name);
	if (!content)
		return error_failed("%s is missing", name);
	TRY(digest_of(content, &d));
	if (memcmp(d.bytes, expected->bytes, sizeof(d.bytes)))
		return error_failed("%s is not what the manifest says: its SHA-256 is %s", name,
				    d.hex);
	*out = content;
	return NULL;
}

static struct error *take_payload(struct bundle *b, struct bundle_payload *p)
{
	if (bundle_payload_for(b, p->release) != p)
		return error_failed("there are two payloads for %s", p->release);
	TRY(take_file(b->files, bundle_payload_path(p), &p->digest, &p->content));
	if (p->debug.content)
		TRY(take_file(b->files, bundle_debug_path(p), &p->debug.digest, &p->debug.content));
	if (p->guard.content)
		TRY(take_file(b->files, bundle_guard_path(p), &p->guard.digest, &p->guard.content));
	return NULL;
}

static struct error *take_contents(struct bundle *b)
{
	if (!b->fixes.n)
		return error_failed("there is no fix in it");
	vec_for_each(&b->fixes, f)
		TRY(take_file(b->files, bundle_fix_path(f), &f->digest, &f->patch));
	vec_for_each(&b->metadata, p)
		TRY(take_file(b->files, bundle_part_path(p), &p->digest, &p->content));
	vec_for_each(&b->payloads, p)
		TRY(take_payload(b, p));
	return NULL;
}

/* What is there is what the manifest names, in that order, then signatures. */
static struct error *check_members(struct bundle *b)
{
	struct bundle_members m __cleanup_members = { 0 };

	TRY(bundle_members_list(b, &b->files->files.v[0].content, &m));
	for (size_t i = 0; i < m.files.n; i++)
		if (i >= b->files->files.n ||
		    !str_equal(b->files->files.v[i].name, m.files.v[i].name))
			return error_failed("%s is not in its place, or the manifest does not "
					    "name what is there",
					    m.files.v[i].name);
	TRY(bundle_members_digest(&m, &b->digest));
	return bundle_signatures_read(b, m.files.n);
}

static struct error *read_bundle(struct bundle *b, const void *bytes, size_t n)
{
	const struct archive_file *first;

	TRY(archive_unpack(bytes, n, b->files));
	first = b->files->files.n ? &b->files->files.v[0] : NULL;
	if (!first || !str_equal(first->name, MANIFEST_NAME))
		return error_failed("its first file is not " MANIFEST_NAME);
	TRY(bundle_manifest_read(strbuf_str(&first->content), first->content.n, b));
	TRY(take_contents(b));
	return check_members(b);
}

struct error *bundle_parse(const void *bytes, size_t n, struct bundle **out)
{
	struct bundle *b __cleanup_bundle = calloc(1, sizeof(*b));

	if (!b)
		return error_nomem();
	b->files = calloc(1, sizeof(*b->files));
	if (!b->files)
		return error_nomem();
	TRY(read_bundle(b, bytes, n));
	*out = take(b);
	return NULL;
}

struct error *bundle_open(const char *path, struct bundle **out)
{
	struct file_map map __cleanup_map = { 0 };

	TRY(file_map(path, &map));
	if (!map.size)
		return error_failed("%s is empty", path);
	return error_context(bundle_parse(map.bytes, map.size, out), "%s is no sound bundle", path);
}

void bundle_free(struct bundle **at)
{
	struct bundle *b = *at;

	if (!b)
		return;
	bundle_clear(b);
	if (b->files)
		archive_files_free(b->files);
	free(b->files);
	free(b);
	*at = NULL;
}

const struct bundle_payload *bundle_payload_for(const struct bundle *b, const char *release)
{
	vec_for_each(&b->payloads, p)
		if (str_equal(p->release, release))
			return p;
	return NULL;
}

const struct strbuf *bundle_metadata(const struct bundle *b, const char *name)
{
	vec_for_each(&b->metadata, p)
		if (str_equal(p->name, name))
			return p->content;
	return NULL;
}

struct error *bundle_extract(const struct bundle_payload *p, const char *path)
{
	return file_write(path, strbuf_str(p->content), p->content->n, 0644);
}

struct error *bundle_extract_file(const struct bundle_file *f, const char *path)
{
	return file_write(path, strbuf_str(f->content), f->content->n, 0644);
}
