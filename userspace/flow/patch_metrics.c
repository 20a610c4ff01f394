// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/patch_metrics.h"

#include "base/cleanup.h"
#include "base/exposition.h"
#include "judge/judge.h"

/* 1 for the state that the proof has, 0 for the others: so a query never meets a gap. */
static struct error *proofs(const struct patch_metrics *v, size_t n, struct strbuf *out)
{
	static const char name[] = "suture_patch_proof";
	static const enum proof_state states[] = { PROOF_EXERCISED, PROOF_IN_PLACE, PROOF_LOST,
						   PROOF_NOT_PATCHED };

	TRY(exposition_family(out, name, "gauge",
			      "Whether the proof that the patch is in effect is in this state."));
	for (size_t i = 0; i < n; i++) {
		if (v[i].of_processes)
			continue;
		for (size_t s = 0; s < ARRAY_SIZE(states); s++)
			TRY(exposition_sample(out, name, v[i].known && v[i].proof == states[s],
					      "patch", v[i].name, "state",
					      proof_state_name(states[s]), NULL));
		TRY(exposition_sample(out, name, !v[i].known, "patch", v[i].name, "state",
				      "unknown", NULL));
	}
	return NULL;
}

static struct error *confirmed(const struct patch_metrics *v, size_t n, struct strbuf *out)
{
	static const char name[] = "suture_patch_confirmed";

	TRY(exposition_family(out, name, "gauge",
			      "Whether the patch is confirmed, and applied again at boot."));
	for (size_t i = 0; i < n; i++)
		if (!v[i].of_processes)
			TRY(exposition_sample(out, name, v[i].confirmed, "patch", v[i].name, NULL));
	return NULL;
}

/* A time, not what is left: who reads it later need not know when it was written. */
static struct error *deadlines(const struct patch_metrics *v, size_t n, struct strbuf *out)
{
	static const char name[] = "suture_patch_deadline_timestamp_seconds";

	TRY(exposition_family(out, name, "gauge",
			      "When the patch is taken back unless it is confirmed by then."));
	for (size_t i = 0; i < n; i++)
		if (v[i].deadline > 0)
			TRY(exposition_sample(out, name, (uint64_t)v[i].deadline, "patch",
					      v[i].name, NULL));
	return NULL;
}

static struct error *verdicts(const struct patch_metrics *v, size_t n, struct strbuf *out)
{
	static const char name[] = "suture_patch_verdict";

	TRY(exposition_family(out, name, "gauge",
			      "Whether this is the verdict on the apply that is live."));
	for (size_t i = 0; i < n; i++) {
		for (int w = JUDGE_HEALTHY; w <= JUDGE_FAILED; w++) {
			const char *word = judge_word_name((enum judge_word)w);

			TRY(exposition_sample(out, name,
					      v[i].verdict && str_equal(v[i].verdict, word),
					      "patch", v[i].name, "word", word, NULL));
		}
		TRY(exposition_sample(out, name, !v[i].verdict, "patch", v[i].name, "word", "none",
				      NULL));
	}
	return NULL;
}

static struct error *in_processes(const struct patch_metrics *v, size_t n, struct strbuf *out)
{
	static const char name[] = "suture_patch_processes";

	TRY(exposition_family(
		out, name, "gauge",
		"Processes that have the patched file mapped, by what they have of the patch."));
	for (size_t k = 0; k < n; k++) {
		const struct process_counts *c = &v[k].processes;
		const struct {
			const char *state;
			size_t n;
		} rows[] = { { "in place", c->have },
			     { "partial", c->partial },
			     { "lost", c->lost },
			     { "without", c->all - c->have - c->partial - c->lost } };

		if (!v[k].of_processes || !v[k].known)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
			TRY(exposition_sample(out, name, rows[i].n, "patch", v[k].name, "state",
					      rows[i].state, NULL));
	}
	return NULL;
}

struct error *patch_metrics_print(const struct patch_metrics *v, size_t n, struct strbuf *out)
{
	TRY(proofs(v, n, out));
	TRY(confirmed(v, n, out));
	TRY(deadlines(v, n, out));
	TRY(verdicts(v, n, out));
	return in_processes(v, n, out);
}
