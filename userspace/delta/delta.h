/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The delta between two builds of one object: what really changed, what the changed
 * functions need, and the reason for each.
 *
 *	correlate  each symbol and section of 'after' with its counterpart in 'before'
 *	compare    functions and data that correlate; a moved line number is no change
 *	include    changed and new functions, and transitively what they need and cannot
 *	           take from the running code
 *	refuse     what is not understood, or cannot be done soundly: a finding
 *	extract    the included part as an object of its own; everything else it refers
 *	           to becomes an outside reference
 *
 * Linear in the size of the objects. Pure: no I/O.
 */
#ifndef SUTURE_DELTA_DELTA_H
#define SUTURE_DELTA_DELTA_H

#include "arch/arch.h"
#include "base/json.h"
#include "elf/object.h"

enum delta_kind {
	DELTA_CHANGED_FUNCTION, /* is redirected */
	DELTA_NEW_FUNCTION,	/* is called by included code only */
	DELTA_COPIED_FUNCTION,	/* unchanged, but must travel with its parent (.cold, inlined copy)
				 */
	DELTA_NEW_DATA,		/* a variable that the before build does not have */
	DELTA_COPIED_DATA,	/* strings, constants, private records: a copy is as good */
	DELTA_WRITTEN_DATA,	/* gets its new contents in place, when its module is loaded */
	DELTA_SPECIAL,		/* entries of a special section that refer to included functions */
};

struct delta_item {
	enum delta_kind kind;
	struct section *section;	    /* in after */
	struct symbol *symbol;		    /* in after; NULL for what has no name */
	struct symbol *old;		    /* its counterpart in before; NULL if new */
	const char *reason;		    /* a sentence: "+0x1c: calls bar() instead of foo()" */
	const struct delta_item *needed_by; /* NULL if included for its own change */
	const char *file;		    /* source, from line tables; NULL if unknown */
	unsigned int line;
};

/* Why this delta can't be made live. */
struct delta_finding {
	const char *code;   /* stable, for programs: "changed-data", "unknown-section", ... */
	const char *where;  /* the function, variable, type or section by name */
	const char *what;   /* a sentence */
	const char *users;  /* a changed type's: who in this object uses it; or NULL */
	const char *advice; /* what to write instead, or NULL */
	const char *file;   /* or NULL */
	unsigned int line;
	const char *left;     /* what stays undone if it is accepted; NULL: it can't be */
	const char *accepted; /* why somebody accepted it (delta_accept()); NULL: nobody did */
	/* How it is made true for a module that is loaded after the patch; NULL: it is not. */
	const char *at_load;
};

struct delta {
	const struct object *before, *after; /* borrowed: must outlive the delta */
	const struct arch *arch;
	VEC(struct delta_item *) items; /* in the order of after's sections */
	VEC(struct delta_finding) findings;
	VEC(const char *) notes; /* what changed and need not be done, a sentence each */
	size_t functions;	 /* in after, for "3 of 412" */
	struct arena arena;
	struct delta_private *private;
};

/*
 * Compare. What cannot be patched is a finding, not an error: errors are for memory and
 * objects that do not belong together (another machine, no relocatable file). No items
 * and no findings: nothing changed.
 */
struct error *delta_compute(const struct object *before, const struct object *after,
			    struct delta **out) __must_check;
struct delta_options {
	bool process; /* of a program or shared object, not of the kernel */
	bool builtin; /* linked into the kernel: its exit code is never run */
	/*
	 * Part of a module that will be loaded after the patch if it must be: before it runs, its
	 * data can be written, and nothing in memory has an old layout yet.
	 */
	bool at_load;
};
struct error *delta_compute_as(const struct object *before, const struct object *after,
			       const struct delta_options *opt, struct delta **out) __must_check;
void delta_free(struct delta **d);
#define __cleanup_delta __cleanup(delta_free)

/* The counterpart in before of a symbol of after, or NULL. */
struct symbol *delta_old_symbol(const struct delta *d, const struct symbol *after);

