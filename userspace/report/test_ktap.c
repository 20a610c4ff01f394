// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/test_report.h"

#define INDENT "  "

/* Lines, each behind "# "; control characters as '?'. */
static struct error *add_diagnostics(const char *indent, const char *text, struct strbuf *out)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		TRY(strbuf_printf(out, "%s# ", indent));
		for (size_t i = 0; i < n; i++)
			TRY(strbuf_add(out, (unsigned char)text[i] < 0x20 ? "?" : text + i, 1));
		TRY(strbuf_puts(out, "\n"));
		text += n + (text[n] == '\n');
	}
	return NULL;
}

/* The first line, behind " # "; a '#' in it would begin another directive. */
static struct error *add_directive(const char *words, const char *text, struct strbuf *out)
{
	TRY(strbuf_printf(out, " # %s", words));
	for (; *text && *text != '\n'; text++) {
		char c = *text == '#' || (unsigned char)*text < 0x20 ? '?' : *text;

		TRY(strbuf_add(out, &c, 1));
	}
	return NULL;
}

static bool is_skip(enum outcome o)
{
	return o == OUTCOME_SKIP || o == OUTCOME_REFUSED || o == OUTCOME_NOTHING;
}

static struct error *add_result(const struct phase_result *r, size_t number, struct strbuf *out)
{
	bool bad = outcome_is_bad(r->outcome) && !is_skip(r->outcome);
	const char *why = r->why ? r->why : "";

	if (bad || strchr(why, '\n'))
		TRY(add_diagnostics(INDENT, why, out));
	TRY(strbuf_printf(out, INDENT "%s %zu %s", bad ? "not ok" : "ok", number,
			  phase_row(r->phase)->name));
	if (r->outcome == OUTCOME_SKIP)
		TRY(add_directive("SKIP ", why, out));
	else if (is_skip(r->outcome))
		TRY(add_directive(
			r->outcome == OUTCOME_REFUSED ? "SKIP refused: " : "SKIP no change: ", why,
			out));
	else if (bad)
		TRY(add_directive(outcome_name(r->outcome), "", out));
	else if (*why)
		TRY(add_directive("", why, out));
	return strbuf_puts(out, "\n");
}

struct error *report_ktap_begin(size_t kernels, struct strbuf *out)
{
	return strbuf_printf(out, "KTAP version 1\n1..%zu\n", kernels);
}

/* A kernel that there is no patch for is skipped. */
static struct error *add_kernel_line(const struct trial *t, size_t number, struct strbuf *out)
{
	const struct verdict *v = &t->verdict;
	bool skip = v->kind == VERDICT_REFUSED || v->kind == VERDICT_NOTHING;
	bool ok = skip || v->kind == VERDICT_HEALTHY;

	TRY(strbuf_printf(out, "%s %zu %s # %s%s", ok ? "ok" : "not ok", number, t->kernel->name,
			  skip ? "SKIP " : "", verdict_name(v->kind)));
	if (!ok)
		TRY(strbuf_printf(out, ": %s", v->cause));
	return strbuf_puts(out, "\n");
}

struct error *report_ktap_kernel(const struct trial *t, size_t number, struct strbuf *out)
{
	size_t i = 0;

	TRY(strbuf_printf(out, INDENT "KTAP version 1\n" INDENT "# Subtest: %s\n" INDENT "1..%zu\n",
			  t->kernel->name, t->results.v.n));
	vec_for_each(&t->results.v, r)
		TRY(add_result(r, ++i, out));
	return add_kernel_line(t, number, out);
}
