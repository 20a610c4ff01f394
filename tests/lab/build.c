// SPDX-License-Identifier: GPL-2.0-or-later
/* From a row of the list to a livepatch module, through the command line's own verbs. */
#include <string.h>

#include "base/json_read.h"
#include "base/subprocess.h"
#include "tests/lab/lab.h"

/* Derive one diff; with path NULL only fetch what the list needs, all of it at once. */
static struct error *derive(struct lab *lab, const char *files, const char *path)
{
	const char *argv[160] = { "scripts/derive-fix", lab->target->tree, lab->newer };
	struct strbuf diff __cleanup_strbuf = { 0 };
	struct subprocess p = { .argv = argv, .out = &diff, .timeout = 600 };
	struct strbuf err __cleanup_strbuf = { 0 };
	size_t n = 3;

	TRY(lab_words(lab, files, argv, &n, ARRAY_SIZE(argv)));
	p.err = &err;
	TRY(subprocess_check(&p));
	return path ? file_write(path, diff.s, diff.n, 0644) : NULL;
}

static struct error *fetch_all(struct lab *lab)
{
	struct strbuf files __cleanup_strbuf = { 0 };

	vec_for_each(&lab->fixes, f)
		TRY(strbuf_printf(&files, "%s ", f->files));
	return derive(lab, strbuf_str(&files), NULL);
}

static struct error *read_account(struct lab *lab, const struct strbuf *text, struct fix *f)
{
	const struct json_value *root, *seconds, *part;

	TRY(json_parse(strbuf_str(text), text->n, &lab->arena, &root));
	TRY(json_need_object(root, "seconds", &seconds));
	part = json_member(seconds, "total");
	f->build = part ? part->number : 0;
	part = json_member(seconds, "suture");
	f->own = part ? part->number : 0;
	return NULL;
}

static struct error *judge_at_load(struct fix *f, const struct bundle_payload *p)
{
	if (f->expect != AT_LOAD)
		return p->at_load.n ? error_failed("it asks for %s to be loaded after it",
						   p->at_load.v[0])
				    : NULL;
	if (p->at_load.n != 1 || !str_equal(p->at_load.v[0], f->words))
		return error_failed(
			"it does not ask for %s, and nothing else, to be loaded after it",
			f->words);
	return NULL;
}

/* The module and the functions that it redirects, as the bundle's manifest has them. */
static struct error *unpack(struct lab *lab, const char *path, struct fix *f)
{
	struct bundle *b __cleanup_bundle = NULL;
	const struct bundle_payload *p;

	TRY(bundle_open(path, &b));
	p = bundle_payload_for(b, lab->target->release);
	if (!p)
		return error_failed("the bundle has nothing for %s", lab->target->release);
	TRY(judge_at_load(f, p));
	vec_for_each(&p->functions, fn) {
		struct bundle_function copy = { .sympos = fn->sympos };

		copy.object = arena_strdup(&lab->arena, fn->object);
		copy.name = arena_strdup(&lab->arena, fn->name);
		if (!copy.object || !copy.name)
			return error_nomem();
		TRY(vec_push(&f->functions, copy));
	}
	f->payload = arena_printf(&lab->arena, "%s/%s.ko", lab->dir.path, f->name);
	f->module = arena_strdup(&lab->arena, p->module);
	if (!f->payload || !f->module)
		return error_nomem();
	return bundle_extract(p, f->payload);
}

/* A build that ended as the list wants is no error; any other is. */
static struct error *judge_build(struct fix *f, int status, const char *said)
{
	static const int wanted[] = { [REFUSED] = ERROR_REFUSED, [NO_CHANGE] = ERROR_NOTHING };

	if (status != wanted[f->expect])
		return error_failed("suture build ended with %d: %s", status, said);
	if (!status)
		return NULL;
	if (!strstr(said, f->words))
		return error_failed("the reason does not name '%s': %s", f->words, said);
	f->done = true;
	f->state = f->expect == REFUSED ? "refused" : "no change";
	return NULL;
}

struct error *lab_build(struct lab *lab, struct fix *f)
{
	const char *dir = lab->dir.path;
	char *patch = arena_printf(&lab->arena, "%s/%s.patch", dir, f->name);
	char *bundle = arena_printf(&lab->arena, "%s/%s.suture", dir, f->name);
	struct strbuf out __cleanup_strbuf = { 0 }, err __cleanup_strbuf = { 0 };
	struct subprocess p = { .out = &out, .err = &err, .timeout = 300 };

	if (!patch || !bundle)
		return error_nomem();
	TRY_CONTEXT(derive(lab, f->files, patch), "deriving");
	p.argv = subprocess_words(lab->suture, "build", "--json", "--target", lab->target_name,
				  "-o", bundle, patch);
	TRY(subprocess_run(&p));
	f->build = p.seconds;
	TRY(judge_build(f, p.status, strbuf_str(&err)));
	if (f->done)
		return NULL;
	TRY(read_account(lab, &out, f));
	return unpack(lab, bundle, f);
}

struct error *lab_prepare(struct lab *lab)
{
	struct subprocess add = { .argv = subprocess_words(lab->suture, "target", "add",
							   lab->target_name),
				  .inherit = true };

	TRY(subprocess_run(&add));
	if (add.status && add.status != ERROR_NOTHING)
		return error_failed("suture target add %s ended with %d", lab->target_name,
				    add.status);
	TRY(target_open(lab->target_name, &lab->target));
	return fetch_all(lab);
}
