// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How much of a stripped program is found by its bytes, and whether it is right:
 *
 *	match_process STRIPPED WITH-SYMBOLS OBJECT...
 *
 * Each object, compiled as the program was, is bound to the stripped file without any name; where
 * the file with symbols has a symbol of that name, the place must be one of it.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "bind/process.h"

struct sums {
	size_t objects, absent, functions, placed, wrong, data, data_wrong;
	double seconds;
};

static bool is_right(const struct program *named, const struct symbol *s, uint64_t address)
{
	size_t first;

	if (!image_symbols_named(named->image, s->name, &first))
		return true; /* a name of the assembler's */
	return image_symbol_named_at(named->image, s->name, address) != NULL;
}

static void count(const struct binding *b, const struct program *named, struct sums *sums)
{
	size_t functions = 0, placed = 0;

	vec_for_each(&b->object->symbols, it) {
		const struct symbol *s = *it;
		const struct placement *p = &b->placements[s->index];
		bool code = s->type == STT_FUNC;

		if (!s->section || (!code && s->type != STT_OBJECT) || s->type == STT_TLS)
			continue;
		functions += code;
		if (p->how != BIND_MATCHED && p->how != BIND_DERIVED)
			continue;
		placed += code;
		sums->data += !code;
		if (is_right(named, s, p->address))
			continue;
		*(code ? &sums->wrong : &sums->data_wrong) += 1;
		printf("wrong: %s of %s at 0x%lx\n", s->name, b->object->name,
		       (unsigned long)p->address);
	}
	if (!placed && functions) {
		sums->absent++;
		return;
	}
	if (placed < functions)
		vec_for_each(&b->object->symbols, it)
			if ((*it)->type == STT_FUNC && (*it)->section &&
			    b->placements[(*it)->index].how != BIND_MATCHED)
				printf("not placed: %s of %s: %s\n", (*it)->name, b->object->name,
				       b->placements[(*it)->index].trouble);
	sums->functions += functions;
	sums->placed += placed;
}

static struct error *measure(char **argv, struct sums *sums)
{
	struct program *stripped __cleanup_program = NULL, *named __cleanup_program = NULL;
	struct text_index *index __cleanup_text_index = NULL;
	double start;

	TRY(program_open(argv[1], &stripped));
	TRY(program_open(argv[2], &named));
	TRY(text_index_build(stripped->image, &index));
	start = clock_seconds();
	for (char **path = argv + 3; *path; path++) {
		const struct bind_options opt = { .withhold_names = index };
		struct object *o __cleanup_object = NULL;
		struct binding *b __cleanup_binding = NULL;

		TRY(object_read(*path, &o));
		TRY(binding_compute(o, stripped->image, &opt, &b));
		sums->objects++;
		count(b, named, sums);
	}
	sums->seconds = clock_seconds() - start;
	return NULL;
}

int main(int argc, char **argv)
{
	struct error *e __cleanup_error = NULL;
	struct sums s = { 0 };

	if (argc < 4) {
		fprintf(stderr, "match_process STRIPPED WITH-SYMBOLS OBJECT...\n");
		return 2;
	}
	e = measure(argv, &s);
	if (e) {
		fprintf(stderr, "match_process: %s\n", error_message(e));
		return 1;
	}
	printf("%zu objects, %zu of them not in the program\n"
	       "%zu functions: %zu placed (%.2f %%), %zu wrong\n"
	       "%zu variables placed, %zu wrong\n%.2f s\n",
	       s.objects, s.absent, s.functions, s.placed,
	       s.functions ? 100.0 * (double)s.placed / (double)s.functions : 0, s.wrong, s.data,
	       s.data_wrong, s.seconds);
	return s.wrong || s.data_wrong;
}
