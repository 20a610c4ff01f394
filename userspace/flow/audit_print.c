// SPDX-License-Identifier: GPL-2.0-or-later
/* What the audit found: for the command line, and for Prometheus (its text format 0.0.4). */
#include "base/json.h"
#include "base/str.h"
#include "flow/audit.h"

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

static struct error *head(struct strbuf *out, const char *name, const char *type, const char *what)
{
	return strbuf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, what, name, type);
}

/* A label's value, in which \, " and the end of a line are escaped. */
static struct error *label(struct strbuf *out, const char *value)
{
	for (; *value; value++) {
		if (*value == '\n')
			TRY(strbuf_puts(out, "\\n"));
		else
			TRY(strbuf_printf(out, "%s%c", *value == '\\' || *value == '"' ? "\\" : "",
					  *value));
	}
	return NULL;
}

static struct error *sample(struct strbuf *out, const char *name, const struct audited *one,
			    const char *more, uint64_t value)
{
	TRY(strbuf_printf(out, "%s{patch=\"", name));
	TRY(label(out, one->name));
	return strbuf_printf(out, "\"%s} %llu\n", more, (unsigned long long)value);
}

/* 1 for the state that the proof has, 0 for the others: so a query never meets a gap. */
static struct error *proofs(const struct audit *a, struct strbuf *out)
{
	static const enum proof_state states[] = { PROOF_EXERCISED, PROOF_IN_PLACE, PROOF_LOST,
						   PROOF_NOT_PATCHED };

	TRY(head(out, "suture_patch_proof", "gauge",
		 "Whether the proof that the patch is in effect is in this state."));
	for (size_t i = 0; i < audit_size(a); i++) {
		const struct audited *one = audit_at(a, i);

		for (size_t s = 0; s < ARRAY_SIZE(states); s++) {
			char more[64];

			snprintf(more, sizeof(more), ",state=\"%s\"", proof_state_name(states[s]));
			TRY(sample(out, "suture_patch_proof", one, more,
				   one->known && one->verdict.state == states[s]));
		}
		TRY(sample(out, "suture_patch_proof", one, ",state=\"unknown\"", !one->known));
	}
	return NULL;
}

static struct error *calls(const struct audit *a, struct strbuf *out)
{
	TRY(head(
		out, "suture_patch_calls", "gauge",
		"Calls counted since the audit of the patch began; old code is behind the redirect."));
	for (size_t i = 0; i < audit_size(a); i++) {
		const struct audited *one = audit_at(a, i);

		if (!one->known || one->proof.uncounted)
			continue;
		TRY(sample(out, "suture_patch_calls", one, ",code=\"new\"",
			   one->verdict.new_calls));
		TRY(sample(out, "suture_patch_calls", one, ",code=\"old\"",
			   one->verdict.old_calls));
		TRY(sample(out, "suture_patch_calls", one, ",code=\"missed\"",
			   one->verdict.missed));
	}
	return NULL;
}

static struct error *confirmed(const struct audit *a, struct strbuf *out)
{
	TRY(head(out, "suture_patch_confirmed", "gauge",
		 "Whether the patch is confirmed, and applied again at boot."));
	for (size_t i = 0; i < audit_size(a); i++)
		TRY(sample(out, "suture_patch_confirmed", audit_at(a, i), "",
			   audit_at(a, i)->confirmed));
	return NULL;
}

static struct error *in_processes(const struct audit *a, struct strbuf *out)
{
	TRY(head(out, "suture_patch_processes", "gauge",
		 "Processes that have the patched file mapped, by what they have of the patch."));
	vec_for_each(&audit_tending(a)->v, one) {
		const struct process_counts *n = &one->counts;
		const struct {
			const char *state;
			size_t n;
		} rows[] = { { "in place", n->have },
			     { "partial", n->partial },
			     { "lost", n->lost },
			     { "without", n->all - n->have - n->partial - n->lost } };

		for (size_t i = 0; one->known && i < ARRAY_SIZE(rows); i++) {
			TRY(strbuf_puts(out, "suture_patch_processes{patch=\""));
			TRY(label(out, one->name));
			TRY(strbuf_printf(out, "\",state=\"%s\"} %zu\n", rows[i].state, rows[i].n));
		}
	}
	return NULL;
}

static struct error *total(struct strbuf *out, const char *name, const char *what, uint64_t n)
{
	TRY(head(out, name, "counter", what));
	return strbuf_printf(out, "%s %llu\n", name, (unsigned long long)n);
}

struct error *audit_metrics(const struct audit *a, struct strbuf *out)
{
	const struct audit_totals *t = audit_totals(a);

	TRY(proofs(a, out));
	TRY(confirmed(a, out));
	TRY(calls(a, out));
	TRY(in_processes(a, out));
	TRY(total(out, "suture_processes_patched_total",
		  "Processes that began after a patch was applied, and got it.",
		  audit_tending(a)->patched));
	TRY(head(out, "suture_exec_watcher", "gauge",
		 "Whether new processes are patched before their code runs."));
	TRY(strbuf_printf(out, "suture_exec_watcher %d\n", audit_tending(a)->welcome.works));
	TRY(total(out, "suture_audit_rounds_total", "Rounds of the audit.", t->rounds));
	TRY(total(out, "suture_audit_errors_total", "Rounds that something kept from being whole.",
		  t->errors));
	TRY(total(out, "suture_redirects_lost_total",
		  "Times that a patch was found ineffective although the kernel calls it enabled.",
		  t->lost + audit_tending(a)->lost));
	return total(out, "suture_redirects_restored_total",
		     "Times that such a patch was found in effect again.", t->restored);
}
