// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/payload_returns.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "dwarf/returned.h"
#include "probe/latency_class.h"

static enum latency_return class_of(const struct returned *r)
{
	switch (r->kind) {
	case RETURNED_INTEGER:
		return latency_class_integer(r->size, r->is_signed);
	case RETURNED_POINTER:
		return LATENCY_RETURN_POINTER;
	case RETURNED_UNKNOWN:
		break;
	}
	return LATENCY_RETURN_NONE;
}

static struct error *read_types(const struct bundle_payload *p, struct watch_function *f, size_t n)
{
	struct object *o __cleanup_object = NULL;
	struct debug *d __cleanup_debug = NULL;

	TRY(object_parse("debug information", strbuf_str(p->debug.content), p->debug.content->n,
			 &o));
	TRY(debug_open(o, &d));
	for (size_t i = 0; i < n; i++) {
		struct returned r = returned_by(d, f[i].name);

		f[i].returned = class_of(&r);
	}
	return NULL;
}

struct error *payload_returns(const struct bundle_payload *p, struct watch_function *f, size_t n)
{
	struct error *e __cleanup_error = p->debug.content ? read_types(p, f, n) : NULL;

	if (!e)
		return NULL;
	if (error_code(e) == ENOMEM)
		return take(e);
	log_warn("what its functions return is not known: %s", error_message(e));
	return NULL;
}
