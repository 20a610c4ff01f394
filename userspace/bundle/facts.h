/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people say about a fix: what it is for, what it needs, and when it is no longer needed.
 * From suture build's options and a fix's fix.yaml.
 */
#ifndef SUTURE_BUNDLE_FACTS_H
#define SUTURE_BUNDLE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/json_read.h"
#include "base/vec.h"

struct bundle_names {
	VEC(const char *) v;
};

bool bundle_names_have(const struct bundle_names *names, const char *name);

struct bundle_facts {
	const char *title;		/* one line; or NULL */
	const char *severity;		/* low, medium, high or critical; or NULL: unsaid */
	struct bundle_names cves;	/* "CVE-2026-12345" */
	struct bundle_names requires;	/* fixes that must be live, by name */
	struct bundle_names conflicts;	/* fixes that must not */
	struct bundle_names supersedes; /* fixes that it takes the place of */
	const char *fixed_in; /* the distro's first version that has the fix itself; or NULL */
	/* Grows with each release of the fix: a host takes none below what it has had. 0: unsaid */
	uint64_t serial;
};

#define BUNDLE_SERIAL_MAX 4294967295u

/* The form of one fact: whether a text has it, and what it is called ("a CVE ID: ..."). */
struct bundle_form {
	bool (*fits)(const char *s);
	const char *form;
};
extern const struct bundle_form bundle_form_title, bundle_form_severity, bundle_form_cve,
	bundle_form_name, bundle_form_version;

/*
 * ERROR_FAILED, naming it, if a fact has not the form that it must have, is there twice, or
 * contradicts another ('name' is the bundle's own).
 */
struct error *bundle_facts_check(const struct bundle_facts *f, const char *name) __must_check;

/* Members of the open object, and back. Strings read belong to the JSON's arena. */
void bundle_facts_write(const struct bundle_facts *f, struct json *j);
struct error *bundle_facts_read(const struct json_value *o, struct bundle_facts *f) __must_check;
void bundle_facts_clear(struct bundle_facts *f);

#endif
