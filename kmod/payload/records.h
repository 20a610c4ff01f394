/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What suture writes into a livepatch module for the glue in it (payload.c) to find.
 * Read by the kernel at load, written by the linker: both include this file. Every
 * field is 64 bits wide and aligned; pointers are filled by ordinary relocations.
 *
 *	suture_patch	one struct suture_patch_record, in .suture.patch
 *	suture_targets	an array of struct suture_object_record, in .suture.objects
 *	suture_funcs	an array of struct suture_func_record, in .suture.funcs: those of the
 *			first object, then those of the second, ...
 *	suture_sets	an array of struct suture_callbacks_record, in .suture.sets; the same
 *	suture_states	an array of struct suture_state_record, in .suture.state
 *	suture_late	an array of struct suture_late_record, in .suture.late, with the names
 *			it points to behind it; only where reload.c is linked in
 *	suture_written	an array of struct suture_written_record, in .suture.written; what they
 *			point to lies in .suture.expected and .suture.contents; only where
 *			at_load.c is linked in
 *	suture_constants
 *			an array of struct suture_constant_record, in .suture.constants; only
 *			where constants.c is linked in
 *
 * The glue's own facts come back in .suture.layout, which is read by the linker and left
 * out of the module.
 */
#ifndef SUTURE_PAYLOAD_RECORDS_H
#define SUTURE_PAYLOAD_RECORDS_H

#include <linux/types.h>

#define SUTURE_PATCH_SECTION ".suture.patch"
#define SUTURE_OBJECTS_SECTION ".suture.objects"
#define SUTURE_FUNCS_SECTION ".suture.funcs"
#define SUTURE_SETS_SECTION ".suture.sets"
#define SUTURE_STATE_SECTION ".suture.state"
#define SUTURE_NAMES_SECTION ".suture.names"
#define SUTURE_LATE_SECTION ".suture.late"
#define SUTURE_CONSTANTS_SECTION ".suture.constants"
#define SUTURE_WRITTEN_SECTION ".suture.written"
#define SUTURE_EXPECTED_SECTION ".suture.expected"
#define SUTURE_CONTENTS_SECTION ".suture.contents"
#define SUTURE_LAYOUT_SECTION ".suture.layout"

/* What the fix's own C says, by suture/patch.h; the linker reads them and leaves them out. */
#define SUTURE_CALLBACKS_SECTION ".suture.callbacks"
#define SUTURE_STATES_SECTION ".suture.states"

struct suture_patch_record {
	__u64 n_objects;
	__u64 n_funcs;
	__u64 n_states;
	__u64 replace; /* 1: takes the place of all other livepatches */
	__u64 n_late;
	__u64 forget; /* -> suture_forget() of reload.c; 0 if it is not there */
	__u64 clears; /* 1: the kernel does it itself, but for a module that it did not take */
	__u64 n_constants;
	__u64 fill_constants; /* -> suture_fill_constants() of constants.c; 0 if it is not there */
	__u64 n_written;
	__u64 at_load; /* -> struct suture_at_load of at_load.c; 0 if it is not there */
};

struct suture_object_record {
	__u64 name; /* -> NUL-terminated, in .suture.names; 0 for vmlinux */
	__u64 n_funcs;
	__u64 n_sets;
	__u64 at_load; /* 1: a module that must be loaded after the patch */
};

struct suture_func_record {
	__u64 old_name;	    /* -> NUL-terminated, in .suture.names */
	__u64 sympos;	    /* 0: the name is unique in its object */
	__u64 new_function; /* -> the code */
};

/* A set of callbacks: pointers, 0 for one that is not there. */
struct suture_callbacks_record {
	__u64 pre_patch, post_patch, pre_unpatch, post_unpatch;
};

/* The same as suture/patch.h writes it: compilers put variables in any order. */
struct suture_callbacks_said {
	struct suture_callbacks_record set;
	__u64 line; /* of the source */
};

/* As suture/patch.h has it. */
struct suture_state_record {
	__u64 id, version;
};

/* A field that livepatch fills in when a module is loaded. */
struct suture_late_record {
	__u64 place;  /* -> the field */
	__u64 object; /* -> the module's name, NUL-terminated */
	__u64 size;   /* of the field, in bytes */
};

#define SUTURE_CONSTANT_SOURCES 3
#define SUTURE_CONSTANT_LEAD 2

/* A field of the new code that gets a value which the kernel's own code has in its fields. */
struct suture_constant_record {
	__u64 place;	   /* -> the field */
	__u64 size;	   /* of the field, in bytes; 8 at most */
	__u64 placeholder; /* what it holds until then */
	__u64 never;	   /* 1: a live value is never the placeholder */
	struct {
		__u64 place; /* -> the field in the kernel; 0: no more */
		__u64 lead;  /* the SUTURE_CONSTANT_LEAD bytes before it, as in the image */
	} sources[SUTURE_CONSTANT_SOURCES];
};

/*
 * Data that is written before a module runs: the module's, or the payload's own for it, so that
 * nothing is left in it of what the module did the last time.
 */
struct suture_written_record {
	__u64 object;	/* -> the module's name, NUL-terminated */
	__u64 place;	/* -> the data */
	__u64 size;	/* in bytes */
	__u64 contents; /* -> what is written */
	__u64 expected; /* -> what lies there until then, */
	__u64 known;	/* -> and which bits of it are known */
};

#ifdef __KERNEL__
/* What payload.c calls of at_load.c. */
struct klp_object;
struct klp_patch;
struct klp_state;
struct suture_at_load {
	/* Once the patch is enabled; 'state' is an entry of its states that is all zeroes. */
	void (*begin)(struct klp_patch *patch, struct klp_state *state);
	/* An object that must be loaded after the patch is there: an error if that is not so. */
	int (*take)(struct klp_patch *patch, struct klp_object *object);
	/* It is gone. Once for each take() that was well. */
	void (*let_go)(struct klp_object *object);
};
#endif

/* How this kernel lays out what the linker fills in. */
struct suture_layout_record {
	__u64 name_offset;  /* the module's name, in .gnu.linkonce.this_module */
	__u64 name_size;    /* with its NUL */
	__u64 version_size; /* of an entry of __versions; 0: no CONFIG_MODVERSIONS */
	__u64 version_crc_size;
	__u64 version_name_offset; /* in the entry; the name fills the rest, with its NUL */
};

#endif
