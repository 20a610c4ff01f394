// SPDX-License-Identifier: GPL-2.0-or-later
/* Findings: making them, and taking them as they are at somebody's word. */
#include <stdarg.h>
#include <stdio.h>

#include "delta/private.h"

/*
 * What may be accepted, and what then stays undone. What is in no row can't be: there the new
 * code would not work, or nobody knows what it would do.
 */
static const struct {
	const char *code, *left;
	bool at_load; /* may be none where the module is loaded after the patch */
} acceptable[] = {
	{ "changed-data", "the running variable keeps its value", true },
	{ "device-table", "devices are matched by the old table", true },
	{ "changed-layout",
	  "memory that exists keeps the old layout, and so does all code that "
	  "is not part of the patch",
	  true },
	{ "init-code", "what it did when it ran stays done; in an object that is loaded later, "
		       "the old one will run" },
	{ "init-data", "what was done with it stays done; in an object that is loaded later, the "
		       "old one will be used" },
	{ "exit-code", "the old code will run when the module is unloaded" },
	{ "exit-data", "the old one will be used when the module is unloaded" },
	{ "changed-prototype",
	  "a module from elsewhere that uses it goes on calling it as before" },
	{ "changed-export", "the kernel goes on exporting what it exported" },
	{ "changed-parameter", "the parameters under /sys/module stay those of before" },
	{ "changed-syscall", "tracers describe the system call as before" },
	{ "never-switched", "a task that is in it is not switched before it leaves it: the "
			    "transition may end by force only" },
};

static const char *what_is_left(const char *code)
{
	for (size_t i = 0; i < ARRAY_SIZE(acceptable); i++)
		if (str_equal(acceptable[i].code, code))
			return acceptable[i].left;
	return NULL;
}

static struct error *print(struct delta *d, const char *fmt, va_list ap, const char **out)
	__attribute__((format(printf, 2, 0)));
static struct error *print(struct delta *d, const char *fmt, va_list ap, const char **out)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	TRY(strbuf_vprintf(&text, fmt, ap));
	*out = arena_strdup(&d->arena, strbuf_str(&text));
	return *out ? NULL : error_nomem();
}

struct error *add_finding(struct delta *d, const char *code, const char *where, const char *advice,
			  const char *fmt, ...)
{
	struct delta_finding f = { .code = code, .where = where, .advice = advice };
	struct error *e;
	va_list ap;

	va_start(ap, fmt);
	e = print(d, fmt, ap, &f.what);
	va_end(ap);
	f.left = what_is_left(code);
	return e ? e : vec_push(&d->findings, f);
}

struct error *add_note(struct delta *d, const char *fmt, ...)
{
	const char *note = NULL;
	struct error *e;
	va_list ap;

	va_start(ap, fmt);
	e = print(d, fmt, ap, &note);
	va_end(ap);
	return e ? e : vec_push(&d->notes, note);
}

bool delta_code_at_load(const char *which)
{
	size_t n = strcspn(which, ":");

	for (size_t i = 0; i < ARRAY_SIZE(acceptable); i++)
		if (acceptable[i].at_load && strlen(acceptable[i].code) == n &&
		    str_starts(which, acceptable[i].code))
			return true;
	return false;
}

void finding_at_load(struct delta *d, const char *how)
{
	d->findings.v[d->findings.n - 1].at_load = how;
}

struct error *finding_stands(struct delta *d, const char *why)
{
	struct delta_finding *f = &d->findings.v[d->findings.n - 1];

	f->left = NULL;
	f->what = arena_printf(&d->arena, "%s; %s", f->what, why);
	return f->what ? NULL : error_nomem();
}

void place_findings(struct delta *d, size_t from, struct node *n)
{
	uint64_t at = 0;

	if (from == d->findings.n)
		return;
	if (n->state == STATE_CHANGED && n->twin)
		explain_difference(d, n->twin, n, &at);
	for (struct line line = node_line(n, at); from < d->findings.n; from++) {
		d->findings.v[from].file = line.file;
		d->findings.v[from].line = line.line;
	}
}

static bool is_named(const struct delta_finding *f, const char *which)
{
	size_t n = strlen(f->code);

	return str_starts(which, f->code) && which[n] == ':' && str_equal(which + n + 1, f->where);
}

struct error *delta_accept(struct delta *d, const char *which, const char *reason, size_t *n)
{
	const char *copy = arena_strdup(&d->arena, reason);

	if (!copy)
		return error_nomem();
	vec_for_each(&d->findings, f)
		if (is_named(f, which) && !f->left)
			return error_refused("%s can't be accepted: %s", which, f->what);
	*n = 0;
	vec_for_each(&d->findings, f) {
		if (!is_named(f, which))
			continue;
		f->accepted = copy;
		++*n;
	}
	return NULL;
}

size_t delta_refused(const struct delta *d)
{
	size_t n = 0;

	vec_for_each(&d->findings, f)
		n += delta_finding_stands(f);
	return n;
}

bool delta_at_load(const struct delta *d)
{
	vec_for_each(&d->findings, f)
		if (f->at_load)
			return true;
	return false;
}
