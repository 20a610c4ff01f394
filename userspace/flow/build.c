// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/build.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "flow/refusal.h"

/* --- compare ------------------------------------------------------------------- */

/* Messages call it by its name in the tree, not by its place in the workspace. */
static struct error *read_object(const char *path, const char *name, struct object **out)
{
	struct file_map map __cleanup_map = { 0 };

	TRY(file_map(path, &map));
	return object_parse(name, map.bytes, map.size, out);
}

static struct error *compare_unit(struct build_unit *u)
{
	TRY(read_object(u->unit->before, u->unit->object, &u->before));
	TRY(read_object(u->unit->after, u->unit->object, &u->after));
	return delta_compute_as(u->before, u->after,
				&(struct delta_options){ .builtin = !u->unit->module_path },
				&u->delta);
}

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

static struct error *compare(struct build *b, const struct build_options *opt)
{
	bool any = false;

	progress_step("compare the two builds");
	for (size_t i = 0; i < b->n; i++) {
		TRY_CONTEXT(compare_unit(&b->units[i]), "%s", b->units[i].unit->source);
		TRY(interrupt_check());
	}
	TRY(refusal_accept(b, opt));
	TRY(refusal_make(b, opt));
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
		return error_advise(error_refused("%s has no built kernel to match with", t->name),
				    "make -C %s bzImage modules: suture takes it from there",
				    t->build ? t->build : t->source);
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
	}
	return NULL;
}

static struct error *link_module(struct build *b, const struct target *t, const char *path)
{
	struct livepatch_part *parts __free = calloc(b->n, sizeof(*parts));
	struct livepatch_request request = { .name = b->module };
	size_t n = 0;

	if (!parts)
		return error_nomem();
	for (size_t i = 0; i < b->n; i++)
		if (b->units[i].extraction)
			parts[n++] = (struct livepatch_part){ .unit = b->units[i].unit,
							      .extraction = b->units[i].extraction,
							      .binding = b->units[i].binding,
							      .vmlinux = b->vmlinux };
	progress_step("link %s.ko", b->module);
	TRY(livepatch_link(t, &request, parts, n, path, &b->account));
	return add_notes(b);
}

const struct delta_item *build_reason(const struct build *b, const struct livepatch_function *f)
{
	for (size_t i = 0; i < b->n; i++) {
		if (!b->units[i].extraction)
			continue;
		vec_for_each(&b->units[i].delta->items, it)
			if ((*it)->old == f->old && (*it)->kind == DELTA_CHANGED_FUNCTION)
				return *it;
	}
	return NULL;
}

/* --- write --------------------------------------------------------------------- */

static struct error *list_overrides(const struct build_unit *u, struct bundle_payload *p)
{
	vec_for_each(&u->delta->findings, f)
		if (f->accepted)
			TRY(vec_push(&p->overrides, (struct bundle_override){ .code = f->code,
									      .where = f->where,
									      .what = f->what,
									      .left = f->left,
									      .reason = f->accepted,
									      .file = f->file,
									      .line = f->line }));
	return NULL;
}

static struct error *list_contents(const struct build *b, struct bundle_payload *p)
{
	static const char *const proofs[] = { [BIND_NONE] = "none",
					      [BIND_MATCHED] = "matched",
					      [BIND_DERIVED] = "derived",
					      [BIND_NAMED] = "named",
					      [BIND_EXTERNAL] = "external" };

	vec_for_each(&b->account->functions, f) {
		const struct delta_item *why = build_reason(b, f);

		TRY(vec_push(&p->functions,
			     (struct bundle_function){ .object = f->object,
						       .name = f->name,
						       .sympos = f->sympos,
						       .file = why ? why->file : NULL,
						       .line = why ? why->line : 0,
						       .reason = why ? why->reason : NULL }));
	}
	vec_for_each(&b->account->references, r)
		TRY(vec_push(&p->references,
			     (struct bundle_reference){
				     .object = r->object,
				     .name = r->name,
				     .sympos = r->sympos,
				     .named = r->named == LIVEPATCH_EXPORT ? "export" : "livepatch",
				     .address = r->address,
				     .proof = proofs[r->how],
				     .witnesses = r->witnesses }));
	vec_for_each(&b->account->notes, note)
		TRY(vec_push(&p->notes, *note));
	for (size_t i = 0; i < b->n; i++)
		TRY(list_overrides(&b->units[i], p));
	return NULL;
}

