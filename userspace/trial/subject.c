// SPDX-License-Identifier: GPL-2.0-or-later
#include "trial/subject.h"

#include <errno.h>

#include "base/file.h"
#include "fix/reproducer.h"
#include "flow/build.h"

#define RUN_TIMEOUT 60	      /* seconds */
#define TRANSITION_TIMEOUT 60 /* seconds */

void subject_free(struct subject **at)
{
	struct subject *s = take(*at);

	if (!s)
		return;
	bundle_free(&s->bundle);
	fix_metadata_free(&s->metadata);
	arena_free(&s->arena);
	free(s);
}

const struct form_texts *subject_allowed_log(const struct subject *s)
{
	return s->metadata ? &s->metadata->expect.log : NULL;
}

/* --- opening ---------------------------------------------------------------------- */

static struct error *open_bundle(struct subject *s)
{
	const struct strbuf *yaml;

	s->kind = SUBJECT_BUNDLE;
	TRY(bundle_open(s->path, &s->bundle));
	s->name = s->bundle->name;
	yaml = bundle_metadata(s->bundle, FIX_METADATA_NAME);
	return yaml ? fix_metadata_parse(yaml->s, yaml->n, s->path, &s->metadata) : NULL;
}

/* That of the fix, else after the folder's true place, so that "." has a name, too. */
static struct error *open_folder(struct subject *s)
{
	char *dir __free = NULL, *like __free = NULL, *name __free = NULL;

	s->kind = SUBJECT_FOLDER;
	TRY(fix_metadata_read(s->path, &s->metadata));
	s->name = s->metadata->name;
	if (s->name)
		return NULL;
	dir = realpath(s->metadata->dir, NULL);
	like = str_printf("%s/fix.patch", dir ? dir : s->metadata->dir);
	if (!like)
		return error_nomem();
	TRY(build_name(like, &name));
	s->name = arena_strdup(&s->arena, name);
	return s->name ? NULL : error_nomem();
}

static struct error *open_diff(struct subject *s)
{
	char *name __free = NULL;

	s->kind = SUBJECT_DIFF;
	TRY(build_name(s->path, &name));
	s->name = arena_strdup(&s->arena, name);
	return s->name ? NULL : error_nomem();
}

static struct error *open_it(struct subject *s)
{
	if (fix_metadata_is_at(s->path))
		return open_folder(s);
	if (file_is_dir(s->path))
		return error_advise(
			error_usage("%s: there is no " FIX_METADATA_NAME " in it", s->path),
			"suture-fix(5) tells what one says; a diff alone will do, too");
	if (!file_exists(s->path))
		return error_with_kind(error_errno(errno, "%s", s->path), ERROR_USAGE);
	return str_ends(s->path, ".suture") ? open_bundle(s) : open_diff(s);
}

/* What was given beside the fix comes without arguments and takes the place of its own. */
static struct error *choose_reproducer(struct subject *s, const char *given)
{
	struct fix_reproducer *r = &s->reproducer;

	if (s->metadata) {
		*r = s->metadata->reproducer;
		s->transition_timeout = s->metadata->transition_timeout;
	}
	if (!given)
		return NULL;
	if (!file_exists(given))
		return error_with_kind(error_errno(errno, "the reproducer: %s", given),
				       ERROR_USAGE);
	s->given = true;
	r->file = arena_strdup(&s->arena, given);
	r->is_source = str_ends(given, ".c");
	r->arguments = (struct form_texts){ 0 };
	return r->file ? NULL : error_nomem();
}

struct error *subject_open(const char *path, const char *reproducer, struct subject **out)
{
	struct subject *s __cleanup_subject = calloc(1, sizeof(*s));

