/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Binding: each symbol of the before object, placed at a proven address of an image.
 *
 * Run-pre matching: a function of the before build is looked for in the image. All its
 * bytes must agree, but for relocation fields; each field then tells where the symbol it
 * names really is, and all fields of all matches must agree on that, addends included.
 * What is matched so is proof that source, compiler and running code belong together, and
 * no debug package is needed. Functions with too few bytes that can differ prove nothing:
 * they are placed only through others that refer to them, or by a unique name.
 */
#ifndef SUTURE_BIND_BINDING_H
#define SUTURE_BIND_BINDING_H

#include "base/json.h"
#include "elf/object.h"
#include "image/image.h"

enum bind_how {
	BIND_NONE,
	BIND_MATCHED,  /* a function whose own bytes agree there */
	BIND_DERIVED,  /* referred to by matched functions */
	BIND_NAMED,    /* an outside symbol whose name is unique and global in the image */
	BIND_EXTERNAL, /* not in this image: an undefined symbol of a module (name only) */
};

struct placement {
	enum bind_how how;
	uint64_t address;		   /* in the image, unless BIND_EXTERNAL */
	const struct image_symbol *symbol; /* of the image, exactly there; NULL if nameless */
	unsigned int witnesses;		   /* relocation fields that agree on it */
	uint64_t stub, slot;		   /* of a program: a stub that jumps there, a slot that
					      holds its address; 0: none is known */
	uint32_t slot_type;		   /* of a thread's variable: how 'slot' is referred to */
	const char *trouble;		   /* why it is BIND_NONE, a sentence; else NULL */
};

/* What came of it, in numbers. */
struct bind_counts {
	size_t functions;  /* defined in the object */
	size_t matched;	   /* placed, their own bytes agreeing there */
	size_t nameless;   /* of these: without the use of any name */
	size_t overridden; /* weak ones that another definition replaces: bound to that by name */
	size_t tiny;	   /* of the matched: too few bytes to be believed on their own */
	size_t shorter;	   /* of the matched: with jumps that the shipped build has shorter */
	size_t fields;	   /* references of believed matches: each told where something is */
	size_t places;	   /* different things that these refer to */
};

struct binding {
	const struct object *object; /* the before build; borrowed, like the image */
	const struct image *image;
	struct placement *placements; /* by symbol index; section symbols: start of the section */
	struct bind_counts counts;
	struct arena arena;
};

/*
 * Where bytes are in an image's code, to find functions without their names. Made once for
 * any number of objects.
 */
struct text_index;
struct error *text_index_build(const struct image *image, struct text_index **out) __must_check;
void text_index_free(struct text_index **x);
#define __cleanup_text_index __cleanup(text_index_free)

struct bind_options {
	/*
	 * Find functions by their bytes first, and use names only for what is left then; for
	 * measuring the matcher. NULL: by name from the beginning.
	 */
	const struct text_index *withhold_names;
};

/*
 * Match the whole object. Functions that do not match are BIND_NONE with the first
 * difference told in 'trouble'; that is an error only for what is needed (binding_need()).
 */
struct error *binding_compute(const struct object *before, const struct image *image,
			      const struct bind_options *opt, struct binding **out) __must_check;
void binding_free(struct binding **b);
#define __cleanup_binding __cleanup(binding_free)

/* The placement of a symbol of the before object; ERROR_REFUSED with the reason if it has none. */
struct error *binding_need(const struct binding *b, const struct symbol *before,
			   const struct placement **out) __must_check;
/*
 * The same for a function that shall be redirected: its own bytes must have been found, and
 * it must have a name in the image that livepatch can find it by.
 */
struct error *binding_need_function(const struct binding *b, const struct symbol *before,
				    const struct placement **out) __must_check;

/*
 * A symbol that only the new code refers to, known by name alone: unique in the image, or
 * refused as ambiguous.
 */
struct error *binding_by_name(const struct image *image, const char *name,
			      struct placement *out) __must_check;

#endif
