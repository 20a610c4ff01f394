// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/process_build.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "flow/build_plan.h"
#include "flow/judge.h"
#include "flow/process_variants.h"
#include "flow/process_write.h"
#include "flow/refusal.h"

static void file_free(struct process_file *f)
{
	for (size_t i = 0; f->bindings && i < f->n_bindings; i++)
		process_binding_free(&f->bindings[i]);
	free(f->bindings);
	free(f->units);
	hotpatch_account_free(&f->account);
	hotpatch_object_free(&f->object);
	text_index_free(&f->index);
	program_free(&f->program);
	strbuf_free(&f->bytes);
}

void process_build_free(struct process_build **at)
{
	struct process_build *b = *at;

	if (!b)
		return;
	for (size_t i = 0; i < b->n_files; i++)
		file_free(&b->files[i]);
	free(b->files);
	for (size_t i = 0; b->exact && i < b->base.n; i++)
		object_free(&b->exact[i]);
	free(b->exact);
	for (size_t i = 0; i < b->base.n; i++)
		build_unit_free(&b->base.units[i]);
	free(b->base.units);
	free(b->units);
	app_workspace_free(&b->workspace);
	fixes_free(&b->base.fixes);
	free(b->base.name);
	free(b->base.module);
	free(b->base.out);
	free(b);
	*at = NULL;
}

/* --- compare ------------------------------------------------------------------------ */

static struct error *compare_one(struct build_unit *u)
{
	const struct delta_options opt = { .process = true };

	TRY(object_read(u->unit->before, &u->before));
	TRY(object_read(u->unit->after, &u->after));
	if (object_section(u->before, ".gnu.lto_.symtab") ||
	    object_section(u->after, ".gnu.lto_.symtab"))
		return error_refused("it is compiled for link-time optimisation");
	return delta_compute_as(u->before, u->after, &opt, &u->delta);
}

/* Units that include a touched header are many, and most of them do not change. */
static struct error *compare_all(struct process_build *b)
{
	struct app_workspace *w = b->workspace;
	size_t kept = 0;

	b->base.units = calloc(w->units.n, sizeof(*b->base.units));
	b->units = calloc(w->units.n, sizeof(*b->units));
	if (!b->base.units || !b->units)
		return error_nomem();
	b->n_tried = w->units.n;
	for (size_t i = 0; i < w->units.n; i++) {
		struct app_unit *from = &w->units.v[i];
		struct build_unit u __cleanup(build_unit_free) = { 0 };
		struct unit *to = &b->units[kept];

		*to = (struct unit){ .source = (char *)from->source,
				     .object = (char *)from->source,
				     .before = from->before,
				     .after = from->after };
		u.unit = to;
		TRY_CONTEXT(compare_one(&u), "%s", from->source);
		if (!u.delta->items.n && !u.delta->findings.n && !u.delta->notes.n)
			continue;
		w->units.v[kept] = w->units.v[i];
		if (kept != i)
			w->units.v[i] = (struct app_unit){ 0 };
		b->base.units[kept++] = u;
		u = (struct build_unit){ 0 };
		b->base.n = kept;
	}
	return NULL;
}

static struct error *extract_all(struct process_build *b)
{
	bool any = false;

	for (size_t i = 0; i < b->base.n; i++) {
		struct build_unit *u = &b->base.units[i];
		struct error *e = delta_extract(u->delta, &u->extraction);

		if (e && error_kind(e) != ERROR_NOTHING)
			return error_context(e, "%s", u->unit->source);
		error_free(&e);
		any = any || u->extraction;
	}
	return any ? NULL
		   : error_new(ERROR_NOTHING, "the diff changes no code of %s",
			       b->app->target->name);
}

/* --- bind --------------------------------------------------------------------------- */

static struct error *open_file(const struct app_file *file, struct process_file *f)
{
	f->file = file;
	TRY(program_open(file->path, &f->program));
	if (!f->program->build_id_n)
		return error_refused("%s has no build-id: the processes that run it could not be "
				     "told from others",
				     file->name);
	for (unsigned int i = 0; i < f->program->build_id_n; i++)
		snprintf(f->build_id + 2 * i, 3, "%02x", f->program->build_id[i]);
	return text_index_build(f->program->image, &f->index);
}

/* One file under several names, or copied: one object serves them all. */
static bool is_known(const struct process_build *b, const struct process_file *f)
{
	for (const struct process_file *other = b->files; other < f; other++)
		if (str_equal(other->build_id, f->build_id))
			return true;
	return false;
}

static struct error *open_files(struct process_build *b)
{
	size_t n = b->app->files.n;

