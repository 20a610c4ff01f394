// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The part of a livepatch module that is the same in all: it makes the kernel's livepatch
 * structures from the tables that suture wrote (records.h) and enables the patch. Compiled
 * once for each target, with the target's own flags for modules; works from 6.1 on.
 *
 * struct module is laid out here too, so that its size and the places in it are this
 * kernel's own. Knowledge: Documentation/livepatch/livepatch.rst, include/linux/livepatch.h,
 * and what scripts/mod/modpost.c puts into a .mod.c.
 */
#define INCLUDE_VERMAGIC
#include <linux/module.h>
#include <linux/livepatch.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vermagic.h>
#ifndef SUTURE_PAYLOAD_RECORDS_H
#include "records.h"
#endif

extern const struct suture_patch_record suture_patch;
extern const struct suture_func_record suture_funcs[];

/*
 * The kernel links what these point to into its lists. They live until the module's exit,
 * which the kernel calls only when the patch is disabled and nothing refers to them.
 */
static struct klp_func *suture_functions;
static struct klp_object *suture_objects;
static struct klp_patch suture_klp_patch;

static const char *suture_object_name(size_t i)
{
	return (const char *)(unsigned long)suture_funcs[i].object;
}

/* Does record i begin an object? */
static bool suture_begins_object(size_t i)
{
	const char *a, *b;

	if (!i)
		return true;
	a = suture_object_name(i - 1);
	b = suture_object_name(i);
	return a && b ? strcmp(a, b) : a != b;
}

static void suture_release(void)
{
	kfree(suture_objects);
	kfree(suture_functions);
}

/* Each array ends with an entry of zeroes: one for each object, one for the objects. */
static int __init suture_allocate(size_t n)
{
	size_t i, n_objects = 0;

	for (i = 0; i < n; i++)
		n_objects += suture_begins_object(i);
	suture_functions = kcalloc(n + n_objects, sizeof(*suture_functions), GFP_KERNEL);
	suture_objects = kcalloc(n_objects + 1, sizeof(*suture_objects), GFP_KERNEL);
	return suture_functions && suture_objects ? 0 : -ENOMEM;
}

static void __init suture_fill(size_t n)
{
	struct klp_func *func = suture_functions;
	struct klp_object *object = suture_objects;
	size_t i;

	for (i = 0; i < n; i++, func++) {
		if (suture_begins_object(i)) {
			if (i) {
				func++;
				object++;
			}
			object->name = suture_object_name(i);
			object->funcs = func;
			object->callbacks.post_unpatch = (void *)(unsigned long)suture_patch.forget;
		}
		func->old_name = (const char *)(unsigned long)suture_funcs[i].old_name;
		func->old_sympos = suture_funcs[i].sympos;
		func->new_func = (void *)(unsigned long)suture_funcs[i].new_function;
	}
	suture_klp_patch.mod = THIS_MODULE;
	suture_klp_patch.objs = suture_objects;
	suture_klp_patch.replace = suture_patch.replace;
}

static int __init suture_payload_init(void)
{
	int err = suture_allocate(suture_patch.n_funcs);

	if (!err) {
		suture_fill(suture_patch.n_funcs);
		err = klp_enable_patch(&suture_klp_patch);
	}
	if (err)
		suture_release();
	return err;
}

static void __exit suture_payload_exit(void)
{
	suture_release();
}

module_init(suture_payload_init);
module_exit(suture_payload_exit);

MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
MODULE_INFO(vermagic, VERMAGIC_STRING);
#if defined(CONFIG_RETPOLINE) || defined(CONFIG_MITIGATION_RETPOLINE)
MODULE_INFO(retpoline, "Y");
#endif

/* The linker writes the name. */
__visible struct module __this_module __section(".gnu.linkonce.this_module") = {
	.init = init_module,
	.exit = cleanup_module,
	.arch = MODULE_ARCH_INIT,
};

static const struct suture_layout_record layout __used __section(SUTURE_LAYOUT_SECTION) = {
	.name_offset = offsetof(struct module, name),
	.name_size = sizeof(((struct module *)0)->name),
#ifdef CONFIG_MODVERSIONS
	.version_size = sizeof(struct modversion_info),
	.version_crc_size = sizeof(((struct modversion_info *)0)->crc),
	.version_name_offset = offsetof(struct modversion_info, name),
#endif
};
