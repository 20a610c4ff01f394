// SPDX-License-Identifier: GPL-2.0-or-later
/* One function a kind of value, and the table of them. */
#include <math.h>

#include "base/cleanup.h"
#include "report/record_form.h"

typedef struct error *reader_fn(const struct json_value *v, const struct record_field *f,
				struct arena *a, void *at);

static struct error *need(const struct json_value *v, enum json_type type, const char *what)
{
	return v->type == type ? NULL : error_failed("is not %s", what);
}

static struct error *read_text(const struct json_value *v, const struct record_field *f,
			       struct arena *a, void *at)
{
	(void)f, (void)a;
	if (v->type == JSON_NULL)
		return NULL;
	TRY(need(v, JSON_STRING, "a string"));
	*(const char **)at = v->string;
	return NULL;
}

static struct error *read_truth(const struct json_value *v, const struct record_field *f,
				struct arena *a, void *at)
{
	(void)f, (void)a;
	TRY(need(v, JSON_BOOL, "true or false"));
	*(bool *)at = v->truth;
	return NULL;
}

static struct error *read_figure(const struct json_value *v, const struct record_field *f,
				 struct arena *a, void *at)
{
	struct figure *out = at;

	if (v->type == JSON_NULL)
		return NULL;
	if (v->type == JSON_OBJECT && json_member(v, "unknown"))
		return read_text(json_member(v, "unknown"), f, a, &out->why);
	TRY(need(v, JSON_NUMBER, "a number, null or {\"unknown\": \"why\"}"));
	if (!isfinite(v->number) || fabs(v->number) > 1e18)
		return error_failed("is too large");
	if (f->kind != RECORD_SIGNED && v->number < 0)
		return error_failed("is less than 0");
	*out = (struct figure){ .known = true, .value = v->number };
	return NULL;
}

static struct error *read_raw(const struct json_value *v, const struct record_field *f,
			      struct arena *a, void *at)
{
	(void)f, (void)a;
	*(const struct json_value **)at = v;
	return NULL;
}

static struct error *read_object(const struct json_value *v, const struct record_field *f,
				 struct arena *a, void *at)
{
	return v->type == JSON_NULL ? NULL : record_form_read(v, f->form, a, at);
}

/* Room for the items of v, or none where there are none. */
static struct error *make_list(const struct json_value *v, size_t size, struct arena *a,
			       struct list *out)
{
	if (v->n > RECORD_ITEMS)
		return error_failed("has %zu items, more than %d", v->n, RECORD_ITEMS);
	out->v = v->n ? arena_array(a, v->n, size) : NULL;
	out->n = v->n;
	return v->n && !out->v ? error_nomem() : NULL;
}

static struct error *at_item(struct error *e, const struct json_value *v, size_t i)
{
	bool more = e && (*error_message(e) == '.' || *error_message(e) == '[');

	if (!e)
		return NULL;
	struct error *named = v->items[i].key ? error_new(error_kind(e), ".%s%s%s", v->items[i].key,
							  more ? "" : " ", error_message(e))
					      : error_new(error_kind(e), "[%zu]%s%s", i,
							  more ? "" : " ", error_message(e));
	error_free(&e);
	return named;
}

static struct error *read_list(const struct json_value *v, const struct record_field *f,
			       struct arena *a, void *at)
{
	struct list *out = at;
	bool map = f->kind == RECORD_MAP;

	if (v->type == JSON_NULL)
		return NULL;
	TRY(need(v, map ? JSON_OBJECT : JSON_LIST, map ? "an object" : "a list"));
	TRY(make_list(v, f->form->size, a, out));
	for (size_t i = 0; i < v->n; i++) {
		char *item = (char *)out->v + i * f->form->size;

		if (map)
			*(const char **)item = v->items[i].key;
		TRY(at_item(record_form_read(&v->items[i], f->form, a, item), v, i));
	}
	return NULL;
}

static struct error *read_figures(const struct json_value *v, const struct record_field *f,
				  struct arena *a, void *at)
{
	struct list *out = at;

	if (v->type == JSON_NULL)
		return NULL;
	TRY(need(v, JSON_OBJECT, "an object"));
	TRY(make_list(v, sizeof(struct record_named), a, out));
	for (size_t i = 0; i < v->n; i++) {
		struct record_named *named = (struct record_named *)out->v + i;

		named->name = v->items[i].key;
		TRY(at_item(read_figure(&v->items[i], f, a, &named->figure), v, i));
	}
	return NULL;
}

