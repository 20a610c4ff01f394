// SPDX-License-Identifier: GPL-2.0-or-later
/* A recursive descent over libyaml's events: its documents would hold aliases, its events say so.
 */
#include "base/yaml_read.h"

#include <string.h>
#include <yaml.h>

#include "base/str.h"
#include "base/vec.h"

#define MOST_ITEMS 1000 /* of a list or a map */

struct reader {
	yaml_parser_t parser;
	yaml_event_t event; /* the current one */
	unsigned int depth;
	struct arena *arena;
};

struct values {
	VEC(struct yaml_value) v;
};

static void values_free(struct values *l)
{
	vec_free(&l->v);
}

static void reader_clear(struct reader *r)
{
	yaml_event_delete(&r->event);
	yaml_parser_delete(&r->parser);
}

static struct error *value(struct reader *r, struct yaml_value *out);

static unsigned int line_of(const struct reader *r)
{
	return (unsigned int)r->event.start_mark.line + 1;
}

static struct error *wrong(unsigned int line, const char *what)
{
	return error_failed("line %u: %s", line, what);
}

/* What libyaml says of a text that is no YAML. */
static struct error *broken(const yaml_parser_t *p)
{
	const char *problem = p->problem ? p->problem : "it is no YAML";

	if (p->error == YAML_MEMORY_ERROR)
		return error_nomem();
	if (p->error == YAML_READER_ERROR)
		return error_failed("byte %zu: %s", p->problem_offset, problem);
	return error_failed("line %zu: %s%s%s", p->problem_mark.line + 1,
			    p->context ? p->context : "", p->context ? ": " : "", problem);
}

static struct error *next(struct reader *r)
{
	yaml_event_delete(&r->event);
	if (!yaml_parser_parse(&r->parser, &r->event))
		return broken(&r->parser);
	return NULL;
}

/* --- one value ------------------------------------------------------------------- */

static struct error *refuse_names(const struct reader *r, const yaml_char_t *anchor,
				  const yaml_char_t *tag)
{
	if (anchor)
		return wrong(line_of(r), "an anchor (&NAME) is not allowed here");
	if (tag)
		return wrong(line_of(r), "a tag (!NAME) is not allowed here");
	return NULL;
}

static struct error *scalar(struct reader *r, const char **out)
{
	const char *s = (const char *)r->event.data.scalar.value;
	size_t n = r->event.data.scalar.length;
	char *copy;

	TRY(refuse_names(r, r->event.data.scalar.anchor, r->event.data.scalar.tag));
	if (memchr(s, '\0', n))
		return wrong(line_of(r), "a text has a NUL in it");
	copy = arena_dup(r->arena, s, n + 1);
	if (!copy)
		return error_nomem();
	copy[n] = '\0';
	*out = copy;
	return NULL;
}

static struct error *add(struct values *l, struct yaml_value v)
{
	if (l->v.n == MOST_ITEMS)
		return error_failed("line %u: a list or map of more than %d", v.line, MOST_ITEMS);
	return vec_push(&l->v, v);
}

/* What was collected becomes the items of out. */
static struct error *keep(struct reader *r, const struct values *l, struct yaml_value *out)
{
	out->n = l->v.n;
	if (!l->v.n)
		return NULL;
	out->items = arena_dup(r->arena, l->v.v, l->v.n * sizeof(*l->v.v));
	return out->items ? NULL : error_nomem();
}

static struct error *list(struct reader *r, struct yaml_value *out)
{
	struct values l __cleanup(values_free) = { 0 };

	TRY(refuse_names(r, r->event.data.sequence_start.anchor, r->event.data.sequence_start.tag));
	out->kind = YAML_LIST;
	TRY(next(r));
	while (r->event.type != YAML_SEQUENCE_END_EVENT) {
		struct yaml_value v = { 0 };

		TRY(value(r, &v));
		TRY(add(&l, v));
		TRY(next(r));
	}
	return keep(r, &l, out);
}

static struct error *key(struct reader *r, const struct values *l, struct yaml_value *v)
{
	unsigned int line = line_of(r);
	const char *name = NULL;

	if (r->event.type == YAML_ALIAS_EVENT)
		return wrong(line, "an alias (*NAME) is not allowed here");
	if (r->event.type != YAML_SCALAR_EVENT)
		return wrong(line, "a key must be a text");
	TRY(scalar(r, &name));
	vec_for_each(&l->v, other)
		if (str_equal(other->key, name))
			return error_failed("line %u: '%s' is there twice, before in line %u", line,
					    name, other->line);
	v->key = name;
	return NULL;
}

static struct error *map(struct reader *r, struct yaml_value *out)
{
	struct values l __cleanup(values_free) = { 0 };

	TRY(refuse_names(r, r->event.data.mapping_start.anchor, r->event.data.mapping_start.tag));
	out->kind = YAML_MAP;
	TRY(next(r));
	while (r->event.type != YAML_MAPPING_END_EVENT) {
		struct yaml_value v = { 0 };
		unsigned int line = line_of(r);

		TRY(key(r, &l, &v));
		TRY(next(r));
		TRY(value(r, &v));
		v.line = line;
		TRY(add(&l, v));
		TRY(next(r));
	}
	return keep(r, &l, out);
}

static struct error *value(struct reader *r, struct yaml_value *out)
{
	struct error *e;

	out->line = line_of(r);
	switch (r->event.type) {
	case YAML_SCALAR_EVENT:
		out->kind = YAML_TEXT;
		return scalar(r, &out->text);
	case YAML_ALIAS_EVENT:
		return wrong(out->line, "an alias (*NAME) is not allowed here");
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		break;
	default:
		return wrong(out->line, "a value is missing");
	}
	if (r->depth == YAML_DEPTH_MAX)
		return wrong(out->line, "lists and maps are nested too deeply");
	r->depth++;
	e = r->event.type == YAML_SEQUENCE_START_EVENT ? list(r, out) : map(r, out);
	r->depth--;
	return e;
}

/* --- the document ---------------------------------------------------------------- */

static struct error *document(struct reader *r, struct yaml_value *root)
{
	root->kind = YAML_MAP;
	root->line = 1;
	TRY(next(r)); /* the stream begins */
	TRY(next(r));
	if (r->event.type == YAML_STREAM_END_EVENT)
		return NULL;
	TRY(next(r));
	TRY(value(r, root));
	TRY(next(r)); /* the document ends */
	TRY(next(r));
	if (r->event.type != YAML_STREAM_END_EVENT)
		return wrong(line_of(r), "a second document begins; only one is allowed");
	return NULL;
}

struct error *yaml_parse(const char *text, size_t n, struct arena *a, const struct yaml_value **out)
{
	struct reader r __cleanup(reader_clear) = { .arena = a };
	struct yaml_value *root = arena_new(a, struct yaml_value);

	if (n > YAML_SIZE_MAX)
		return error_failed("it has %zu bytes; at most %d are read", n, YAML_SIZE_MAX);
	if (!root || !yaml_parser_initialize(&r.parser))
		return error_nomem();
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, n);
	TRY(document(&r, root));
	*out = root;
	return NULL;
}

const struct yaml_value *yaml_member(const struct yaml_value *m, const char *key)
{
	for (size_t i = 0; m && m->kind == YAML_MAP && i < m->n; i++)
		if (str_equal(m->items[i].key, key))
			return &m->items[i];
	return NULL;
}

const char *yaml_kind_name(enum yaml_kind kind)
{
	static const char *const names[] = {
		[YAML_TEXT] = "a text",
		[YAML_LIST] = "a list",
		[YAML_MAP] = "a map",
	};

	return names[kind];
}
