// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two compilers' runs a source, without compiling: in the tree (kept), and in the shadow. In
 * batches, so that few texts lie around; a text may be some megabytes.
 */
#include "source/preprocess.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/subprocess.h"
#include "source/command.h"
#include "source/read_cache.h"

#define BATCH 16

struct looking {
	const struct preprocess_run *run;
	const char *env[3];
	char *generated; /* a folder for headers that are not there, see stand_in() */
	bool *dirty;	 /* by number in the index: the fix's files, and links to them */
	struct preprocess *v;
	size_t n;
	size_t *n_looked;
	size_t read_asked, read_not;   /* who may read them, and who does not */
	size_t text_asked, text_equal; /* who reads them, and whose text stays the same */
	struct arena arena;	       /* of the batch */
};

/* One source of the batch. */
struct look {
	struct preprocess *p;
	char before[65];
	bool known; /* 'before' is */
	char *text, *depfile;
	struct subprocess process;
	struct strbuf said;
};

static void looking_free(struct looking *l)
{
	free(l->dirty);
	free(l->generated);
	arena_free(&l->arena);
}

bool preprocess_pays(size_t looked, size_t fell_out)
{
	/* To look takes a sixth of what to compile takes, or a little more. */
	return looked < BATCH || fell_out * 5 >= looked;
}

struct error *preprocess_digest(const char *text, size_t n, struct digest *out)
{
	struct strbuf packed __cleanup_strbuf = { 0 };
	const char *end = text + n;

	TRY(strbuf_add(&packed, "", 0));
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));

		stop = stop ? stop + 1 : end;
		if (*text != '\n')
			TRY(strbuf_add(&packed, text, (size_t)(stop - text)));
		text = stop;
	}
	return digest_bytes(packed.s, packed.n, out);
}

/* --- one run of the compiler --------------------------------------------------------- */

static struct error *prepare(struct looking *l, struct look *k, const char *folder)
{
	struct command c __cleanup_command = { 0 };
	char *command = arena_strdup(&l->arena, k->p->command);
	size_t number = (size_t)(k->p - l->v);
	const char **argv;

	k->text = arena_printf(&l->arena, "%s/%zu.i", l->run->scratch, number);
	k->depfile = arena_printf(&l->arena, "%s/%zu.d", l->run->scratch, number);
	if (!command || !k->text || !k->depfile)
		return error_nomem();
	TRY_CONTEXT(command_parse(command, &c), "%s", k->p->source);
	if (k->p->other)
		TRY(command_preprocess_other(&c, k->p->source, l->generated, k->text, k->depfile,
					     &l->arena, &argv));
	else
		TRY(command_preprocess(&c, k->text, k->depfile, &l->arena, &argv));
	for (const char **w = argv; *w; w++)
		if (!(*w = arena_strdup(&l->arena, *w)))
			return error_nomem();
	k->process = (struct subprocess){ .argv = argv,
					  .cwd = folder,
					  .env = l->env,
					  .clear_env = true,
					  .root = target_root(l->run->scope->target),
					  .out = &k->said,
					  .err = &k->said };
	return NULL;
}

/* Run those of the batch that 'wanted' picks; what fails is an error. */
static struct error *run_batch(struct looking *l, struct look *k, size_t n,
			       bool wanted(const struct look *), const char *folder)
{
	struct subprocess *p = arena_array(&l->arena, n, sizeof(*p));
	size_t m = 0;

	if (!p)
		return error_nomem();
	for (size_t i = 0; i < n; i++) {
		if (!wanted(&k[i]))
			continue;
		TRY(prepare(l, &k[i], folder));
		p[m++] = k[i].process;
	}
	TRY(subprocess_run_all(p, m, l->run->jobs));
	m = 0;
	for (size_t i = 0; i < n; i++) {
		if (!wanted(&k[i]) || !p[m++].status)
			continue;
		k[i].p->unreadable = k[i].p->other;
		if (k[i].p->unreadable) {
			log_verbose("%s: %s", k[i].p->source, strbuf_str(&k[i].said));
			continue;
		}
		return error_failed("%s can't be read by the compiler:\n%.2000s", k[i].p->source,
				    strbuf_str(&k[i].said));
	}
	*l->n_looked += m;
	return NULL;
}