static struct error *write_bundle(struct build *b, const struct build_options *opt,
				  const char *module_path)
{
	struct bundle bundle __cleanup_made_bundle = { .name = b->name,
						       .tool = "suture " SUTURE_VERSION };
	struct strbuf patch __cleanup_strbuf = { 0 }, module __cleanup_strbuf = { 0 };
	struct bundle_payload p = { .target = opt->target->name,
				    .release = opt->target->release,
				    .version = opt->target->version,
				    .compiler = opt->target->compiler_text,
				    .module = b->module,
				    .build_id = b->account->build_id,
				    .content = &module };
	struct stat st;

	progress_step("write %s", b->out);
	TRY(file_read(opt->patch, &patch));
	TRY(file_read(module_path, &module));
	bundle.patch = &patch;
	TRY(vec_push(&bundle.payloads, p));
	TRY(list_contents(b, &bundle.payloads.v[0]));
	TRY(interrupt_check());
	TRY(bundle_write(&bundle, b->out));
	b->out_size = stat(b->out, &st) ? 0 : (uint64_t)st.st_size;
	return NULL;
}

/* --- the whole ----------------------------------------------------------------- */

static struct error *set_names(struct build *b, const struct build_options *opt)
{
	TRY(build_name(opt->patch, &b->name));
	b->module = str_printf("suture_%s", b->name);
	b->out = opt->out ? strdup(opt->out) : str_printf("%s.suture", b->name);
	return b->module && b->out ? NULL : error_nomem();
}

static struct error *compile(struct build *b, const struct build_options *opt)
{
	TRY(workspace_build(opt->target, opt->patch, opt->jobs, &b->workspace));
	b->compiler_seconds = b->workspace->compile_seconds;
	b->n = b->workspace->units.n;
	b->units = calloc(b->n ? b->n : 1, sizeof(*b->units));
	if (!b->units)
		return error_nomem();
	for (size_t i = 0; i < b->n; i++)
		b->units[i].unit = &b->workspace->units.v[i];
	return NULL;
}

static struct error *run(struct build *b, const struct build_options *opt)
{
	struct tmpdir work __cleanup_tmpdir = { 0 };
	char *module_path __free = NULL;

	TRY(set_names(b, opt));
	TRY(compile(b, opt));
	TRY(compare(b, opt));
	TRY(bind(b, opt->target));
	TRY(tmpdir_make(NULL, &work));
	module_path = str_printf("%s/%s.ko", work.path, b->module);
	if (!module_path)
		return error_nomem();
	TRY(link_module(b, opt->target, module_path));
	TRY(write_bundle(b, opt, module_path));
	progress_done();
	return NULL;
}

struct error *build_run(const struct build_options *opt, struct build **out)
{
	struct build *b __cleanup_build = calloc(1, sizeof(*b));
	double start = clock_seconds();

	if (!b)
		return error_nomem();
	TRY_CONTEXT(run(b, opt), "building %s for %s", opt->patch, opt->target->name);
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
	for (size_t i = 0; i < b->n && b->units; i++) {
		binding_free(&b->units[i].binding);
		extraction_free(&b->units[i].extraction);
		delta_free(&b->units[i].delta);
		object_free(&b->units[i].after);
		object_free(&b->units[i].before);
	}
	free(b->units);
	vec_for_each(&b->modules, it)
		image_free(it);
	vec_free(&b->modules);
	image_free(&b->vmlinux);
	workspace_free(&b->workspace);
	free(b->name);
	free(b->module);
	free(b->out);
	free(b);
	*at = NULL;
}
