/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the extracted parts of a fix, each bound to one program, to the hotpatch object for it.
 *
 * What the program has already is used where it is: its functions and variables by their
 * addresses, other files' functions through its own stubs and slots, as its own code does. Only
 * what it never asked for is left for the loader's rules (HOTPATCH_TO_SYMBOL, _GOT).
 *
 * Hooks are functions of the fix by name: suture_pre_apply(), suture_post_apply(),
 * suture_pre_revert(), suture_post_revert().
 */
#ifndef SUTURE_HOTPATCH_LINK_H
#define SUTURE_HOTPATCH_LINK_H

#include "base/cleanup.h"
#include "bind/process.h"
#include "delta/delta.h"
#include "hotpatch/object.h"

/* One translation unit's. */
struct hotpatch_unit {
	const char *source; /* for messages */
	const struct extraction *extraction;
	const struct process_binding *binding;
};

/* What the object refers to outside of itself, for people and auditors. */
struct hotpatch_account_reference {
	const char *name;
	uint64_t address; /* 0: known by name alone */
	enum bind_how how;
	unsigned int witnesses;
	bool is_export; /* another file's */
};

/* A function that is redirected, and where it is from. */
struct hotpatch_account_function {
	size_t unit;
	const struct symbol *old, *new;
	uint64_t address, size; /* in the program */
};

struct hotpatch_account {
	VEC(struct hotpatch_account_reference) references;
	VEC(struct hotpatch_account_function) functions; /* in the object's order */
};
void hotpatch_account_free(struct hotpatch_account *a);
#define __cleanup_hotpatch_account __cleanup(hotpatch_account_free)

struct hotpatch_request {
	const char *name; /* of the fix */
	/* Functions of which an old activation may live on at the switch. */
	const char *const *on_stack;
	size_t n_on_stack;
	const struct program *program;
	/*
	 * Where a function or variable is that no unit of the fix has referred to before, and that
	 * the program has no name for: *found, if another unit of it was matched.
	 */
	struct error *(*find)(void *arg, const char *name, uint64_t *address, bool *found);
	void *arg;
};

/* ERROR_REFUSED for what has no proven place, or can't be written in a program's memory. */
struct error *hotpatch_link(const struct hotpatch_request *request,
			    const struct hotpatch_unit *units, size_t n,
			    struct hotpatch_object *out,
			    struct hotpatch_account *account) __must_check;

#endif
