/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test results as the kernel's tests print them: KTAP (Documentation/dev-tools/ktap.rst), with
 * what its tests really write: TAP 13 headers, and tests within tests that are indented, or
 * behind "# " as the kselftest runner has them. Pure: text in, results out.
 *
 * The text is hostile: kernel messages lie between its lines, and a guest that dies leaves half
 * of it. Lines that are no KTAP are passed over; what does not fit together (a plan of eight
 * with five results) is told beside the results, and then the whole has not passed.
 */
#ifndef SUTURE_REPORT_KTAP_READ_H
#define SUTURE_REPORT_KTAP_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"

enum ktap_outcome { KTAP_PASS, KTAP_FAIL, KTAP_SKIP, KTAP_XFAIL };
#define KTAP_OUTCOMES 4

/* Tests within tests within ...: deeper ones are an error. */
#define KTAP_DEPTH 12

struct ktap_line {
	const char *text;
	struct ktap_line *next;
};

struct ktap_lines {
	struct ktap_line *first, *last;
	size_t n;
};

/* One run of tests: from a version line to the last result. */
struct ktap_level {
	bool planned;
	uint64_t plan;
	const char *skipped; /* "1..0 # SKIP reason": the reason; NULL if it was not */
	struct ktap_result *first, *last;
	uint64_t n;
	struct ktap_lines said; /* diagnostics behind the last result */
};

struct ktap_result {
	uint64_t number;
	const char *name;
	enum ktap_outcome outcome;
	const char *reason;	   /* why it failed or was skipped, in its own words; or NULL */
	struct ktap_lines said;	   /* its diagnostics, without "# " */
	struct ktap_level *nested; /* NULL: it has no tests within */
	struct ktap_result *next;
};

struct ktap {
	struct arena arena;
	struct ktap_level top;
	struct ktap_lines problems; /* what does not fit together, with line numbers */
};

/*
 * Read n bytes. ERROR_FAILED if no line of it is a version line, or tests lie too deep; what
 * was read is then freed.
 */
struct error *ktap_read(const char *text, size_t n, struct ktap **out) __must_check;
void ktap_free(struct ktap **k);
#define __cleanup_ktap __cleanup(ktap_free)

/* "pass", "fail", "skip", "xfail" */
const char *ktap_outcome_name(enum ktap_outcome outcome);

/* How many of each there are; a test with tests within is counted by those. */
struct ktap_totals {
	uint64_t of[KTAP_OUTCOMES];
};
struct ktap_totals ktap_totals(const struct ktap *k);

/* No test failed, none is missing, and something was told. */
bool ktap_passed(const struct ktap *k);

/* For a person: the answer first, then what failed or was skipped and why. */
struct error *ktap_text(const struct ktap *k, struct strbuf *out) __must_check;

/* An object with results, totals and problems ("suture-ktap/1"). */
void ktap_json(const struct ktap *k, struct json *j, const char *key);

#endif
