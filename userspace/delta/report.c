// SPDX-License-Identifier: GPL-2.0-or-later
/* The delta told to a person, to a program, and as an error. */
#include "delta/private.h"

static const struct {
	const char *word, *json;
} kinds[] = {
	[DELTA_CHANGED_FUNCTION] = { "changed", "changed-function" },
	[DELTA_NEW_FUNCTION] = { "new", "new-function" },
	[DELTA_COPIED_FUNCTION] = { "copied", "copied-function" },
	[DELTA_NEW_DATA] = { "new data", "new-data" },
	[DELTA_COPIED_DATA] = { "copy", "copied-data" },
	[DELTA_WRITTEN_DATA] = { "written", "written-data" },
	[DELTA_SPECIAL] = { "table", "special" },
};

static const char *item_name(const struct delta_item *i)
{
	return i->symbol ? i->symbol->name : i->section->name;
}

static size_t count(const struct delta *d, enum delta_kind kind)
{
	size_t n = 0;

	vec_for_each(&d->items, it)
		n += (*it)->kind == kind;
	return n;
}

static struct error *print_place(struct strbuf *out, const char *file, unsigned int line)
{
	return file ? strbuf_printf(out, "  (%s:%u)", file, line) : NULL;
}

/* The same advice is not given twice in a row. */
static struct error *print_finding(struct strbuf *out, const struct delta_finding *f,
				   const struct delta_finding *last)
{
	const char *word = f->accepted ? "accepted" : f->at_load ? "at load " : "refused ";

	TRY(strbuf_printf(out, "  %s %s: %s", word, f->code, f->what));
	TRY(print_place(out, f->file, f->line));
	TRY(strbuf_puts(out, "\n"));
	if (f->users)
		TRY(strbuf_printf(out, "           %s\n", f->users));
	if (f->accepted)
		return strbuf_printf(out, "           because %s; %s\n", f->accepted, f->left);
	if (f->at_load)
		return strbuf_printf(out, "           %s\n", f->at_load);
	if (!f->advice || (last && last->advice && str_equal(last->advice, f->advice)))
		return NULL;
	return strbuf_printf(out, "           → %s\n", f->advice);
}

static struct error *print_kind(const struct delta *d, struct strbuf *out, enum delta_kind kind)
{
	vec_for_each(&d->items, it) {
		const struct delta_item *i = *it;

		if (i->kind != kind)
			continue;
		TRY(strbuf_printf(out, "  %-8s %-28s %s", kinds[kind].word, item_name(i),
				  i->reason));
		TRY(print_place(out, i->file, i->line));
		TRY(strbuf_puts(out, "\n"));
	}
	return NULL;
}

/* What only follows from the rest is counted, not listed: one line for copies and tables. */
static struct error *print_company(const struct delta *d, struct strbuf *out)
{
	size_t literals = 0, records = 0, tables = 0;

	vec_for_each(&d->items, it) {
		const struct delta_item *i = *it;

		literals += i->kind == DELTA_COPIED_DATA && i->section->flags & SHF_MERGE;
		records += i->kind == DELTA_COPIED_DATA && !(i->section->flags & SHF_MERGE);
		tables += i->kind == DELTA_SPECIAL;
	}
	if (!literals && !records && !tables)
		return NULL;
	TRY(strbuf_puts(out, "  with     "));
	if (records)
		TRY(strbuf_printf(out, "copies of %zu private variable%s%s", records,
				  records == 1 ? "" : "s", literals || tables ? ", " : ""));
	if (literals)
		TRY(strbuf_printf(out, "%zu section%s of literals%s", literals,
				  literals == 1 ? "" : "s", tables ? ", " : ""));
	if (tables)
		TRY(strbuf_printf(out, "entries of %zu table%s", tables, tables == 1 ? "" : "s"));
	return strbuf_puts(out, "\n");
}

static struct error *print_notes(const struct delta *d, struct strbuf *out)
{
	vec_for_each(&d->notes, note)
		TRY(strbuf_printf(out, "  note     %s\n", *note));
	return NULL;
}

struct error *delta_print(const struct delta *d, struct strbuf *out)
{
	if (!d->items.n && !d->findings.n) {
		TRY(strbuf_printf(out, "%s: nothing changed in %zu functions\n", d->after->name,
				  d->functions));
		return print_notes(d, out);
	}
	TRY(strbuf_printf(out, "%s: %zu of %zu functions changed, %zu new%s\n", d->after->name,
			  count(d, DELTA_CHANGED_FUNCTION), d->functions,
			  count(d, DELTA_NEW_FUNCTION),
			  delta_refused(d) ? "; this can't be made live" : ""));
	vec_for_each(&d->findings, f)
		TRY(print_finding(out, f, f > d->findings.v ? f - 1 : NULL));
	for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++)
		if (kind != DELTA_COPIED_DATA && kind != DELTA_SPECIAL)
			TRY(print_kind(d, out, (enum delta_kind)kind));
	TRY(print_company(d, out));
	return print_notes(d, out);
}

static void json_place(struct json *j, const char *file, unsigned int line)
{
	json_string(j, "file", file);
	if (file)
		json_u64(j, "line", line);
	else
		json_null(j, "line");
}

void delta_finding_json(const struct delta_finding *f, struct json *j)
{
	json_object(j, NULL);
	json_string(j, "code", f->code);
	json_string(j, "where", f->where);
	json_string(j, "what", f->what);
	json_string(j, "users", f->users);
	json_string(j, "advice", f->advice);
	json_place(j, f->file, f->line);
	json_bool(j, "acceptable", f->left != NULL);
	json_string(j, "left", f->left);
	json_string(j, "accepted", f->accepted);
	json_string(j, "at_load", f->at_load);
	json_end(j);
}

void delta_json(const struct delta *d, struct json *j, const char *key)
{
	json_object(j, key);
	json_string(j, "schema", "suture-delta/1");
	json_string(j, "before", d->before->name);
	json_string(j, "after", d->after->name);
	json_u64(j, "functions", d->functions);
	json_array(j, "findings");
	vec_for_each(&d->findings, f)
		delta_finding_json(f, j);
	json_end(j);
	json_array(j, "notes");
	vec_for_each(&d->notes, note)
		json_string(j, NULL, *note);
	json_end(j);
	json_array(j, "items");
	vec_for_each(&d->items, it) {
		const struct delta_item *i = *it;

		json_object(j, NULL);
		json_string(j, "kind", kinds[i->kind].json);
		json_string(j, "name", i->symbol ? i->symbol->name : NULL);
		json_string(j, "section", i->section->name);
		json_string(j, "old", i->old ? i->old->name : NULL);
		json_string(j, "reason", i->reason);
		json_string(j, "needed_by", i->needed_by ? item_name(i->needed_by) : NULL);
		json_place(j, i->file, i->line);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

struct error *delta_refusal(const struct delta *d)
{
	struct strbuf all __cleanup_strbuf = { 0 };
	struct error *e;

	if (!delta_refused(d))
		return NULL;
	vec_for_each(&d->findings, f) {
		if (!delta_finding_stands(f))
			continue;
		TRY(strbuf_printf(&all, "%s%s", all.n ? "; " : "", f->what));
		if (f->file)
			TRY(strbuf_printf(&all, " (%s:%u)", f->file, f->line));
		if (f->users)
			TRY(strbuf_printf(&all, ", %s", f->users));
	}
	e = error_refused("%s: %s", d->after->name, strbuf_str(&all));
	vec_for_each(&d->findings, f)
		if (f->advice && delta_finding_stands(f))
			e = error_advise(e, "%s: %s", f->where, f->advice);
	return e;
}
