// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/refusal.h"

#include "flow/judge.h"

#define FOR_EACH_FINDING(b, f)                 \
	for (size_t i_ = 0; i_ < (b)->n; i_++) \
		vec_for_each(&(b)->units[i_].delta->findings, f)

static struct error *list_findings(const struct build *b, struct strbuf *out)
{
	FOR_EACH_FINDING(b, f)
	TRY(strbuf_printf(out, "%s%s:%s%s", out->n ? "\n" : "", f->code, f->where,
			  f->left ? "" : " (can't be accepted)"));
	return NULL;
}

static struct error *unknown(const struct build *b, const char *which)
{
	struct strbuf list __cleanup_strbuf = { 0 };
	struct error *e;

	TRY(list_findings(b, &list));
	e = error_usage("--accept %s: there is no such finding", which);
	if (!list.n)
		return error_advise(e, "nothing in this fix needs to be accepted");
	return error_advise(e, "there is:\n%s", list.s);
}

struct error *refusal_accept(struct build *b, const struct build_options *opt)
{
	for (size_t i = 0; i < opt->n_accept; i++) {
		size_t all = 0, n = 0;

		for (size_t k = 0; k < b->n; k++) {
			TRY(delta_accept(b->units[k].delta, opt->accept[i].finding,
					 opt->accept[i].reason, &n));
			all += n;
		}
		if (!all)
			return unknown(b, opt->accept[i].finding);
	}
	return NULL;
}

static struct error *tell(const struct build_unit *u, const struct delta_finding *f,
			  struct strbuf *all)
{
	if (f->file)
		TRY(strbuf_printf(all, "\n  %s:%u: %s", f->file, f->line, f->what));
	else
		TRY(strbuf_printf(all, "\n  %s: %s", u->unit->source, f->what));
	return f->users ? strbuf_printf(all, "; in %s %s", u->unit->object, f->users) : NULL;
}

static struct error *advise(const struct delta_finding *f, struct strbuf *to)
{
	if (f->advice)
		TRY(strbuf_printf(to, "%s%s: %s", to->n ? "\n" : "", f->where, f->advice));
	return NULL;
}

/* As the last resort. */
static struct error *offer(const struct delta_finding *f, struct strbuf *to)
{
	if (!f->left)
		return NULL;
	return strbuf_printf(to,
			     "%sif that is known to do no harm: --accept '%s:%s' --reason WHY; %s",
			     to->n ? "\n" : "", f->code, f->where, f->left);
}

/* A header's finding is that of each object that includes it: once is enough. */
static bool is_repeated(const struct build *b, size_t unit, const struct delta_finding *f)
{
	for (size_t i = 0; i < unit; i++)
		vec_for_each(&b->units[i].delta->findings, g)
			if (judge_same_finding(f, g))
				return true;
	return false;
}

struct error *refusal_json(const struct build *b, const struct build_options *opt,
			   const char *message)
{
	struct json j = json_begin(opt->refusal);

	json_object(&j, NULL);
	json_string(&j, "schema", "suture-build/1");
	json_string(&j, "name", b->name);
	json_string(&j, "target", opt->target->name);
	json_null(&j, "bundle");
	json_string(&j, "refused", message);
	json_array(&j, "findings");
	for (size_t i = 0; i < b->n; i++)
		vec_for_each(&b->units[i].delta->findings, f)
			if (!is_repeated(b, i, f))
				delta_finding_json(f, &j);
	json_end(&j);
	json_end(&j);
	return json_finish(&j);
}

struct error *refusal_tell(const struct build *b, const struct build_options *opt, struct error *e)
{
	if (e && opt->refusal && error_kind(e) == ERROR_REFUSED)
		error_free(&(struct error *){ refusal_json(b, opt, error_message(e)) });
	return e;
}

/* Whether anything is left to do once all is accepted. */
static bool has_work(const struct build *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->units[i].delta->items.n)
			return true;
	return false;
}

static struct error *refused(const struct build *b, size_t n, const char *list)
{
	if (has_work(b))
		return error_refused("it can't be made live, for %zu reason%s:%s", n,
				     n == 1 ? "" : "s", list);
	return error_refused("no function that still runs changes; what does can't be made live, "
			     "for %zu reason%s:%s",
			     n, n == 1 ? "" : "s", list);
}

struct error *refusal_make(const struct build *b)
{
	struct strbuf all __cleanup_strbuf = { 0 }, advice __cleanup_strbuf = { 0 };
	struct strbuf last __cleanup_strbuf = { 0 };
	struct error *e;
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		vec_for_each(&b->units[i].delta->findings, f) {
			if (!delta_finding_stands(f) || is_repeated(b, i, f))
				continue;
			TRY(tell(&b->units[i], f, &all));
			TRY(advise(f, &advice));
			if (has_work(b))
				TRY(offer(f, &last));
			n++;
		}
	}
	if (!n)
		return NULL;
	e = refused(b, n, strbuf_str(&all));
	if (advice.n)
		e = error_advise(e, "%s", advice.s);
	return last.n ? error_advise(e, "%s", last.s) : e;
}
