// SPDX-License-Identifier: GPL-2.0-or-later
/* What KTAP results come to: totals, the verdict, and all of it as JSON. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "report/ktap_read.h"

static const char *const names[KTAP_OUTCOMES] = { "pass", "fail", "skip", "xfail" };

const char *ktap_outcome_name(enum ktap_outcome outcome)
{
	return names[outcome];
}

static void count(const struct ktap_level *l, struct ktap_totals *sum)
{
	for (const struct ktap_result *t = l->first; t; t = t->next)
		if (t->nested && t->nested->n)
			count(t->nested, sum);
		else
			sum->of[t->outcome]++;
}

struct ktap_totals ktap_totals(const struct ktap *k)
{
	struct ktap_totals sum = { 0 };

	count(&k->top, &sum);
	return sum;
}

/* A test may fail though all within it passed. */
static bool has_failed(const struct ktap_level *l)
{
	for (const struct ktap_result *t = l->first; t; t = t->next)
		if (t->outcome == KTAP_FAIL)
			return true;
	return false;
}

bool ktap_passed(const struct ktap *k)
{
	return !k->problems.n && !has_failed(&k->top) && (k->top.n || k->top.skipped);
}

/* --- for a person -------------------------------------------------------------------- */

static struct error *list(const struct ktap_level *l, const char *within, enum ktap_outcome outcome,
			  struct strbuf *out)
{
	for (const struct ktap_result *t = l->first; t; t = t->next) {
		char *name __free = str_printf("%s%s%s", within, *within ? ": " : "", t->name);

		if (!name)
			return error_nomem();
		if (t->outcome == outcome)
			TRY(strbuf_printf(out, "%-5s %s%s%s\n", names[outcome], name,
					  t->reason ? ": " : "", t->reason ? t->reason : ""));
		if (t->nested)
			TRY(list(t->nested, name, outcome, out));
	}
	return NULL;
}

struct error *ktap_text(const struct ktap *k, struct strbuf *out)
{
	static const enum ktap_outcome told[] = { KTAP_FAIL, KTAP_SKIP, KTAP_XFAIL };
	struct ktap_totals sum = ktap_totals(k);

	TRY(strbuf_puts(out, ktap_passed(k) ? "passed:" : "not passed:"));
	for (size_t i = 0; i < KTAP_OUTCOMES; i++)
		TRY(strbuf_printf(out, "%s %ju %s", i ? "," : "", (uintmax_t)sum.of[i], names[i]));
	TRY(strbuf_puts(out, "\n"));
	for (size_t i = 0; i < ARRAY_SIZE(told); i++)
		TRY(list(&k->top, "", told[i], out));
	if (k->top.skipped)
		TRY(strbuf_printf(out, "skip  all of it: %s\n", k->top.skipped));
	for (const struct ktap_line *l = k->problems.first; l; l = l->next)
		TRY(strbuf_printf(out, "%s\n", l->text));
	return NULL;
}

/* --- for a program ------------------------------------------------------------------- */

static void lines_json(const struct ktap_lines *lines, struct json *j, const char *key)
{
	json_array(j, key);
	for (const struct ktap_line *l = lines->first; l; l = l->next)
		json_string(j, NULL, l->text);
	json_end(j);
}

/* Depth is bounded by KTAP_DEPTH, two levels of JSON each. */
static void results_json(const struct ktap_level *l, struct json *j)
{
	json_array(j, "results");
	for (const struct ktap_result *t = l->first; t; t = t->next) {
		json_object(j, NULL);
		json_u64(j, "number", t->number);
		json_string(j, "name", t->name);
		json_string(j, "outcome", ktap_outcome_name(t->outcome));
		json_string(j, "reason", t->reason);
		lines_json(&t->said, j, "said");
		if (t->nested)
			results_json(t->nested, j);
		json_end(j);
	}
	json_end(j);
}

void ktap_json(const struct ktap *k, struct json *j, const char *key)
{
	struct ktap_totals sum = ktap_totals(k);

	json_object(j, key);
	json_string(j, "schema", "suture-ktap/1");
	json_bool(j, "passed", ktap_passed(k));
	json_object(j, "totals");
	for (size_t i = 0; i < KTAP_OUTCOMES; i++)
		json_u64(j, names[i], sum.of[i]);
	json_end(j);
	lines_json(&k->problems, j, "problems");
	json_string(j, "skipped", k->top.skipped);
	results_json(&k->top, j);
	json_end(j);
}
