// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How well run-pre matching does: binds objects to the image they were shipped in and holds
 * every result against the image's own symbol table.
 *
 *	match [-n] [-v] IMAGE < LIST
 *
 * IMAGE is a cached vmlinux image. LIST has a line for each object: the module file that
 * ships it, or "vmlinux", and the object. -n: use names from the beginning. -v: tell every
 * exception. -r: a control, nothing is expected to match; tell how much does.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "bind/binding.h"

struct totals {
	size_t objects, wrong, unplaced;
	struct bind_counts c;
	size_t derived, nameless, disagree;
	double seconds;
};

static bool verbose;

static void die(struct error *e)
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
enum opinion { AGREES, SILENT, DISAGREES };
static enum opinion symbol_table(const struct image *img, const char *name, uint64_t address)
{
	size_t first;

	if (!*name || !strncmp(name, ".L", 2) || !image_symbols_named(img, name, &first))
		return SILENT;
	return image_symbol_named_at(img, name, address) ? AGREES : DISAGREES;
}

static void judge_symbol(const char *path, const struct binding *b, const struct symbol *s,
			 struct totals *t)
{
	const struct placement *p = &b->placements[s->index];
	enum opinion o;

	if (is_function(s) && p->how == BIND_NONE) {
		t->unplaced++;
		if (verbose)
			printf("  not placed  %s %s: %s\n", path, s->name, p->trouble);
		return;
	}
	if (p->how != BIND_MATCHED && p->how != BIND_DERIVED) {
		if (verbose && p->how == BIND_NONE && s->section && s->section->flags & SHF_ALLOC &&
		    s->type == STT_OBJECT)
			printf("  data        %s %s: %s\n", path, s->name, p->trouble);
		return;
	}
	o = s->type == STT_SECTION ? SILENT : symbol_table(b->image, s->name, p->address);
	if (p->how == BIND_MATCHED && is_function(s)) {
		if (o == AGREES)
			return;
		t->wrong++;
		printf("  WRONG       %s %s at %#lx, which is %s\n", path, s->name, p->address,
		       p->symbol ? p->symbol->name : "nothing");
		return;
	}
	t->derived++;
	t->nameless += o == SILENT;
	if (o != DISAGREES)
		return;
	t->disagree++;
	printf("  DISAGREES   %s %s at %#lx, which is %s\n", path, s->name, p->address,
	       p->symbol ? p->symbol->name : "nothing");
}

static void bind_one(const struct image *img, const struct text_index *index, const char *path,
		     struct totals *t)
{
	struct bind_options opt = { .withhold_names = index };
	struct binding *b __cleanup_binding = NULL;
	struct object *o __cleanup_object = NULL;
	double start;

	die(object_read(path, &o));
	start = clock_seconds();
	die(binding_compute(o, img, &opt, &b));
	t->seconds += clock_seconds() - start;
	t->objects++;
	t->c.functions += b->counts.functions;
	t->c.matched += b->counts.matched;
	t->c.nameless += b->counts.nameless;
	t->c.overridden += b->counts.overridden;
	t->c.tiny += b->counts.tiny;
	t->c.shorter += b->counts.shorter;
	t->c.fields += b->counts.fields;
	t->c.places += b->counts.places;
	vec_for_each(&o->symbols, s)
		judge_symbol(path, b, *s, t);
}

int main(int argc, char **argv)
{
	struct image *vmlinux __cleanup_image = NULL, *module __cleanup_image = NULL;
	struct text_index *index __cleanup_text_index = NULL, *module_index = NULL;
	char line[4096], owner[2048], object[2048], last[2048] = "";
	bool names = false;
	struct totals t = { 0 };
	int i;

	for (i = 1; i < argc - 1; i++) {
		names |= !strcmp(argv[i], "-n");
		verbose |= !strcmp(argv[i], "-v");
	}
	if (argc < 2)
		return 2;
	die(image_open_cache(argv[argc - 1], &vmlinux));
	if (!names)
		die(text_index_build(vmlinux, &index));
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%2047s %2047s", owner, object) != 2)
			continue;
		if (!strcmp(owner, "vmlinux")) {
			bind_one(vmlinux, index, object, &t);
			continue;
		}
		if (strcmp(owner, last)) {
			image_free(&module);
			text_index_free(&module_index);
			die(image_open_module(owner, &module));
			if (!names)
				die(text_index_build(module, &module_index));
			snprintf(last, sizeof(last), "%s", owner);
		}
		bind_one(module, module_index, object, &t);
	}
	text_index_free(&module_index);
	printf("objects %zu functions %zu placed %zu (%.2f %%) nameless %zu overridden %zu tiny %zu "
	       "shorter %zu\nunplaced %zu wrong %zu fields %zu places %zu derived %zu nameless %zu "
	       "disagree %zu  %.1f ms an object\n",
	       t.objects, t.c.functions, t.c.matched,
	       t.c.functions ? 100.0 * (t.c.matched + t.c.overridden) / t.c.functions : 0,
	       t.c.nameless, t.c.overridden, t.c.tiny, t.c.shorter, t.unplaced, t.wrong, t.c.fields,
	       t.c.places, t.derived, t.nameless, t.disagree,
	       t.objects ? 1e3 * t.seconds / t.objects : 0);
	return t.wrong || t.disagree;
}
