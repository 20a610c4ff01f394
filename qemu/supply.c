// SPDX-License-Identifier: GPL-2.0-or-later
/* What a test needs of the host, once the guest runs: programs, folders, modules. */
#include "base/file.h"
#include "qemu/modules.h"
#include "qemu/payload.h"
#include "qemu/talk.h"

#define MODULES_AT "/suture/ko"
#define LOAD_TIMEOUT 120.0

static struct error *unpack(struct vm *vm, struct cpio *c, const char *doing)
{
	TRY(cpio_end(c));
	TRY_CONTEXT(vm_usable(vm), "%s", doing);
	return vm_unpack(vm, doing, "/", c->bytes.s, c->bytes.n);
}

/* Its file is in the guest. Whether it is loaded only the guest knows: others may unload it. */
static bool is_there(const struct vm *vm, const char *path)
{
	vec_for_each(&vm->supplied, it)
		if (str_equal(*it, path))
			return true;
	return false;
}

static struct error *load_one(struct vm *vm, const char *path)
{
	char *at __free = str_printf(MODULES_AT "/%s", path);
	char *copy __free = strdup(path);
	double deadline = vm_deadline(vm, LOAD_TIMEOUT);
	char *doing __free = str_printf("loading module %s", path);
	struct frame f;

	if (!at || !copy || !doing)
		return error_nomem();
	channel_begin(&vm->channel);
	TRY(vm_tell(vm, doing, deadline, FRAME_LOAD, at, strlen(at)));
	do {
		TRY_CONTEXT(vm_hear(vm, doing, deadline, &f), "loading a module");
	} while (f.type != FRAME_EXIT);
	if (!is_there(vm, path)) {
		TRY(vec_push(&vm->supplied, copy));
		copy = NULL;
	}
	return NULL;
}

static struct error *put_modules(struct vm *vm, const struct module_list *list)
{
	struct cpio c __cleanup_cpio = { 0 };

	vec_for_each(&list->paths, it) {
		char *from __free = str_printf("%s/%s", vm->modules, *it);
		char *to __free = str_printf(MODULES_AT "/%s", *it);

		if (!from || !to)
			return error_nomem();
		if (!is_there(vm, *it))
			TRY(payload_copy(&c, from, to));
	}
	return c.entries ? unpack(vm, &c, "copying modules") : NULL;
}

static struct error *load(struct vm *vm, const char *const *names)
{
	struct strbuf dep __cleanup_strbuf = { 0 };
	struct module_list list __cleanup_modules = { 0 };
	char *dep_path __free = NULL;

	if (!vm->modules)
		return error_usage("modules to load, but no modules folder given");
	dep_path = str_printf("%s/modules.dep", vm->modules);
	if (!dep_path)
		return error_nomem();
	TRY(file_read(dep_path, &dep));
	for (const char *const *name = names; *name; name++)
		TRY_CONTEXT(modules_order(strbuf_str(&dep), *name, &list), "%s", vm->modules);
	TRY(put_modules(vm, &list));
	vec_for_each(&list.paths, it)
		TRY(load_one(vm, *it));
	return NULL;
}

struct error *vm_load(struct vm *vm, const char *module)
{
	return load(vm, (const char *const[]){ module, NULL });
}

struct error *vm_share(struct vm *vm, const char *dir, const char *at)
{
	struct cpio c __cleanup_cpio = { 0 };
	char *doing __free = str_printf("copying %s to %s in the guest", dir, at);

	if (!doing)
		return error_nomem();
	if (*at != '/')
		return error_usage("%s: a folder in the guest is named from its root", at);
	TRY_CONTEXT(payload_tree(&c, dir, at), "%s", doing);
	return unpack(vm, &c, doing);
}

struct error *vm_supply(struct vm *vm, const struct vm_options *opt)
{
	struct cpio c __cleanup_cpio = { 0 };

	for (const char *const *f = opt->files; f && *f; f++)
		TRY(payload_file(&c, *f));
	if (c.entries)
		TRY(unpack(vm, &c, "copying files into the guest"));
	return opt->load && *opt->load ? load(vm, opt->load) : NULL;
}
