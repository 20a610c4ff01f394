/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the shells need to complete a command line, as a table: a line a row, columns parted by
 * tabs, "-" where there is none.
 *
 *	VERB  -         -      none    summary
 *	VERB  --option  VALUE  KINDS   what it does     ("[VALUE]": may be left out)
 *	VERB  -x        VALUE  KINDS   what it does
 *	VERB  1         VALUE  KINDS   -                (the first word behind the verb; "2+": all
 *	                                                from the second on)
 *
 * KINDS, parted by blanks: target, patch, verb, file, folder, *.suture (files of that name and
 * folders), =word (just that), none. Rows of "suture" itself have that in place of a verb.
 */
#ifndef SUTURE_CLI_COMPLETION_H
#define SUTURE_CLI_COMPLETION_H

#include "base/str.h"
#include "cli/cli.h"

/*
 * Append a verb's rows. Its options are those that it gives to getopt, their values and words
 * are found in its help: an option that one has and the other has not, and a value that no kind
 * is known of, are errors.
 */
struct error *completion_rows(const struct verb *v, struct strbuf *out) __must_check;

#endif
