// SPDX-License-Identifier: GPL-2.0-or-later
/* One table for each kind of file; suture-trust(5) says the same in sentences. */
#include "bundle/trust_file.h"

#include <string.h>

#include "base/date.h"
#include "base/form.h"
#include "base/str.h"

#define APPROVALS_MAX 16

/* --- values ------------------------------------------------------------------------ */

static struct error *form_date(struct form_reader *r, const struct form_field *f,
			       const struct yaml_value *v, void *at)
{
	struct error *e __cleanup_error = NULL;
	const char *s = NULL;

	TRY(form_line(r, f, v, &s));
	e = date_parse(s, at);
	return e ? form_wrong(r, v, "%s", error_message(e)) : NULL;
}

static struct error *form_digest(struct form_reader *r, const struct form_field *f,
				 const struct yaml_value *v, void *at)
{
	struct error *e __cleanup_error = NULL;
	const char *s = NULL;

	TRY(form_line(r, f, v, &s));
	e = digest_parse(s, at);
	return e ? form_wrong(r, v, "'%.80s' is not 64 hexadecimal digits", s) : NULL;
}

static struct error *form_scope(struct form_reader *r, const struct form_field *f,
				const struct yaml_value *v, void *at)
{
	struct error *e __cleanup_error = NULL;
	struct form_texts texts = { 0 };
	struct scope *to = at;

	TRY(form_lines(r, f, v, &texts));
	*to = (struct scope){ texts.v, texts.n };
	e = scope_check(to);
	return e ? form_wrong(r, v, "%s", error_message(e)) : NULL;
}

static struct error *form_roles(struct form_reader *r, const struct form_field *f,
				const struct yaml_value *v, void *at)
{
	struct form_texts texts = { 0 };
	unsigned int *to = at;

	TRY(form_lines(r, f, v, &texts));
	for (size_t i = 0; i < texts.n; i++) {
		if (str_equal(texts.v[i], "sign"))
			*to |= TRUST_SIGN;
		else if (str_equal(texts.v[i], "approve"))
			*to |= TRUST_APPROVE;
		else
			return form_wrong(r, v, "'%s' is no role: sign or approve", texts.v[i]);
	}
	return NULL;
}

static struct error *form_key(struct form_reader *r, const struct form_field *f,
			      const struct yaml_value *v, void *at)
{
	struct error *e __cleanup_error = NULL;
	const char *s = NULL;

	TRY(form_block(r, f, v, &s));
	e = key_parse(s, strlen(s), at);
	if (!e)
		return NULL;
	return error_advise(form_wrong(r, v, "%s", error_message(e)),
			    "openssl pkey -in PRIVATE.pem -pubout prints what belongs here");
}

static struct error *form_approvals(struct form_reader *r, const struct form_field *f,
				    const struct yaml_value *v, void *at)
{
	struct error *e __cleanup_error = NULL;
	const char *s = NULL;
	uint64_t n = 0;

	TRY(form_line(r, f, v, &s));
	e = str_u64(s, &n);
	if (e || n > APPROVALS_MAX)
		return form_wrong(r, v, "'%s' is not a number from 0 to %d", s, APPROVALS_MAX);
	*(unsigned int *)at = (unsigned int)n;
	return NULL;
}

/* One of two words: a bool. */
static struct error *either(struct form_reader *r, const struct yaml_value *v, const char *no,
			    const char *yes, bool *to)
{
	const char *s = NULL;

	TRY(form_line(r, NULL, v, &s));
	if (!str_equal(s, no) && !str_equal(s, yes))
		return form_wrong(r, v, "'%s' is neither %s nor %s", s, no, yes);
	*to = str_equal(s, yes);
	return NULL;
}

static struct error *form_signature(struct form_reader *r, const struct form_field *f,
				    const struct yaml_value *v, void *at)
{
	(void)f;
	return either(r, v, "optional", "required", at);
}

static struct error *form_older(struct form_reader *r, const struct form_field *f,
				const struct yaml_value *v, void *at)
{
	(void)f;
	return either(r, v, "refuse", "allow", at);
}

