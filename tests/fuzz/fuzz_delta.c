// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The delta engine, on two objects: four bytes with the length of the first, the first, the
 * second. Whatever it makes of them, reports and extracted objects must be sound.
 */
#include <stdlib.h>

#include "delta/delta.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_extraction(const struct extraction *x)
{
	vec_for_each(&x->object->sections, s)
		vec_for_each(&(*s)->relocs, r)
			if (!r->symbol || r->offset >= (*s)->size ||
			    x->object->symbols.v[r->symbol->index] != r->symbol)
				abort();
	vec_for_each(&x->outside, o)
		if (o->symbol->section || (!o->called && !o->pointed))
			abort();
	vec_for_each(&x->replacements, r)
		if (!r->old->section || !r->new->section)
			abort();
}

static struct error *try(const uint8_t *data, size_t first, size_t size)
{
	struct object *before __cleanup_object = NULL, *after __cleanup_object = NULL;
	struct delta *d __cleanup_delta = NULL;
	struct extraction *x __cleanup_extraction = NULL;
	struct strbuf text __cleanup_strbuf = { 0 };
	struct json j = json_begin(&text);

	TRY(object_parse("before", data, first, &before));
	TRY(object_parse("after", data + first, size - first, &after));
	TRY(delta_compute(before, after, &d));
	TRY(delta_print(d, &text));
	delta_json(d, &j, NULL);
	TRY(json_finish(&j));
	TRY(delta_extract(d, &x));
	check_extraction(x);
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error *e __cleanup_error = NULL;
	uint32_t first;

	if (size < sizeof(first))
		return 0;
	memcpy(&first, data, sizeof(first));
	size -= sizeof(first);
	if (first <= size)
		e = try(data + sizeof(first), first, size);
	return 0;
}
