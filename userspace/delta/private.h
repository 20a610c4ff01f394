/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the files of delta/. Each object is cut into nodes: the smallest pieces that
 * are compared and included as one. With -ffunction-sections and -fdata-sections most
 * sections are one node; where several functions or variables share a section, their
 * symbols say where to cut.
 */
#ifndef SUTURE_DELTA_PRIVATE_H
#define SUTURE_DELTA_PRIVATE_H

#include "base/cleanup.h"
#include "delta/delta.h"
#include "dwarf/lines.h"

/* What a section's content means to a running kernel. */
enum section_class {
	CLASS_IGNORED,	 /* debug information, comments, notes to objtool */
	CLASS_TEXT,	 /* functions */
	CLASS_DATA,	 /* variables, constant or not */
	CLASS_LITERALS,	 /* mergeable strings and constants: equal content is the same */
	CLASS_PRIVATE,	 /* one for each place in code: a copy is as good (.data.once) */
	CLASS_PERCPU,	 /* can be laid out at boot only */
	CLASS_BOOT,	 /* used while booting or loading, then gone */
	CLASS_BOOT_TEXT, /* the same, functions */
	CLASS_REGISTRY,	 /* read as a whole by others: exports, parameters, tracepoints */
	CLASS_EXTRA,	 /* what the fix's own C says to suture (suture/patch.h) */
	CLASS_SPECIAL,	 /* a table about code (arch_special()) */
	CLASS_PIECES,	 /* code that only such tables and their sites refer to */
	CLASS_UNKNOWN,
};

enum section_class section_classify(const struct arch *a, const struct section *s);
const char *section_class_name(enum section_class c);
/* A pattern that ends with '*' is a prefix. */
bool section_name_matches(const char *pattern, const char *name);
/* process_classes.c: the same for programs and shared objects. */
enum section_class process_section_classify(const struct section *s);
/* Somebody may write to it once the program runs: not to what is only relocated. */
bool section_is_written(const struct section *s);

struct entry; /* of a special section */

enum node_state { STATE_SAME, STATE_CHANGED, STATE_NEW };

struct node {
	struct view *view;
	struct section *section;
	enum section_class class;
	uint64_t start, size;
	uint64_t lead;	       /* bytes of padding before start that go with it (__pfx_NAME) */
	struct symbol *symbol; /* the one that stands for it, or NULL */
	unsigned int aliases;  /* more symbols that start where it starts */

	/* Its content; offsets of relocations are those in the section. */
	const uint8_t *bytes; /* NULL: zeroes */
	const struct reloc *relocs;
	size_t n_relocs;

	bool undecodable; /* in a section with others, and may refer to them unseen */

	const char *stem; /* the name without the compiler's numbers */
	bool numbered;	  /* it had some */
	bool is_private;  /* never correlated, compared by content */

	struct node *twin;
	struct node *vote;		     /* the twin that code which did not change asks for */
	bool contradicted;		     /* votes differ */
	struct node *parent, *cold;	     /* of foo.cold and __cfi_foo: foo; of foo: foo.cold */
	struct node *handlers, *personality; /* of a program's function, see unwind.c; or NULL */
	struct node *prefix;		     /* of foo: __cfi_foo, which must lie before it */
	struct node *next;		     /* correlating: of the same section name */
	struct entry *entries, *last_entry;

	enum node_state state;
	bool by_cold;		     /* changed only because its cold part did */
	const struct node *equal_to; /* private: known to be equal to, or not */
	bool equal;

	struct referrer *referrers; /* once view_index_referrers() has run */
	const char *because;	    /* not it changed, but something that it needs */
	bool renewed;		    /* a changed constant: new code gets a copy of its own */
	bool written;		    /* changed, and written when the module is loaded */
	bool moved;	      /* renewed, as its place is too small: all who refer to it are new */
	bool through_callers; /* changed, and redirected where it is called */
	const char *why_not;  /* neither: a sentence */

	struct delta_item *item;
	uint8_t *bias; /* of each relocation, once needed */
	size_t index;  /* in view.nodes */
};

/* A place that refers to a node. */
struct referrer {
	struct node *from; /* NULL: a table that could not be cut, or code that is not known */
	const struct reloc *reloc;
	bool called;   /* a branch to its start */
	bool in_table; /* an entry of a special section that is about other code */
	bool doubtful; /* it may be something else that is meant */
	struct referrer *next;
};

