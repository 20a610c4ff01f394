// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hostile bundles. The first byte chooses: a whole bundle, a manifest, a Module.symvers. What
 * is taken for a sound bundle must come back the same from a second reading of what is
 * written from it.
 */
#include <stdlib.h>
#include <string.h>

#include "bundle/bundle.h"
#include "bundle/manifest.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	if (!n)
		return 0;
	if (bytes[0] % 3 == 0)
		whole(bytes + 1, n - 1);
	else if (bytes[0] % 3 == 1)
		manifest(bytes + 1, n - 1);
	else
		symvers(bytes + 1, n - 1);
	return 0;
}
