// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/build.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "flow/build_plan.h"
#include "flow/build_write.h"
#include "flow/judge.h"
#include "flow/long_branches.h"
#include "flow/refusal.h"

/* --- compare ------------------------------------------------------------------- */

static struct error *extract_unit(struct build_unit *u, bool *any)
{
	struct error *e __cleanup_error = NULL;

	e = delta_extract(u->delta, &u->extraction);
	if (!e) {
		*any = true;
		return NULL;
	}
	return error_kind(e) == ERROR_NOTHING ? NULL : take(e);
}

static struct error *nothing_changed(const struct build *b)
{
	struct error *e = error_new(ERROR_NOTHING, "the diff changes no code of this kernel");

	for (size_t i = 0; i < b->n; i++)
		vec_for_each(&b->units[i].delta->notes, note)
			e = error_advise(e, "%s", *note);
	return e;
}

static struct error *choose(struct build *b, const struct build_options *opt)
{
	bool any = false;

	progress_step("include what is needed");
	TRY(refusal_accept(b, opt));
	TRY(refusal_make(b));
	for (size_t i = 0; i < b->n; i++)
		TRY_CONTEXT(extract_unit(&b->units[i], &any), "%s", b->units[i].unit->source);
	return any ? NULL : nothing_changed(b);
}

/* --- bind ---------------------------------------------------------------------- */

static struct error *image_for(struct build *b, const struct unit *u, const struct image **out)
{
	struct image *img = NULL;
	struct error *e;

	if (!u->module_path) {
		*out = b->vmlinux;
		return NULL;
	}
	vec_for_each(&b->modules, it) {
		if (str_equal((*it)->name, u->module)) {
			*out = *it;
			return NULL;
		}
	}
	TRY(image_open_module(u->module_path, &img));
	e = vec_push(&b->modules, img);
	if (e)
		image_free(&img);
	*out = img;
	return e;
}

static struct error *bind_unit(struct build *b, struct build_unit *u)
{
	TRY(image_for(b, u->unit, &u->image));
	return binding_compute(u->before, u->image, NULL, &u->binding);
}

static struct error *bind(struct build *b, const struct target *t)
{
	if (!t->n_symbols)
		return error_advise(error_refused("%s has no built kernel to match with",
						  t->kernel ? t->kernel : t->name),
				    "make bzImage modules in that tree: suture takes it from "
				    "there");
	progress_step("match with the code of %s", t->name);
	TRY(image_open_cache(t->image, &b->vmlinux));
	for (size_t i = 0; i < b->n; i++) {
		if (b->units[i].extraction)
			TRY_CONTEXT(bind_unit(b, &b->units[i]), "%s", b->units[i].unit->source);
		TRY(interrupt_check());
	}
	return NULL;
}

/* --- link ---------------------------------------------------------------------- */

bool build_at_load(const struct build *b, const char *module)
{
	for (size_t i = 0; i < b->n; i++)
		if (str_equal(b->units[i].unit->module, module) && delta_at_load(b->units[i].delta))
			return true;
	return false;
}

/* What would be refused for a module that is loaded already, and how it comes true. */
static struct error *note_at_load(struct livepatch_account *a, const struct build_unit *u)
{
	vec_for_each(&u->delta->findings, f) {
		const char *note;

		if (!f->at_load)
			continue;
		note = arena_printf(&a->arena, "%s: %s; as %s is loaded after the patch, %s",
				    f->code, f->what, u->unit->module, f->at_load);
		if (!note)
			return error_nomem();
		TRY(vec_push(&a->notes, note));
	}
	return NULL;
}

/* What the comparison noted, as part of the account. */
static struct error *add_notes(struct build *b)
{
	struct livepatch_account *a = b->account;

	for (size_t i = 0; i < b->n; i++) {
		vec_for_each(&b->units[i].delta->notes, note) {
			const char *copy = arena_strdup(&a->arena, *note);

			if (!copy)
				return error_nomem();
			TRY(vec_push(&a->notes, copy));
		}
		TRY(note_at_load(a, &b->units[i]));
	}
	return NULL;
}

static struct error *link_module(struct build *b, const struct build_options *opt, const char *path)
{
	struct livepatch_part *parts __free = calloc(b->n, sizeof(*parts));
	struct livepatch_request request = { .name = b->module, .replace = opt->replace };
	const struct target *t = opt->target;
	size_t n = 0;

	if (!parts)
		return error_nomem();
	for (size_t i = 0; i < b->n; i++)
		if (b->units[i].extraction)
			parts[n++] = (struct livepatch_part){
				.unit = b->units[i].unit,
				.extraction = b->units[i].extraction,
				.binding = b->units[i].binding,
				.vmlinux = b->vmlinux,
				.at_load = build_at_load(b, b->units[i].unit->module)
			};
	progress_step("link %s.ko", b->module);
	TRY(livepatch_link(t, &request, parts, n, path, &b->account));
	return add_notes(b);
}