/*
 * Take findings as they are, because a person says that they do no harm. 'which' is CODE:WHERE,
 * exactly; *n: how many have that name. The reason is copied. ERROR_REFUSED if one of them can't
 * be accepted: nothing is changed then.
 */
struct error *delta_accept(struct delta *d, const char *which, const char *reason,
			   size_t *n) __must_check;
/* It keeps the delta from being made live. */
static inline bool delta_finding_stands(const struct delta_finding *f)
{
	return !f->accepted && !f->at_load;
}
/* How many findings stand. */
size_t delta_refused(const struct delta *d);
/* The delta is for a module that is loaded after the patch, and for no other. */
bool delta_at_load(const struct delta *d);
/* Whether findings of this code may be such: CODE, or CODE:WHERE. */
bool delta_code_at_load(const char *which);

/* A refusal (ERROR_REFUSED) that tells all findings that stand; NULL if there are none. */
struct error *delta_refusal(const struct delta *d) __must_check;
/* A finding as JSON, for reports of several deltas: an object without a key. */
void delta_finding_json(const struct delta_finding *f, struct json *j);

/* The delta as text for a person, and as JSON ("suture-delta/1"). */
struct error *delta_print(const struct delta *d, struct strbuf *out) __must_check;
void delta_json(const struct delta *d, struct json *j, const char *key);

/* --- the extracted object ---------------------------------------------------- */

/* A place outside the extracted object that it refers to. */
struct outside {
	struct symbol *symbol; /* undefined, in the extracted object; one for each place */
	struct symbol *before; /* the counterpart in before, defined there or not; NULL: the
				  reference is new and only its name is known */
	bool called;	       /* referred to by a branch */
	bool pointed;	       /* its address is taken or its data used */
};

/* A function to redirect. */
struct replacement {
	struct symbol *old; /* in before */
	struct symbol *new; /* in the extracted object, a defined function */
};

/* New contents of data that is written when its module is loaded lie in sections of this name. */
#define DELTA_CONTENTS_SECTION ".suture.contents"

/* Data that is written when its module is loaded. */
struct written {
	const char *name;
	struct symbol *place;	  /* undefined, in the extracted object: where it is */
	int64_t addend;		  /* behind that symbol */
	struct section *contents; /* in the extracted object: all of it */
	const uint8_t *expected;  /* what lies there until then, .contents->size bytes; but */
	const uint8_t *known;	  /* 0: the byte is part of an address, 0xff: it is not */
};

/*
 * A static key or static call that new code has a site for. If it belongs to a module other
 * than the one patched, the kernel would not find it when the patch is loaded: the linker,
 * which knows who owns what is outside, must refuse that.
 */
struct key_site {
	struct section *table; /* in the extracted object: "__jump_table", ".static_call_sites" */
	struct symbol *key;    /* in the extracted object; undefined if the key is outside */
	const char *function;  /* whose code has the site */
};

/* Where a piece of after went. */
struct extracted {
	const struct section *from;
	uint64_t start, size;
	const struct section *to; /* begins with it; in the extracted object */
};

struct extraction {
	struct object *object;
	const struct object *after;   /* borrowed: what it was extracted from */
	VEC(struct extracted) pieces; /* in the order of after's sections, then by .start */
	VEC(struct outside) outside;
	VEC(struct replacement) replacements;
	VEC(struct key_site) key_sites;
	VEC(struct written) written;
};

/*
 * Refuses with delta_refusal() if there are findings that stand, and with ERROR_NOTHING if nothing
 * changed. Symbol names are those of after; several undefined symbols may share a name
 * (statics of the same name), told apart by 'before'. Direct calls between included
 * functions stay inside; pointers to a redirected function lead outside, to the original,
 * so that they stay valid when the patch is gone.
 *
 * Replacement functions are local symbols: where one is also pointed to, an undefined
 * global symbol of the same name stands for the original. Sections keep their names;
 * several may have the same one, and mergeable ones are no longer marked so.
 */
struct error *delta_extract(const struct delta *d, struct extraction **out) __must_check;
void extraction_free(struct extraction **x);
#define __cleanup_extraction __cleanup(extraction_free)

#endif
