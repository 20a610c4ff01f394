/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables. A change of them is a new row of ledger_schema[], which is never changed once it was
 * released: opening runs the rows that the file (PRAGMA user_version) has not seen.
 */
#ifndef SUTURE_LEDGER_SCHEMA_H
#define SUTURE_LEDGER_SCHEMA_H

#define LEDGER_APPLICATION 0x53755472 /* "SuTr": what file(1) sees */
#define LEDGER_VERSION 1	      /* rows of ledger_schema */

extern const char *const ledger_schema[LEDGER_VERSION];

#endif
