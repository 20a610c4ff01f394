// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/latency_btf.h"

#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "probe/latency_class.h"

enum latency_return latency_btf_return(const struct btf *btf, unsigned int type)
{
	int id = btf__resolve_type(btf, type);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (unsigned int)id) : NULL;

	/* Type 0 is void. */
	if (!t)
		return LATENCY_RETURN_NONE;
	if (btf_is_ptr(t))
		return LATENCY_RETURN_POINTER;
	if (btf_is_any_enum(t) && t->size == 4)
		return LATENCY_RETURN_INT;
	if (!btf_is_int(t))
		return LATENCY_RETURN_NONE;
	return latency_class_integer(t->size, btf_int_encoding(t) & BTF_INT_SIGNED);
}

static void look(const struct btf *btf, const char *name, struct latency_facts *out)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);
	const struct btf_type *function, *prototype;

	if (id <= 0)
		return;
	function = btf__type_by_id(btf, (unsigned int)id);
	prototype = btf__type_by_id(btf, function->type);
	if (!prototype || !btf_is_func_proto(prototype))
		return;
	out->has_btf = true;
	out->returned = latency_btf_return(btf, prototype->type);
}

struct error *latency_btf_facts(struct btf *vmlinux, const char *object, const char *name,
				struct latency_facts *out)
{
	struct btf *module;

	out->has_btf = false;
	out->returned = LATENCY_RETURN_NONE;
	if (!vmlinux)
		return NULL;
	if (str_equal(object, "vmlinux")) {
		look(vmlinux, name, out);
		return NULL;
	}
	module = btf__load_module_btf(object, vmlinux);
	if (!module)
		return errno == ENOMEM ? error_nomem() : NULL;
	look(module, name, out);
	btf__free(module);
	return NULL;
}
