// SPDX-License-Identifier: GPL-2.0-or-later
/* What the audit found: for the command line, and for Prometheus (its text format 0.0.4). */
#include "base/exposition.h"
#include "base/json.h"
#include "base/str.h"
#include "flow/audit.h"
#include "flow/host_state.h"
#include "flow/patch_metrics.h"

static void one_json(const struct audited *one, struct json *j)
{
	const struct host_verdict *v = &one->verdict;

	json_object(j, NULL);
	json_string(j, "name", one->name);
	json_string(j, "module", one->module);
	json_string(j, "bundle", one->digest);
	json_string(j, "state", ledger_state_name(one->state));
	json_string(j, "proof", one->known ? proof_state_name(v->state) : NULL);
	json_bool(j, "counted", one->known && one->watched && !one->proof.uncounted);
	json_string(j, "uncounted", one->proof.uncounted);
	json_u64(j, "functions", v->functions);
	json_u64(j, "exercised", v->exercised);
	json_u64(j, "absent", v->absent);
	json_u64(j, "new_calls", v->new_calls);
	json_u64(j, "old_calls", v->old_calls);
	json_u64(j, "missed", v->missed);
	json_string(j, "trouble",
		    one->trouble		  ? one->trouble
		    : one->known && v->trouble[0] ? v->trouble
						  : NULL);
	json_end(j);
}

static void tended_json(const struct tended *one, struct json *j)
{
	json_object(j, NULL);
	json_string(j, "name", one->name);
	json_string(j, "bundle", one->digest);
	json_string(j, "state", ledger_state_name(one->state));
	json_bool(j, "known", one->known);
	json_u64(j, "all", one->counts.all);
	json_u64(j, "have", one->counts.have);
	json_u64(j, "lost", one->counts.lost);
	json_string(j, "trouble", one->trouble);
	json_end(j);
}

struct error *audit_json(const struct audit *a, struct strbuf *out)
{
	const struct audit_totals *t = audit_totals(a);
	struct json j = json_begin_compact(out);

	json_object(&j, NULL);
	json_string(&j, "schema", "suture-audit/1");
	json_u64(&j, "rounds", t->rounds);
	json_u64(&j, "errors", t->errors);
	json_u64(&j, "lost", t->lost);
	json_u64(&j, "restored", t->restored);
	json_double(&j, "longest_round", t->longest);
	json_array(&j, "patches");
	for (size_t i = 0; i < audit_size(a); i++)
		one_json(audit_at(a, i), &j);
	json_end(&j);
	welcome_json(&audit_tending(a)->welcome, audit_every(a), &j, "newcomers");
	json_array(&j, "processes");
	vec_for_each(&audit_tending(a)->v, it)
		tended_json(it, &j);
	json_end(&j);
	json_end(&j);
	return json_finish(&j);
}

/* --- Prometheus ------------------------------------------------------------------------- */

static struct error *calls(const struct audit *a, struct strbuf *out)
{
	TRY(exposition_family(
		out, "suture_patch_calls", "gauge",
		"Calls counted since the audit of the patch began; old code is behind the redirect."));
	for (size_t i = 0; i < audit_size(a); i++) {
		const struct audited *one = audit_at(a, i);

		if (!one->known || one->proof.uncounted)
			continue;
		TRY(exposition_sample(out, "suture_patch_calls", one->verdict.new_calls, "patch",
				      one->name, "code", "new", NULL));
		TRY(exposition_sample(out, "suture_patch_calls", one->verdict.old_calls, "patch",
				      one->name, "code", "old", NULL));
		TRY(exposition_sample(out, "suture_patch_calls", one->verdict.missed, "patch",
				      one->name, "code", "missed", NULL));
	}
	return NULL;
}

struct rows {
	VEC(struct patch_metrics) v;
};

static void rows_free(struct rows *r)
{
	vec_free(&r->v);
}

static struct error *patches(const struct audit *a, struct strbuf *out)
{
	struct rows rows __cleanup(rows_free) = { 0 };

	for (size_t i = 0; i < audit_size(a); i++) {
		const struct audited *one = audit_at(a, i);

		TRY(vec_push(&rows.v,
			     (struct patch_metrics){ .name = one->name,
						     .known = one->known,
						     .proof = one->verdict.state,
						     .confirmed = one->confirmed,
						     .deadline = host_time_of(one->deadline),
						     .verdict = one->judged }));
	}
	vec_for_each(&audit_tending(a)->v, one)
		TRY(vec_push(&rows.v,
			     (struct patch_metrics){ .name = one->name,
						     .of_processes = true,
						     .known = one->known,
						     .processes = one->counts,
						     .confirmed = one->confirmed,
						     .deadline = host_time_of(one->deadline),
						     .verdict = one->judged }));
	return patch_metrics_print(rows.v.v, rows.v.n, out);
}

static struct error *total(struct strbuf *out, const char *name, const char *what, uint64_t n)
{
	TRY(exposition_family(out, name, "counter", what));
	return exposition_sample(out, name, n, NULL);
}

struct error *audit_metrics(const struct audit *a, struct strbuf *out)
{
	const struct audit_totals *t = audit_totals(a);

	TRY(patches(a, out));
	TRY(calls(a, out));
	TRY(total(out, "suture_processes_patched_total",
		  "Processes that began after a patch was applied, and got it.",
		  audit_tending(a)->patched));
	TRY(exposition_family(out, "suture_exec_watcher", "gauge",
			      "Whether new processes are patched before their code runs."));
	TRY(exposition_sample(out, "suture_exec_watcher", audit_tending(a)->welcome.works, NULL));
	TRY(total(out, "suture_audit_rounds_total", "Rounds of the audit.", t->rounds));
	TRY(total(out, "suture_audit_errors_total", "Rounds that something kept from being whole.",
		  t->errors));
	TRY(total(out, "suture_redirects_lost_total",
		  "Times that a patch was found ineffective although the kernel calls it enabled.",
		  t->lost + audit_tending(a)->lost));
	return total(out, "suture_redirects_restored_total",
		     "Times that such a patch was found in effect again.", t->restored);
}