/* Its value was looked at to choose the table. */
static struct error *form_schema(struct form_reader *r, const struct form_field *f,
				 const struct yaml_value *v, void *at)
{
	(void)r;
	(void)f;
	(void)v;
	(void)at;
	return NULL;
}

/* --- a key --------------------------------------------------------------------------- */

static const struct form_field key_fields[] = {
	{ "schema", form_schema, 0 },
	{ "key", form_key, offsetof(struct trust_key, key) },
	{ "owner", form_line, offsetof(struct trust_key, owner) },
	{ "roles", form_roles, offsetof(struct trust_key, roles) },
	{ "not-before", form_date, offsetof(struct trust_key, not_before) },
	{ "not-after", form_date, offsetof(struct trust_key, not_after) },
	{ "scope", form_scope, offsetof(struct trust_key, scope) },
};
static const struct form key_form = FORM(key_fields);

static struct error *finish_key(struct form_reader *r, const struct yaml_value *v,
				const struct trust *t, const struct trust_key *k)
{
	const struct trust_key *other;

	if (!k->key.pkey || !k->roles)
		return form_wrong(r, v, "it needs 'key' and 'roles'");
	if (k->not_before > k->not_after)
		return form_wrong(r, v, "'not-after' is before 'not-before'");
	other = trust_key_by_id(t, &k->key.id);
	return other ? form_wrong(r, v, "the key is also that of %s", other->name) : NULL;
}

static void clear_key(struct trust_key *k)
{
	key_clear(&k->key);
}

static const char *name_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t n = strlen(base);

	return arena_printf(a, "%.*s", (int)(str_ends(base, ".yaml") ? n - 5 : n), base);
}

static struct error *read_key(struct trust *t, struct form_reader *r, const struct yaml_value *root)
{
	struct trust_key k __cleanup(clear_key) = { .name = name_of(&t->arena, r->path),
						    .not_before = INT64_MIN,
						    .not_after = INT64_MAX };

	if (!k.name)
		return error_nomem();
	k.owner = k.name;
	TRY(form_read(r, &key_form, root, &k));
	TRY(finish_key(r, root, t, &k));
	TRY(vec_push(&t->keys, k));
	k.key.pkey = NULL;
	return NULL;
}

/* --- revocations ------------------------------------------------------------------------ */

static const struct form_field revoked_key_fields[] = {
	{ "key", form_digest, offsetof(struct trust_revocation, digest) },
	{ "reason", form_line, offsetof(struct trust_revocation, reason) },
};
static const struct form_field revoked_bundle_fields[] = {
	{ "bundle", form_digest, offsetof(struct trust_revocation, digest) },
	{ "reason", form_line, offsetof(struct trust_revocation, reason) },
};
static const struct form revoked_key_form = FORM(revoked_key_fields);
static const struct form revoked_bundle_form = FORM(revoked_bundle_fields);

static struct error *read_revocation(struct form_reader *r, const struct form *form,
				     const struct yaml_value *v, struct trust_revocation *to)
{
	TRY(form_read(r, form, v, to));
	if (!to->digest.hex[0] || !to->reason)
		return form_wrong(r, v, "it needs '%s' and 'reason'", form->fields[0].key);
	return NULL;
}

static struct error *read_revoked(struct form_reader *r, const struct form *form,
				  const struct yaml_value *v, struct trust *t)
{
	TRY(form_need(r, v, YAML_LIST));
	for (size_t i = 0; i < v->n; i++) {
		struct trust_revocation one = { 0 };

		TRY(read_revocation(r, form, &v->items[i], &one));
		TRY(form == &revoked_key_form ? vec_push(&t->revoked_keys, one)
					      : vec_push(&t->revoked_bundles, one));
	}
	return NULL;
}

static struct error *form_revoked_keys(struct form_reader *r, const struct form_field *f,
				       const struct yaml_value *v, void *at)
{
	(void)f;
	return read_revoked(r, &revoked_key_form, v, at);
}