	if (!s)
		return error_nomem();
	*s = (struct subject){ .reproducer = { .timeout = RUN_TIMEOUT,
					       .before = { .exit = 1 },
					       .reverted = { .exit = 1 } },
			       .transition_timeout = TRANSITION_TIMEOUT };
	s->path = arena_strdup(&s->arena, path);
	if (!s->path)
		return error_nomem();
	TRY(open_it(s));
	TRY(choose_reproducer(s, reproducer));
	*out = take(s);
	return NULL;
}

/* --- kernels ---------------------------------------------------------------------- */

static struct error *add_kernel(const char *name, const struct trial_kernel *usual, struct arena *a,
				struct trial_kernels *out)
{
	struct trial_kernel k = *usual;

	k.name = arena_strdup(a, name);
	return k.name ? vec_push(&out->v, k) : error_nomem();
}

/* Those that are prepared here and fit the fix's own patterns. */
static struct error *add_fitting(const struct form_texts *patterns,
				 const struct trial_kernel *usual, struct arena *a,
				 struct trial_kernels *out)
{
	struct target **all;
	struct error *e = NULL;
	size_t n;

	TRY(target_list(&all, &n));
	for (size_t i = 0; i < n; i++) {
		if (!e && fix_fits(patterns, all[i]->name))
			e = add_kernel(all[i]->name, usual, a, out);
		target_free(&all[i]);
	}
	free(all);
	return e;
}

struct error *subject_kernels(const struct subject *s, const struct trial_kernel *usual,
			      struct arena *a, struct trial_kernels *out)
{
	if (s->bundle) {
		vec_for_each(&s->bundle->payloads, p)
			TRY(add_kernel(p->target, usual, a, out));
		return NULL;
	}
	if (s->metadata && s->metadata->targets.n)
		return add_fitting(&s->metadata->targets, usual, a, out);
	return NULL;
}

/* --- for one kernel --------------------------------------------------------------- */

static struct error *build(const struct subject *s, const struct target *t, const char *dir,
			   struct bundle **out)
{
	struct build *b __cleanup_build = NULL;
	char *path __free = str_printf("%s/%s.suture", dir, s->name);
	struct build_options opt = { .target = t,
				     .patches = &s->path,
				     .n_patches = s->metadata ? 0 : 1,
				     .metadata = s->metadata,
				     .name = s->name,
				     .out = path };

	if (!path)
		return error_nomem();
	TRY(build_run(&opt, &b));
	return bundle_open(path, out);
}

struct error *subject_payload(const struct subject *s, const struct target *t, const char *dir,
			      struct bundle **bundle, const struct bundle_payload **out)
{
	if (!s->bundle)
		TRY(build(s, t, dir, bundle));
	*out = bundle_payload_for(s->bundle ? s->bundle : *bundle, t->release);
	if (!*out)
		return error_refused("the bundle has no module for %s", t->release);
	return NULL;
}

/* Where the reproducer is as it was written. */
static struct error *find_reproducer(const struct subject *s, const char *dir, char **out)
{
	const char *file = s->reproducer.file;
	const struct strbuf *content;

	if (s->given || !s->bundle) {
		*out = s->given ? strdup(file) : fix_path(s->metadata, file);
		return *out ? NULL : error_nomem();
	}
	content = bundle_metadata(s->bundle, file);
	if (!content)
		return error_failed("%s: the reproducer %s is not in it", s->path, file);
	*out = str_printf("%s/reproducer%s", dir, s->reproducer.is_source ? ".c" : ".as-it-is");
	return *out ? file_write(*out, content->s, content->n, 0755) : error_nomem();
}

struct error *subject_reproducer(const struct subject *s, const char *dir, struct arena *a,
				 const char **out)
{
	char *program = arena_printf(a, "%s/reproducer", dir), *from __free = NULL;

	*out = NULL;
	if (!s->reproducer.file)
		return NULL;
	if (!program)
		return error_nomem();
	TRY(find_reproducer(s, dir, &from));
	TRY(fix_reproducer_make(from, s->reproducer.is_source, program));
	*out = program;
	return NULL;
}