	b->files = calloc(n, sizeof(*b->files));
	if (!b->files)
		return error_nomem();
	for (size_t i = 0; i < n; i++) {
		struct process_file *f = &b->files[b->n_files++];

		TRY(open_file(&b->app->files.v[i], f));
		if (is_known(b, f)) {
			file_free(f);
			*f = (struct process_file){ 0 };
			b->n_files--;
			continue;
		}
		f->n_bindings = b->base.n;
		f->bindings = calloc(b->base.n + 1, sizeof(*f->bindings));
		f->units = calloc(b->base.n + 1, sizeof(*f->units));
		if (!f->bindings || !f->units)
			return error_nomem();
	}
	return NULL;
}

static struct error *compile_exact(struct process_build *b, size_t unit)
{
	struct app_unit *u = &b->workspace->units.v[unit];

	TRY(app_workspace_exact(b->workspace, u));
	return object_read(u->exact, &b->exact[unit]);
}

/* The functions of the unit that are large enough to be told from others: all, or none. */
static struct error *bind_to(struct process_build *b, struct process_file *f, size_t unit)
{
	struct process_binding *to = &f->bindings[unit];
	size_t found, of;

	TRY(process_bind(b->exact[unit], b->base.units[unit].before, f->program, f->index, to));
	process_binding_found(to, &found, &of);
	if (found) {
		f->units[f->n_units++] = unit;
		return NULL;
	}
	process_binding_free(to);
	return NULL;
}

static bool is_in_some_file(const struct process_build *b, size_t unit)
{
	for (size_t i = 0; i < b->n_files; i++)
		if (b->files[i].bindings[unit].before)
			return true;
	return false;
}

static bool all_proven(const struct process_build *b)
{
	for (size_t i = 0; i < b->n_files; i++)
		if (!b->files[i].file->is_proven)
			return false;
	return true;
}

static const char *first_trouble(const struct process_build *b, size_t unit)
{
	const struct delta *d = b->base.units[unit].delta;

	vec_for_each(&d->items, it)
		if ((*it)->kind == DELTA_CHANGED_FUNCTION)
			return (*it)->symbol->name;
	return "";
}

/*
 * Compiled, but found nowhere: left out only where it is proven how all was compiled, be it by the
 * same source file's other unit.
 */
static struct error *check_unit(const struct process_build *b, size_t unit)
{
	const char *source = b->base.units[unit].unit->source;

	if (is_in_some_file(b, unit))
		return NULL;
	if (!all_proven(b) && !process_variants_has_other(b, unit))
		return error_advise(
			error_refused(
				"%s: no function of it (%s() and others) is in the program as "
				"it would be compiled here",
				source, first_trouble(b, unit)),
			"is it another source, another compiler, are there other flags, or is it "
			"not part of this program?");
	progress_step("%s is part of none of the files", source);
	return NULL;
}

static struct error *bind_all(struct process_build *b)
{
	b->exact = calloc(b->base.n + 1, sizeof(*b->exact));
	if (!b->exact)
		return error_nomem();
	progress_step("match with the code of %s", b->app->target->name);
	TRY(open_files(b));
	for (size_t u = 0; u < b->base.n; u++) {
		if (!b->base.units[u].delta->items.n && !b->base.units[u].delta->findings.n)
			continue;
		TRY_CONTEXT(compile_exact(b, u), "%s", b->base.units[u].unit->source);
		for (size_t i = 0; i < b->n_files; i++)
			TRY_CONTEXT(bind_to(b, &b->files[i], u), "%s",
				    b->base.units[u].unit->source);
		TRY(interrupt_check());
	}
	for (size_t i = 0; i < b->n_files; i++)
		process_variants_settle(b, &b->files[i]);
	return NULL;
}

/*
 * Findings are about what runs. A unit that has functions, and of which none is there, is of
 * another program of the build: a test, a form for debugging. Where sections are collected, its
 * data could be there without them.
 */
static bool is_absent(const struct process_build *b, size_t unit)
{
	const struct app_unit *u = &b->workspace->units.v[unit];

	if (!b->exact[unit] || is_in_some_file(b, unit) || !process_binding_tells(b->exact[unit]) ||
	    (!all_proven(b) && !process_variants_has_other(b, unit)))
		return false;
	for (const char **w = u->entry->argv; *w; w++)
		if (str_equal(*w, "-ffunction-sections") || str_equal(*w, "-fdata-sections"))
			return false;
	return true;
}

