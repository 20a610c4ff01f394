/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a livepatch module that suture linked really says, read back from its bytes: so that
 * what is told about it can be compared with what the kernel will do. The bytes are hostile.
 */
#ifndef SUTURE_LIVEPATCH_CONTENTS_H
#define SUTURE_LIVEPATCH_CONTENTS_H

#include "elf/object.h"

/* A function that it redirects. */
struct contents_function {
	const char *object, *name;
	unsigned int sympos;
	uint64_t size; /* of the new code, bytes */
};

/* A symbol that livepatch resolves: .klp.sym.OBJECT.NAME,POS. */
struct contents_symbol {
	const char *object, *name;
	unsigned int sympos;
};

struct contents_callback {
	const char *object, *when, *function;
};

struct contents_state {
	uint64_t id;
	unsigned int version;
};

struct livepatch_contents {
	const char *name, *vermagic; /* of .modinfo */
	char build_id[129];	     /* in hex; "" if there is none */
	bool replace;
	VEC(struct contents_function) functions;
	VEC(struct contents_callback) callbacks; /* in the order of their records */
	VEC(struct contents_state) states;
	VEC(const char *) at_load;	     /* objects that it asks to be loaded after it */
	VEC(struct contents_symbol) symbols; /* by object, name, sympos */
	VEC(const char *) exports;	     /* by name */
	struct object *object;		     /* what the names lie in */
	struct arena arena;
};

/* ERROR_FAILED, saying what, if it is no such module. */
struct error *livepatch_contents_read(const void *bytes, size_t n,
				      struct livepatch_contents *out) __must_check;
void livepatch_contents_free(struct livepatch_contents *c);
#define __cleanup_contents __cleanup(livepatch_contents_free)

/* The build-id of an object, in hex; "" if it has none. 'out' has room for 129 characters. */
void object_build_id(const struct object *o, char *out);

#endif