/* One entry of a special section, kept with the code that it is about. */
struct entry {
	struct table *table;
	uint64_t offset; /* in the table's section */
	struct node *owner;
	struct entry *next; /* of the same owner, in the order of tables and offsets */
};

/* A special section, cut into entries. */
struct table {
	const struct special *special;
	struct section *section, *partner;
	uint64_t entry_size;
	size_t n;
	struct entry *entries;
	const char *trouble; /* why it could not be cut: refused once it matters */
};

/* One of the two objects, cut up. */
struct view {
	const struct object *object;
	const struct arch *arch;
	struct arena *arena;
	enum section_class *class; /* by section index */
	VEC(struct node *) nodes;
	struct {
		size_t first, n;
	} * in_section;		 /* by section index: which of nodes */
	struct node **of_symbol; /* by symbol index; NULL for those outside */
	VEC(struct table) tables;
	bool lists_fentries; /* a table says where ftrace can redirect */
	struct lines *lines; /* opened when first needed */
	bool has_referrers;
};

struct error *view_make(const struct object *o, const struct arch *a, struct arena *arena,
			struct view *out) __must_check;
void view_free(struct view *v);

/* Where its padding begins, in its section. */
static inline uint64_t node_begin(const struct node *n)
{
	return n->start - n->lead;
}

/* The node that covers an offset; its end counts if no other starts there. NULL if none. */
struct node *view_node_at(const struct view *v, const struct section *s, int64_t offset);

/* The node of that name, NULL if there is none or the name has a number. */
struct node *view_node_named(const struct view *v, const char *name);

/* What a relocation refers to. */
struct target {
	struct node *node;	 /* or NULL: */
	struct symbol *symbol;	 /* not defined in a section that has nodes */
	struct section *section; /* where it is defined, NULL if it is not */
	int64_t offset;		 /* in node, else in section, else from symbol */
	bool branch;		 /* by a call or jump */
	bool boundary;		 /* one node's end and another's start: either may be meant */
	bool uncertain;		 /* the instruction around it can't be decoded */
};
/* False if the relocation's type is not known. */
bool node_target(struct node *n, const struct reloc *r, struct target *out);
/*
 * The same without decoding, unless that is needed to tell the node: .offset is then off by
 * the size of an immediate operand, but alike for two equal instructions.
 */
bool node_target_roughly(struct node *n, const struct reloc *r, struct target *out);
/* The same for a relocation in data, where nothing is counted from an instruction's end. */
bool table_target(struct view *v, const struct reloc *r, struct target *out);
/* The bytes up to a zero in read-only data: of use only if they are known to be text. */
const char *target_string(const struct target *t);
/* The string at an offset of a section of strings, NULL if it is none. */
const char *section_string(const struct section *s, int64_t offset);
/* How a person would name it: "foo()", "counter", "\"text\"". Lives in the arena. */
const char *target_name(struct view *v, const struct target *t);
const char *node_name(const struct node *n);

/* Private copies, and constants without a name: compared by what is in them. */
bool node_is_copied(const struct node *n);
/* A section that is compared as a whole, whatever symbols it has. */
bool node_is_blob(const struct node *n);

/* unwind.c */
void view_link_unwind(struct view *v);

/* names.c */
struct error *name_stem(struct arena *a, const char *name, const char **stem,
			bool *numbered) __must_check;
bool name_is_private(const char *stem, bool numbered, bool writable);

struct delta_private {
	struct view before, after;
	bool builtin; /* part of vmlinux, which is never unloaded */
	bool at_load; /* may be put off until the module is loaded */
};

/* entry_size.c: of a table's entries; sets .entry_size, or .trouble if it can't be told. */
struct error *learn_entry_size(struct view *v, struct table *t) __must_check;
/* Sets .trouble of tables whose entries debug information knows to be of another size. */
struct error *check_entry_sizes(struct delta *d) __must_check;

/* special.c */
struct error *view_cut_tables(struct view *v) __must_check;
/* Calls f for each relocation of an entry. */
struct error *entry_each_reloc(const struct entry *e,
			       struct error *(*f)(const struct entry *e, const struct reloc *r,
						  void *arg),
			       void *arg) __must_check;
