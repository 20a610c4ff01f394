/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linking a livepatch module: extracted objects with their bindings become one .ko in
 * the form that the kernel's livepatch ABI asks for (Documentation/livepatch/
 * module-elf-format.rst): .klp.rela.OBJECT.SECTION, .klp.sym.OBJECT.NAME,POS.
 *
 * Every outside reference is named in one of three ways: as a symbol that vmlinux exports
 * (checked by its CRC at load), as a livepatch symbol (resolved by the kernel from object,
 * name and position), or as something new in another part of the same patch. Which one is
 * decided from the address that the binding proved, never from the name alone.
 */
#ifndef SUTURE_LIVEPATCH_LIVEPATCH_H
#define SUTURE_LIVEPATCH_LIVEPATCH_H

#include "bind/binding.h"
#include "delta/delta.h"
#include "source/compile.h"

/* One translation unit's part of the patch. */
struct livepatch_part {
	const struct unit *unit;
	const struct extraction *extraction; /* linking rewrites branches in its object (cut.h) */
	const struct binding *binding; /* of the unit's before object to its vmlinux or module */
	const struct image *vmlinux;   /* for what a module's unit refers to in vmlinux */
	bool at_load;		       /* the unit's module must be loaded after the patch */
};

enum livepatch_named {
	LIVEPATCH_EXPORT, /* an ordinary undefined symbol, with its CRC */
	LIVEPATCH_SYMBOL, /* .klp.sym.OBJECT.NAME,POS */
	LIVEPATCH_INSIDE, /* defined by another part */
};

/* What became of an outside reference. */
struct livepatch_reference {
	enum livepatch_named named;
	const char *object; /* "vmlinux" or a module; "" for LIVEPATCH_INSIDE */
	const char *name;
	unsigned int sympos; /* 0: unique */
	uint64_t address;    /* in the image; 0 if only the name is known */
	enum bind_how how;
	unsigned int witnesses;
};

/* A redirected function. */
struct livepatch_function {
	const char *object, *name;
	unsigned int sympos;
	uint64_t address;
	size_t part;		  /* index of the part */
	const struct symbol *old; /* in the part's before object */
	const struct symbol *new; /* in the part's extracted object */
};

/* A function that livepatch calls on the way. */
struct livepatch_callback {
	const char *object;   /* for which it is called */
	const char *when;     /* "pre_patch", "post_patch", "pre_unpatch", "post_unpatch" */
	const char *function; /* in the module */
};

/* Documentation/livepatch/system-state.rst */
struct livepatch_state {
	uint64_t id;
	unsigned int version;
};

struct livepatch_account {
	VEC(struct livepatch_function) functions;   /* as in the module: by object, then part */
	VEC(struct livepatch_reference) references; /* each once; sorted by object, name, sympos */
	VEC(struct livepatch_callback) callbacks;   /* in the order of the calls on the way in */
	VEC(struct livepatch_state) states;
	VEC(const char *) at_load; /* modules that must be loaded after the patch, by name */
	VEC(const char *) notes;   /* what is different in the new code, a sentence each */
	char build_id[41];	   /* of the module, in hex */
	struct object *debug;	   /* debug information for it; NULL if no part has any */
	struct arena arena;
};

/* What is asked for. */
struct livepatch_request {
	const char *name; /* the module's: [a-z0-9_], at most 55 characters */
	bool replace;	  /* it takes the place of all other livepatches (atomic replace) */
};

/*
 * Writes out_path whole or not at all, and out_path.debug if there is debug information. The result
 * depends on nothing but its inputs. *out may outlive the parts, but for the symbols it points to.
 * ERROR_REFUSED, naming the symbol, if a reference has no proven place or the kernel would fill it
 * in too late.
 */
struct error *livepatch_link(const struct target *t, const struct livepatch_request *request,
			     const struct livepatch_part *parts, size_t n_parts,
			     const char *out_path, struct livepatch_account **out) __must_check;
void livepatch_account_free(struct livepatch_account **a);
#define __cleanup_account __cleanup(livepatch_account_free)

#endif
