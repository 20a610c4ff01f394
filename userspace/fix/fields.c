// SPDX-License-Identifier: GPL-2.0-or-later
/* One table for each map of fix.yaml; suture-fix(5) says the same in sentences. */
#include "fix/fields.h"

#include "base/str.h"

#define TIMEOUT_SECONDS 60

static const char *const builds[] = {
	[FIX_BUILD_DONE] = "done",
	[FIX_BUILD_REFUSED] = "refused",
	[FIX_BUILD_NOTHING] = "nothing",
};

static const char *const verdicts[] = {
	[FIX_HEALTHY] = "healthy",
	[FIX_DEGRADED] = "degraded",
	[FIX_FAILED] = "failed",
	[FIX_INCONCLUSIVE] = "inconclusive",
};

static const char *const causes[] = {
	[FIX_CAUSE_PANIC] = "panic",
	[FIX_CAUSE_HANG] = "hang",
	[FIX_CAUSE_TRANSITION] = "transition",
	[FIX_CAUSE_REPRODUCER] = "reproducer",
	[FIX_CAUSE_LEAK] = "leak",
	[FIX_CAUSE_WARNING] = "warning",
	[FIX_CAUSE_SLOWER] = "slower",
	[FIX_CAUSE_ERRORS] = "errors",
	[FIX_CAUSE_CRASH] = "crash",
	[FIX_CAUSE_REDIRECT_LOST] = "redirect-lost",
};

_Static_assert(sizeof(enum fix_cause) == sizeof(unsigned int), "form_choice() writes enums");

#define NAMES(table)                       \
	{                                  \
		(table), ARRAY_SIZE(table) \
	}
static const struct form_names build_names = NAMES(builds), verdict_names = NAMES(verdicts),
			       cause_names = NAMES(causes);

const char *fix_verdict_name(enum fix_verdict v)
{
	return verdicts[v];
}

const char *fix_cause_name(enum fix_cause c)
{
	return causes[c];
}

/* --- lists of maps ------------------------------------------------------------------- */

static const struct form_field diff_fields[] = {
	{ "file", form_path, offsetof(struct fix_diff, file) },
	{ "targets", form_patterns, offsetof(struct fix_diff, targets) },
};
static const struct form diff_form = FORM(diff_fields);

/* A path, or a map. */
static struct error *read_diff(struct form_reader *r, const struct yaml_value *v,
			       struct fix_diff *to)
{
	if (v->kind == YAML_TEXT)
		return form_path(r, NULL, v, &to->file);
	TRY(form_read(r, &diff_form, v, to));
	return to->file ? NULL : form_wrong(r, v, "'file' is missing");
}

static struct error *read_diffs(struct form_reader *r, const struct form_field *f,
				const struct yaml_value *v, void *at)
{
	struct fix_metadata *to = at;
	struct fix_diff *diffs;

	(void)f;
	TRY(form_need(r, v, YAML_LIST));
	if (!v->n)
		return form_wrong(r, v, "it is empty");
	diffs = arena_array(&to->arena, v->n, sizeof(*diffs));
	if (!diffs)
		return error_nomem();
	for (size_t i = 0; i < v->n; i++)
		TRY(read_diff(r, &v->items[i], &diffs[i]));
	to->diffs = diffs;
	to->n_diffs = v->n;
	return NULL;
}

static const struct form_field accept_fields[] = {
	{ "finding", form_line, offsetof(struct fix_accept, finding) },
	{ "reason", form_line, offsetof(struct fix_accept, reason) },
	{ "targets", form_patterns, offsetof(struct fix_accept, targets) },
};
static const struct form accept_form = FORM(accept_fields);

static struct error *read_accept(struct form_reader *r, const struct form_field *f,
				 const struct yaml_value *v, void *at)
{
	struct fix_metadata *to = at;
	struct fix_accept *all;

	(void)f;
	TRY(form_need(r, v, YAML_LIST));
	all = arena_array(&to->arena, v->n + 1, sizeof(*all));
	if (!all)
		return error_nomem();
	for (size_t i = 0; i < v->n; i++) {
		TRY(form_read(r, &accept_form, &v->items[i], &all[i]));
		if (!all[i].finding || !all[i].reason)
			return form_wrong(r, &v->items[i],
					  "it needs 'finding' (CODE:WHERE) and 'reason'");
	}
	to->accept = all;
	to->n_accept = v->n;
	return NULL;
}

/* --- maps in the map ------------------------------------------------------------------ */

static const struct form_field run_fields[] = {
	{ "exit", form_status, offsetof(struct fix_run, exit) },
	{ "output", form_lines, offsetof(struct fix_run, output) },
};
static const struct form run_form = FORM(run_fields);

static const struct form_field reproducer_fields[] = {
	{ "file", form_path, offsetof(struct fix_reproducer, file) },
	{ "arguments", form_lines, offsetof(struct fix_reproducer, arguments) },
	{ "timeout", form_seconds, offsetof(struct fix_reproducer, timeout) },
	{ "before", form_map, offsetof(struct fix_reproducer, before), &run_form },
	{ "after", form_map, offsetof(struct fix_reproducer, after), &run_form },
	{ "reverted", form_map, offsetof(struct fix_reproducer, reverted), &run_form },
};
static const struct form reproducer_form = FORM(reproducer_fields);

static bool same_texts(const struct form_texts *a, const struct form_texts *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!str_equal(a->v[i], b->v[i]))
			return false;
	return true;
}

