/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What VM tests on real fixes share: the list of fixes (tests/vm/fixes.list), building each,
 * and taking each through load, proof and revert in a guest.
 */
#ifndef TESTS_LAB_LAB_H
#define TESTS_LAB_LAB_H

#include "base/arena.h"
#include "base/file.h"
#include "base/vec.h"
#include "bundle/bundle.h"
#include "qemu/vm.h"
#include "source/target.h"

enum expectation { LIVE, IN_PLACE, AT_LOAD, REFUSED, NO_CHANGE };

/* One row of the list, and what came of it. */
struct fix {
	const char *name, *files, *modules, *exercise;
	const char *words; /* what a refusal must say, or the module that comes later */
	enum expectation expect;
	const char *module;  /* the livepatch module; NULL: not built */
	const char *payload; /* its file on the host */
	VEC(struct bundle_function) functions;
	double build, own; /* seconds; own: all but the compiler */
	double transition;
	uint64_t before, new_entry, old_body, missed, after; /* calls: sums over the functions */
	size_t called;					     /* functions that were exercised */
	const char *state;  /* of the fix: the best of its functions' */
	const char *result; /* what went wrong; NULL: it is as expected */
	bool done, reverted;
};

struct lab {
	struct arena arena;
	struct tmpdir dir;
	const char *suture, *exercise; /* programs: the product, and the guest's exercises */
	const char *target_name, *newer;
	struct target *target;
	VEC(struct fix) fixes;
	struct vm *vm; /* NULL: none is up */
};

/* The list, and a temporary folder; $B is where the programs lie. */
struct error *lab_open(struct lab *lab, const char *list) __must_check;
/* Keep only the fixes that are named, in the order of the list; NULL-terminated. */
void lab_choose(struct lab *lab, char **names);
/* Make the target ready, and fetch all newer files at once. */
struct error *lab_prepare(struct lab *lab) __must_check;
void lab_close(struct lab *lab);

/* Words that a space separates, appended to a list that ends with NULL. */
struct error *lab_words(struct lab *lab, const char *words, const char **out, size_t *n,
			size_t most) __must_check;

/* Derive the diff and build it; an error is what the list did not expect. */
struct error *lab_build(struct lab *lab, struct fix *f) __must_check;
/*
 * Count the old code running, load, wait, prove, revert, count again. Boots the guest if none
 * is up; after an error there is none: what a fix left in an unknown state is of no use to the
 * next.
 */
struct error *lab_cycle(struct lab *lab, struct fix *f) __must_check;

/* The table as TAP comments. */
void lab_print_table(struct lab *lab);

#endif
