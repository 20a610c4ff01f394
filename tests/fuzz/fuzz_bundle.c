// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hostile bundles. The first byte chooses: a whole bundle, a manifest, a Module.symvers, a
 * statement, a file of a trust store, a module that may be signed. What is taken for a sound
 * bundle or statement must come back the same from a second reading of what is written from it.
 */
#include <stdlib.h>
#include <string.h>

#include "bundle/bundle.h"
#include "bundle/manifest.h"
#include "bundle/module_signature.h"
#include "bundle/trust_file.h"
#include "livepatch/symvers.h"

static void drop(struct error *e)
{
	error_free(&e);
}

static void whole(const uint8_t *bytes, size_t n)
{
	struct bundle *b __cleanup_bundle = NULL;
	struct strbuf first __cleanup_strbuf = { 0 }, second __cleanup_strbuf = { 0 };
	struct bundle again __cleanup_made_bundle = { 0 };

	drop(bundle_parse(bytes, n, &b));
	if (!b)
		return;
	drop(bundle_manifest_write(b, &first));
	drop(bundle_manifest_read(strbuf_str(&first), first.n, &again));
	drop(bundle_manifest_write(&again, &second));
	if (first.n != second.n || memcmp(strbuf_str(&first), strbuf_str(&second), first.n) != 0)
		abort();
}

static void manifest(const uint8_t *bytes, size_t n)
{
	struct bundle b __cleanup_made_bundle = { 0 };

	drop(bundle_manifest_read((const char *)bytes, n, &b));
}

static void symvers(const uint8_t *bytes, size_t n)
{
	struct symvers s __cleanup_symvers = { 0 };
	char *text __free = malloc(n + 1);

	if (!text)
		return;
	memcpy(text, bytes, n);
	text[n] = '\0';
	drop(symvers_parse(text, &s));
	vec_for_each(&s.exports, e)
		if (symvers_find(&s, e->name) != e)
			abort();
}

/* What is signed has one form only. */
static void statement(const uint8_t *bytes, size_t n)
{
	struct strbuf again __cleanup_strbuf = { 0 };
	struct statement s = { 0 };
	struct arena a = { 0 };
	struct error *e = statement_read((const char *)bytes, n, &a, &s);

	if (!e) {
		drop(statement_write(&s, &again));
		if (again.n != n || memcmp(strbuf_str(&again), bytes, n) != 0)
			abort();
	}
	drop(e);
	arena_free(&a);
}

static void trust_file(const uint8_t *bytes, size_t n)
{
	struct trust *t __cleanup_trust = calloc(1, sizeof(*t));

	if (t)
		drop(trust_file_read(t, "f.yaml", (const char *)bytes, n));
}

static void module(const uint8_t *bytes, size_t n)
{
	struct module_signature s __cleanup_module_signature = { 0 };

	drop(module_signature_read(bytes, n, &s));
	if (s.cms_size > n || s.module_size > n || s.cms > n - s.cms_size)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static void (*const parsers[])(const uint8_t *bytes, size_t n) = {
		whole, manifest, symvers, statement, trust_file, module,
	};

	if (n)
		parsers[bytes[0] % ARRAY_SIZE(parsers)](bytes + 1, n - 1);
	return 0;
}
