// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/vermagic.h"

#include <libkmod.h>

static struct error *from_module(struct kmod_module *m, struct strbuf *out)
{
	struct kmod_list *info = NULL, *it;
	struct error *e = NULL;

	if (!kmod_module_get_path(m) || kmod_module_get_info(m, &info) < 0)
		return NULL;
	kmod_list_foreach(it, info) if (!e && !out->n &&
					str_equal(kmod_module_info_get_key(it), "vermagic")) e =
		strbuf_puts(out, kmod_module_info_get_value(it));
	kmod_module_info_free_list(info);
	return e;
}

struct error *vermagic_running(struct strbuf *out)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);
	struct kmod_list *loaded = NULL, *it;
	struct error *e = NULL;

	if (!ctx)
		return error_nomem();
	kmod_set_log_priority(ctx, 0);
	if (kmod_module_new_from_loaded(ctx, &loaded) >= 0)
		kmod_list_foreach(it, loaded)
		{
			struct kmod_module *m = kmod_module_get_module(it);

			if (!e && !out->n)
				e = from_module(m, out);
			kmod_module_unref(m);
		}
	kmod_module_unref_list(loaded);
	kmod_unref(ctx);
	return e;
}
