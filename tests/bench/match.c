// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How well run-pre matching does: binds objects to the image they were shipped in and holds
 * every result against the image's own symbol table, which the matcher did not use for it.
 *
 *	match [--names] [--verbose] IMAGE < LIST
 *	match --control [--verbose] IMAGE < LIST
 *
 * IMAGE is a cached vmlinux image. LIST has a line for each object: who ships it ("vmlinux",
 * or the module file), and the object. --names: use names from the beginning.
 *
 * In a control the objects are deliberately wrong; a third word on each line is the right
 * object, which tells the functions whose code differs. None of these may be placed.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "bind/binding.h"

struct totals {
	size_t objects, in_modules;
	struct bind_counts c;
	size_t not_placed, wrong;
	size_t derived, confirmed, disagree;
	size_t differ, differ_placed; /* of a control */
	double seconds;
};

static bool verbose;

static void check(struct error *e)
{
	if (!e)
		return;
	fprintf(stderr, "match: %s\n", error_message(e));
	exit(error_kind(e));
}

static bool is_function(const struct symbol *s)
{
	return s->type == STT_FUNC && s->section && s->section->flags & SHF_EXECINSTR;
}

/* Does the image's symbol table say so too? A name that it does not have says nothing. */
enum opinion { CONFIRMS, SILENT, DISAGREES };
static enum opinion symbol_table(const struct image *img, const struct symbol *s, uint64_t address)
{
	size_t first;

	if (s->type == STT_SECTION || !strncmp(s->name, ".L", 2) ||
	    !image_symbols_named(img, s->name, &first))
		return SILENT;
	return image_symbol_named_at(img, s->name, address) ? CONFIRMS : DISAGREES;
}

static void tell(const char *what, const struct binding *b, const struct symbol *s)
{
	const struct placement *p = &b->placements[s->index];
	const char *path = strrchr(b->object->name, '/');

	printf("  %s: %s, %s", what, path ? path + 1 : b->object->name, s->name);
	if (p->how == BIND_NONE)
		printf(": %s\n", p->trouble ? p->trouble : "nothing refers to it");
	else
		printf(" at %#lx, which is %s\n", p->address,
		       p->symbol ? p->symbol->name : "without a name");
}

static void judge_symbol(const struct binding *b, const struct symbol *s, struct totals *t)
{
	const struct placement *p = &b->placements[s->index];
	enum opinion o;

	if (p->how == BIND_NONE) {
		if (!is_function(s))
			return;
		t->not_placed++;
		if (verbose)
			tell("not placed", b, s);
		return;
	}
	if (p->how == BIND_NAMED && is_function(s) && verbose)
		tell("replaced by another definition", b, s);
	if (p->how != BIND_MATCHED && p->how != BIND_DERIVED)
		return;
	o = symbol_table(b->image, s, p->address);
	if (is_function(s)) {
		t->wrong += o != CONFIRMS;
		if (o != CONFIRMS)
			tell("WRONG", b, s);
	} else if (s->type != STT_SECTION) {
		t->derived++;
		t->confirmed += o == CONFIRMS;
		t->disagree += o == DISAGREES;
		if (o == DISAGREES || (verbose && o == SILENT))
			tell(o == SILENT ? "kallsyms has no such name" : "DISAGREES", b, s);
	}
}

/* --- controls ------------------------------------------------------------------------- */

/* The bytes without fields, and where fields of which type are. */
static bool same_code(const struct section *a, const struct section *b, const struct arch *arch)
{
	uint64_t at = 0;

	if (a->size != b->size || a->relocs.n != b->relocs.n)
		return false;
	for (size_t i = 0; i < a->relocs.n; i++) {
		const struct reloc *r = &a->relocs.v[i], *q = &b->relocs.v[i];

		if (r->offset != q->offset || r->type != q->type || r->offset < at ||
		    memcmp(a->bytes + at, b->bytes + at, r->offset - at))
			return false;
		at = r->offset + arch_reloc_kind(arch, r->type)->size;
	}
	return !memcmp(a->bytes + at, b->bytes + at, a->size - at);
}

static void judge_control(const struct binding *b, const struct object *right, struct totals *t)
{
	vec_for_each(&b->object->symbols, at) {
		const struct symbol *s = *at, *r = object_symbol(right, s->name);
		const struct placement *p = &b->placements[s->index];

		if (!is_function(s) ||
		    (r && is_function(r) && same_code(s->section, r->section, b->image->arch)))
			continue;
		t->differ++;
		if (p->how != BIND_MATCHED)
			continue;
		t->differ_placed++;
		tell("PLACED, though its code differs", b, s);
	}
}

/* --- all objects -------------------------------------------------------------------------- */

