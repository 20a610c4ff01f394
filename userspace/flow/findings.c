// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/str.h"
#include "flow/check.h"

static const struct {
	const char *name;
	enum error_kind kind; /* 0: it stops nothing */
} levels[] = {
	[FINDING_OK] = { "ok", 0 },
	[FINDING_NOTE] = { "note", 0 },
	[FINDING_WARNING] = { "warning", 0 },
	[FINDING_NOTHING] = { "nothing", ERROR_NOTHING },
	[FINDING_REFUSED] = { "refused", ERROR_REFUSED },
	[FINDING_POLICY] = { "policy", ERROR_POLICY },
};

const char *finding_level_name(enum finding_level level)
{
	return levels[level].name;
}

struct error *finding_add(struct findings *out, enum finding_level level, const char *about,
			  const char *way, const char *fmt, ...)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct finding f = { .level = level, .about = about };
	struct error *e;
	va_list ap;

	va_start(ap, fmt);
	e = strbuf_vprintf(&text, fmt, ap);
	va_end(ap);
	if (e)
		return e;
	f.what = arena_strdup(&out->arena, strbuf_str(&text));
	f.way = way ? arena_strdup(&out->arena, way) : NULL;
	if (!f.what || (way && !f.way))
		return error_nomem();
	return vec_push(&out->v, f);
}

struct error *findings_error(const struct findings *f)
{
	const struct finding *worst = NULL;
	struct error *e;

	vec_for_each(&f->v, it)
		if (levels[it->level].kind && (!worst || it->level > worst->level))
			worst = it;
	if (!worst)
		return NULL;
	e = error_new(levels[worst->level].kind, "%s", worst->what);
	return worst->way ? error_advise(e, "%s", worst->way) : e;
}

struct error *findings_print(const struct findings *f, bool all, struct strbuf *out)
{
	vec_for_each(&f->v, it) {
		if (!all && it->level <= FINDING_NOTE)
			continue;
		TRY(strbuf_printf(out, "%-8s %-10s %s\n", finding_level_name(it->level), it->about,
				  it->what));
		if (it->way && it->level != FINDING_OK)
			TRY(strbuf_printf(out, "%-8s %-10s → %s\n", "", "", it->way));
	}
	return NULL;
}

void finding_json(const struct finding *f, struct json *j)
{
	json_object(j, NULL);
	json_string(j, "schema", "suture-check/1");
	json_string(j, "level", finding_level_name(f->level));
	json_string(j, "about", f->about);
	json_string(j, "what", f->what);
	json_string(j, "way_out", f->way);
	json_end(j);
}

void findings_free(struct findings *f)
{
	vec_free(&f->v);
	arena_free(&f->arena);
}
