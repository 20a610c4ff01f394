/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON objects read into structures by a table, as base/form.h does for YAML. The JSON is
 * hostile: types, ranges and lengths are checked, and an error names the field, as in
 * "functions[2].before.calls". Members that no row has are left alone.
 */
#ifndef SUTURE_REPORT_RECORD_FORM_H
#define SUTURE_REPORT_RECORD_FORM_H

#include "base/json_read.h"

/* A number that may not be known: then why says why not, or is NULL. */
struct figure {
	bool known;
	double value;
	const char *why;
};

struct list {
	void *v;
	size_t n;
};

enum record_kind {
	RECORD_TEXT,	/* const char *, NULL if absent */
	RECORD_TRUTH,	/* bool */
	RECORD_COUNT,	/* struct figure, 0 or more */
	RECORD_SIGNED,	/* struct figure */
	RECORD_RAW,	/* const struct json_value * */
	RECORD_OBJECT,	/* a structure of its form, in place */
	RECORD_LIST,	/* struct list of its form */
	RECORD_MAP,	/* the same of an object's members: each begins with const char *name */
	RECORD_FIGURES, /* the same, each struct record_named */
	RECORD_NUMBERS, /* struct list of double; null is NAN */
	RECORD_TEXTS,	/* struct list of const char * */
	RECORD_PAIRS,	/* struct list of struct record_pair */
	RECORD_SERIES,	/* members that are lists of numbers: struct list of struct record_line */
};

struct record_named {
	const char *name;
	struct figure figure;
};
struct record_pair {
	double low, count;
};
struct record_line {
	const char *name;
	struct list numbers;
};

struct record_form;
struct record_field {
	const char *key;
	enum record_kind kind;
	size_t at;
	bool needed;
	const struct record_form *form;
};
struct record_form {
	const struct record_field *fields;
	size_t n, size; /* size: of one structure */
};

/* No list or map may have more. */
#define RECORD_ITEMS 100000

struct error *record_form_read(const struct json_value *v, const struct record_form *form,
			       struct arena *a, void *base) __must_check;

#endif
