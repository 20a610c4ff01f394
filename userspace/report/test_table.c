// SPDX-License-Identifier: GPL-2.0-or-later
/* One screen: a row a kernel, then what a person needs for each that is not healthy. */
#include <string.h>

#include "base/cleanup.h"
#include "report/test_report.h"

static size_t count(const struct trial *t, enum outcome o)
{
	size_t n = 0;

	vec_for_each(&t->results.v, r)
		n += r->outcome == o;
	return n;
}

/* What was seen in a phase that passed; "-" without. */
static const char *seen(const struct trial *t, enum phase p)
{
	vec_for_each(&t->results.v, r)
		if (r->phase == p && r->outcome == OUTCOME_PASS && r->why)
			return r->why;
	return "-";
}

static struct error *add_row(const struct trial *t, int width, struct strbuf *out)
{
	return strbuf_printf(out, "%-*s %-12s %10s %6zu %7zu  %s\n", width, t->kernel->name,
			     verdict_name(t->verdict.kind), str_duration(t->seconds).s,
			     count(t, OUTCOME_PASS), count(t, OUTCOME_SKIP),
			     t->verdict.kind == VERDICT_HEALTHY ? seen(t, PHASE_EXERCISED)
								: t->verdict.cause);
}

/* Words that a shell takes as they are. */
static struct error *add_word(const char *word, struct strbuf *out)
{
	if (!word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			       "_-+=:,./@")])
		return strbuf_printf(out, " %s", word);
	TRY(strbuf_puts(out, " '"));
	for (; *word; word++)
		TRY(*word == '\'' ? strbuf_puts(out, "'\\''") : strbuf_add(out, word, 1));
	return strbuf_puts(out, "'");
}

/* One line that does this scene again, and nothing else. */
static struct error *add_repeat(const struct trial_options *opt, const struct trial *t,
				struct strbuf *out)
{
	enum scene scene = phase_row(t->verdict.result->phase)->scene;
	const struct trial_kernel *k = t->kernel;

	TRY(strbuf_puts(out, "  again:  suture test"));
	TRY(add_word(opt->subject->path, out));
	TRY(strbuf_printf(out, " --kernel %s --smp %u --repeat %u", k->name, k->cpus, k->repeat));
	if (k->memory)
		TRY(strbuf_printf(out, " --memory %u", k->memory));
	if (opt->reproducer) {
		TRY(strbuf_puts(out, " --repro"));
		TRY(add_word(opt->reproducer, out));
	}
	if (k->append) {
		TRY(strbuf_puts(out, " --append"));
		TRY(add_word(k->append, out));
	}
	if (scene != SCENE_NONE)
		TRY(strbuf_printf(out, " --only %s", scene_name(scene)));
	return strbuf_puts(out, "\n");
}

static struct error *add_lines(const char *text, struct strbuf *out)
{
	while (*text) {
		int n = (int)strcspn(text, "\n");

		TRY(strbuf_printf(out, "  %.*s\n", n, text));
		text += n + (text[n] == '\n');
	}
	return NULL;
}

static struct error *add_bad(const struct trial_options *opt, const struct trial *t,
			     struct strbuf *out)
{
	const struct phase_result *r = t->verdict.result;

	if (!r)
		return NULL;
	TRY(strbuf_printf(out, "\n%s: %s in '%s'\n", t->kernel->name, verdict_name(t->verdict.kind),
			  phase_row(r->phase)->name));
	TRY(add_lines(r->why ? r->why : "", out));
	TRY(add_repeat(opt, t, out));
	return t->logs ? strbuf_printf(out, "  logs:   %s\n", t->logs) : NULL;
}

struct error *report_table(const struct trial_options *opt, const struct trial *t, size_t n,
			   struct strbuf *out)
{
	int width = 34;

	for (size_t i = 0; i < n; i++)
		if ((int)strlen(t[i].kernel->name) > width)
			width = (int)strlen(t[i].kernel->name);
	TRY(strbuf_printf(out, "%-*s %-12s %10s %6s %7s  %s\n", width, "KERNEL", "VERDICT", "TIME",
			  "PASSED", "SKIPPED", "WHY"));
	for (size_t i = 0; i < n; i++)
		TRY(add_row(&t[i], width, out));
	for (size_t i = 0; i < n; i++)
		TRY(add_bad(opt, &t[i], out));
	return NULL;
}

int report_exit_code(const struct trial *t, size_t n)
{
	enum verdict_kind *kinds __free = calloc(n + 1, sizeof(*kinds));

	for (size_t i = 0; i < n && kinds; i++)
		kinds[i] = t[i].verdict.kind;
	return kinds ? verdict_exit_code(kinds, n) : ERROR_FAILED;
}
