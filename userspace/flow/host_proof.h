/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The proof for a whole payload on this host: one state of the worst of its functions, of those
 * whose object is loaded.
 */
#ifndef SUTURE_FLOW_HOST_PROOF_H
#define SUTURE_FLOW_HOST_PROOF_H

#include "base/arena.h"
#include "bundle/bundle.h"
#include "flow/prober.h"
#include "probe/proof.h"

struct host_proof {
	struct proof *probes;  /* NULL: nothing is attached, or the prober has it */
	struct prober *prober; /* a process that has them attached; or NULL */
	const char *uncounted; /* why nothing could be attached; or NULL */
	size_t present;	       /* functions whose object was there, of those that it is about */
};

/*
 * Attach to the old functions, before the patch is loaded; in a process of its own, which is given
 * up where the kernel does not come back from it. What can't be attached is no error, but that it
 * does not come back is (ERROR_PENDING): then a module would not be loaded, either.
 */
struct error *host_proof_begin(const struct bundle_payload *p, struct host_proof *out) __must_check;
/* The patch is through: count from here. */
struct error *host_proof_mark(struct host_proof *p) __must_check;
/* What it comes to; with 'json' the evidence, an array of suture-verify/1 objects. */
struct error *host_proof_read(const struct host_proof *p, const struct bundle_payload *payload,
			      struct host_verdict *out, struct strbuf *json) __must_check;
void host_proof_end(struct host_proof *p);
#define __cleanup_host_proof __cleanup(host_proof_end)

/*
 * Of a patch that is live already, to be read again and again: with 'count' its calls are counted
 * from here on, where that is possible, else .uncounted says why.
 */
struct error *host_proof_watch(const struct bundle_payload *p, bool count,
			       struct host_proof *out) __must_check;
/* Modules came or went since: begin anew. */
bool host_proof_is_stale(const struct host_proof *p, const struct bundle_payload *payload);

/* The structure alone, without attaching anything. */
struct error *host_proof_look(const struct bundle_payload *payload, struct host_verdict *out,
			      struct strbuf *json) __must_check;

/* "in place: 3 of 3 functions, 120 calls, the old code not once" */
struct error *host_verdict_print(const struct host_verdict *v, struct strbuf *out) __must_check;

#endif
