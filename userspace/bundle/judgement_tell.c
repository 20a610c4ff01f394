// SPDX-License-Identifier: GPL-2.0-or-later
/* What came of a judgement, as an error and as JSON. */
#include "base/date.h"
#include "bundle/judgement.h"

struct error *judgement_error(const struct judgement *j, const char *name)
{
	struct strbuf why __cleanup_strbuf = { 0 };
	struct error *e;

	if (j->accepted)
		return NULL;
	vec_for_each(&j->findings, f)
		if (f->refuses)
			TRY(strbuf_printf(&why, "%s%s", why.n ? "; " : "", f->what));
	e = error_new(ERROR_POLICY, "this host does not accept %s: %s", name, strbuf_str(&why));
	vec_for_each(&j->findings, f)
		if (f->refuses && f->way_out)
			e = error_advise(e, "%s", f->way_out);
	return e;
}

static void signature_json(const struct judged_signature *s, struct json *json)
{
	const struct statement *said = s->fact.statement;

	json_object(json, NULL);
	json_string(json, "kind", statement_kind_name(said->kind));
	json_string(json, "key", said->key.hex);
	json_string(json, "name", s->fact.key ? s->fact.key->name : NULL);
	json_string(json, "owner", s->fact.key ? s->fact.key->owner : NULL);
	json_string(json, "who", said->who);
	json_string(json, "time", date_text(said->time).s);
	if (said->kind == STATEMENT_APPROVAL) {
		json_array(json, "scope");
		for (size_t i = 0; i < said->scope.n; i++)
			json_string(json, NULL, said->scope.patterns[i]);
		json_end(json);
		json_string(json, "expires", date_text(said->expires).s);
		json_string(json, "reason", said->reason);
	}
	json_string(json, "worth", signature_worth_code(s->worth));
	json_end(json);
}

void judgement_json(const struct judgement *j, struct json *json, const char *key)
{
	json_object(json, key);
	json_bool(json, "accepted", j->accepted);
	json_object(json, "policy");
	json_string(json, "signature", j->policy.signature ? "required" : "optional");
	json_u64(json, "approvals", j->policy.approvals);
	json_string(json, "older", j->policy.older ? "allow" : "refuse");
	json_string(json, "watch", j->policy.verdict.required ? "required" : "optional");
	watch_terms_json(&j->policy.verdict, json, "verdict");
	json_end(json);
	json_u64(json, "signers", j->signers);
	json_u64(json, "approvals", j->approvals);
	json_array(json, "signatures");
	vec_for_each(&j->signatures, s)
		signature_json(s, json);
	json_end(json);
	json_array(json, "findings");
	vec_for_each(&j->findings, f) {
		json_object(json, NULL);
		json_bool(json, "refuses", f->refuses);
		json_string(json, "code", f->code);
		json_string(json, "what", f->what);
		json_string(json, "way_out", f->way_out);
		json_end(json);
	}
	json_end(json);
	json_end(json);
}