static void forget_unit(struct process_build *b, size_t unit)
{
	size_t after = --b->base.n - unit;
	struct app_unit *units = b->workspace->units.v;
	struct app_unit gone = units[unit];

	/* The workspace frees all of its own: this one is the first that nobody counts. */
	memmove(&units[unit], &units[unit + 1], after * sizeof(*units));
	units[b->base.n] = gone;
	build_unit_free(&b->base.units[unit]);
	memmove(&b->base.units[unit], &b->base.units[unit + 1], after * sizeof(*b->base.units));
	object_free(&b->exact[unit]);
	memmove(&b->exact[unit], &b->exact[unit + 1], after * sizeof(*b->exact));
	b->exact[b->base.n] = NULL;
	for (struct process_file *f = b->files; f < b->files + b->n_files; f++) {
		memmove(&f->bindings[unit], &f->bindings[unit + 1], after * sizeof(*f->bindings));
		f->bindings[--f->n_bindings] = (struct process_binding){ 0 };
		for (size_t i = 0; i < f->n_units; i++)
			f->units[i] -= f->units[i] > unit;
	}
}

static void forget_absent(struct process_build *b)
{
	for (size_t u = b->base.n; u-- > 0;) {
		if (!is_absent(b, u))
			continue;
		progress_step("%s is part of none of the files", b->base.units[u].unit->source);
		forget_unit(b, u);
	}
}

/* What is left to link; and nothing that was compiled may be missing. */
static struct error *choose_linked(struct process_build *b)
{
	for (size_t u = 0; u < b->base.n; u++)
		if (b->base.units[u].extraction)
			TRY(check_unit(b, u));
	for (struct process_file *f = b->files; f < b->files + b->n_files; f++) {
		size_t n = 0;

		for (size_t i = 0; i < f->n_units; i++)
			if (b->base.units[f->units[i]].extraction)
				f->units[n++] = f->units[i];
		f->n_units = n;
	}
	return NULL;
}

/* --- link --------------------------------------------------------------------------- */

struct search {
	struct process_build *b;
	struct process_file *f;
};

static struct error *text_names(const char *path, const char *name, bool *yes)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	*yes = false;
	if (!file_exists(path))
		return NULL;
	TRY(file_read(path, &text));
	*yes = strstr(strbuf_str(&text), name) != NULL;
	return NULL;
}

static struct error *search_unit(struct search *s, const struct compile_entry *e, const char *name,
				 uint64_t *address, bool *found)
{
	const struct bind_options opt = { .withhold_names = s->f->index };
	struct binding *b __cleanup_binding = NULL;
	struct object *o __cleanup_object = NULL;
	const struct symbol *symbol;
	const struct placement *p;
	const char *path = NULL;

	TRY(app_workspace_compile(s->b->workspace, e, COMPILE_SAME, &path));
	TRY(object_read(path, &o));
	symbol = object_symbol(o, name);
	if (!symbol || !symbol->section || symbol->bind == STB_LOCAL)
		return NULL;
	TRY(binding_compute(o, s->f->program->image, &opt, &b));
	p = &b->placements[symbol->index];
	*found = p->how == BIND_MATCHED || p->how == BIND_DERIVED;
	*address = p->address;
	return *found ? NULL : error_refused("%s: it has no proven place in the program", name);
}

/* Another unit of the program, whose source names it, defines it, and is found. */
static struct error *find_in_units(void *arg, const char *name, uint64_t *address, bool *found)
{
	struct search *s = arg;
	const struct compile_db *db = &s->b->app->db;

	for (size_t u = 0; u < s->f->n_bindings; u++) {
		const struct process_binding *b = &s->f->bindings[u];
		const struct symbol *symbol =
			b->before ? object_symbol(b->exact->object, name) : NULL;
		const struct placement *p = symbol ? &b->exact->placements[symbol->index] : NULL;

		if (!p || !symbol->section || symbol->bind == STB_LOCAL ||
		    (p->how != BIND_MATCHED && p->how != BIND_DERIVED))
			continue;
		*address = p->address;
		*found = true;
		return NULL;
	}
	vec_for_each(&db->entries, e) {
		bool yes;

		TRY(text_names(e->file, name, &yes));
		if (yes)
			TRY_CONTEXT(search_unit(s, e, name, address, found), "%s", e->file);
		if (*found)
			return NULL;
		TRY(interrupt_check());
	}
	return NULL;
}

static struct error *refuse_file(const struct program *p)
{
	if (p->is_loader)
		return error_refused("it is the loader: it runs before anybody could stop it, and "
				     "with no symbols of its own");
	if (p->text_fields)
		return error_refused("the loader writes into its code (DT_TEXTREL): what runs is "
				     "not what the file has");
	return NULL;
}

