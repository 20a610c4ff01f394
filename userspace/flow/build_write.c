// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/build_write.h"
#include "flow/build_code.h"

#include <sys/stat.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/progress.h"
#include "livepatch/guard_module.h"

/* --- functions and references ----------------------------------------------------- */

static bool touches(const struct fix *f, const char *path)
{
	vec_for_each(&f->diff.files, file)
		if (str_equal(file->path, path))
			return true;
	return false;
}

/* Which of several diffs a function's change may come from: by its source file, or by any header.
 */
static struct error *attribute(const struct build *b, const struct build_unit *u, struct arena *a,
			       struct bundle_function *out)
{
	const char **names = arena_array(a, b->fixes.v.n, sizeof(*names));

	if (!names)
		return error_nomem();
	vec_for_each(&b->fixes.v, f)
		if (u && touches(f, u->unit->source))
			names[out->n_fixes++] = f->name;
	if (!out->n_fixes)
		vec_for_each(&b->fixes.v, f)
			names[out->n_fixes++] = f->name;
	out->fixes = names;
	return NULL;
}

static struct error *list_functions(const struct build *b, struct arena *a,
				    struct bundle_payload *p)
{
	vec_for_each(&b->account->functions, f) {
		const struct delta_item *why = build_reason(b, f);
		struct bundle_function one = { .object = f->object,
					       .name = f->name,
					       .sympos = f->sympos,
					       .file = why ? why->file : NULL,
					       .line = why ? why->line : 0,
					       .reason = why ? why->reason : NULL,
					       .old_size = f->old->size,
					       .new_size = f->new->size };

		TRY(attribute(b, build_unit_of(b, f), a, &one));
		TRY(build_code(build_unit_of(b, f)->before, f->old, build_unit_of(b, f)->image,
			       f->address, a, &one.code));
		TRY(vec_push(&p->functions, one));
	}
	return NULL;
}

static struct error *list_references(const struct build *b, struct bundle_payload *p)
{
	static const char *const proofs[] = { [BIND_NONE] = "none",
					      [BIND_MATCHED] = "matched",
					      [BIND_DERIVED] = "derived",
					      [BIND_NAMED] = "named",
					      [BIND_EXTERNAL] = "external" };

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
	return NULL;
}

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

static struct error *list_contents(const struct build *b, struct arena *a, struct bundle_payload *p)
{
	TRY(list_functions(b, a, p));
	TRY(list_references(b, p));
	vec_for_each(&b->account->callbacks, c)
		TRY(vec_push(&p->callbacks,
			     (struct bundle_callback){ c->object, c->when, c->function }));
	vec_for_each(&b->account->states, s)
		TRY(vec_push(&p->states, (struct bundle_state){ s->id, s->version }));
	vec_for_each(&b->account->at_load, module)
		TRY(vec_push(&p->at_load, *module));
	vec_for_each(&b->account->notes, note)
		TRY(vec_push(&p->notes, *note));
	for (size_t i = 0; i < b->n; i++)
		TRY(list_overrides(&b->units[i], p));
	return NULL;
}

/* --- provenance -------------------------------------------------------------------- */

/* Of a file that may not be there: that of nothing. */
static struct error *digest_of(const char *folder, const char *name, struct digest *out)
{
	char *path __free = str_printf("%s/%s", folder, name);

	if (!path)
		return error_nomem();
	return file_exists(path) ? digest_file(path, out) : digest_bytes("", 0, out);
}

static bool is_listed(const struct bundle_provenance *p, const char *path)
{
	vec_for_each(&p->sources, s)
		if (str_equal(s->path, path))
			return true;
	return false;
}

static struct error *list_sources(const struct build *b, const struct target *t,
				  struct bundle_provenance *p)
{
	char *shadow __free = str_printf("%s/shadow", b->workspace->private->path);

	if (!shadow)
		return error_nomem();
	vec_for_each(&b->fixes.v, fix) {
		vec_for_each(&fix->diff.files, f) {
			struct bundle_source s = { .path = f->path };

			if (is_listed(p, f->path))
				continue;
			TRY(digest_of(t->tree, f->path, &s.before));
			TRY(digest_of(shadow, f->path, &s.after));
			TRY(vec_push(&p->sources, s));
		}
	}
	return NULL;
}

static struct error *list_provenance(const struct build *b, const struct target *t,
				     struct bundle_provenance *p)
{
	TRY(digest_of(t->tree, ".config", &p->config));
	vec_for_each(&t->packages, it)
		TRY(vec_push(&p->packages,
			     (struct bundle_package){ it->name, it->version,
						      it->sha256 ? it->sha256 : "" }));
	return list_sources(b, t, p);
}

