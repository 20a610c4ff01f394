// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/verdict_json.h"

#include <math.h>
#include <string.h>

#define VERDICT_SCHEMA "suture-verdict/1"
#define WATCHING_SCHEMA "suture-watching/1"

/* A confidence sequence that begins at nothing and has no end is none. */
static bool is_known(const struct judge_finding *f)
{
	return !(isinf(f->interval.high) && f->interval.low <= 0);
}

static void add_finding(const struct judge_finding *f, enum judge_metric m, struct json *j)
{
	bool known = is_known(f);

	json_object(j, NULL);
	json_string(j, "metric", judge_metric_name(m));
	json_bool(j, "known", known);
	json_string(j, "unit", m == METRIC_LEAK ? "bytes/s" : "ratio");
	if (known) {
		json_double(j, "effect", f->effect);
		json_double(j, "low", f->interval.low);
		json_double(j, "high", f->interval.high);
	}
	if (isfinite(f->smallest))
		json_double(j, "smallest", f->smallest);
	json_string(j, "evidence", f->why);
	json_end(j);
}

void verdict_json(const struct vigil_verdict *v, struct json *j)
{
	const struct judge_verdict *is = &v->judge;
	bool hard = is->word == JUDGE_FAILED && is->hard != HARD_SIGNALS;

	json_string(j, "word", judge_word_name(is->word));
	json_string(j, "reason", is->reason);
	json_string(j, "hard", hard ? hard_name(is->hard) : NULL);
	json_string(j, "metric",
		    is->metric >= 0 ? judge_metric_name((enum judge_metric)is->metric) : NULL);
	json_string(j, "function", v->function);
	json_bool(j, "controlled", is->controlled);
	json_double(j, "seconds", v->seconds);
	json_u64(j, "watched", is->watched);
	json_u64(j, "odd", is->odd);
	json_u64(j, "idle", v->idle);
	json_double(j, "seconds_more", is->seconds_more);
	json_array(j, "findings");
	for (size_t i = 0; i < JUDGE_METRICS && is->finding[i].metric; i++)
		add_finding(&is->finding[i], (enum judge_metric)i, j);
	json_end(j);
}

struct error *verdict_evidence(const struct vigil_verdict *v, struct strbuf *out)
{
	struct json j = json_begin_compact(out);

	json_object(&j, NULL);
	json_string(&j, "schema", VERDICT_SCHEMA);
	verdict_json(v, &j);
	json_end(&j);
	return json_finish(&j);
}

struct error *verdict_watching(double seconds, struct strbuf *out)
{
	struct json j = json_begin_compact(out);

	json_object(&j, NULL);
	json_string(&j, "schema", WATCHING_SCHEMA);
	json_double(&j, "seconds", seconds);
	json_end(&j);
	return json_finish(&j);
}

/* One of the words of judge.h: what a ledger holds is shown on a terminal. */
static const char *word_of(const struct json_value *v)
{
	const struct json_value *word = json_member(v, "word");

	for (int w = JUDGE_HEALTHY; word && word->type == JSON_STRING && w <= JUDGE_FAILED; w++)
		if (str_equal(word->string, judge_word_name((enum judge_word)w)))
			return judge_word_name((enum judge_word)w);
	return NULL;
}

static const char *reason_of(const struct json_value *v)
{
	const struct json_value *reason = json_member(v, "reason");

	if (!reason || reason->type != JSON_STRING)
		return "";
	for (const char *c = reason->string; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return "";
	return reason->string;
}

struct verdict_said verdict_said(const char *evidence, struct arena *a)
{
	struct verdict_said said = { 0 };
	struct error *e __cleanup_error = NULL;
	const struct json_value *root = NULL, *seconds;
	const char *schema = NULL;

	if (!evidence || *evidence != '{')
		return said;
	e = json_parse(evidence, strlen(evidence), a, &root);
	if (!e)
		e = json_need_string(root, "schema", &schema);
	if (e)
		return said;
	seconds = json_member(root, "seconds");
	if (str_equal(schema, VERDICT_SCHEMA) && word_of(root))
		said = (struct verdict_said){ .what = VERDICT_SAID,
					      .word = word_of(root),
					      .reason = reason_of(root) };
	else if (str_equal(schema, WATCHING_SCHEMA) && seconds && seconds->type == JSON_NUMBER &&
		 seconds->number > 0)
		said = (struct verdict_said){ .what = VERDICT_WATCHING,
					      .seconds = seconds->number };
	return said;
}