const struct build_unit *build_unit_of(const struct build *b, const struct livepatch_function *f)
{
	size_t part = 0;

	for (size_t i = 0; i < b->n; i++)
		if (b->units[i].extraction && part++ == f->part)
			return &b->units[i];
	return NULL;
}

const struct delta_item *build_reason(const struct build *b, const struct livepatch_function *f)
{
	const struct build_unit *u = build_unit_of(b, f);

	for (size_t i = 0; u && i < u->delta->items.n; i++) {
		const struct delta_item *it = u->delta->items.v[i];

		if (it->old == f->old && it->kind == DELTA_CHANGED_FUNCTION)
			return it;
	}
	return NULL;
}

/* --- the whole ----------------------------------------------------------------- */

/* Of several diffs as of none: somebody must say what they are together. */
static struct error *name_of(const struct build_options *opt, char **out)
{
	if (!opt->name && opt->n_patches > 1 && !opt->out)
		return error_advise(error_usage("several diffs need a name"),
				    "say --name NAME, or -o NAME.suture");
	if (opt->name || opt->n_patches > 1)
		return build_name(opt->name ? opt->name : opt->out, out);
	return build_name(opt->patches[0], out);
}

/* Who accepts what a load would make true wants the patch for modules that are loaded. */
static bool may_wait(const struct build_options *opt)
{
	for (size_t i = 0; i < opt->n_accept; i++)
		if (delta_code_at_load(opt->accept[i].finding))
			return false;
	return !opt->loaded;
}

static struct error *set_names(struct build *b, const struct build_options *opt)
{
	b->replace = opt->replace;
	b->at_load = may_wait(opt);
	TRY(name_of(opt, &b->name));
	if (opt->name && !str_equal(opt->name, b->name))
		return error_usage("'%s' is no name: a-z, 0-9 and _, like %s", opt->name, b->name);
	b->module = opt->module ? strdup(opt->module) : str_printf("suture_%s", b->name);
	b->out = opt->out ? strdup(opt->out) : str_printf("%s.suture", b->name);
	if (!b->module || !b->out)
		return error_nomem();
	return error_with_kind(bundle_facts_check(&opt->facts, b->name), ERROR_USAGE);
}

static struct error *compile(struct build *b, const struct build_options *opt)
{
	const struct workspace_judge each = { judge_unit, b };

	TRY(fixes_read(opt->target, opt->patches, opt->n_patches, &b->fixes));
	TRY(workspace_build(opt->target, fixes_path(&b->fixes), opt->jobs, &each, &b->workspace));
	b->compiler_seconds = b->workspace->compile_seconds;
	if (b->n != b->workspace->units.n)
		return error_failed("%zu units were kept, but %zu are there", b->n,
				    b->workspace->units.n);
	for (size_t i = 0; i < b->n; i++)
		b->units[i].unit = &b->workspace->units.v[i];
	return NULL;
}

static struct error *run(struct build *b, const struct build_plan *plan)
{
	const struct build_options *opt = &plan->options;
	struct tmpdir work __cleanup_tmpdir = { 0 };
	char *module_path __free = NULL;

	TRY(set_names(b, opt));
	TRY(compile(b, opt));
	TRY(choose(b, opt));
	TRY(bind(b, opt->target));
	TRY(lengthen_branches(b, opt));
	TRY(tmpdir_make(NULL, &work));
	module_path = str_printf("%s/%s.ko", work.path, b->module);
	if (!module_path)
		return error_nomem();
	TRY(link_module(b, opt, module_path));
	TRY(build_write(b, plan, module_path));
	progress_done();
	return NULL;
}

struct error *build_run(const struct build_options *given, struct build **out)
{
	struct build *b __cleanup_build = calloc(1, sizeof(*b));
	struct build_plan plan __cleanup(build_plan_clear) = { 0 };
	const struct build_options *opt = &plan.options;
	double start = clock_seconds();

	if (!b)
		return error_nomem();
	TRY(build_plan_make(given, &plan));
	if (plan.options.n_on_stack)
		return error_usage(
			"--on-stack and on-stack are for programs: a livepatch's transition "
			"waits for every task");
	TRY_CONTEXT(refusal_tell(b, opt, run(b, &plan)), "building %s%s for %s", opt->patches[0],
		    opt->n_patches > 1 ? " and others" : "", opt->target->name);
	b->seconds = clock_seconds() - start;
	*out = take(b);
	return NULL;
}

void build_free(struct build **at)
{
	struct build *b = *at;

	if (!b)
		return;
	livepatch_account_free(&b->account);
	for (size_t i = 0; i < b->n; i++)
		build_unit_free(&b->units[i]);
	free(b->units);
	vec_for_each(&b->modules, it)
		image_free(it);
	vec_free(&b->modules);
	image_free(&b->vmlinux);
	workspace_free(&b->workspace);
	fixes_free(&b->fixes);
	free(b->name);
	free(b->module);
	free(b->out);
	free(b);
	*at = NULL;
}