static struct error *digest_text(const struct look *k, struct digest *out)
{
	struct file_map map __cleanup_map = { 0 };

	TRY(file_map(k->text, &map));
	TRY(preprocess_digest((const char *)map.bytes, map.size, out));
	if (unlink(k->text) < 0)
		return error_failed("%s can't be removed", k->text);
	return NULL;
}

/* --- in the tree --------------------------------------------------------------------- */

static bool is_unknown(const struct look *k)
{
	return !k->known;
}

static bool is_known_header(const struct include_index *x, const char *name)
{
	for (uint32_t i = 0; i < x->files.n; i++)
		if (str_ends(x->files.v[i].path, name))
			return true;
	return false;
}

/*
 * Headers that a build generates beside other objects, such as kvm-asm-offsets.h, are not in
 * the tree: empty ones stand in. Their own sources are readers, too, if they read a touched file.
 */
static struct error *stand_in(struct looking *l, const char *source)
{
	const struct include_index *x = &l->run->scope->index;
	uint64_t *number = hash_get(&x->by_path, source);
	const struct include_file *f = number ? &x->files.v[*number] : NULL;

	for (uint32_t k = 0; f && k < f->n; k++) {
		const struct include_name *name = &x->names.v[x->names_of.v[f->first + k]];
		char *path;

		if (name->kind != INCLUDE_QUOTED || strchr(name->spelled, '/') ||
		    is_known_header(x, name->spelled))
			continue;
		path = arena_printf(&l->arena, "%s/%s", l->generated, name->spelled);
		if (!path)
			return error_nomem();
		TRY(dir_make(l->generated));
		TRY(file_write(path, "", 0, 0644));
	}
	return NULL;
}

static bool reads_dirty(const struct looking *l, const struct read_set *set)
{
	vec_for_each(&set->files, it)
		if (*it < l->run->scope->index.files.n && l->dirty[*it])
			return true;
	return false;
}

static struct error *take_cached(struct looking *l, struct look *k)
{
	struct read_set set __cleanup_read_set = { 0 };

	if (k->p->other)
		return NULL;
	TRY(read_cache_get(l->run->scope->target, k->p->command, &set, &k->known));
	if (!k->known)
		return NULL;
	memcpy(k->before, set.text, sizeof(k->before));
	k->p->reads = l->run->scope->moves || reads_dirty(l, &set);
	return NULL;
}

static struct error *take_before(struct looking *l, struct look *k)
{
	struct read_set set __cleanup_read_set = { 0 };
	struct strbuf deps __cleanup_strbuf = { 0 };
	struct digest d;
	bool all;

	TRY(digest_text(k, &d));
	TRY(file_read(k->depfile, &deps));
	if (!deps.n)
		return error_failed("%s: the compiler has written no dependencies", k->p->source);
	TRY(read_set_parse(&l->run->scope->index, deps.s, &set, &all));
	memcpy(k->before, d.hex, sizeof(k->before));
	memcpy(set.text, d.hex, sizeof(set.text));
	k->p->reads = l->run->scope->moves || !all || reads_dirty(l, &set);
	if (all && !k->p->other)
		read_cache_put(l->run->scope->target, k->p->command, &set);
	return NULL;
}

/* Who reads the files at all. */
static struct error *look_before(struct looking *l, struct look *k, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		TRY(take_cached(l, &k[i]));
		if (k[i].p->other)
			TRY(stand_in(l, k[i].p->source));
	}
	TRY_CONTEXT(run_batch(l, k, n, is_unknown, l->run->scope->target->tree), "without the fix");
	for (size_t i = 0; i < n; i++) {
		if (k[i].p->unreadable)
			continue;
		if (!k[i].known)
			TRY(take_before(l, &k[i]));
		l->read_asked++;
		l->read_not += !k[i].p->reads;
		k[i].p->differs = k[i].p->reads;
	}
	return NULL;
}

