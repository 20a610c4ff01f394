// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The public face: what the target has to offer, the work (assemble.c), the file. Nothing is
 * linked after that: another "ld -r" would merge the livepatch relocations with the others.
 */
#include "livepatch/livepatch.h"

#include <stdlib.h>
#include <string.h>

#include "livepatch/assemble.h"

static struct error *check_module_name(const char *name)
{
	size_t n = strlen(name);

	if (!n || n > 55 || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != n)
		return error_usage("'%s' can't be a module's name: 1 to 55 of a-z, 0-9 and _",
				   name);
	return NULL;
}

static struct error *write_debug(const struct object *debug, const char *module_path)
{
	char *path __free = str_printf("%s.debug", module_path);

	if (!path)
		return error_nomem();
	return debug ? object_write(debug, path) : NULL;
}

struct error *livepatch_link(const struct target *t, const struct livepatch_request *request,
			     const struct livepatch_part *parts, size_t n_parts,
			     const char *out_path, struct livepatch_account **out)
{
	struct livepatch_account *account __cleanup_account = NULL;
	struct symvers symvers __cleanup_symvers = { 0 };
	struct payload payload __cleanup_payload = { 0 };
	struct object *module __cleanup_object = NULL;
	char *path __free = str_printf("%s/Module.symvers", t->tree);
	struct assemble_from from = { .symvers = &symvers,
				      .payload = &payload,
				      .modules = t->modules };

	if (!path)
		return error_nomem();
	TRY(check_module_name(request->name));
	TRY(symvers_read(path, &symvers));
	TRY(payload_open(t, &payload));
	TRY(assemble(&from, request, parts, n_parts, &module, &account));
	TRY(object_write(module, out_path));
	TRY(write_debug(account->debug, out_path));
	*out = take(account);
	return NULL;
}

void livepatch_account_free(struct livepatch_account **at)
{
	struct livepatch_account *a = *at;

	if (!a)
		return;
	vec_free(&a->functions);
	vec_free(&a->references);
	vec_free(&a->callbacks);
	object_free(&a->debug);
	vec_free(&a->states);
	vec_free(&a->at_load);
	vec_free(&a->notes);
	arena_free(&a->arena);
	free(a);
	*at = NULL;
}
