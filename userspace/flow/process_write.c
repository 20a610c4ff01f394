// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/process_write.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "flow/build_write.h"

const struct delta_item *process_reason(const struct process_build *b, const struct process_file *f,
					const struct hotpatch_account_function *function)
{
	const struct build_unit *u = &b->base.units[f->units[function->unit]];

	vec_for_each(&u->delta->items, it)
		if ((*it)->old == function->old && (*it)->kind == DELTA_CHANGED_FUNCTION)
			return *it;
	return NULL;
}

/* The diffs that touch its source; of a header's, any. */
static struct error *attribute(const struct process_build *b, const char *source, struct arena *a,
			       struct bundle_function *out)
{
	const struct fixes *all = &b->base.fixes;
	const char **names = arena_array(a, all->v.n, sizeof(*names));

	if (!names)
		return error_nomem();
	vec_for_each(&all->v, f)
		vec_for_each(&f->diff.files, file)
			if (str_equal(file->path, source) &&
			    (!out->n_fixes || names[out->n_fixes - 1] != f->name))
				names[out->n_fixes++] = f->name;
	if (!out->n_fixes)
		vec_for_each(&all->v, f)
			names[out->n_fixes++] = f->name;
	out->fixes = names;
	return NULL;
}

static struct error *list_functions(const struct process_build *b, const struct process_file *f,
				    struct arena *a, struct bundle_payload *p)
{
	vec_for_each(&f->account.functions, it) {
		const struct build_unit *u = &b->base.units[f->units[it->unit]];
		const struct delta_item *why = process_reason(b, f, it);
		struct bundle_function one = { .object = p->file,
					       .name = it->old->name,
					       .file = why ? why->file : NULL,
					       .line = why ? why->line : 0,
					       .reason = why ? why->reason : NULL,
					       .old_size = it->size,
					       .new_size = it->new->size };

		TRY(attribute(b, u->unit->source, a, &one));
		TRY(vec_push(&p->functions, one));
	}
	return NULL;
}

static struct error *list_references(const struct process_file *f, struct bundle_payload *p)
{
	static const char *const proofs[] = { [BIND_NONE] = "none",
					      [BIND_MATCHED] = "matched",
					      [BIND_DERIVED] = "derived",
					      [BIND_NAMED] = "named",
					      [BIND_EXTERNAL] = "external" };

	vec_for_each(&f->account.references, r)
		TRY(vec_push(&p->references,
			     (struct bundle_reference){ .object = p->file,
							.name = r->name,
							.named = r->is_export ? "export" : "file",
							.address = r->address,
							.proof = proofs[r->how],
							.witnesses = r->witnesses }));
	return NULL;
}

static struct error *list_remarks(const struct process_build *b, const struct process_file *f,
				  struct bundle_payload *p)
{
	for (size_t i = 0; i < f->n_units; i++) {
		const struct delta *d = b->base.units[f->units[i]].delta;

		vec_for_each(&d->findings, it)
			if (it->accepted)
				TRY(vec_push(&p->overrides,
					     (struct bundle_override){ .code = it->code,
								       .where = it->where,
								       .what = it->what,
								       .left = it->left,
								       .reason = it->accepted,
								       .file = it->file,
								       .line = it->line }));
		vec_for_each(&d->notes, note)
			TRY(vec_push(&p->notes, *note));
	}
	return NULL;
}

/* Of a file that is not there: that of nothing. */
static struct error *digests_of(const char *tree, const struct diff_file *f,
				struct bundle_source *out)
{
	char *path __free = str_printf("%s/%s", tree, f->path);
	struct strbuf old __cleanup_strbuf = { 0 }, new __cleanup_strbuf = { 0 };

	if (!path)
		return error_nomem();
	if (!f->created)
		TRY(file_read(path, &old));
	TRY(diff_apply(f, strbuf_str(&old), old.n, &new));
	TRY(digest_bytes(strbuf_str(&old), old.n, &out->before));
	return digest_bytes(strbuf_str(&new), f->deleted ? 0 : new.n, &out->after);
}

static struct error *list_provenance(const struct process_build *b, struct bundle_provenance *p)
{
	TRY(digest_bytes("", 0, &p->config));
	vec_for_each(&b->app->target->packages, it)
		TRY(vec_push(&p->packages,
			     (struct bundle_package){ it->name, it->version,
						      it->sha256 ? it->sha256 : "" }));
	for (size_t i = 0; i < b->workspace->diff.files.n; i++) {
		const struct diff_file *f = &b->workspace->diff.files.v[i];
		struct bundle_source s = { .path = f->path };

		if (!b->workspace->read[i])
			continue;
		TRY(digests_of(b->app->target->tree, f, &s));
		TRY(vec_push(&p->sources, s));
	}
	return NULL;
}

static struct error *add_payload(const struct process_build *b, const struct process_file *f,
				 struct bundle *to)
{
	const struct target *t = b->app->target;
	struct bundle_payload *p;

	TRY(vec_push(&to->payloads, (struct bundle_payload){ .target = t->name,
							     .release = f->build_id,
							     .version = t->version,
							     .compiler = t->compiler_text,
							     .module = b->base.name,
							     .build_id = f->build_id,
							     .process = true,
							     .file = f->file->name,
							     .package = b->app->package,
							     .content = &f->bytes }));
	p = &to->payloads.v[to->payloads.n - 1];
	TRY(list_functions(b, f, &to->arena, p));
	TRY(list_references(f, p));
	TRY(list_remarks(b, f, p));
	return list_provenance(b, &p->provenance);
}

struct error *process_write(struct process_build *b, const struct build_plan *plan)
{
	struct bundle bundle __cleanup_made_bundle = { .name = b->base.name,
						       .tool = "suture " SUTURE_VERSION };
	struct stat st;

	progress_step("write %s", b->base.out);
	TRY(build_describe(&b->base, plan, &bundle));
	for (size_t i = 0; i < b->n_files; i++)
		if (b->files[i].n_units)
			TRY(add_payload(b, &b->files[i], &bundle));
	TRY(interrupt_check());
	TRY(bundle_write(&bundle, b->base.out));
	b->base.out_size = stat(b->base.out, &st) ? 0 : (uint64_t)st.st_size;
	return NULL;
}
