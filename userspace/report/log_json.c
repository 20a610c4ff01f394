// SPDX-License-Identifier: GPL-2.0-or-later
/* Events, and the verdict on them, as JSON. */
#include <time.h>

#include "base/date.h"
#include "base/json_copy.h"
#include "report/log_report.h"

static void put_time(struct json *j, const char *key, int64_t microseconds)
{
	int64_t seconds = microseconds / 1000000;
	struct date_text text = date_text(seconds);

	if (microseconds < 0 || !str_ends(text.s, "Z"))
		json_null(j, key);
	else
		json_stringf(j, key, "%.*s.%06lldZ", (int)strlen(text.s) - 1, text.s,
			     (long long)(microseconds % 1000000));
}

/* Evidence is JSON as it was recorded; edited by others it may be anything: then it is a string. */
static struct error *put_evidence(struct json *j, const char *text)
{
	struct arena a = { 0 };
	const struct json_value *root = NULL;
	struct error *e __cleanup_error = NULL;

	if (!text) {
		json_null(j, "evidence");
		return NULL;
	}
	e = json_parse(text, strlen(text), &a, &root);
	if (e)
		json_string(j, "evidence", text);
	else
		json_copy(j, "evidence", root);
	arena_free(&a);
	return NULL;
}

static void put_state(struct json *j, const char *key, const struct ledger_event *e,
		      enum ledger_state s)
{
	json_string(j, key, e->patch ? ledger_state_name(s) : NULL);
}

static void put_number(struct json *j, const char *key, uint64_t n)
{
	if (n)
		json_u64(j, key, n);
	else
		json_null(j, key);
}

static struct error *put_event(const struct ledger_event *e, struct strbuf *out)
{
	struct json j = json_begin_compact(out);

	json_object(&j, NULL);
	json_string(&j, "schema", "suture-log/1");
	json_u64(&j, "seq", e->seq);
	put_time(&j, "time", e->time);
	json_double(&j, "uptime", (double)e->uptime / 1e6);
	json_string(&j, "boot", e->boot);
	json_string(&j, "actor", e->actor);
	json_u64(&j, "uid", e->uid);
	json_u64(&j, "pid", e->pid);
	json_string(&j, "login", e->login);
	json_string(&j, "tty", e->tty);
	json_string(&j, "verb", e->verb);
	json_string(&j, "patch", e->patch);
	put_state(&j, "before", e, e->before);
	put_state(&j, "after", e, e->after);
	json_string(&j, "bundle", e->bundle);
	json_string(&j, "path", e->path);
	json_string(&j, "module", e->module);
	json_string(&j, "fix", e->fix);
	put_number(&j, "version", e->version);
	put_number(&j, "deadline", e->deadline);
	json_string(&j, "why", e->why);
	TRY(put_evidence(&j, e->evidence));
	json_string(&j, "prev", e->prev);
	json_string(&j, "hash", e->hash);
	json_end(&j);
	return json_finish(&j);
}

struct error *log_json(const struct ledger_events *events, struct strbuf *out)
{
	for (size_t i = 0; i < events->n; i++)
		TRY(put_event(&events->v[i], out));
	return NULL;
}

static void put_checkpoint(struct json *j, const char *key, const struct ledger_checkpoint *c)
{
	json_object(j, key);
	json_string(j, "chain", c->chain);
	json_u64(j, "seq", c->seq);
	json_string(j, "hash", c->hash);
	json_string(j, "time", date_text(c->time).s);
	json_end(j);
}

struct error *log_verdict_json(const char *path, const struct ledger_verdict *v,
			       const struct log_checkpoint *c, struct strbuf *out)
{
	struct json j = json_begin(out);

	json_object(&j, NULL);
	json_string(&j, "schema", "suture-log-verify/1");
	json_string(&j, "ledger", path);
	json_bool(&j, "whole", !v->fault.kind);
	if (v->fault.kind) {
		json_object(&j, "fault");
		json_string(&j, "kind", ledger_fault_name(v->fault.kind));
		put_number(&j, "seq", v->fault.seq);
		json_string(&j, "what", v->fault.what);
		json_end(&j);
	} else {
		json_null(&j, "fault");
	}
	json_u64(&j, "events", v->events);
	json_string(&j, "gap", v->gap);
	if (v->end.seq)
		put_checkpoint(&j, "end", &v->end);
	else
		json_null(&j, "end");
	if (c->known)
		put_checkpoint(&j, "checkpoint", c->known);
	else
		json_null(&j, "checkpoint");
	json_string(&j, "key", c->key);
	json_end(&j);
	return json_finish(&j);
}
