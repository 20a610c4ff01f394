/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linking: what an outside reference is named after, what the module looks like, and what
 * is refused. The image, the binding and the glue are hand-made.
 */
#ifndef TESTS_UNIT_LIVEPATCH_WORLD_H
#define TESTS_UNIT_LIVEPATCH_WORLD_H

#include "snippet.h"

#include "image/backend.h"
#include "livepatch/assemble.h"
#include "livepatch/check.h"
#include "livepatch/klp.h"
#include "livepatch/exports.h"
#include "livepatch/payload.h"
#include "livepatch/reference.h"

static struct tmpdir dir;

/* --- the world ------------------------------------------------------------------- */

#define TEXT 0xffffffff81000000
#define INIT 0xffffffff82000000
/* Source of an old_function() that calls one other. */
#define CALLS(name) "void " name "(void); int old_function(void) { " name "(); return 1; }\n"

static const struct {
	const char *name;
	uint64_t address;
	char type;
} kernel_symbols[] = {
	{ "kfree", TEXT + 0x100, 'T' },
	{ "klp_enable_patch", TEXT + 0x180, 'T' },
	{ "old_function", TEXT + 0x200, 't' },
	{ "helper", TEXT + 0x300, 't' },
	{ "helper", TEXT + 0x400, 't' },
	{ "shared", TEXT + 0x500, 'T' }, /* exported */
	{ "shared", TEXT + 0x600, 't' }, /* a static of the same name */
	{ "spaced", TEXT + 0x700, 'T' }, /* exported in a namespace */
	{ "unexported", TEXT + 0x800, 'T' },
	{ "a_percpu", 0, 'A' },
	{ "with,comma", TEXT + 0x900, 't' },
	{ "__tracepoint_beat", TEXT + 0xa00, 'D' },
	{ "a_key", TEXT + 0xb00, 'd' },
	{ "__SCK__call", TEXT + 0xc00, 'd' },
	{ "__SCT__call", TEXT + 0xd00, 't' },
	{ "__init_begin", INIT, 'D' },
	{ "gone", INIT + 0x10, 't' },
	{ "__init_end", INIT + 0x1000, 'D' },
	{ "__per_cpu_start", INIT + 0x800, 'D' },
	{ "a_counter", INIT + 0x808, 'd' },
	{ "__per_cpu_end", INIT + 0x900, 'D' },
};

static const char symvers_text[] =
	"0x11111111\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\t\n"
	"0x22222222\tkfree\tvmlinux\tEXPORT_SYMBOL\t\n"
	"0x33333333\tklp_enable_patch\tvmlinux\tEXPORT_SYMBOL_GPL\t\n"
	"0x44444444\tshared\tvmlinux\tEXPORT_SYMBOL_GPL\t\n"
	"0x55555555\tspaced\tvmlinux\tEXPORT_SYMBOL_GPL\tSPACE\n"
	"0x66666666\tof_module\tdrivers/net/some-driver\tEXPORT_SYMBOL\t\n";

static const char glue_text[] =
	"struct layout { unsigned long a, b, c, d, e; };\n"
	"extern const char suture_patch[], suture_funcs[];\n"
	"extern int klp_enable_patch(const void *); extern void kfree(const void *);\n"
	"struct { long room[4]; } suture_klp_patch;\n"
	"int init_module(void) { return klp_enable_patch(suture_patch); }\n"
	"void cleanup_module(void) { kfree(suture_funcs); }\n"
	"__attribute__((section(\".modinfo\"), aligned(1), used)) static const char info[] = "
	"\"license=GPL\\0livepatch=Y\\0vermagic=6.1 SMP\";\n"
	"struct { long state; char name[56]; int (*init)(void); } __this_module\n"
	"__attribute__((section(\".gnu.linkonce.this_module\"))) = { .init = init_module };\n"
	"__attribute__((section(\".suture.layout\"), used)) static const struct layout l =\n"
	"{ 8, 56, 64, 8, 8 };\n";

/* What a kernel that forgets nothing needs more. */
static const char reload_text[] =
	"extern const char suture_late[]; extern void kfree(const void *);\n"
	"void suture_forget(void *o) { kfree(suture_late); }\n";

struct world {
	struct image *vmlinux, *module;
	struct symvers symvers;
	struct payload payload;
	struct assemble_from from;
	bool replace;
	struct object *object; /* of the part: before and extracted in one */
	struct extraction x;
	struct binding binding;
	struct unit unit;
	struct livepatch_part part;
	struct object *out;
	struct livepatch_account *account;
};

/* A vmlinux with tables of exports: one entry, then its checksum, then its name. */
#define TABLES (TEXT + 0x10000)

static struct {
	const char *name; /* NULL: no tables */
	uint64_t address;
	uint32_t crc;
} export_table;

static inline void add_exports(struct image *img)
{
	static const struct {
		const char *name;
		uint64_t offset;
	} ends[] = { { "__start___ksymtab", 0 },      { "__stop___ksymtab", 12 },
		     { "__start___ksymtab_gpl", 12 }, { "__stop___ksymtab_gpl", 12 },
		     { "__start___kcrctab", 16 },     { "__stop___kcrctab", 20 } };
	uint8_t *bytes = arena_alloc(&img->arena, 64);
	int32_t to_value = (int32_t)(export_table.address - TABLES), to_name = 32 - 4;

	assert_non_null(bytes);
	memcpy(bytes, &to_value, 4);
	memcpy(bytes + 4, &to_name, 4);
	memcpy(bytes + 16, &export_table.crc, 4);
	snprintf((char *)bytes + 32, 32, "%s", export_table.name ? export_table.name : "");
	ok(vec_push(&img->segments,
		    (struct image_segment){
			    .address = TABLES, .size = 64, .bytes = bytes, .name = "tables" }));
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		ok(vec_push(&img->symbols,
			    (struct image_symbol){ .address = TABLES + ends[i].offset,
						   .name = ends[i].name,
						   .type = 'R',
						   .position = 100 + (unsigned int)i }));
}

