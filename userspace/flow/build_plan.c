// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/build_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

void build_plan_clear(struct build_plan *p)
{
	bundle_facts_clear(&p->options.facts);
	vec_for_each(&p->paths, it)
		free(*it);
	vec_free(&p->paths);
	vec_free(&p->patches);
	vec_free(&p->accept);
	vec_free(&p->on_stack);
	strbuf_free(&p->yaml);
	strbuf_free(&p->reproducer);
	free(p->name);
}

/* --- facts ----------------------------------------------------------------------- */

static bool is_in(const struct bundle_names *n, const char *name)
{
	vec_for_each(&n->v, it)
		if (str_equal(*it, name))
			return true;
	return false;
}

/* What a fix.yaml says and an option repeats is said once. */
static struct error *add_names(const struct bundle_names *file, const struct bundle_names *options,
			       struct bundle_names *to)
{
	if (file)
		vec_for_each(&file->v, it)
			TRY(vec_push(&to->v, *it));
	vec_for_each(&options->v, it)
		if (!file || !is_in(file, *it))
			TRY(vec_push(&to->v, *it));
	return NULL;
}

static const char *either(const char *option, const char *file)
{
	return option ? option : file;
}

static struct error *plan_facts(const struct bundle_facts *opt, const struct fix_metadata *m,
				struct bundle_facts *to)
{
	const struct bundle_facts *file = m ? &m->facts : NULL;

	to->title = either(opt->title, file ? file->title : NULL);
	to->severity = either(opt->severity, file ? file->severity : NULL);
	to->fixed_in = either(opt->fixed_in, file ? file->fixed_in : NULL);
	to->serial = opt->serial || !file ? opt->serial : file->serial;
	TRY(add_names(file ? &file->cves : NULL, &opt->cves, &to->cves));
	TRY(add_names(file ? &file->requires : NULL, &opt->requires, &to->requires));
	TRY(add_names(file ? &file->conflicts : NULL, &opt->conflicts, &to->conflicts));
	return add_names(file ? &file->supersedes : NULL, &opt->supersedes, &to->supersedes);
}

/* --- what the fix.yaml names ------------------------------------------------------- */

static struct error *not_for(const struct fix_metadata *m, const char *target)
{
	struct strbuf list __cleanup_strbuf = { 0 };

	for (size_t i = 0; i < m->targets.n; i++)
		TRY(strbuf_printf(&list, "%s%s", i ? ", " : "", m->targets.v[i]));
	return error_advise(error_refused("%s is not for %s", m->path, target),
			    "its targets are %s",
			    m->targets.n ? strbuf_str(&list) : "those of its diffs");
}

static struct error *plan_diffs(const struct fix_metadata *m, struct build_plan *p)
{
	const char *target = p->options.target->name;

	for (size_t i = 0; i < m->n_diffs; i++) {
		char *path __free = NULL;

		if (!fix_fits(&m->diffs[i].targets, target))
			continue;
		path = fix_path(m, m->diffs[i].file);
		if (!path)
			return error_nomem();
		TRY(vec_push(&p->patches, path));
		TRY(vec_push(&p->paths, path));
		take(path);
	}
	if (!p->patches.n)
		return not_for(m, target);
	p->options.patches = p->patches.v;
	p->options.n_patches = p->patches.n;
	return NULL;
}

static struct error *plan_accept(const struct build_options *opt, const struct fix_metadata *m,
				 struct build_plan *p)
{
	for (size_t i = 0; i < m->n_accept; i++)
		if (fix_fits(&m->accept[i].targets, opt->target->name))
			TRY(vec_push(&p->accept, (struct build_accept){ m->accept[i].finding,
									m->accept[i].reason }));
	for (size_t i = 0; i < opt->n_accept; i++)
		TRY(vec_push(&p->accept, opt->accept[i]));
	p->options.accept = p->accept.v;
	p->options.n_accept = p->accept.n;
	return NULL;
}

static struct error *plan_on_stack(const struct build_options *opt, const struct fix_metadata *m,
				   struct build_plan *p)
{
	for (size_t i = 0; i < m->on_stack.n; i++)
		TRY(vec_push(&p->on_stack, m->on_stack.v[i]));
	for (size_t i = 0; i < opt->n_on_stack; i++)
		TRY(vec_push(&p->on_stack, opt->on_stack[i]));
	p->options.on_stack = p->on_stack.v;
	p->options.n_on_stack = p->on_stack.n;
	return NULL;
}

static struct error *plan_name(const struct build_options *opt, const struct fix_metadata *m,
			       struct build_plan *p)
{
	char *path __free = NULL;

	if (opt->name)
		return NULL;
	if (m->name) {
		p->options.name = m->name;
		return NULL;
	}
	path = fix_path(m, "fix.patch");
	if (!path)
		return error_nomem();
	TRY(build_name(path, &p->name));
	p->options.name = p->name;
	return NULL;
}

static struct error *read_file(const struct fix_metadata *m, const char *file, struct strbuf *to)
{
	char *path __free = fix_path(m, file);

	return path ? file_read(path, to) : error_nomem();
}

struct error *build_plan_make(const struct build_options *opt, struct build_plan *p)
{
	const struct fix_metadata *m = opt->metadata;

	p->options = *opt;
	p->options.facts = (struct bundle_facts){ 0 };
	TRY(plan_facts(&opt->facts, m, &p->options.facts));
	if (!m)
		return NULL;
	if (!fix_fits(&m->targets, opt->target->name))
		return not_for(m, opt->target->name);
	p->options.replace |= m->replace;
	TRY(plan_diffs(m, p));
	TRY(plan_accept(opt, m, p));
	TRY(plan_on_stack(opt, m, p));
	TRY(plan_name(opt, m, p));
	TRY(file_read(m->path, &p->yaml));
	return m->reproducer.file ? read_file(m, m->reproducer.file, &p->reproducer) : NULL;
}