static struct error *read_numbers(const struct json_value *v, const struct record_field *f,
				  struct arena *a, void *at)
{
	struct list *out = at;

	TRY(need(v, JSON_LIST, "a list"));
	TRY(make_list(v, sizeof(double), a, out));
	for (size_t i = 0; i < v->n; i++) {
		struct figure one = { 0 };

		TRY(at_item(read_figure(&v->items[i], f, a, &one), v, i));
		((double *)out->v)[i] = one.known ? one.value : NAN;
	}
	return NULL;
}

static struct error *read_texts(const struct json_value *v, const struct record_field *f,
				struct arena *a, void *at)
{
	struct list *out = at;

	TRY(need(v, JSON_LIST, "a list"));
	TRY(make_list(v, sizeof(const char *), a, out));
	for (size_t i = 0; i < v->n; i++) {
		TRY(at_item(need(&v->items[i], JSON_STRING, "a string"), v, i));
		TRY(read_text(&v->items[i], f, a, (const char **)out->v + i));
	}
	return NULL;
}

static struct error *read_pair(const struct json_value *v, struct record_pair *out)
{
	if (v->type != JSON_LIST || v->n != 2 || v->items[0].type != JSON_NUMBER ||
	    v->items[1].type != JSON_NUMBER)
		return error_failed("is not [least nanoseconds, count]");
	if (!v->items[0].is_u64 || !v->items[1].is_u64)
		return error_failed("has what is no whole number from 0 on");
	if (v->items[0].u64 > INT64_MAX)
		return error_failed("lies beyond all times");
	*out = (struct record_pair){ v->items[0].number, v->items[1].number };
	return NULL;
}

static struct error *read_pairs(const struct json_value *v, const struct record_field *f,
				struct arena *a, void *at)
{
	struct list *out = at;
	struct record_pair *pairs;

	(void)f;
	TRY(need(v, JSON_LIST, "a list"));
	TRY(make_list(v, sizeof(struct record_pair), a, out));
	pairs = out->v;
	for (size_t i = 0; i < v->n; i++) {
		TRY(at_item(read_pair(&v->items[i], &pairs[i]), v, i));
		if (i && pairs[i].low <= pairs[i - 1].low)
			return at_item(error_failed("does not lie above the one before it"), v, i);
	}
	return NULL;
}

static struct error *read_series(const struct json_value *v, const struct record_field *f,
				 struct arena *a, void *at)
{
	struct list *out = at;

	TRY(need(v, JSON_OBJECT, "an object"));
	TRY(make_list(v, sizeof(struct record_line), a, out));
	for (size_t i = 0; i < v->n; i++) {
		struct record_line *line = (struct record_line *)out->v + i;

		line->name = v->items[i].key;
		TRY(at_item(v->items[i].type == JSON_OBJECT || v->items[i].type == JSON_NUMBER
				    ? NULL
				    : read_numbers(&v->items[i], f, a, &line->numbers),
			    v, i));
	}
	return NULL;
}

static reader_fn *const readers[] = {
	[RECORD_TEXT] = read_text,	 [RECORD_TRUTH] = read_truth,
	[RECORD_COUNT] = read_figure,	 [RECORD_SIGNED] = read_figure,
	[RECORD_RAW] = read_raw,	 [RECORD_OBJECT] = read_object,
	[RECORD_LIST] = read_list,	 [RECORD_MAP] = read_list,
	[RECORD_FIGURES] = read_figures, [RECORD_NUMBERS] = read_numbers,
	[RECORD_TEXTS] = read_texts,	 [RECORD_PAIRS] = read_pairs,
	[RECORD_SERIES] = read_series,
};

struct error *record_form_read(const struct json_value *v, const struct record_form *form,
			       struct arena *a, void *base)
{
	TRY(need(v, JSON_OBJECT, "an object"));
	for (size_t i = 0; i < form->n; i++) {
		const struct record_field *f = &form->fields[i];
		const struct json_value *member = json_member(v, f->key);

		if (f->needed && (!member || member->type == JSON_NULL))
			return error_failed(".%s is missing", f->key);
		if (member)
			TRY(at_item(readers[f->kind](member, f, a, (char *)base + f->at), v,
				    (size_t)(member - v->items)));
	}
	return NULL;
}