static struct error *read_reproducer(struct form_reader *r, const struct form_field *f,
				     const struct yaml_value *v, void *at)
{
	struct fix_reproducer *to = at;

	(void)f;
	TRY(form_read(r, &reproducer_form, v, to));
	if (!to->file)
		return form_wrong(r, v, "'file' is missing");
	to->is_source = str_ends(to->file, ".c");
	if (!yaml_member(v, "reverted"))
		to->reverted = to->before;
	if (to->before.exit == to->after.exit && same_texts(&to->before.output, &to->after.output))
		return form_wrong(r, v,
				  "'before' and 'after' are the same: it would prove nothing");
	return NULL;
}

static const struct form_field expect_fields[] = {
	{ "build", form_choice, offsetof(struct fix_expectation, build), &build_names },
	{ "findings", form_lines, offsetof(struct fix_expectation, findings) },
	{ "verdict", form_choice, offsetof(struct fix_expectation, verdict), &verdict_names },
	{ "because", form_choice, offsetof(struct fix_expectation, cause), &cause_names },
	{ "function", form_line, offsetof(struct fix_expectation, function) },
	{ "log", form_lines, offsetof(struct fix_expectation, log) },
};
static const struct form expect_form = FORM(expect_fields);

static struct error *read_expect(struct form_reader *r, const struct form_field *f,
				 const struct yaml_value *v, void *at)
{
	struct fix_expectation *to = at;

	(void)f;
	TRY(form_read(r, &expect_form, v, to));
	if (to->findings.n && to->build != FIX_BUILD_REFUSED)
		return form_wrong(r, v, "'findings' are those of 'build: refused'");
	if (to->build != FIX_BUILD_DONE && yaml_member(v, "verdict"))
		return form_wrong(r, v, "a fix that is not built gets no 'verdict'");
	if ((to->verdict != FIX_HEALTHY) != (to->cause != FIX_CAUSE_UNSAID))
		return form_wrong(
			r, v, "'because' is for a 'verdict' other than healthy, which needs it");
	if (to->function && to->cause != FIX_CAUSE_TRANSITION)
		return form_wrong(r, v, "'function' is for 'because: transition'");
	return NULL;
}

static const struct form_field timeout_fields[] = {
	{ "transition", form_seconds, offsetof(struct fix_metadata, transition_timeout) },
};
static const struct form timeout_form = FORM(timeout_fields);

/* --- the whole --------------------------------------------------------------------------- */

static struct error *read_schema(struct form_reader *r, const struct form_field *f,
				 const struct yaml_value *v, void *at)
{
	const char *s = NULL;

	(void)at;
	TRY(form_line(r, f, v, &s));
	if (!str_equal(s, FIX_SCHEMA))
		return form_wrong(r, v, "'%s' is not known: this program reads %s", s, FIX_SCHEMA);
	return NULL;
}

#define FACT(member) offsetof(struct fix_metadata, facts.member)
static const struct form_field fields[] = {
	{ "schema", read_schema, 0 },
	{ "name", form_fact, offsetof(struct fix_metadata, name), &bundle_form_name },
	{ "title", form_fact, FACT(title), &bundle_form_title },
	{ "description", form_block, offsetof(struct fix_metadata, description) },
	{ "severity", form_fact, FACT(severity), &bundle_form_severity },
	{ "cves", form_facts, FACT(cves), &bundle_form_cve },
	{ "fixed-in", form_fact, FACT(fixed_in), &bundle_form_version },
	{ "serial", form_serial, FACT(serial) },
	{ "requires", form_facts, FACT(requires), &bundle_form_name },
	{ "conflicts", form_facts, FACT(conflicts), &bundle_form_name },
	{ "supersedes", form_facts, FACT(supersedes), &bundle_form_name },
	{ "replace", form_truth, offsetof(struct fix_metadata, replace) },
	{ "targets", form_patterns, offsetof(struct fix_metadata, targets) },
	{ "on-stack", form_lines, offsetof(struct fix_metadata, on_stack) },
	{ "modules", form_lines, offsetof(struct fix_metadata, modules) },
	{ "diffs", read_diffs, 0 },
	{ "accept", read_accept, 0 },
	{ "reproducer", read_reproducer, offsetof(struct fix_metadata, reproducer) },
	{ "expect", read_expect, offsetof(struct fix_metadata, expect) },
	{ "timeouts", form_map, 0, &timeout_form },
	{ "watch", form_map, offsetof(struct fix_metadata, watch), &watch_form_fix },
};
static const struct form whole = FORM(fields);

void fix_fields_begin(struct fix_metadata *m)
{
	static const struct fix_diff usual = { .file = "fix.patch" };

	m->diffs = &usual;
	m->n_diffs = 1;
	m->reproducer.timeout = TIMEOUT_SECONDS;
	m->reproducer.before.exit = 1;
	m->reproducer.reverted.exit = 1;
	m->transition_timeout = TIMEOUT_SECONDS;
}

struct error *fix_fields_read(struct form_reader *r, const struct yaml_value *root,
			      struct fix_metadata *to)
{
	TRY(form_need(r, root, YAML_MAP));
	if (!yaml_member(root, "schema"))
		return error_advise(form_wrong(r, root, "'schema' is missing"),
				    "a fix.yaml begins with: schema: %s", FIX_SCHEMA);
	return form_read(r, &whole, root, to);
}