static struct error *form_revoked_bundles(struct form_reader *r, const struct form_field *f,
					  const struct yaml_value *v, void *at)
{
	(void)f;
	return read_revoked(r, &revoked_bundle_form, v, at);
}

static const struct form_field revocations_fields[] = {
	{ "schema", form_schema, 0 },
	{ "keys", form_revoked_keys, 0 },
	{ "bundles", form_revoked_bundles, 0 },
};
static const struct form revocations_form = FORM(revocations_fields);

static struct error *read_revocations(struct trust *t, struct form_reader *r,
				      const struct yaml_value *root)
{
	return form_read(r, &revocations_form, root, t);
}

/* --- the policy -------------------------------------------------------------------------- */

#define RULE(member) offsetof(struct policy_rule, policy.member)
static const struct form_field rule_fields[] = {
	{ "scope", form_scope, offsetof(struct policy_rule, scope) },
	{ "signature", form_signature, RULE(signature) },
	{ "approvals", form_approvals, RULE(approvals) },
	{ "older", form_older, RULE(older) },
	{ "verdict", form_map, RULE(verdict), &watch_form_host },
};
static const struct form rule_form = FORM(rule_fields);

/* What a rule does not say is as for all: the rules come last in the file. */
static struct error *form_rules(struct form_reader *r, const struct form_field *f,
				const struct yaml_value *v, void *at)
{
	struct trust *t = at;

	(void)f;
	TRY(form_need(r, v, YAML_LIST));
	for (size_t i = 0; i < v->n; i++) {
		struct policy_rule rule = { .policy = t->policy };

		TRY(form_read(r, &rule_form, &v->items[i], &rule));
		if (!rule.scope.n)
			return form_wrong(r, &v->items[i], "it needs a 'scope'");
		TRY(vec_push(&t->rules, rule));
	}
	return NULL;
}

static const struct form_field policy_fields[] = {
	{ "schema", form_schema, 0 },
	{ "signature", form_signature, offsetof(struct trust, policy.signature) },
	{ "approvals", form_approvals, offsetof(struct trust, policy.approvals) },
	{ "older", form_older, offsetof(struct trust, policy.older) },
	{ "verdict", form_map, offsetof(struct trust, policy.verdict), &watch_form_host },
	{ "rules", form_rules, 0 },
};
static const struct form policy_form = FORM(policy_fields);

static struct error *read_policy(struct trust *t, struct form_reader *r,
				 const struct yaml_value *root)
{
	const struct yaml_value *rules = yaml_member(root, "rules");

	if (t->policy_file)
		return form_wrong(r, root, "there is a policy in %s already", t->policy_file);
	t->policy_file = r->path;
	if (rules && rules != &root->items[root->n - 1])
		return form_wrong(r, rules,
				  "'rules' must come last: they begin with what is "
				  "said before");
	return form_read(r, &policy_form, root, t);
}

/* --- which of them ------------------------------------------------------------------------ */

static const struct {
	const char *schema;
	struct error *(*read)(struct trust *t, struct form_reader *r,
			      const struct yaml_value *root);
} kinds[] = {
	{ "suture-trust-key/1", read_key },
	{ "suture-revocations/1", read_revocations },
	{ "suture-policy/1", read_policy },
};

struct error *trust_file_read(struct trust *t, const char *path, const char *text, size_t n)
{
	struct form_reader r = { .path = path, .arena = &t->arena };
	const struct yaml_value *root = NULL, *schema;

	TRY_CONTEXT(yaml_parse(text, n, &t->arena, &root), "%s", path);
	TRY(form_need(&r, root, YAML_MAP));
	schema = yaml_member(root, "schema");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (schema && schema->kind == YAML_TEXT && str_equal(schema->text, kinds[i].schema))
			return kinds[i].read(t, &r, root);
	return error_advise(form_wrong(&r, root, "its schema is not known"),
			    "schemas: suture-trust-key/1, suture-revocations/1, suture-policy/1; "
			    "files whose names end otherwise than in .yaml are not read");
}
