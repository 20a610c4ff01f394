// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/header.h"

#include "hotpatch/call.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "hotpatch/timing.h"

static const char magic[8] = "SUTUREH2";

uint64_t header_size(size_t sites)
{
	return sizeof(struct header_fixed) + sites * sizeof(struct header_site);
}

uint64_t header_state_at(void)
{
	return offsetof(struct header_fixed, state);
}

uint64_t header_flag_at(void)
{
	return offsetof(struct header_fixed, flag);
}

void header_free(struct header *h)
{
	free(h->sites);
	h->sites = NULL;
}

static struct error *sum_of(const uint8_t *p, size_t n, uint8_t sum[32])
{
	size_t from = offsetof(struct header_fixed, state);
	uint8_t *copy __free = malloc(n);
	struct digest d;

	if (!copy)
		return error_nomem();
	memcpy(copy, p, n);
	memset(copy + from, 0, 2 * sizeof(uint64_t)); /* the flag is next to it */
	TRY(digest_bytes(copy + from, n - from, &d));
	memcpy(sum, d.bytes, sizeof(d.bytes));
	return NULL;
}

struct error *header_encode(const struct header *h, uint8_t *out)
{
	size_t n = header_size(h->fixed.n);
	struct header_fixed f = h->fixed;

	memcpy(f.magic, magic, sizeof(magic));
	f.size = n;
	memcpy(out, &f, sizeof(f));
	if (f.n)
		memcpy(out + sizeof(f), h->sites, f.n * sizeof(*h->sites));
	return sum_of(out, n, out + offsetof(struct header_fixed, sum));
}

bool header_is(const uint8_t *p, size_t n)
{
	return n >= sizeof(magic) && !memcmp(p, magic, sizeof(magic));
}

static struct error *check_fixed(const struct header_fixed *f, size_t n, uint64_t base)
{
	if (f->n > HEADER_SITES || f->size != header_size(f->n) || f->size > n)
		return error_failed("its size is wrong");
	if (f->base != base || f->end <= base || f->code_start < base + f->size ||
	    f->code_end < f->code_start || f->end < f->code_end ||
	    (f->code_start | f->code_end | f->end) & (PAGE_BYTES - 1))
		return error_failed("its mapping is wrong");
	if ((f->call_code || f->call_data) &&
	    (f->call_code < f->code_start || f->code_end - f->call_code < CALL_CODE ||
	     f->call_code > f->code_end || f->call_data < f->code_end || f->call_data > f->end ||
	     f->end - f->call_data < CALL_DATA))
		return error_failed("its place for calls is wrong");
	if (f->frames && (!f->call_code || f->frames < f->base || f->frames >= f->code_start))
		return error_failed("its unwind table is wrong");
	for (int i = 0; i < HEADER_HOOKS; i++)
		if (f->hooks[i] &&
		    (!f->call_code || f->hooks[i] < f->code_start || f->hooks[i] >= f->code_end))
			return error_failed("its hooks are wrong");
	if (f->stubs < f->code_start || f->stubs > f->code_end ||
	    f->code_end - f->stubs < (uint64_t)f->n * COUNT_STUB || f->cells < f->code_end ||
	    f->cells > f->end || f->end - f->cells < (uint64_t)f->n * COUNT_CELL ||
	    f->cells % COUNT_CELL)
		return error_failed("its place for counting is wrong");
	if ((f->timed || f->timing_data) &&
	    (f->timed < f->code_start || f->timed > f->code_end ||
	     f->code_end - f->timed < timing_code_size(f->n) || f->timing_data < f->code_end ||
	     f->timing_data > f->end || f->end - f->timing_data < timing_data_size(f->n) ||
	     f->timing_data % 8))
		return error_failed("its place for timing is wrong");
	if (f->state < HEADER_PREPARED || f->state > HEADER_MEASURING)
		return error_failed("its state is unknown");
	if (!f->build_id_n || f->build_id_n > BUILD_ID_MOST ||
	    memchr(f->fix, 0, HEADER_FIX) == NULL)
		return error_failed("its names are wrong");
	return NULL;
}

static struct error *check_site(const struct header_fixed *f, const struct header_site *s)
{
	uint64_t to;
	bool jumps = !(s->flags & HEADER_RESTORES);

	if (jumps && (!site_destination(s->after, s->address, &to) || to != s->fresh))
		return error_failed("a jump does not lead to its own code");
	if (s->fresh < f->code_start || s->fresh >= f->code_end ||
	    s->fresh_size > f->code_end - s->fresh)
		return error_failed("new code is not in its own code");
	if (s->gate && (s->gate < f->code_start || s->gate >= f->code_end))
		return error_failed("a gate is not in its own code");
	if (s->address < s->old || s->address - s->old > 16 || s->old_size > (1ull << 31))
		return error_failed("a jump is in no function");
	return NULL;
}

static struct error *decode(const uint8_t *p, size_t n, uint64_t base, struct header *h)
{
	uint8_t sum[32];

	if (n < sizeof(h->fixed) || !header_is(p, n))
		return error_failed("it is no header");
	memcpy(&h->fixed, p, sizeof(h->fixed));
	TRY(check_fixed(&h->fixed, n, base));
	TRY(sum_of(p, h->fixed.size, sum));
	if (memcmp(sum, h->fixed.sum, sizeof(sum)))
		return error_failed("its sum is wrong");
	h->sites = calloc(h->fixed.n + 1, sizeof(*h->sites));
	if (!h->sites)
		return error_nomem();
	memcpy(h->sites, p + sizeof(h->fixed), h->fixed.n * sizeof(*h->sites));
	for (uint32_t i = 0; i < h->fixed.n; i++)
		TRY(check_site(&h->fixed, &h->sites[i]));
	return NULL;
}

struct error *header_decode(const uint8_t *p, size_t n, uint64_t base, struct header *out)
{
	struct header h __cleanup_header = { 0 };

	TRY(decode(p, n, base, &h));
	*out = h;
	h.sites = NULL;
	return NULL;
}
