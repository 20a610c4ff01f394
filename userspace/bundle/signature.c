// SPDX-License-Identifier: GPL-2.0-or-later
#include "bundle/signature.h"

#include <string.h>

#include "base/file.h"
#include "bundle/archive.h"
#include "bundle/members.h"

#define TEXT_MAX (32u << 10)
#define SIGNATURE_MAX (16u << 10)

static char *text_path(size_t number)
{
	return str_printf("signatures/%zu.json", number);
}

static char *bytes_path(size_t number)
{
	return str_printf("signatures/%zu.sig", number);
}

/* --- reading --------------------------------------------------------------------- */

/* The member 'at' if it has that name, which is taken; else NULL. */
static const struct strbuf *member(const struct bundle *b, size_t at, char *path)
{
	char *name __free = path;

	if (!name || at >= b->files->files.n || !str_equal(b->files->files.v[at].name, name))
		return NULL;
	return &b->files->files.v[at].content;
}

static struct error *read_signature(struct bundle *b, size_t at, size_t number)
{
	struct bundle_signature s = { .text = member(b, at, text_path(number)),
				      .bytes = member(b, at + 1, bytes_path(number)) };

	if (!s.bytes)
		return error_failed("its signature is missing");
	if (s.text->n > TEXT_MAX || s.bytes->n > SIGNATURE_MAX || !s.bytes->n)
		return error_failed("it is too long, or empty");
	TRY(statement_read(strbuf_str(s.text), s.text->n, &b->arena, &s.statement));
	return vec_push(&b->signatures, s);
}

struct error *bundle_signatures_read(struct bundle *b, size_t at)
{
	size_t n = b->files->files.n - at;

	if (n > 2 * BUNDLE_SIGNATURES_MAX)
		return error_failed("there are more than %d signatures, or files that the manifest "
				    "does not name",
				    BUNDLE_SIGNATURES_MAX);
	for (size_t i = 0; i < n; i += 2) {
		if (!member(b, at + i, text_path(i / 2 + 1)))
			return error_failed(
				"there are files in it that the manifest does not name");
		TRY_CONTEXT(read_signature(b, at + i, i / 2 + 1), "signature %zu", i / 2 + 1);
	}
	return NULL;
}

/* --- signing --------------------------------------------------------------------- */

static struct error *pack_with(const struct bundle *b, const struct strbuf *text,
			       const struct strbuf *bytes, struct strbuf *out)
{
	struct bundle_members m __cleanup_members = { 0 };
	size_t number = b->signatures.n + 1;

	vec_for_each(&b->files->files, f)
		TRY(vec_push(&m.files, (struct archive_input){ f->name, &f->content }));
	TRY(bundle_members_add(&m, text_path(number), text));
	TRY(bundle_members_add(&m, bytes_path(number), bytes));
	return archive_pack(m.files.v, m.files.n, out);
}

struct error *bundle_sign(const struct bundle *b, const struct key *k, const struct statement *said,
			  const char *path)
{
	struct strbuf text __cleanup_strbuf = { 0 }, signature __cleanup_strbuf = { 0 };
	struct strbuf bytes __cleanup_strbuf = { 0 };
	struct bundle *again __cleanup_bundle = NULL;
	struct statement s = *said;

	s.bundle = b->digest;
	s.key = k->id;
	TRY(statement_check(&s));
	TRY(statement_write(&s, &text));
	TRY(key_sign(k, text.s, text.n, &signature));
	TRY(pack_with(b, &text, &signature, &bytes));
	TRY_CONTEXT(bundle_parse(bytes.s, bytes.n, &again), "the bundle would not be sound");
	return file_write_durable(path, bytes.s, bytes.n, 0644);
}
