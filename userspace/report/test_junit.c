// SPDX-License-Identifier: GPL-2.0-or-later
/* The form that GitLab, Jenkins and GitHub's actions read. */
#include "report/test_report.h"

/* Text as XML 1.0 may hold it. */
static struct error *add_text(const char *s, struct strbuf *out)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '<')
			TRY(strbuf_puts(out, "&lt;"));
		else if (c == '>')
			TRY(strbuf_puts(out, "&gt;"));
		else if (c == '&')
			TRY(strbuf_puts(out, "&amp;"));
		else if (c == '"')
			TRY(strbuf_puts(out, "&quot;"));
		else if (c < 0x20 && c != '\n' && c != '\t')
			TRY(strbuf_puts(out, "?"));
		else
			TRY(strbuf_add(out, s, 1));
	}
	return NULL;
}

static struct error *add_attribute(const char *name, const char *value, struct strbuf *out)
{
	TRY(strbuf_printf(out, " %s=\"", name));
	TRY(add_text(value, out));
	return strbuf_puts(out, "\"");
}

/* The element inside of a case that did not pass; NULL: it did. */
static const char *element(enum outcome o)
{
	switch (o) {
	case OUTCOME_PASS:
		return NULL;
	case OUTCOME_SKIP:
	case OUTCOME_REFUSED:
	case OUTCOME_NOTHING:
		return "skipped";
	case OUTCOME_ERROR:
		return "error";
	default:
		return "failure";
	}
}

static struct error *add_case(const struct trial *t, const struct phase_result *r,
			      struct strbuf *out)
{
	const char *inside = element(r->outcome), *why = r->why ? r->why : "";

	TRY(strbuf_puts(out, "    <testcase"));
	TRY(add_attribute("classname", t->kernel->name, out));
	TRY(add_attribute("name", phase_row(r->phase)->name, out));
	TRY(strbuf_printf(out, " time=\"%.3f\"", r->seconds));
	if (!inside)
		return strbuf_puts(out, "/>\n");
	TRY(strbuf_printf(out, ">\n      <%s", inside));
	if (!str_equal(inside, "skipped"))
		TRY(add_attribute("type", outcome_name(r->outcome), out));
	TRY(add_attribute("message", why, out));
	TRY(strbuf_puts(out, "/>\n"));
	if (!str_equal(inside, "skipped") && t->logs) {
		TRY(strbuf_puts(out, "      <system-out>"));
		TRY(add_text(t->logs, out));
		TRY(strbuf_puts(out, "</system-out>\n"));
	}
	return strbuf_puts(out, "    </testcase>\n");
}

static size_t count(const struct trial *t, const char *inside)
{
	size_t n = 0;

	vec_for_each(&t->results.v, r)
		n += element(r->outcome) && str_equal(element(r->outcome), inside);
	return n;
}

static struct error *add_suite(const struct trial *t, struct strbuf *out)
{
	TRY(strbuf_puts(out, "  <testsuite"));
	TRY(add_attribute("name", t->kernel->name, out));
	TRY(strbuf_printf(out,
			  " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" "
			  "time=\"%.3f\">\n",
			  t->results.v.n, count(t, "failure"), count(t, "error"),
			  count(t, "skipped"), t->seconds));
	vec_for_each(&t->results.v, r)
		TRY(add_case(t, r, out));
	return strbuf_puts(out, "  </testsuite>\n");
}

struct error *report_junit(const struct trial *t, size_t n, const char *fix, struct strbuf *out)
{
	TRY(strbuf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites"));
	TRY(add_attribute("name", fix, out));
	TRY(strbuf_puts(out, ">\n"));
	for (size_t i = 0; i < n; i++)
		TRY(add_suite(&t[i], out));
	return strbuf_puts(out, "</testsuites>\n");
}
