/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading YAML (through libyaml) from hands that are not trusted: one document of bounded size
 * and depth; no anchors, aliases or tags; no key twice; no NUL in a text. Every scalar is a text:
 * who needs a number or a truth takes it from the text, so "no" is never false by surprise.
 * Errors name the line.
 */
#ifndef SUTURE_BASE_YAML_READ_H
#define SUTURE_BASE_YAML_READ_H

#include <stddef.h>

#include "base/arena.h"

#define YAML_SIZE_MAX (256 * 1024) /* bytes of a document */
#define YAML_DEPTH_MAX 16

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_value {
	enum yaml_kind kind;
	const char *key;	  /* of a member of a map */
	unsigned int line;	  /* where it begins, from 1; of a member: its key */
	const char *text;	  /* YAML_TEXT: NUL-terminated */
	struct yaml_value *items; /* of a list or a map, in the order of the text */
	size_t n;
};

/* Everything is allocated from the arena. An empty document is an empty map. */
struct error *yaml_parse(const char *text, size_t n, struct arena *a,
			 const struct yaml_value **out) __must_check;

/* NULL if there is none, or if m is NULL or no map. */
const struct yaml_value *yaml_member(const struct yaml_value *m, const char *key);

/* "a text", "a list", "a map". */
const char *yaml_kind_name(enum yaml_kind kind);

#endif
