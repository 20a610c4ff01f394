// SPDX-License-Identifier: GPL-2.0-or-later
/* The proof, by suture verify in the guest. */
#include "base/json_read.h"
#include "trial/stage.h"

#define SESSION "/suture/session"

static struct error *add_functions(const struct stage *s, struct strbuf *out)
{
	vec_for_each(&s->payload->functions, f) {
		TRY(strbuf_printf(out, " --function %s:%s", f->object, f->name));
		if (f->sympos)
			TRY(strbuf_printf(out, ",%u", f->sympos));
	}
	return NULL;
}

struct error *stage_watch(struct stage *s)
{
	struct strbuf words __cleanup_strbuf = { 0 };

	TRY(add_functions(s, &words));
	return stage_do(s, 120, NULL, "suture verify --session " SESSION " --patch %s%s </dev/null",
			s->payload->module, strbuf_str(&words));
}

struct error *stage_ask(struct stage *s, const char *command)
{
	return stage_do(s, 60, NULL, "suture verify --ask " SESSION " %s", command);
}

static struct error *add(struct stage *s, const char *line, size_t n, struct counts *c)
{
	const struct json_value *root, *counts;
	const char *state, *trouble;
	uint64_t new_entry, old_body, missed;

	TRY(json_parse(line, n, &s->arena, &root));
	TRY(json_need_object(root, "counts", &counts));
	TRY(json_need_u64(counts, "new_entry", UINT64_MAX, &new_entry));
	TRY(json_need_u64(counts, "old_body", UINT64_MAX, &old_body));
	TRY(json_need_u64(counts, "missed", UINT64_MAX, &missed));
	TRY(json_need_string(root, "state", &state));
	TRY(json_need_string_or_null(root, "trouble", &trouble));
	c->functions++;
	c->new_entry += new_entry;
	c->old_body += old_body;
	c->missed += missed;
	c->exercised += str_equal(state, "exercised");
	c->in_place += str_equal(state, "exercised") || str_equal(state, "in place");
	c->patched += !str_equal(state, "not patched");
	if (trouble)
		c->trouble = trouble;
	return NULL;
}

static struct error *parse(struct stage *s, const char *said, struct counts *c)
{
	*c = (struct counts){ 0 };
	while (*said) {
		size_t n = strcspn(said, "\n");

		if (*said == '{')
			TRY_CONTEXT(add(s, said, n, c), "reading the proof");
		said += n + (said[n] == '\n');
	}
	return c->functions == s->payload->functions.n
		       ? NULL
		       : error_failed("the proof tells of %zu functions, not %zu", c->functions,
				      s->payload->functions.n);
}

struct error *stage_count(struct stage *s, struct counts *out)
{
	struct strbuf said __cleanup_strbuf = { 0 };
	int status;

	TRY(stage_run(s, 60, &said, &status,
		      "suture verify --ask " SESSION " read --json 2>/dev/null"));
	return parse(s, strbuf_str(&said), out);
}

struct error *stage_prove_now(struct stage *s)
{
	struct strbuf said __cleanup_strbuf = { 0 }, words __cleanup_strbuf = { 0 };
	struct counts c;
	int status;

	TRY(add_functions(s, &words));
	TRY(stage_run(s, 120, &said, &status,
		      "suture verify --patch %s%s --seconds 0 --json 2>/suture/said",
		      s->payload->module, strbuf_str(&words)));
	if (status && !said.n)
		TRY(stage_do(s, 30, &said, "cat /suture/said; false"));
	TRY(parse(s, strbuf_str(&said), &c));
	if (c.in_place < c.functions)
		return error_new(ERROR_VERIFY, "%zu of %zu functions are in place%s%s", c.in_place,
				 c.functions, c.trouble ? ": " : "", c.trouble ? c.trouble : "");
	return NULL;
}