static struct error *link_file(struct process_build *b, const struct build_options *opt,
			       struct process_file *f)
{
	struct hotpatch_unit *units __free = calloc(f->n_units, sizeof(*units));
	struct search s = { b, f };
	const struct hotpatch_request request = {
		.name = b->base.name,
		.on_stack = opt->on_stack,
		.n_on_stack = opt->n_on_stack,
		.program = f->program,
		.find = find_in_units,
		.arg = &s,
	};

	if (!units)
		return error_nomem();
	TRY(refuse_file(f->program));
	for (size_t i = 0; i < f->n_units; i++) {
		const struct build_unit *u = &b->base.units[f->units[i]];

		units[i] = (struct hotpatch_unit){ .source = u->unit->source,
						   .extraction = u->extraction,
						   .binding = &f->bindings[f->units[i]] };
	}
	return hotpatch_link(&request, units, f->n_units, &f->object, &f->account);
}

/* Each is redirected somewhere. */
static struct error *check_on_stack(const struct process_build *b, const char *function)
{
	for (size_t i = 0; i < b->n_files; i++)
		vec_for_each(&b->files[i].account.functions, f)
			if (str_equal(f->old->name, function))
				return NULL;
	return error_refused("%s() was said to be on stacks, and is not among what is redirected",
			     function);
}

static struct error *link_all(struct process_build *b, const struct build_options *opt,
			      const char *folder)
{
	bool any = false;

	for (size_t i = 0; i < b->n_files; i++) {
		struct process_file *f = &b->files[i];
		char *path __free = str_printf("%s/%zu.hotpatch", folder, i);

		if (!path)
			return error_nomem();
		if (!f->n_units)
			continue;
		progress_step("link for %s", f->file->name);
		TRY_CONTEXT(link_file(b, opt, f), "%s", f->file->name);
		TRY(hotpatch_object_write(&f->object, path));
		TRY(file_read(path, &f->bytes));
		any = true;
	}
	for (size_t i = 0; any && i < opt->n_on_stack; i++)
		TRY(check_on_stack(b, opt->on_stack[i]));
	return any ? NULL
		   : error_new(ERROR_NOTHING, "what the diff changes is part of no file of %s",
			       b->app->target->name);
}

/* --- the whole ---------------------------------------------------------------------- */

static struct error *set_names(struct build *b, const struct build_options *opt)
{
	if (!opt->name && opt->n_patches > 1 && !opt->out)
		return error_advise(error_usage("several diffs need a name"),
				    "say --name NAME, or -o NAME.suture");
	if (opt->name || opt->n_patches > 1)
		TRY(build_name(opt->name ? opt->name : opt->out, &b->name));
	else
		TRY(build_name(opt->patches[0], &b->name));
	b->out = opt->out ? strdup(opt->out) : str_printf("%s.suture", b->name);
	if (!b->out)
		return error_nomem();
	return error_with_kind(bundle_facts_check(&opt->facts, b->name), ERROR_USAGE);
}

static struct error *run(struct process_build *b, const struct build_plan *plan)
{
	const struct build_options *opt = &plan->options;
	struct tmpdir work __cleanup_tmpdir = { 0 };

	TRY(set_names(&b->base, opt));
	TRY(fixes_read(opt->target, opt->patches, opt->n_patches, &b->base.fixes));
	TRY(app_workspace_make(b->app, fixes_path(&b->base.fixes), opt->jobs, &b->workspace));
	TRY(compare_all(b));
	TRY(bind_all(b));
	forget_absent(b);
	progress_step("include what is needed");
	TRY(refusal_accept(&b->base, opt));
	TRY(refusal_make(&b->base));
	TRY(extract_all(b));
	TRY(choose_linked(b));
	TRY(tmpdir_make(NULL, &work));
	TRY(link_all(b, opt, work.path));
	b->base.compiler_seconds = b->workspace->compile_seconds;
	TRY(process_write(b, plan));
	progress_done();
	return NULL;
}

struct error *process_build_run(const struct app *a, const struct build_options *given,
				struct process_build **out)
{
	struct process_build *b __cleanup_process_build = calloc(1, sizeof(*b));
	struct build_plan plan __cleanup(build_plan_clear) = { 0 };
	double start = clock_seconds();

	if (!b)
		return error_nomem();
	b->app = a;
	TRY(build_plan_make(given, &plan));
	TRY_CONTEXT(refusal_tell(&b->base, &plan.options, run(b, &plan)), "building %s%s for %s",
		    plan.options.patches[0], plan.options.n_patches > 1 ? " and others" : "",
		    a->target->name);
	b->base.seconds = clock_seconds() - start;
	*out = take(b);
	return NULL;
}