static inline struct image *make_image(const char *name)
{
	struct image *img = NULL;

	ok(image_new(name, &img));
	for (size_t i = 0; i < ARRAY_SIZE(kernel_symbols); i++)
		ok(vec_push(&img->symbols,
			    (struct image_symbol){ .address = kernel_symbols[i].address,
						   .name = kernel_symbols[i].name,
						   .type = kernel_symbols[i].type,
						   .position = (unsigned int)i }));
	if (export_table.name)
		add_exports(img);
	ok(image_finish(img, false));
	return img;
}

static inline void make_object(const char *name, const char *text, struct object **out)
{
	char *path __free = str_printf("%s/%s.o", dir.path, name);

	compile_snippet(dir.path, "c", text, path, NULL);
	ok(object_read(path, out));
}

static inline void world_free(struct world *w)
{
	livepatch_account_free(&w->account);
	object_free(&w->out);
	vec_free(&w->x.outside);
	vec_free(&w->x.replacements);
	free(w->binding.placements);
	object_free(&w->object);
	payload_free(&w->payload);
	symvers_free(&w->symvers);
	image_free(&w->vmlinux);
	image_free(&w->module);
}

#define __cleanup_world __cleanup(world_free)

static inline const struct image_symbol *symbol_at(const struct image *img, uint64_t address)
{
	size_t first;

	assert_true(image_symbols_at(img, address, &first) > 0);
	return &img->symbols.v[first];
}

static inline struct placement *placement_of(struct world *w, const char *name)
{
	struct symbol *s = object_symbol(w->object, name);

	assert_non_null(s);
	return &w->binding.placements[s->index];
}

/* Say where the symbol of the before object was proven to be. */
static inline void place(struct world *w, const char *name, uint64_t address)
{
	*placement_of(w, name) =
		(struct placement){ .how = object_symbol(w->object, name)->section ? BIND_MATCHED
										   : BIND_DERIVED,
				    .address = address,
				    .symbol = symbol_at(w->binding.image, address),
				    .witnesses = 1 };
}

/* 'text' redirects old_function; everything undefined in it is an outside reference. */
static inline void world_make(struct world *w, const char *object_name, const char *text)
{
	struct symbol *old;

	w->vmlinux = make_image("vmlinux");
	ok(symvers_parse(symvers_text, &w->symvers));
	make_object("glue", glue_text, &w->payload.object);
	ok(payload_check(w->payload.object, &w->payload.layout));
	w->from = (struct assemble_from){ .symvers = &w->symvers, .payload = &w->payload };
	make_object("part", text, &w->object);
	w->x.object = w->object;
	w->binding.object = w->object;
	w->binding.image = w->vmlinux;
	if (strcmp(object_name, "vmlinux") != 0)
		w->binding.image = w->module = make_image(object_name);
	w->binding.placements = calloc(w->object->symbols.n, sizeof(*w->binding.placements));
	assert_non_null(w->binding.placements);
	vec_for_each(&w->object->symbols, it)
		if ((*it)->index && (*it)->shndx == SHN_UNDEF)
			ok(vec_push(&w->x.outside,
				    (struct outside){ .symbol = *it, .before = *it }));
	old = object_symbol(w->object, "old_function");
	assert_non_null(old);
	ok(vec_push(&w->x.replacements, (struct replacement){ .old = old, .new = old }));
	place(w, "old_function", TEXT + 0x200);
	w->unit = (struct unit){ .source = "x.c", .object = "x.o", .module = (char *)object_name };
	w->part = (struct livepatch_part){
		.unit = &w->unit, .extraction = &w->x, .binding = &w->binding, .vmlinux = w->vmlinux
	};
}

static inline struct error *world_link(struct world *w)
{
	struct livepatch_request request = { .name = "suture_test", .replace = w->replace };

	return assemble(&w->from, &request, &w->part, 1, &w->out, &w->account);
}

static inline void world_refused(struct world *w, const char *word)
{
	struct error *e = world_link(w);

	assert_non_null(e);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
	expect_error(e, word);
	assert_null(w->out);
}

static inline const struct reloc *reloc_to(const struct object *o, const char *section,
					   const char *symbol)
{
	const struct section *s = object_section(o, section);

	if (!s)
		return NULL;
	vec_for_each(&s->relocs, r)
		if (str_equal(r->symbol->name, symbol))
			return r;
	return NULL;
}

static inline uint32_t version_of(const struct object *o, const char *name)
{
	const struct section *s = object_section(o, "__versions");
	uint32_t crc = 0;

	assert_non_null(s);
	for (uint64_t at = 0; at < s->size; at += 64)
		if (str_equal((const char *)s->bytes + at + 8, name))
			memcpy(&crc, s->bytes + at, sizeof(crc));
	return crc;
}

static inline int setup(void **state)
{
	(void)state;
	ok(tmpdir_make(NULL, &dir));
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	tmpdir_remove(&dir);
	return 0;
}

#endif
