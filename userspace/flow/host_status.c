// SPDX-License-Identifier: GPL-2.0-or-later
/* What is live here: the ledger's word, the kernel's, and the proof. */
#include <math.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "flow/daemon_socket.h"
#include "flow/host_state.h"
#include "flow/host_verdict.h"

static const char *const guards[] = {
	[GUARD_NONE] = "none", [GUARD_KERNEL] = "kernel", [GUARD_PROCESS] = "process"
};

/* --- what was recovered on the way ---------------------------------------------------- */

struct listening {
	struct host_status *s;
	struct error *error;
};

static void listen(void *arg, const struct host_event *e)
{
	struct listening *l = arg;
	const char *text = arena_strdup(&l->s->arena, e->text);

	if (str_equal(e->event, "recovered") || str_equal(e->event, "blocked"))
		if (!l->error)
			l->error = text ? vec_push(&l->s->recovered, text) : error_nomem();
}

/* --- one patch ------------------------------------------------------------------------ */

static const char *since_of(struct arena *a, int64_t micro)
{
	time_t t = (time_t)(micro / 1000000);
	struct tm utc;

	if (!gmtime_r(&t, &utc))
		return "";
	return arena_printf(a, "%04d-%02d-%02d %02d:%02d:%02d UTC", utc.tm_year + 1900,
			    utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

/* sutured counts the calls: it may know more than the structure tells. */
static struct error *ask_daemon(const struct host_status *s, struct host_patch_status *out)
{
	const struct json_value *patches = json_member(s->watch, "patches");
	struct host_verdict *v = &out->proof;

	for (size_t i = 0; patches && i < patches->n; i++) {
		const struct json_value *p = &patches->items[i], *proof = json_member(p, "proof");
		const char *name, *trouble;

		TRY(json_need_string(p, "name", &name));
		if (!str_equal(name, out->name) || !proof || proof->type != JSON_STRING)
			continue;
		TRY(json_need_u64(p, "new_calls", UINT64_MAX, &v->new_calls));
		TRY(json_need_u64(p, "old_calls", UINT64_MAX, &v->old_calls));
		TRY(json_need_u64(p, "missed", UINT64_MAX, &v->missed));
		TRY(json_need_string_or_null(p, "trouble", &trouble));
		if (str_equal(proof->string, proof_state_name(PROOF_LOST)))
			v->state = PROOF_LOST;
		else if (str_equal(proof->string, proof_state_name(PROOF_EXERCISED)) &&
			 v->state == PROOF_IN_PLACE)
			v->state = PROOF_EXERCISED;
		if (trouble && !v->trouble[0])
			snprintf(v->trouble, sizeof(v->trouble), "%s", trouble);
	}
	return NULL;
}

static struct error *look_at_proof(struct host *h, struct host_status *s,
				   struct host_patch_status *out)
{
	struct host_patch p __cleanup_host_patch = { 0 };
	struct error *hidden __cleanup_error = NULL;

	TRY(host_patch_find(h, out->name, &p));
	if (!p.payload) {
		out->trouble = arena_printf(&s->arena, "not proved: %s",
					    p.trouble ? p.trouble : "its bundle is gone");
		return out->trouble ? NULL : error_nomem();
	}
	hidden = host_proof_look(p.payload, &out->proof, NULL);
	out->proof_known = !hidden;
	if (hidden)
		out->trouble = arena_printf(&s->arena, "not proved: %s", error_message(hidden));
	if (hidden)
		return out->trouble ? NULL : error_nomem();
	return error_context(ask_daemon(s, out), "what sutured says");
}

static struct error *read_back(struct host *h, struct host_status *s, struct host_patch_status *out)
{
	struct host_patch p __cleanup_host_patch = { 0 };
	struct host_status_detail *d;

	TRY(host_patch_find(h, out->name, &p));
	if (!p.bundle) {
		out->trouble = arena_printf(&s->arena, "not read back: %s",
					    p.trouble ? p.trouble : "its bundle is gone");
		return out->trouble ? NULL : error_nomem();
	}
	out->detail = s->details.n;
	TRY(vec_push(&s->details, (struct host_status_detail){ .bundle = take(p.bundle) }));
	d = &s->details.v[out->detail];
	TRY(process_patch_open(d->bundle, &d->processes));
	TRY(process_patch_look(&d->processes));
	process_patch_count(&d->processes, &out->processes);
	out->read_back = true;
	out->live = out->processes.have;
	return NULL;
}

/* Whom it does not reach, if somebody should know. */
static struct error *say_without(struct host_status *s, struct host_patch_status *out)
{
	const struct process_counts *n = &out->processes;
	struct strbuf first __cleanup_strbuf = { 0 };

	if (!out->read_back || out->trouble || n->have == n->all)
		return NULL;
	TRY(process_patch_first(&s->details.v[out->detail].processes, false, &first));
	out->trouble = arena_printf(&s->arena, "%zu of %zu processes are without it: %s",
				    n->all - n->have, n->all, strbuf_str(&first));
	return out->trouble ? NULL : error_nomem();
}

static struct error *find_verdict(struct host *h, struct host_status *s,
				  struct host_patch_status *out)
{
	struct verdict_said said;

	TRY(host_verdict_find(h->ledger, out->name, &s->arena, &said));
	if (said.what == VERDICT_SAID) {
		out->verdict = said.word;
		out->verdict_reason = said.reason;
	}
	/* Who watches holds the lock until there is a verdict. */
	if (said.what == VERDICT_WATCHING && s->busy && host_uptime() >= said.uptime)
		out->watching = fmin((double)(host_uptime() - said.uptime) / 1e6 / said.seconds, 1);
	return NULL;
}

static struct error *add_row(struct host *h, struct host_status *s, const struct ledger_patch *row)
{
	struct host_patch_status p = { .ours = true,
				       .name = row->name,
				       .module = row->module,
				       .digest = row->bundle,
				       .state = ledger_state_name(row->state),
				       .since = since_of(&s->arena, row->since),
				       .watching = -1,
				       .confirmed = row->confirmed };
	uint64_t now = host_uptime();
	enum host_guard_kind kind;
	struct recover_facts f;

	TRY(host_recover_facts(h, row, &f));
	/* What is over is the log's, unless the kernel has it all the same. */
	if (f.phase == RECOVER_OVER && !f.present)
		return NULL;
	if (f.phase == RECOVER_OVER)
		p.trouble =
			"the ledger says that it is over, and the kernel has it: somebody else loaded it";
	p.of_processes = host_is_of_processes(row);
	p.live = f.present && f.enabled && !f.transition;
	p.transition = f.transition;
	if (f.phase == RECOVER_LIVE && f.present && !f.enabled)
		p.trouble = "somebody takes it back just now";
	else if (f.phase == RECOVER_LIVE && !f.present)
		p.trouble = f.same_boot ? "the kernel does not have it"
					: "not live since the host was booted";
	TRY(host_guard_look(h->dir, row->name, p.of_processes ? NULL : row->module, &s->arena,
			    &kind, &p.guard));
	if (p.guard && !p.trouble)
		p.trouble = p.guard;
	p.guard = guards[kind];
	if (row->deadline > now && !row->confirmed && f.same_boot)
		p.left = (double)(row->deadline - now) / 1e6;
	TRY(find_verdict(h, s, &p));
	if (p.of_processes)
		TRY(read_back(h, s, &p));
	else if (p.live)
		TRY(look_at_proof(h, s, &p));
	return vec_push(&s->patches, p);
}

/* Who has taken its place: where that one is, nobody misses this one. */
static const char *successor_of(const struct host_status *s, const struct host_patch_status *p)
{
	vec_for_each(&s->patches, other)
		if (other != p && other->read_back &&
		    bundle_names_have(&s->details.v[other->detail].bundle->facts.supersedes,
				      p->name))
			return other->name;
	return NULL;
}

static struct error *compare_patches(struct host_status *s)
{
	vec_for_each(&s->patches, p) {
		p->superseded_by = p->read_back ? successor_of(s, p) : NULL;
		if (!p->superseded_by)
			TRY(say_without(s, p));
	}
	return NULL;
}

static bool is_listed(const struct host_status *s, const char *module)
{
	vec_for_each(&s->patches, p)
		if (p->module && str_equal(p->module, module))
			return true;
	return false;
}

static struct error *add_others(struct host_status *s)
{
	struct live_patches live __cleanup_live = { 0 };

	TRY(live_patches_read(&live));
	vec_for_each(&live.patches, it) {
		struct host_patch_status p = { .name = arena_strdup(&s->arena, it->name),
					       .state = "not suture's",
					       .since = "",
					       .guard = guards[GUARD_NONE],
					       .watching = -1,
					       .live = it->enabled && !it->transition,
					       .transition = it->transition };

		if (is_listed(s, it->name))
			continue;
		if (!p.name)
			return error_nomem();
		p.module = p.name;
		TRY(vec_push(&s->patches, p));
	}
	return NULL;
}

static struct error *collect(struct host *h, struct host_status *s)
{
	struct ledger_patches all = { 0 };
	struct error *silent __cleanup_error = NULL;

	silent = daemon_ask(&s->arena, &s->watch);
	s->kernel = h->kernel;
	if (h->ledger)
		TRY(ledger_patches(h->ledger, &s->arena, &all));
	for (size_t i = 0; i < all.n; i++)
		TRY(add_row(h, s, &all.v[i]));
	TRY(compare_patches(s));
	return add_others(s);
}

/* Whether suture ever changed something here: then there should be a ledger. */
static bool was_begun(const struct host *h)
{
	char *path __free = str_printf("%s/lock", h->dir);

	return path && file_exists(path);
}

/* Settle first, if that is ours to do: root, nobody else at work, a ledger or the loss of it. */
static struct error *open_settled(const struct host_request *r, struct host_status *s,
				  struct host *h)
{
	struct error *e = host_open(r, HOST_LOOK, h);
	bool damaged = e && error_kind(e) == ERROR_VERIFY;

	if (geteuid() || (e && !damaged) || (!e && !h->ledger && !was_begun(h)))
		return e;
	error_free(&e);
	host_close(h);
	e = host_open(r, HOST_CHANGE, h);
	if (!e || error_kind(e) != ERROR_PENDING)
		return e;
	s->busy = arena_strdup(&s->arena, error_message(e));
	error_free(&e);
	return s->busy ? host_open(r, HOST_LOOK, h) : error_nomem();
}

struct error *host_status_read(const struct host_request *r, struct host_status *out)
{
	struct host_status s __cleanup_status = { 0 };
	struct listening l = { .s = &s };
	struct host_request quiet = *r;
	struct host h __cleanup_host = HOST_CLOSED;
	struct error *e;

	quiet.impatient = true;
	quiet.tell = listen;
	quiet.arg = &l;
	e = open_settled(&quiet, &s, &h);
	if (!e)
		e = take(l.error);
	error_free(&l.error);
	if (e)
		return e;
	TRY(collect(&h, &s));
	*out = s;
	s = (struct host_status){ 0 };
	return NULL;
}

void host_status_free(struct host_status *s)
{
	vec_for_each(&s->details, d) {
		process_patch_free(&d->processes);
		bundle_free(&d->bundle);
	}
	vec_free(&s->details);
	vec_free(&s->patches);
	vec_free(&s->recovered);
	arena_free(&s->arena);
}

/* --- what is shown -------------------------------------------------------------------- */

static struct error *print_first(const struct host_status *s, struct strbuf *out)
{
	size_t live = 0, guarded = 0;
	double left = 0;

	vec_for_each(&s->patches, p) {
		live += p->live;
		guarded += !str_equal(p->guard, guards[GUARD_NONE]);
		if (p->left > 0 && (!left || p->left < left))
			left = p->left;
	}
	TRY(strbuf_printf(out, "kernel %s  %zu patch%s live", s->kernel.release, live,
			  live == 1 ? "" : "es"));
	if (guarded)
		TRY(strbuf_printf(out, ", %zu guarded", guarded));
	if (left > 0)
		TRY(strbuf_printf(out, " (confirm within %s)", str_duration(left).s));
	return strbuf_puts(out, "\n");
}

/* "healthy", "watching (31 %)"; "-": nobody asked. */
static struct text32 verdict_text(const struct host_patch_status *p)
{
	struct text32 t = { "-" };

	if (p->verdict)
		snprintf(t.s, sizeof(t.s), "%s", p->verdict);
	else if (p->watching >= 0)
		snprintf(t.s, sizeof(t.s), "watching (%.0f %%)", p->watching * 100);
	return t;
}

static struct error *print_patch(const struct host_patch_status *p, struct strbuf *out)
{
	struct strbuf proof __cleanup_strbuf = { 0 };

	if (p->superseded_by) {
		TRY(strbuf_printf(&proof, "superseded by %s", p->superseded_by));
	} else if (p->read_back) {
		TRY(strbuf_printf(&proof, "in place in %zu of %zu process%s, ", p->processes.have,
				  p->processes.all, p->processes.all == 1 ? "" : "es"));
		TRY(process_counts_print(&p->processes, &proof));
	} else if (p->proof_known)
		TRY(host_verdict_print(&p->proof, &proof));
	else
		TRY(strbuf_puts(&proof, p->transition ? "in transition" : "-"));
	TRY(strbuf_printf(out, "%-28s %-12s %-24s %-8s %-15s %s\n", p->name, p->state, p->since,
			  p->guard, verdict_text(p).s, proof.s));
	if (p->verdict && !str_equal(p->verdict, judge_word_name(JUDGE_HEALTHY)))
		TRY(strbuf_printf(out, "    %s: %s\n", p->verdict, p->verdict_reason));
	return p->trouble ? strbuf_printf(out, "    %s\n", p->trouble) : NULL;
}

/* How new processes get their patches, in sutured's words; NULL: it does not say. */
static const struct json_value *newcomers(const struct host_status *s)
{
	const struct json_value *said = s->watch ? json_member(s->watch, "newcomers") : NULL;

	return said && said->type == JSON_OBJECT ? said : NULL;
}

static const char *newcomers_word(const struct host_status *s, const char *key)
{
	const struct json_value *said = newcomers(s);
	const struct json_value *word = said ? json_member(said, key) : NULL;

	return word && word->type == JSON_STRING ? word->string : NULL;
}

static bool any_of_processes(const struct host_status *s)
{
	vec_for_each(&s->patches, p)
		if (p->read_back)
			return true;
	return false;
}

static struct error *print_newcomers(const struct host_status *s, struct strbuf *out)
{
	const char *text = newcomers_word(s, "text");

	return text && any_of_processes(s) ? strbuf_printf(out, "%s\n", text) : NULL;
}

struct error *host_status_print(const struct host_status *s, bool processes, struct strbuf *out)
{
	TRY(print_first(s, out));
	TRY(print_newcomers(s, out));
	if (s->patches.n && !s->watch)
		TRY(strbuf_puts(out,
				"sutured is not at work: nobody sees it if a redirect is lost\n"));
	if (s->busy)
		TRY(strbuf_printf(out, "%s\n", s->busy));
	vec_for_each(&s->recovered, it)
		TRY(strbuf_printf(out, "settled: %s\n", *it));
	if (s->patches.n)
		TRY(strbuf_printf(out, "\n%-28s %-12s %-24s %-8s %-15s %s\n", "PATCH", "STATE",
				  "SINCE", "GUARD", "VERDICT", "PROOF"));
	vec_for_each(&s->patches, p) {
		TRY(print_patch(p, out));
		if (processes && p->read_back)
			TRY(process_patch_print(&s->details.v[p->detail].processes, out));
	}
	return NULL;
}

static void patch_json(const struct host_status *s, const struct host_patch_status *p,
		       struct json *j)
{
	json_object(j, NULL);
	json_string(j, "name", p->name);
	json_string(j, "module", p->module);
	json_string(j, "bundle", p->digest);
	json_bool(j, "ours", p->ours);
	json_string(j, "state", p->state);
	json_string(j, "since", p->since);
	json_bool(j, "confirmed", p->confirmed);
	json_bool(j, "live", p->live);
	if (p->of_processes)
		json_string(j, "superseded_by", p->superseded_by);
	json_bool(j, "transition", p->transition);
	json_string(j, "proof", p->proof_known ? proof_state_name(p->proof.state) : NULL);
	if (p->read_back)
		process_patch_json(&s->details.v[p->detail].processes, j, "processes");
	json_string(j, "verdict", p->verdict);
	json_string(j, "verdict_reason", p->verdict_reason);
	if (p->watching >= 0)
		json_double(j, "watching", p->watching);
	else
		json_null(j, "watching");
	json_string(j, "guard", p->guard);
	if (p->left > 0)
		json_double(j, "confirm_within", p->left);
	else
		json_null(j, "confirm_within");
	json_string(j, "trouble",
		    p->trouble				    ? p->trouble
		    : p->proof_known && p->proof.trouble[0] ? p->proof.trouble
							    : NULL);
	json_end(j);
}

struct error *host_status_json(const struct host_status *s, struct strbuf *out)
{
	struct json j = json_begin_compact(out);

	json_object(&j, NULL);
	json_string(&j, "schema", "suture-status/1");
	json_string(&j, "kernel", s->kernel.release);
	json_string(&j, "boot", s->kernel.boot_id);
	json_string(&j, "busy", s->busy);
	json_bool(&j, "sutured", s->watch);
	json_object(&j, "newcomers");
	json_string(&j, "by", newcomers_word(s, "by"));
	json_string(&j, "text", newcomers_word(s, "text"));
	json_string(&j, "why", newcomers_word(s, "why"));
	json_end(&j);
	json_array(&j, "settled");
	vec_for_each(&s->recovered, it)
		json_string(&j, NULL, *it);
	json_end(&j);
	json_array(&j, "patches");
	vec_for_each(&s->patches, p)
		patch_json(s, p, &j);
	json_end(&j);
	json_end(&j);
	return json_finish(&j);
}
