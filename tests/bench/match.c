// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How well run-pre matching does: 200 objects of a target are bound to the kernel and the
 * modules they were shipped in, and every result is held against the image's own symbol table,
 * which the matcher did not use for it.
 *
 *	match [--verbose] [--names] [TARGET [OTHER]]
 *	match [--verbose] [--names] --pairs FILE
 *
 * First without the names of functions, as far as that goes; --names: with them from the
 * beginning. Then the controls: objects of another compiler flag, and of another release's
 * source (the target OTHER), must be refused where their code differs.
 *
 * --pairs: instead, objects that somebody else has compiled twice. Each line of FILE is "OBJECT
 * IMAGE": the object, with a section for each function, is bound to the other, as to a module.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "bind/binding.h"
#include "match_objects.h"

#define BUILT_IN 160
#define IN_MODULES 40
#define IN_CONTROL 40 /* of all these, the first */

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
	return s->type == STT_FUNC && s->section && s->section->flags & SHF_EXECINSTR &&
	       strncmp(s->name, "__pfx_", 6);
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

/* The images, one module at a time. */
struct images {
	struct image *vmlinux, *module;
	struct text_index *index, *module_index;
	char *module_path;
	bool names;
};

static void images_free(struct images *i)
{
	image_free(&i->vmlinux);
	image_free(&i->module);
	text_index_free(&i->index);
	text_index_free(&i->module_index);
	free(i->module_path);
}

static void images_open(struct images *i, const struct target *t, bool names)
{
	i->names = names;
	check(image_open_cache(t->image, &i->vmlinux));
	if (!names)
		check(text_index_build(i->vmlinux, &i->index));
}

static const struct image *image_of(struct images *i, const char *owner,
				    const struct text_index **index)
{
	*index = i->index;
	if (!strcmp(owner, "vmlinux"))
		return i->vmlinux;
	if (!i->module_path || strcmp(i->module_path, owner)) {
		image_free(&i->module);
		text_index_free(&i->module_index);
		free(i->module_path);
		i->module_path = strdup(owner);
		check(image_open_module(owner, &i->module));
		if (!i->names)
			check(text_index_build(i->module, &i->module_index));
	}
	*index = i->module_index;
	return i->module;
}

static void bind_one(struct images *images, const struct chosen *c, const char *right_path,
		     struct totals *t)
{
	struct object *o __cleanup_object = NULL, *right __cleanup_object = NULL;
	struct binding *b __cleanup_binding = NULL;
	struct bind_options opt = { 0 };
	const struct image *img = image_of(images, c->owner, &opt.withhold_names);
	double start;