/* --- in the shadow -------------------------------------------------------------------- */

static bool is_reader(const struct look *k)
{
	return k->p->reads;
}

static struct error *take_after(struct looking *l, struct look *k)
{
	const struct scope *s = l->run->scope;
	struct digest d;

	/* A text that is the same because the old file was read is none. */
	TRY_CONTEXT(shadow_check(s->target->tree, l->run->shadow, s->files.v, s->files.n,
				 k->depfile, l->run->used),
		    "reading %s with the fix", k->p->source);
	TRY(digest_text(k, &d));
	k->p->differs = !str_equal(d.hex, k->before);
	l->text_asked++;
	l->text_equal += !k->p->differs;
	return NULL;
}

static struct error *look_after(struct looking *l, struct look *k, size_t n)
{
	TRY_CONTEXT(run_batch(l, k, n, is_reader, l->run->shadow), "with the fix");
	for (size_t i = 0; i < n; i++)
		if (is_reader(&k[i]))
			TRY(take_after(l, &k[i]));
	return NULL;
}

/* --- all ------------------------------------------------------------------------------ */

static struct error *look_at(struct looking *l, struct look *k, size_t n)
{
	if (l->run->always || preprocess_pays(l->read_asked, l->read_not) ||
	    preprocess_pays(l->text_asked, l->text_equal)) {
		TRY(look_before(l, k, n));
		if (l->run->always || preprocess_pays(l->text_asked, l->text_equal))
			TRY(look_after(l, k, n));
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		k[i].p->reads = k[i].p->differs = true;
	return NULL;
}

static struct error *look_and_free(struct looking *l, struct look *k, size_t n)
{
	struct error *e = look_at(l, k, n);

	for (size_t i = 0; i < n; i++)
		strbuf_free(&k[i].said);
	arena_free(&l->arena);
	return e;
}

/* The fix's files by number, with the links that lead to them. */
static struct error *mark_dirty(struct looking *l)
{
	const struct scope *s = l->run->scope;
	const struct include_index *x = &s->index;

	l->dirty = calloc(x->files.n + 1, sizeof(*l->dirty));
	if (!l->dirty)
		return error_nomem();
	for (size_t i = 0; i < s->files.n; i++) {
		uint64_t *number = hash_get(&x->by_path, s->files.v[i].path);

		if (number)
			l->dirty[*number] = true;
		for (uint32_t k = 1; k < x->names.n; k++) {
			const struct include_name *name = &x->names.v[k];

			if (name->kind != INCLUDE_NEXT ||
			    !str_equal(name->plain, s->files.v[i].path))
				continue;
			for (uint32_t m = 0; m < name->n; m++)
				l->dirty[x->includers.v[name->first + m]] = true;
		}
	}
	return NULL;
}

struct error *preprocess_all(const struct preprocess_run *run, struct preprocess *v, size_t n,
			     size_t *n_looked)
{
	struct looking l __cleanup(
		looking_free) = { .run = run, .v = v, .n = n, .n_looked = n_looked };
	char *temporary __free = str_printf("TMPDIR=%s", run->scratch);

	if (!temporary)
		return error_nomem();
	l.env[0] = "LC_ALL=C";
	l.env[1] = temporary;
	TRY(mark_dirty(&l));
	l.generated = str_printf("%s/generated", run->scratch);
	if (!l.generated)
		return error_nomem();
	for (size_t at = 0; at < n; at += BATCH) {
		struct look batch[BATCH] = { 0 };
		size_t m = n - at < BATCH ? n - at : BATCH;

		for (size_t i = 0; i < m; i++)
			batch[i].p = &v[at + i];
		progress_note("%zu of %zu", at, n);
		TRY(look_and_free(&l, batch, m));
	}
	return NULL;
}
