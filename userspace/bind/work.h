/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The matcher's own view of an object while it is bound. Not for users of bindings.
 *
 * A place is something whose address in the image is one unknown: a section of the object,
 * a string or constant that the linker may merge with others, or an outside symbol. Matching
 * bytes at an address yields claims, "this place is at that address"; claims of believed
 * matches make places known, and a match whose claims contradict what is known is rejected.
 */
#ifndef SUTURE_BIND_WORK_H
#define SUTURE_BIND_WORK_H

#include "bind/binding.h"

enum place_state {
	PLACE_OPEN,
	PLACE_KNOWN,  /* some believed match refers to it */
	PLACE_BROKEN, /* known, but what is there is not what the object has */
};

struct place {
	const struct section *section; /* NULL for an outside symbol */
	uint64_t offset;	       /* in it, of a merged piece */
	bool merged;
	const struct symbol *symbol; /* outside, or weak and so perhaps overridden */
	struct code *code;	     /* if the section holds functions */

	enum place_state state;
	uint64_t address;
	const char *external; /* instead: undefined in the image too, its name */
	unsigned int witnesses;
	const char *trouble;
	uint32_t slot_type; /* of a program: it is itself a slot of 'symbol', a thread's variable */

	/* Of the match that is being tried. */
	unsigned int attempt;
	uint64_t tried;
	const char *tried_external;
	/* Where content and names were found to agree last. */
	bool checked;
	uint64_t checked_at;
};

struct claim {
	const struct reloc *reloc;
	struct place *place; /* NULL: the address itself was expected, and agreed */
	uint64_t address;    /* of the place */
	const char *external;
	uint64_t stub, slot; /* that the field leads through; 0: none */
};

/* Why a match was rejected. */
enum difference_kind {
	DIFFER_NOT,
	DIFFER_OUTSIDE, /* the address has no bytes in the image, or too few */
	DIFFER_BYTES,
	DIFFER_FIELD,	 /* the image's field holds nothing of that kind */
	DIFFER_SURPLUS,	 /* the image relocates what the object does not */
	DIFFER_UNKNOWN,	 /* a relocation type that is not understood */
	DIFFER_ADDEND,	 /* the same symbol, another distance from it */
	DIFFER_NAME,	 /* refers to something of another name */
	DIFFER_CONTENT,	 /* refers to a string or constant of other content */
	DIFFER_CLAIM,	 /* refers to another address than believed matches do */
	DIFFER_SELF,	 /* contradicts itself */
	DIFFER_OWN_NAME, /* the image has its name elsewhere */
	DIFFER_ORDER,	 /* the functions next to it in the object lie elsewhere */
};

struct difference {
	enum difference_kind kind;
	uint64_t offset;  /* in the section */
	uint64_t address; /* in the image */
	const struct place *place;
	uint64_t claimed; /* address of the place */
};

struct match {
	VEC(struct claim) claims;
	uint64_t size; /* in the image: less than the section's where jumps are shorter */
	struct difference difference;
};

/* A section with functions. */
struct code {
	const struct section *section;
	const struct symbol *main; /* its first function */
	struct place *place;
	size_t group; /* sections that the linker keeps together, in this order */
	size_t fixed; /* bytes that are no field */
	bool has_candidates, has_named_candidates;
	bool name_is_no_proof; /* it stood alone with its unique name before, see bind_solve() */
	VEC(uint64_t) candidates;
	bool believed, nameless;      /* nameless: found without any name */
	uint64_t address, size;	      /* once believed */
	struct difference difference; /* of the last candidate rejected */
	size_t tried;		      /* how many were */
};

/* What gcc, from 14 on, pads tight loops to, in functions that are aligned to less. */
#define PADDED_TO 32

struct work {
	const struct object *object;
	const struct image *image;
	const struct arch *arch;
	const struct text_index *index;
	bool use_names;
	VEC(struct code) codes; /* in file order */
	VEC(char *) groups;
	VEC(struct place *) slots;		/* of threads' variables */
	VEC(struct place *) queue;		/* data that became known, not yet looked at */
	struct place **by_section, **by_symbol; /* by index */
	uint64_t *stub_of, *slot_of;		/* by index of the symbol; 0: nothing leads to it */
	struct hash_map pieces;			/* section and offset -> place */
	unsigned int attempt;
	bool *lonely;	    /* by section index */
	size_t fields;	    /* claims of believed matches */
	struct match match; /* the one being tried */
	struct arena *arena;
};

