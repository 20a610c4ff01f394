/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of KTAP, without what it is indented by. Private to the reader. */
#ifndef SUTURE_REPORT_KTAP_LINE_H
#define SUTURE_REPORT_KTAP_LINE_H

#include "report/ktap_read.h"

enum ktap_line_kind {
	KTAP_LINE_OTHER, /* no KTAP */
	KTAP_LINE_VERSION,
	KTAP_LINE_PLAN,	  /* 1..number; skip and reason for "1..0 # SKIP reason" */
	KTAP_LINE_RESULT, /* outcome, number, name, reason */
	KTAP_LINE_SAID,	  /* reason: the words behind "# " */
	KTAP_LINE_BAIL,	  /* reason */
};

/* Longer names and reasons are cut. */
#define KTAP_WORDS 1024

struct ktap_words {
	enum ktap_line_kind kind;
	enum ktap_outcome outcome;
	bool numbered, skip;
	uint64_t number;
	char name[KTAP_WORDS], reason[KTAP_WORDS];
};

/* Always fills out; "" where there are no words. */
void ktap_line_read(const char *line, struct ktap_words *out);

#endif
