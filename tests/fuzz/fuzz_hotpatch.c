// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hostile hotpatch objects and compile commands; the first byte chooses. A hotpatch object that
 * is read must hold what object.h promises, so that it could be written again.
 */
#include <stdlib.h>
#include <string.h>

#include "hotpatch/object_file.h"
#include "source/compile_db.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void object(const uint8_t *data, size_t size)
{
	struct hotpatch_object o __cleanup_hotpatch = { 0 };
	struct error *e __cleanup_error = hotpatch_object_read(data, size, &o);
	struct error *again __cleanup_error = NULL;
	static volatile uint8_t sink;

	if (e)
		return;
	again = hotpatch_object_check(&o);
	if (again)
		abort();
	vec_for_each(&o.functions, f)
		sink = f->bytes[f->size - 1];
	vec_for_each(&o.references, r)
		sink = o.parts[r->part].bytes[r->offset + hotpatch_field_size(r->type) - 1];
	(void)sink;
}

static void commands(const uint8_t *data, size_t size)
{
	struct compile_db db __cleanup_compile_db = { 0 };
	struct error *e __cleanup_error = compile_db_parse((const char *)data, size, &db);

	if (e)
		return;
	vec_for_each(&db.entries, it) {
		struct arena a __cleanup(arena_free) = { 0 };
		const char **argv, *directory;
		struct error *bad __cleanup_error = compile_command(
			it, COMPILE_SECTIONS, "/source", "/copy", "/out.o", &a, &argv, &directory);

		(void)bad;
		if (*it->file != '/' || strstr(it->file, "/../"))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (*data == '[')
		commands(data, size);
	else
		object(data, size);
	return 0;
}
