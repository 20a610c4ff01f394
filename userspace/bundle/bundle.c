// SPDX-License-Identifier: GPL-2.0-or-later
#include "bundle/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "bundle/archive.h"
#include "bundle/manifest.h"

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

struct inputs {
	VEC(struct archive_input) files;
	VEC(char *) paths;
};

static void free_inputs(struct inputs *in)
{
	vec_for_each(&in->paths, it)
		free(*it);
	vec_free(&in->paths);
	vec_free(&in->files);
}

static struct error *list_inputs(const struct bundle *b, const struct strbuf *manifest,
				 struct inputs *in)
{
	TRY(vec_push(&in->files, (struct archive_input){ MANIFEST_NAME, manifest }));
	TRY(vec_push(&in->files, (struct archive_input){ PATCH_NAME, or_empty(b->patch) }));
	vec_for_each(&b->payloads, p) {
		TRY(vec_push(&in->paths, NULL));
		in->paths.v[in->paths.n - 1] = bundle_payload_path(p);
		if (!in->paths.v[in->paths.n - 1])
			return error_nomem();
		TRY(vec_push(&in->files, (struct archive_input){ in->paths.v[in->paths.n - 1],
								 or_empty(p->content) }));
	}
	return NULL;
}

struct error *bundle_write(const struct bundle *b, const char *path)
{
	struct strbuf manifest __cleanup_strbuf = { 0 }, bytes __cleanup_strbuf = { 0 };
	struct inputs in __cleanup(free_inputs) = { 0 };
	struct bundle *read_back __cleanup_bundle = NULL;
	struct bundle with_digests = *b;

	TRY(digest_of(or_empty(b->patch), &with_digests.patch_digest));
	vec_for_each(&b->payloads, p)
		TRY(digest_of(or_empty(p->content), &p->digest));
	TRY(bundle_manifest_write(&with_digests, &manifest));
	TRY(list_inputs(b, &manifest, &in));
	TRY(archive_pack(in.files.v, in.files.n, &bytes));
	/* What would be refused where it is needed is refused here. */
	TRY_CONTEXT(bundle_parse(bytes.s, bytes.n, &read_back), "the bundle would not be sound");
	return file_write(path, bytes.s, bytes.n, 0644);
}

void bundle_clear(struct bundle *b)
{
	vec_for_each(&b->payloads, p) {
		vec_free(&p->functions);
		vec_free(&p->references);
		vec_free(&p->notes);
		vec_free(&p->overrides);
	}
	vec_free(&b->payloads);
	arena_free(&b->arena);
}

/* --- reading ------------------------------------------------------------------- */

static struct error *take_file(const struct bundle_files *f, const char *name,
			       const struct digest *expected, const struct strbuf **out)
{
	const struct strbuf *content = archive_find(f, name);
	struct digest d;

	if (!content)
		return error_failed("%s is missing", name);
	TRY(digest_of(content, &d));
	if (memcmp(d.bytes, expected->bytes, sizeof(d.bytes)))
		return error_failed("%s is not what the manifest says: its SHA-256 is %s", name,
				    d.hex);
	*out = content;
	return NULL;
}

static struct error *check_contents(struct bundle *b)
{
	TRY(take_file(b->files, PATCH_NAME, &b->patch_digest, &b->patch));
	vec_for_each(&b->payloads, p) {
		char *path __free = bundle_payload_path(p);

		if (!path)
			return error_nomem();
		if (bundle_payload_for(b, p->release) != p)
			return error_failed("there are two payloads for %s", p->release);
		TRY(take_file(b->files, path, &p->digest, &p->content));
	}
	if (b->files->files.n != 2 + b->payloads.n)
		return error_failed("there are files in it that the manifest does not name");
	return NULL;
}

static struct error *read_bundle(struct bundle *b, const void *bytes, size_t n)
{
	const struct archive_file *first;

	TRY(archive_unpack(bytes, n, b->files));
	first = b->files->files.n ? &b->files->files.v[0] : NULL;
	if (!first || !str_equal(first->name, MANIFEST_NAME))
		return error_failed("its first file is not " MANIFEST_NAME);
	TRY(bundle_manifest_read(strbuf_str(&first->content), first->content.n, b));
	return check_contents(b);
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

struct error *bundle_extract(const struct bundle_payload *p, const char *path)
{
	return file_write(path, strbuf_str(p->content), p->content->n, 0644);
}
