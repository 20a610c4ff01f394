// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/watch_record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/json_copy.h"
#include "base/json_read.h"
#include "flow/verdict_json.h"
#include "flow/watch_batch.h"

void watch_record_begin(struct watch_record *r, const struct host_request *told)
{
	r->told = *told;
	r->begun = clock_seconds();
	r->begun_utc = (int64_t)time(NULL);
}

void watch_record_tell(void *arg, const struct host_event *e)
{
	struct watch_record *r = arg;
	struct watch_event kept = { clock_seconds() - r->begun, strdup(e->event), strdup(e->text) };
	struct host_event on = *e;
	struct error *full __cleanup_error = NULL;

	/* Without memory it is not kept; the patch's way does not depend on it. */
	if (kept.event && kept.text)
		full = vec_push(&r->events, kept);
	if (full || !kept.event || !kept.text) {
		free(kept.event);
		free(kept.text);
	}
	if (str_equal(e->event, "loaded"))
		r->blockers.begun = kept.time;
	if (e->blockers && !full)
		full = watch_blockers_look(&r->blockers, kept.time, e->blockers);
	on.seconds = kept.time;
	if (r->told.tell)
		r->told.tell(r->told.arg, &on);
}

void watch_record_free(struct watch_record *r)
{
	vec_for_each(&r->events, e) {
		free(e->event);
		free(e->text);
	}
	vec_free(&r->events);
	watch_blockers_free(&r->blockers);
}

/* --- writing -------------------------------------------------------------------------- */

static const char *blank_if_none(const char *s)
{
	return s ? s : "";
}

static void add_head(const struct watch_record *r, const struct watch_record_of *of, struct json *j)
{
	struct utsname host = { 0 };
	time_t begun = (time_t)r->begun_utc;
	char utc[32] = "";
	struct tm tm;

	uname(&host);
	if (gmtime_r(&begun, &tm))
		strftime(utc, sizeof(utc), "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_string(j, "schema", "suture-record/1");
	json_string(j, "version", SUTURE_VERSION);
	json_string(j, "patch", of->bundle->name);
	json_string(j, "title", blank_if_none(of->bundle->facts.title));
	json_string(j, "bundle", of->bundle->digest.hex);
	json_string(j, "host", host.nodename);
	json_string(j, "kernel", host.release);
	json_string(j, "of", of->payload ? "kernel" : "processes");
	json_string(j, "begun", utc);
	json_bool(j, "emulated", watch_is_emulated());
}

static void add_verdict(const struct watch_record *r, const struct vigil_verdict *v, struct json *j)
{
	json_object(j, "verdict");
	json_double(j, "at", v->at - r->begun);
	verdict_json(v, j);
	json_end(j);
}

static void add_events(const struct watch_record *r, struct json *j)
{
	json_array(j, "events");
	vec_for_each(&r->events, e) {
		json_object(j, NULL);
		json_double(j, "time", e->time);
		json_string(j, "event", e->event);
		json_string(j, "text", e->text);
		json_end(j);
	}
	json_end(j);
}

/* The proof of the running apply, as the ledger has it; NULL: there is none that can be read. */
static struct error *find_proof(const struct host *h, const char *patch, struct arena *a,
				const struct json_value **out)
{
	struct ledger_events all = { 0 };
	const char *evidence = NULL;

	TRY(ledger_events(h->ledger, &(struct ledger_filter){ .patch = patch }, a, &all));
	for (size_t i = 0; i < all.n; i++)
		if (all.v[i].after == LEDGER_PROVED && all.v[i].before != LEDGER_PROVED)
			evidence = all.v[i].evidence;
	if (evidence)
		error_free(&(struct error *){ json_parse(evidence, strlen(evidence), a, out) });
	return NULL;
}

static struct error *print(const struct watch_record *r, const struct watch_record_of *of,
			   const struct json_value *proof, struct strbuf *out)
{
	struct json j = json_begin_compact(out);

	json_object(&j, NULL);
	add_head(r, of, &j);
	watch_settled_json(of->policy, &j);
	add_verdict(r, of->verdict, &j);
	json_string(&j, "outcome", of->outcome);
	add_events(r, &j);
	watch_blockers_json(&r->blockers, &j);
	if (proof)
		json_copy(&j, "proof", proof);
	else
		json_null(&j, "proof");
	vigil_json_functions(of->vigil, &j);
	vigil_json_series(of->vigil, r->begun, &j);
	vigil_json_signals(of->vigil, &j);
	vigil_json_cost(of->vigil, &j);
	json_end(&j);
	return json_finish(&j);
}

static struct error *note(const struct host *h, const struct watch_record_of *of, const char *path,
			  const struct strbuf *text)
{
	struct strbuf evidence __cleanup_strbuf = { 0 };
	struct json j = json_begin_compact(&evidence);
	struct digest d;

	TRY(digest_bytes(text->s, text->n, &d));
	json_object(&j, NULL);
	json_string(&j, "record", path);
	json_string(&j, "sha256", d.hex);
	json_end(&j);
	TRY(json_finish(&j));
	return ledger_append(h->ledger,
			     &(struct ledger_change){ .verb = "apply",
						      .patch = of->bundle->name,
						      .why = "the record of the watch is written",
						      .evidence = evidence.s },
			     NULL);
}

struct error *watch_record_write(const struct watch_record *r, const struct host *h,
				 const struct watch_record_of *of, char **path)
{
	struct arena arena __cleanup(arena_free) = { 0 };
	const struct json_value *proof = NULL;
	struct strbuf text __cleanup_strbuf = { 0 };
	char *dir __free = str_printf("%s/records", h->dir);
	char *file __free = dir ? str_printf("%s/%s.json", dir, of->bundle->digest.hex) : NULL;

	if (!file)
		return error_nomem();
	TRY(find_proof(h, of->bundle->name, &arena, &proof));
	TRY(print(r, of, proof, &text));
	TRY(dir_make(dir));
	TRY(file_write(file, text.s, text.n, 0644));
	TRY(note(h, of, file, &text));
	*path = take(file);
	return NULL;
}
