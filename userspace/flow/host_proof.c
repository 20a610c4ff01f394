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
	closed = prober_start(l.v.v, l.v.n, true, &out->prober);
	if (closed && error_kind(closed) == ERROR_PENDING)
		return take(closed);
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

	if (!p->prober)
		return NULL;
	closed = prober_mark(p->prober);
	if (!closed)
		return NULL;
	p->uncounted = strdup(error_message(closed));
	prober_end(&p->prober);
	return NULL;
}

void host_proof_end(struct host_proof *p)
{
	prober_end(&p->prober);
	proof_detach(&p->probes);
	free_pointer(&p->uncounted);
}

struct error *host_proof_look(const struct bundle_payload *payload, struct host_verdict *out,
			      struct strbuf *json)
{
	struct list l __cleanup(list_free) = { 0 };
	struct prober *p __cleanup_prober = NULL;

	TRY(list_present(payload, &l));
	if (l.v.n)
		TRY(prober_start(l.v.v, l.v.n, false, &p));
	TRY(p ? prober_read(p, out, json) : prober_sum(NULL, out, json));
	out->absent = l.absent;
	return NULL;
}

struct error *host_proof_read(const struct host_proof *p, const struct bundle_payload *payload,
			      struct host_verdict *out, struct strbuf *json)
{
	struct list l __cleanup(list_free) = { 0 };

	if (!p->probes && !p->prober)
		return host_proof_look(payload, out, json);
	TRY(list_present(payload, &l));
	TRY(p->prober ? prober_read(p->prober, out, json) : prober_sum(p->probes, out, json));
	out->absent = l.absent;
	return NULL;
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
