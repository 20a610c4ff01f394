// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/host_proof.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "livepatch/live.h"

struct list {
	VEC(struct proof_function) v;
	size_t absent; /* functions of modules that are not loaded */
};

static void list_free(struct list *l)
{
	vec_free(&l->v);
}

static struct error *list_present(const struct bundle_payload *p, struct list *out)
{
	vec_for_each(&p->functions, f) {
		if (!str_equal(f->object, "vmlinux") && !live_module_present(f->object)) {
			out->absent++;
			continue;
		}
		TRY(vec_push(&out->v, (struct proof_function){ .object = f->object,
							       .name = f->name,
							       .sympos = f->sympos,
							       .patch = p->module }));
	}
	return NULL;
}

struct error *host_proof_begin(const struct bundle_payload *p, struct host_proof *out)
{
	struct list l __cleanup(list_free) = { 0 };
	struct error *closed __cleanup_error = NULL;

	*out = (struct host_proof){ 0 };
	TRY(list_present(p, &l));
	if (!l.v.n)
		return NULL;
	closed = proof_attach(l.v.v, l.v.n, &out->probes);
	if (closed)
		out->uncounted = strdup(error_message(closed));
	return NULL;
}

static struct error *count(const struct list *l, struct host_proof *out)
{
	TRY(proof_attach(l->v.v, l->v.n, &out->probes));
	TRY(proof_attach_new(out->probes));
	return proof_mark(out->probes);
}

struct error *host_proof_watch(const struct bundle_payload *p, bool count_calls,
			       struct host_proof *out)
{
	struct list l __cleanup(list_free) = { 0 };
	struct error *closed __cleanup_error = NULL;

	*out = (struct host_proof){ 0 };
	TRY(list_present(p, &l));
	out->present = l.v.n;
	if (!l.v.n)
		return NULL;
	closed = count_calls ? count(&l, out) : NULL;
	if (count_calls && !closed)
		return NULL;
	proof_detach(&out->probes);
	out->uncounted = strdup(closed ? error_message(closed) : "not asked for");
	return proof_look(l.v.v, l.v.n, &out->probes);
}

bool host_proof_is_stale(const struct host_proof *p, const struct bundle_payload *payload)
{
	size_t present = 0;

	vec_for_each(&payload->functions, f)
		present += str_equal(f->object, "vmlinux") || live_module_present(f->object);
	return present != p->present;
}

struct error *host_proof_mark(struct host_proof *p)
{
	struct error *closed __cleanup_error = NULL;

	if (!p->probes)
		return NULL;
	closed = proof_attach_new(p->probes);
	if (!closed)
		return proof_mark(p->probes);
	p->uncounted = strdup(error_message(closed));
	proof_detach(&p->probes);
	return NULL;
}

void host_proof_end(struct host_proof *p)
{
	proof_detach(&p->probes);
	free_pointer(&p->uncounted);
}

/* How bad a state is: the worst of all functions stands for the patch. */
static int badness(enum proof_state s)
{
	static const int badness[] = { [PROOF_EXERCISED] = 0,
				       [PROOF_IN_PLACE] = 1,
				       [PROOF_NOT_PATCHED] = 2,
				       [PROOF_LOST] = 3 };

	return badness[s];
}

static void add(struct host_verdict *v, const struct proof_function *f,
		const struct proof_result *r)
{
	bool worse = !v->functions || badness(r->state) > badness(v->state);

	v->functions++;
	v->exercised += r->state == PROOF_EXERCISED;
	v->new_calls += r->count.new_entry;
	v->old_calls += r->count.old_body;
	v->missed += r->count.missed;
	if (worse)
		v->state = r->state;
	if (r->direct && !v->direct[0])
		snprintf(v->direct, sizeof(v->direct), "%s", f->name);
	if (r->trouble && (worse || !v->trouble[0]))
		snprintf(v->trouble, sizeof(v->trouble), "%s: %s", f->name, r->trouble);
}

static struct error *read_all(struct proof *p, struct host_verdict *v, struct json *j)
{
	for (size_t i = 0; i < proof_size(p); i++) {
		struct proof_result r;

		TRY(proof_read(p, i, &r));
		add(v, proof_function_at(p, i), &r);
		if (j)
			proof_json(proof_function_at(p, i), &r, j);
	}
	return NULL;
}

static struct error *read_probes(struct proof *p, size_t absent, struct host_verdict *out,
				 struct strbuf *text)
{
	struct json j = text ? json_begin_compact(text) : (struct json){ 0 };
	struct error *e;

	*out = (struct host_verdict){ .state = PROOF_NOT_PATCHED, .absent = absent };
	if (text)
		json_array(&j, NULL);
	e = p ? read_all(p, out, text ? &j : NULL) : NULL;
	if (text) {
		struct error *full;

		json_end(&j);
		full = json_finish(&j);
		if (!e)
			e = take(full);
		error_free(&full);
	}
	return e;
}

struct error *host_proof_look(const struct bundle_payload *payload, struct host_verdict *out,
			      struct strbuf *json)
{
	struct list l __cleanup(list_free) = { 0 };
	struct proof *p __cleanup_proof = NULL;

	TRY(list_present(payload, &l));
	if (l.v.n)
		TRY(proof_look(l.v.v, l.v.n, &p));
	return read_probes(p, l.absent, out, json);
}

struct error *host_proof_read(const struct host_proof *p, const struct bundle_payload *payload,
			      struct host_verdict *out, struct strbuf *json)
{
	struct list l __cleanup(list_free) = { 0 };

	if (!p->probes)
		return host_proof_look(payload, out, json);
	TRY(list_present(payload, &l));
	return read_probes(p->probes, l.absent, out, json);
}

struct error *host_verdict_print(const struct host_verdict *v, struct strbuf *out)
{
	if (!v->functions)
		return strbuf_puts(out, "waits for a module: nothing of it can run yet");
	TRY(strbuf_printf(out, "%s (%zu function%s", proof_state_name(v->state), v->functions,
			  v->functions == 1 ? "" : "s"));
	if (v->absent)
		TRY(strbuf_printf(out, ", %zu wait for a module", v->absent));
	if (v->new_calls || v->old_calls)
		TRY(strbuf_printf(out, "; new %llu, old %llu calls",
				  (unsigned long long)v->new_calls,
				  (unsigned long long)v->old_calls));
	TRY(strbuf_puts(out, ")"));
	return v->trouble[0] ? strbuf_printf(out, ": %s", v->trouble) : NULL;
}
