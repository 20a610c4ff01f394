// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/sign.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "flow/inspect.h"

void sign_result_clear(struct sign_result *r)
{
	free(r->name);
	*r = (struct sign_result){ 0 };
}

/* --- modules -------------------------------------------------------------------------- */

/* New contents of a bundle, each of its own. */
struct contents {
	VEC(struct strbuf *) v;
};

static void free_contents(struct contents *c)
{
	vec_for_each(&c->v, it) {
		strbuf_free(*it);
		free(*it);
	}
	vec_free(&c->v);
}

static struct error *sign_module(const struct module_signer *s, struct contents *to,
				 const struct strbuf **content)
{
	struct strbuf *signed_one = calloc(1, sizeof(*signed_one));
	struct error *e = signed_one ? vec_push(&to->v, signed_one) : error_nomem();

	if (e) {
		free(signed_one);
		return e;
	}
	TRY(module_sign(s, *content, signed_one));
	*content = signed_one;
	return NULL;
}

/* The bundle with its modules signed, in the place of the one that was read. */
static struct error *sign_modules(const struct sign_request *r, struct bundle **at, size_t *n)
{
	struct module_signer s __cleanup_module_signer = { 0 };
	struct contents contents __cleanup(free_contents) = { 0 };
	struct bundle *again __cleanup_bundle = NULL;
	struct strbuf bytes __cleanup_strbuf = { 0 };

	if ((*at)->signatures.n)
		return error_advise(
			error_refused("%s is signed, which signed modules would make void",
				      r->bundle),
			"sign the modules of the bundle as suture build made it, then the bundle");
	TRY(module_signer_open(r->module_key, r->passphrase_file, r->module_certificate,
			       r->module_digest, &s));
	vec_for_each(&(*at)->payloads, p) {
		TRY(sign_module(&s, &contents, &p->content));
		if (p->guard.content)
			TRY(sign_module(&s, &contents, &p->guard.content));
	}
	*n = contents.v.n;
	TRY(bundle_pack(*at, &bytes));
	TRY_CONTEXT(bundle_parse(bytes.s, bytes.n, &again), "the bundle would not be sound");
	TRY_CONTEXT(inspect_check(again), "the bundle would not be sound");
	bundle_free(at);
	*at = take(again);
	return NULL;
}

/* --- the bundle -------------------------------------------------------------------------- */

static struct error *check_new(const struct bundle *b, const struct key *k, const char *path)
{
	vec_for_each(&b->signatures, s) {
		bool fits = false;

		if (s->statement.kind != STATEMENT_SIGNATURE ||
		    memcmp(s->statement.key.bytes, k->id.bytes, DIGEST_BYTES) != 0)
			continue;
		TRY(key_verify(k, s->text->s, s->text->n, s->bytes, &fits));
		if (fits)
			return error_new(ERROR_NOTHING, "%s has a signature by this key already",
					 path);
	}
	return NULL;
}

static struct error *sign_bundle(const struct sign_request *r, const struct bundle *b,
				 const char *path, struct sign_result *out)
{
	struct key k __cleanup_key = { 0 };
	const struct statement s = {
		.kind = r->approval ? STATEMENT_APPROVAL : STATEMENT_SIGNATURE,
		.time = time(NULL),
		.who = r->who,
		.scope = r->scope,
		.expires = r->expires,
		.reason = r->reason,
	};

	TRY(key_open(r->key, r->passphrase_file, &k));
	if (!r->approval)
		TRY(check_new(b, &k, r->bundle));
	TRY(bundle_sign(b, &k, &s, path));
	out->key = k.id;
	out->kind = key_kind(&k);
	return NULL;
}

struct error *sign(const struct sign_request *r, struct sign_result *out)
{
	struct sign_result result __cleanup_sign_result = { 0 };
	const char *path = r->out ? r->out : r->bundle;
	struct bundle *b __cleanup_bundle = NULL;

	TRY(bundle_open(r->bundle, &b));
	TRY_CONTEXT(inspect_check(b), "%s is no sound bundle", r->bundle);
	if (r->module_key)
		TRY(sign_modules(r, &b, &result.modules));
	result.name = strdup(b->name);
	if (!result.name)
		return error_nomem();
	result.serial = b->facts.serial;
	result.digest = b->digest;
	TRY(r->key ? sign_bundle(r, b, path, &result) : bundle_write(b, path));
	*out = result;
	result = (struct sign_result){ 0 };
	return NULL;
}