static void bind_one(const struct image *img, const struct text_index *index, const char *path,
		     const char *right_path, struct totals *t)
{
	struct bind_options opt = { .withhold_names = index };
	struct binding *b __cleanup_binding = NULL;
	struct object *o __cleanup_object = NULL, *right __cleanup_object = NULL;
	double start;

	check(object_read(path, &o));
	start = clock_seconds();
	check(binding_compute(o, img, &opt, &b));
	t->seconds += clock_seconds() - start;
	t->objects++;
	t->in_modules += strcmp(img->name, "vmlinux") != 0;
	t->c.functions += b->counts.functions;
	t->c.matched += b->counts.matched;
	t->c.nameless += b->counts.nameless;
	t->c.overridden += b->counts.overridden;
	t->c.tiny += b->counts.tiny;
	t->c.shorter += b->counts.shorter;
	t->c.fields += b->counts.fields;
	t->c.places += b->counts.places;
	if (*right_path) {
		check(object_read(right_path, &right));
		judge_control(b, right, t);
	} else {
		vec_for_each(&o->symbols, s)
			judge_symbol(b, *s, t);
	}
}

static double percent(size_t n, size_t of)
{
	return of ? 100.0 * (double)n / (double)of : 0;
}

static int print_totals(const struct totals *t, bool names)
{
	size_t placed = t->c.matched + t->c.overridden;

	printf("objects                    %8zu   %zu built in, %zu of modules\n", t->objects,
	       t->objects - t->in_modules, t->in_modules);
	printf("functions                  %8zu\n", t->c.functions);
	printf("  placed                   %8zu   %.2f %%\n", placed,
	       percent(placed, t->c.functions));
	if (!names)
		printf("    without any name       %8zu   %.2f %%\n", t->c.nameless,
		       percent(t->c.nameless, t->c.functions));
	printf("    tiny                   %8zu   placed by who refers to them, neighbours or a "
	       "unique name\n",
	       t->c.tiny);
	printf("    with shorter jumps     %8zu   compared by instructions\n", t->c.shorter);
	printf("    replaced weak ones     %8zu   bound to the other definition\n",
	       t->c.overridden);
	printf("  not placed               %8zu\n", t->not_placed);
	printf("  wrong                    %8zu\n", t->wrong);
	printf("references of matches      %8zu   agree on %zu places\n", t->c.fields, t->c.places);
	printf("  symbols derived          %8zu   %zu of them in the symbol table\n", t->derived,
	       t->confirmed);
	printf("  disagree with it         %8zu\n", t->disagree);
	printf("matching takes             %8.2f ms an object\n",
	       t->objects ? 1e3 * t->seconds / (double)t->objects : 0);
	return t->wrong || t->disagree || percent(placed, t->c.functions) < 99.5;
}

static int print_control(const struct totals *t)
{
	printf("objects                    %8zu\n", t->objects);
	printf("functions                  %8zu\n", t->c.functions);
	printf("  whose code differs       %8zu\n", t->differ);
	printf("    placed                 %8zu\n", t->differ_placed);
	return t->differ_placed || !t->differ;
}

int main(int argc, char **argv)
{
	struct image *vmlinux __cleanup_image = NULL, *module __cleanup_image = NULL;
	struct text_index *index __cleanup_text_index = NULL;
	struct text_index *module_index __cleanup_text_index = NULL;
	char line[8192], owner[2048], object[2048], right[2048], last[2048] = "";
	bool names = false, control = false;
	struct totals t = { 0 };

	for (int i = 1; i < argc - 1; i++) {
		names |= !strcmp(argv[i], "--names");
		control |= !strcmp(argv[i], "--control");
		verbose |= !strcmp(argv[i], "--verbose");
	}
	if (argc < 2) {
		fprintf(stderr, "usage: match [--names | --control] [--verbose] IMAGE < LIST\n");
		return 2;
	}
	names |= control;
	check(image_open_cache(argv[argc - 1], &vmlinux));
	if (!names)
		check(text_index_build(vmlinux, &index));
	while (fgets(line, sizeof(line), stdin)) {
		int n = sscanf(line, "%2047s %2047s %2047s", owner, object, right);

		if (n != (control ? 3 : 2))
			continue;
		if (!control)
			*right = '\0';
		if (!strcmp(owner, "vmlinux")) {
			bind_one(vmlinux, index, object, right, &t);
			continue;
		}
		if (strcmp(owner, last)) {
			image_free(&module);
			text_index_free(&module_index);
			check(image_open_module(owner, &module));
			if (!names)
				check(text_index_build(module, &module_index));
			strcpy(last, owner);
		}
		bind_one(module, module_index, object, right, &t);
	}
	return control ? print_control(&t) : print_totals(&t, names);
}