/* All but relocation fields and line numbers. */
bool entry_bytes_equal(const struct delta *d, const struct entry *before,
		       const struct entry *after);
/* Appends its bytes, .entry_size of them. */
struct error *entry_copy(const struct entry *e, struct strbuf *out) __must_check;
/* What a relocation of an entry refers to, by the form that such entries have. */
bool entry_target(struct view *v, const struct entry *e, const struct reloc *r, struct target *out);
/* A relocation of no effect: the replacement of an alternative that has no bytes. */
bool entry_names_nothing(const struct entry *e, const struct reloc *r);
bool node_has_fentry(const struct node *n);

/*
 * bug_reference.c: code that passes on the address of an entry about a warning of its own, as
 * WARN() does from 6.19 on. True if the reference leads, for certain, into a table of such
 * entries that is cut; *out is the entry that begins there, NULL if none does.
 */
bool leads_to_bugs(const struct view *v, const struct target *t, const struct entry **out);

/* correlate.c */
struct error *correlate(struct delta *d) __must_check;

/* compare.c */
bool targets_equal(struct delta *d, const struct target *a, const struct target *b);
bool nodes_equal(struct delta *d, struct node *a, struct node *b);
/* Whether a table of after, taken as a whole, is another than that of before. */
bool table_changed(struct delta *d, const struct table *t);
struct error *compare(struct delta *d) __must_check;

/* referrers.c */
struct error *view_index_referrers(struct view *v) __must_check;
/* No other object can refer to it. */
bool node_is_local(const struct node *n);
/* Unchanged, but part of the patch for this reason; of foo.cold, foo is. NULL: no memory. */
struct error *change_because(struct node *n, const char *reason) __must_check;

/* readers.c: changed constants that only redirectable functions read become their own copies. */
struct error *renew_constants(struct delta *d) __must_check;

/* at_load.c: changed data that is written, or moved, when the module is loaded. */
struct error *write_data(struct delta *d) __must_check;

/* callers.c: what can't be redirected itself is, where it is called. */
struct error *redirect_callers(struct delta *d) __must_check;

/* moved.c: nothing differs but line numbers. */
bool only_lines_moved(struct node *a, struct node *b);
/* The strings that two instructions refer to differ in the line number only. */
bool only_string_moved(struct node *a, const struct reloc *r, const char *old, struct node *b,
		       const struct reloc *q, const char *new);
/* Where some offset in a node comes from; .file is NULL if that is not known. */
struct line node_line(struct node *n, uint64_t at);
/* The object's debug information, read once. */
struct error *view_debug(struct view *v, const struct debug **out) __must_check;
/*
 * A macro may put __LINE__ into a name ("methods_211", declared in line 211): the name without it,
 * or NULL.
 */
struct error *node_stem_of_line(struct node *n, const char **stem) __must_check;

/* explain.c: why two nodes differ; an arena string, NULL without memory. */
const char *explain_difference(struct delta *d, struct node *a, struct node *b, uint64_t *at);

/* include.c */
struct error *include(struct delta *d) __must_check;

/* findings.c */
struct error *add_finding(struct delta *d, const char *code, const char *where, const char *advice,
			  const char *fmt, ...) __printf_like(5, 6) __must_check;
struct error *add_note(struct delta *d, const char *fmt, ...) __printf_like(2, 3) __must_check;
/* The one added last can't be accepted, though others of its code can: why, for its sentence. */
struct error *finding_stands(struct delta *d, const char *why) __must_check;
/* The one added last is none for a module loaded after the patch: how that comes true. */
void finding_at_load(struct delta *d, const char *how);
/* The findings made since there were 'from' are about this node. */
void place_findings(struct delta *d, size_t from, struct node *n);

/* refuse.c */
struct error *refuse(struct delta *d) __must_check;

/* refuse_change.c: what the two builds differ in and a livepatch can't change. */
struct error *refuse_changes(struct delta *d) __must_check;
/* Why new code can't make do with the running variable; NULL: it can, with its old value. */
const char *why_not_the_old(const struct node *old, const struct node *n);

/* exports.c */
bool is_export_section(const struct section *s);
struct error *compare_exports(struct delta *d) __must_check;

/* layouts.c */
struct error *refuse_layouts(struct delta *d) __must_check;

#endif