/* --- setup.c --- */

bool bind_is_function(const struct symbol *s);
struct error *bind_set_up(struct work *w) __must_check;

/* --- places.c --- */

/*
 * The place that symbol + addend lies in, and how far behind its start. *out is NULL for an
 * absolute value, which is *distance itself.
 */
struct error *place_of(struct work *w, const struct symbol *s, int64_t addend,
		       const struct reloc_kind *kind, struct place **out,
		       int64_t *distance) __must_check;
struct place *place_of_section(struct work *w, const struct section *s);
/*
 * The table of the object's warnings, to whose entries code may refer: it must lie in the image's,
 * at one place for all. What is in it follows from the code, whose jumps may be shorter there.
 */
bool place_is_bugs(const struct work *w, const struct place *p);
/* Do names and, for merged pieces, content allow this place at that address? */
enum difference_kind place_check(struct work *w, struct place *p, uint64_t address);

/* --- match.c --- */

/*
 * Compare a section with the image at an address: all bytes but fields, and the fields as
 * claims in w->match. True if the bytes agree; claims are not judged here.
 */
struct error *match_section(struct work *w, const struct section *s, uint64_t address,
			    bool *agree) __must_check;

/* --- relaxed.c --- */

/*
 * The same, instruction by instruction, where the shipped build's assembler made jumps to
 * neighbours shorter than ours: it knew the distance, functions being in one section.
 */
struct error *match_relaxed(struct work *w, const struct section *s, uint64_t address,
			    bool *agree) __must_check;
/* Add the claim of a field whose target in the image is known. */
struct error *match_claim(struct work *w, const struct reloc *r, const struct reloc_kind *kind,
			  const struct image_target *t, uint64_t field, bool *agree) __must_check;

/* --- through.c --- */

/* Bytes before such a field that the linker may have changed with it. */
unsigned int through_lead(const struct reloc_kind *kind);
/*
 * A field that leads through a slot, or did. 'theirs' and 'field' are where it would be in the
 * image; both sides go on *length bytes behind.
 */
struct error *match_through(struct work *w, const struct section *s, const struct reloc *r,
			    const struct reloc_kind *kind, const uint8_t *theirs, uint64_t field,
			    uint64_t *length, bool *agree) __must_check;
/* See through a stub, if the target is one; false if it leads to another symbol. */
bool through_stub(const struct work *w, const struct reloc *r, const struct reloc_kind *kind,
		  struct image_target *t, uint64_t *stub);

/* --- judge.c --- */

/* Fewer bytes than this, fields left out, may be found anywhere. */
#define ENOUGH_BYTES 24

/*
 * Is the function at that address possible, beside all that is known? Leaves its claims in
 * w->match, or in c->difference why not.
 */
struct error *code_judge(struct work *w, struct code *c, uint64_t address, bool *ok) __must_check;
/* Right after code_judge() found it good: its claims are facts from now on. */
struct error *code_believe(struct work *w, struct code *c, uint64_t address) __must_check;

/* --- order.c --- */

/* The functions next to it in the object, of those that the linker keeps together, or NULL. */
struct code *order_next(const struct work *w, const struct code *c);
struct code *order_previous(const struct work *w, const struct code *c);
/* Directly behind, and directly before, the believed functions next to it in the object. */
bool order_agrees(const struct work *w, const struct code *c, uint64_t address);
/* Believe what lies where the believed functions around it put it. */
struct error *order_use(struct work *w) __must_check;

/* --- solve.c --- */

/*
 * Believe what can be. A private function that only its unique name spoke for, while nothing
 * of the object lies around it or refers to it, may be another unit's (an inline function of a
 * header): then 'again' is set, and w->lonely tells which; all is to be solved anew without
 * that proof for them, as its claims have been believed.
 */
struct error *bind_solve(struct work *w, bool *again) __must_check;

/* --- index.c --- */

/* The function starts where the section's bytes could be; appended to c->candidates. */
struct error *index_candidates(const struct work *w, struct code *c) __must_check;

/* --- names.c --- */

/* Addresses of the image's symbols that may be this function, appended to c->candidates. */
struct error *named_candidates(const struct work *w, struct code *c) __must_check;
/* The part of a name before what the compiler appends to clones (.isra.0, .constprop.1, ...). */
size_t clone_stem(const char *name);

/* --- trouble.c --- */

/* A sentence about the difference, in the arena. NULL without memory. */
const char *trouble_text(const struct work *w, const struct section *s, const struct difference *d);

#endif
