/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came of trials, for people, for kernel CIs (KTAP), for others (JUnit XML), as JSON lines. */
#ifndef SUTURE_REPORT_TEST_REPORT_H
#define SUTURE_REPORT_TEST_REPORT_H

#include "trial/trial.h"

/* KTAP version 1 (Documentation/dev-tools/ktap.rst): the beginning, and a subtest a kernel. */
struct error *report_ktap_begin(size_t kernels, struct strbuf *out) __must_check;
struct error *report_ktap_kernel(const struct trial *t, size_t number,
				 struct strbuf *out) __must_check;

/* All of it as JUnit XML, a suite a kernel. */
struct error *report_junit(const struct trial *t, size_t n, const char *fix,
			   struct strbuf *out) __must_check;

/* A line of "suture-test/1" each (phases are event_write()): the beginning, a verdict, the end. */
struct error *report_json_begin(const struct trial_options *opt, struct strbuf *out) __must_check;
struct error *report_json_verdict(const struct trial *t, struct strbuf *out) __must_check;
struct error *report_json_end(const struct trial *t, size_t n, double seconds,
			      struct strbuf *out) __must_check;

/* A row a kernel, then for each that is not healthy why, how to repeat it, and where its logs are.
 */
struct error *report_table(const struct trial_options *opt, const struct trial *t, size_t n,
			   struct strbuf *out) __must_check;

/* The worst verdict as an exit code, see verdict_exit_code(). */
int report_exit_code(const struct trial *t, size_t n);

#endif
