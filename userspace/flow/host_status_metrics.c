// SPDX-License-Identifier: GPL-2.0-or-later
/* The status for a monitor: with the names that sutured's metrics have, for hosts without it. */
#include "base/exposition.h"
#include "flow/host_state.h"
#include "flow/patch_metrics.h"

struct rows {
	VEC(struct patch_metrics) v;
};

static void rows_free(struct rows *r)
{
	vec_free(&r->v);
}

/* Livepatches that are not suture's have neither proof nor verdict here. */
static struct error *list(const struct host_status *s, struct rows *out)
{
	int64_t now = host_time_of(host_uptime());

	vec_for_each(&s->patches, p)
		if (p->ours)
			TRY(vec_push(
				&out->v,
				(struct patch_metrics){
					.name = p->name,
					.of_processes = p->of_processes,
					.known = p->of_processes ? p->read_back : p->proof_known,
					.proof = p->proof.state,
					.processes = p->processes,
					.confirmed = p->confirmed,
					.deadline = p->left > 0 ? now + (int64_t)p->left : 0,
					.verdict = p->verdict }));
	return NULL;
}

struct error *host_status_metrics(const struct host_status *s, struct strbuf *out)
{
	struct rows rows __cleanup(rows_free) = { 0 };
	size_t live = 0;

	TRY(list(s, &rows));
	vec_for_each(&s->patches, p)
		live += p->live;
	TRY(exposition_family(out, "suture_patches_live", "gauge",
			      "Patches that are live, also those that are not suture's."));
	TRY(exposition_sample(out, "suture_patches_live", live, NULL));
	return patch_metrics_print(rows.v.v, rows.v.n, out);
}