/* --- the bundle --------------------------------------------------------------------- */

static struct error *list_fixes(const struct build *b, struct bundle *to)
{
	vec_for_each(&b->fixes.v, f)
		TRY(vec_push(&to->fixes, (struct bundle_fix){ .name = f->name,
							      .title = f->title,
							      .patch = &f->text }));
	return NULL;
}

static struct error *copy_names(const struct bundle_names *from, struct bundle_names *to)
{
	vec_for_each(&from->v, it)
		TRY(vec_push(&to->v, *it));
	return NULL;
}

static struct error *copy_facts(const struct build *b, const struct bundle_facts *from,
				struct bundle_facts *to)
{
	to->title = from->title || b->fixes.v.n > 1 ? from->title : b->fixes.v.v[0].title;
	to->severity = from->severity;
	to->fixed_in = from->fixed_in;
	to->serial = from->serial;
	TRY(copy_names(&from->cves, &to->cves));
	TRY(copy_names(&from->requires, &to->requires));
	TRY(copy_names(&from->conflicts, &to->conflicts));
	return copy_names(&from->supersedes, &to->supersedes);
}

/* fix.yaml, and the reproducer without which it could not be tried. */
static struct error *list_metadata(const struct build_plan *plan, struct bundle *to)
{
	const struct fix_metadata *m = plan->options.metadata;

	if (!m)
		return NULL;
	TRY(vec_push(&to->metadata,
		     (struct bundle_part){ .name = FIX_METADATA_NAME, .content = &plan->yaml }));
	if (!m->reproducer.file)
		return NULL;
	return vec_push(&to->metadata, (struct bundle_part){ .name = m->reproducer.file,
							     .content = &plan->reproducer });
}

struct error *build_describe(const struct build *b, const struct build_plan *plan,
			     struct bundle *to)
{
	TRY(list_fixes(b, to));
	TRY(list_metadata(plan, to));
	if (plan->options.metadata)
		to->watch = plan->options.metadata->watch;
	return copy_facts(b, &plan->options.facts, &to->facts);
}

/* --- the guard ---------------------------------------------------------------------- */

/* For a folder of modules, that of the kernel that they run in. */
static struct error *make_guard(const struct target *t, char **path)
{
	struct target *kernel __cleanup_target = NULL;

	if (!t->kernel)
		return guard_module(t, path);
	TRY(target_open(t->kernel, &kernel));
	return guard_module(kernel, path);
}

/* A bundle without one is less, but is one: what was in the way is said. */
static struct error *read_guard(const struct target *t, struct strbuf *out)
{
	struct error *e __cleanup_error = NULL;
	char *path __free = NULL;

	progress_step("compile the guard");
	e = make_guard(t, &path);
	if (!e)
		return file_read(path, out);
	if (error_kind(e) == ERROR_INTERRUPTED)
		return take(e);
	if (error_kind(e) != ERROR_REFUSED)
		log_warn("the bundle has no guard: %s", error_message(e));
	return NULL;
}

/* --- the whole ---------------------------------------------------------------------- */

struct error *build_write(struct build *b, const struct build_plan *plan, const char *module_path)
{
	const struct build_options *opt = &plan->options;
	struct bundle bundle __cleanup_made_bundle = { .name = b->name,
						       .tool = "suture " SUTURE_VERSION };
	struct strbuf module __cleanup_strbuf = { 0 }, debug __cleanup_strbuf = { 0 };
	struct strbuf guard __cleanup_strbuf = { 0 };
	char *debug_path __free = str_printf("%s.debug", module_path);
	struct bundle_payload p = { .target = opt->target->name,
				    .release = opt->target->release,
				    .version = opt->target->version,
				    .compiler = opt->target->compiler_text,
				    .module = b->module,
				    .build_id = b->account->build_id,
				    .replace = opt->replace,
				    .content = &module };
	struct stat st;

	if (!debug_path)
		return error_nomem();
	TRY(read_guard(opt->target, &guard));
	p.guard.content = guard.n ? &guard : NULL;
	progress_step("write %s", b->out);
	TRY(file_read(module_path, &module));
	if (b->account->debug)
		TRY(file_read(debug_path, &debug));
	p.debug.content = b->account->debug ? &debug : NULL;
	TRY(build_describe(b, plan, &bundle));
	TRY(vec_push(&bundle.payloads, p));
	TRY(list_contents(b, &bundle.arena, &bundle.payloads.v[0]));
	TRY(list_provenance(b, opt->target, &bundle.payloads.v[0].provenance));
	TRY(interrupt_check());
	TRY(bundle_write(&bundle, b->out));
	b->out_size = stat(b->out, &st) ? 0 : (uint64_t)st.st_size;
	return NULL;
}