	check(object_read(c->object, &o));
	start = clock_seconds();
	check(binding_compute(o, img, &opt, &b));
	t->seconds += clock_seconds() - start;
	t->objects++;
	t->in_modules += c->unit->modfile != NULL;
	t->c.functions += b->counts.functions;
	t->c.matched += b->counts.matched;
	t->c.nameless += b->counts.nameless;
	t->c.overridden += b->counts.overridden;
	t->c.tiny += b->counts.tiny;
	t->c.shorter += b->counts.shorter;
	t->c.fields += b->counts.fields;
	t->c.places += b->counts.places;
	if (right_path) {
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

static int print_control(const char *what, const struct totals *t)
{
	printf("\ncontrol: %s\n", what);
	printf("objects                    %8zu\n", t->objects);
	printf("functions                  %8zu\n", t->c.functions);
	printf("  whose code differs       %8zu\n", t->differ);
	printf("    placed                 %8zu\n", t->differ_placed);
	return t->differ_placed || !t->differ;
}

static int run_match(const struct target *t, const struct choice *c, bool names)
{
	struct images images __cleanup(images_free) = { 0 };
	struct totals totals = { 0 };

	images_open(&images, t, names);
	printf("%s\n\n", t->name);
	vec_for_each(&c->list, it) {
		if (it->object)
			bind_one(&images, it, NULL, &totals);
		else
			printf("  not compiled: %s\n", it->unit->source);
	}
	return print_totals(&totals, names);
}

/* The same objects with another flag. */
static int run_flag_control(const struct target *t, const struct unit_table *units,
			    const struct choice *right, const char *flag)
{
	struct images images __cleanup(images_free) = { 0 };
	struct choice wrong __cleanup_choice = { 0 };
	char *what __free = str_printf("compiled with %s too", flag);
	struct totals totals = { 0 };

	images_open(&images, t, true);
	check(choose(t, units, BUILT_IN, IN_MODULES, &wrong));
	for (size_t i = IN_CONTROL; i < wrong.list.n; i++)
		free(wrong.list.v[i].owner);
	wrong.list.n = wrong.list.n < IN_CONTROL ? wrong.list.n : IN_CONTROL;
	check(compile_all(t, flag, flag, &wrong));
	for (size_t i = 0; i < wrong.list.n; i++)
		if (wrong.list.v[i].object && right->list.v[i].object)
			bind_one(&images, &wrong.list.v[i], right->list.v[i].object, &totals);
	return print_control(what, &totals);
}

static bool same_file(const struct target *a, const struct target *b, const char *source)
{
	char *x __free = str_printf("%s/%s", a->tree, source);
	char *y __free = str_printf("%s/%s", b->tree, source);
	struct strbuf p __cleanup_strbuf = { 0 }, q __cleanup_strbuf = { 0 };

	check(file_read(x, &p));
	check(file_read(y, &q));
	return p.n == q.n && !memcmp(p.s, q.s, p.n);
}

static const struct table_unit *unit_of(const struct unit_table *table, const char *object)
{
	vec_for_each(&table->units, u) {
		if (!strcmp(u->object, object))
			return u;
	}
	return NULL;
}

/* The objects whose source another release has otherwise, from that release's tree. */
static int run_release_control(const struct target *t, const struct target *other,
			       const struct choice *right)
{
	struct images images __cleanup(images_free) = { 0 };
	struct unit_table units __cleanup_unit_table = { 0 };
	struct choice wrong __cleanup_choice = { 0 };
	const char **rights __free = NULL;
	char *what __free = str_printf("compiled from the source of %s", other->name);
	struct totals totals = { 0 };
	size_t n = 0;

	images_open(&images, t, true);
	check(unit_table_open(other, &units));
	rights = calloc(right->list.n + 1, sizeof(*rights));
	if (!rights)
		check(error_nomem());
	vec_for_each(&right->list, it) {
		const struct table_unit *u = unit_of(&units, it->unit->object);

		if (!it->object || !u || same_file(t, other, it->unit->source))
			continue;
		rights[n++] = it->object;
		check(vec_push(&wrong.list,
			       (struct chosen){ .unit = u, .owner = strdup(it->owner) }));
	}
	check(compile_all(other, "", NULL, &wrong));
	for (size_t i = 0; i < n; i++)
		if (wrong.list.v[i].object)
			bind_one(&images, &wrong.list.v[i], rights[i], &totals);
	return print_control(what, &totals);
}

/* No control: what these were compiled with is not known here. */
static int run_pairs(const char *path, bool names)
{
	static const struct table_unit unit = { .modfile = "" };
	struct images images __cleanup(images_free) = { .names = names };
	struct strbuf text __cleanup_strbuf = { 0 };
	struct totals totals = { 0 };
	char *save = NULL;

	check(file_read(path, &text));
	for (char *l = text.n ? strtok_r(text.s, "\n", &save) : NULL; l;
	     l = strtok_r(NULL, "\n", &save)) {
		struct chosen c = { .unit = &unit, .object = l };

		c.owner = strchr(l, ' ');
		if (!c.owner)
			check(error_usage("a line of %s is not OBJECT IMAGE", path));
		*c.owner++ = '\0';
		bind_one(&images, &c, NULL, &totals);
	}
	return print_totals(&totals, names);
}

int main(int argc, char **argv)
{
	const char *names[2] = { "kernel:6.1.0-56-amd64", "kernel:6.1.0-50-amd64" };
	struct target *t __cleanup_target = NULL, *other __cleanup_target = NULL;
	struct unit_table units __cleanup_unit_table = { 0 };
	struct choice right __cleanup_choice = { 0 };
	const char *pairs = NULL;
	bool use_names = false;
	int bad, n = 0;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--verbose"))
			verbose = true;
		else if (!strcmp(argv[i], "--names"))
			use_names = true;
		else if (!strcmp(argv[i], "--pairs") && i + 1 < argc)
			pairs = argv[++i];
		else if (argv[i][0] == '-' || n == 2)
			check(error_usage("usage: match [--verbose] [--names] [TARGET [OTHER]]"));
		else
			names[n++] = argv[i];
	}
	if (pairs)
		return run_pairs(pairs, use_names);
	check(target_open(names[0], &t));
	check(target_open(names[1], &other));
	check(unit_table_open(t, &units));
	check(choose(t, &units, BUILT_IN, IN_MODULES, &right));
	check(compile_all(t, "", NULL, &right));
	bad = run_match(t, &right, use_names);
	bad |= run_flag_control(t, &units, &right, "-Os");
	bad |= run_flag_control(t, &units, &right, "-fno-inline-small-functions");
	return bad | run_release_control(t, other, &right);
}
