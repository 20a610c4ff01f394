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
#include <linux/jump_label.h>
#include <linux/module.h>
#include <linux/livepatch.h>
#include <linux/slab.h>
#include <linux/vermagic.h>
#ifndef SUTURE_PAYLOAD_RECORDS_H
#include "records.h"
#endif

#ifdef CONFIG_JUMP_LABEL
/* What the linker writes in the place of a branch on a module's static key (key_test.h). */
_Static_assert(offsetof(struct static_key, enabled) == 0 && sizeof(atomic_t) == 4,
	       "a test of the first 4 bytes of a static key is a test of whether it is on");
#endif

extern const struct suture_patch_record suture_patch;
extern const struct suture_object_record suture_targets[];
extern const struct suture_func_record suture_funcs[];
extern const struct suture_callbacks_record suture_sets[];
extern const struct suture_state_record suture_states[];

/*
 * The kernel links what these point to into its lists. They live until the module's exit,
 * which the kernel calls only when the patch is disabled and nothing refers to them.
 */
static struct klp_func *suture_functions;
static struct klp_object *suture_objects;
static struct klp_state *suture_klp_states; /* the last two entries are zeroes */
struct klp_patch suture_klp_patch;	    /* suture/patch.h */

/* Whoever loads the module may say otherwise than who built it. */
static int replace = -1;
module_param(replace, int, 0444);
MODULE_PARM_DESC(replace,
		 "1: take the place of all other livepatches; 0: do not (as it was built)");

/* --- callbacks ------------------------------------------------------------------ */

static void suture_call(unsigned long callback, struct klp_object *object)
{
	if (callback)
		((void (*)(struct klp_object *))callback)(object);
}

/* Which object it is, and the first of its sets. */
static const struct suture_object_record *suture_target(const struct klp_object *object,
							const struct suture_callbacks_record **sets)
{
	size_t i, n = object - suture_objects;

	*sets = suture_sets;
	for (i = 0; i < n; i++)
		*sets += suture_targets[i].n_sets;
	return &suture_targets[n];
}

static const struct suture_at_load *suture_at_load(const struct suture_object_record *target)
{
	return target->at_load ? (void *)(unsigned long)suture_patch.at_load : NULL;
}

/* Of the first n sets, the last first. */
static void suture_undo(struct klp_object *object, const struct suture_callbacks_record *sets,
			size_t n)
{
	while (n--)
		suture_call(sets[n].post_unpatch, object);
}

static int suture_do(struct klp_object *object, const struct suture_callbacks_record *sets,
		     size_t n)
{
	size_t i;
	int err;

	for (i = 0; i < n; i++) {
		if (!sets[i].pre_patch)
			continue;
		err = ((int (*)(struct klp_object *))(unsigned long)sets[i].pre_patch)(object);
		if (err) {
			suture_undo(object, sets, i);
			return err;
		}
	}
	return 0;
}

/* The kernel's own relocations for an object that it does not take stay for us to undo. */
static int suture_pre_patch(struct klp_object *object)
{
	const struct suture_callbacks_record *sets;
	const struct suture_object_record *target = suture_target(object, &sets);
	const struct suture_at_load *at_load = suture_at_load(target);
	int err = at_load ? at_load->take(&suture_klp_patch, object) : 0;

	if (!err) {
		err = suture_do(object, sets, target->n_sets);
		if (err && at_load)
			at_load->let_go(object);
	}
	if (err)
		suture_call(suture_patch.forget, object);
	return err;
}

static void suture_post_patch(struct klp_object *object)
{
	const struct suture_callbacks_record *sets;
	const struct suture_object_record *target = suture_target(object, &sets);
	size_t i;

	for (i = 0; i < target->n_sets; i++)
		suture_call(sets[i].post_patch, object);
}

static void suture_pre_unpatch(struct klp_object *object)
{
	const struct suture_callbacks_record *sets;
	size_t n = suture_target(object, &sets)->n_sets;

	while (n--)
		suture_call(sets[n].pre_unpatch, object);
}

static void suture_post_unpatch(struct klp_object *object)
{
	const struct suture_callbacks_record *sets;
	const struct suture_object_record *target = suture_target(object, &sets);
	const struct suture_at_load *at_load = suture_at_load(target);

	suture_undo(object, sets, target->n_sets);
	if (at_load)
		at_load->let_go(object);
	if (!suture_patch.clears)
		suture_call(suture_patch.forget, object);
}

/* --- the kernel's structures ------------------------------------------------------ */

static void suture_release(void)
{
	kfree(suture_klp_states);
	kfree(suture_objects);
	kfree(suture_functions);
}

/* Each array ends with an entry of zeroes: one for each object, one for the objects. */
static int __init suture_allocate(void)
{
	size_t objects = suture_patch.n_objects;

	suture_functions =
		kcalloc(suture_patch.n_funcs + objects, sizeof(*suture_functions), GFP_KERNEL);
	suture_objects = kcalloc(objects + 1, sizeof(*suture_objects), GFP_KERNEL);
	suture_klp_states =
		kcalloc(suture_patch.n_states + 2, sizeof(*suture_klp_states), GFP_KERNEL);
	return suture_functions && suture_objects && suture_klp_states ? 0 : -ENOMEM;
}

static void __init suture_fill_objects(void)
{
	const struct suture_func_record *from = suture_funcs;
	struct klp_func *func = suture_functions;
	size_t i, k;

	for (i = 0; i < suture_patch.n_objects; i++) {
		struct klp_object *object = &suture_objects[i];

		object->name = (const char *)(unsigned long)suture_targets[i].name;
		object->funcs = func;
		object->callbacks.pre_patch = suture_pre_patch;
		object->callbacks.post_patch = suture_post_patch;
		object->callbacks.pre_unpatch = suture_pre_unpatch;
		object->callbacks.post_unpatch = suture_post_unpatch;
		for (k = 0; k < suture_targets[i].n_funcs; k++, from++, func++) {
			func->old_name = (const char *)(unsigned long)from->old_name;
			func->old_sympos = from->sympos;
			func->new_func = (void *)(unsigned long)from->new_function;
		}
		func++;
	}
}

static void __init suture_fill(void)
{
	size_t i;

	suture_fill_objects();
	for (i = 0; i < suture_patch.n_states; i++) {
		suture_klp_states[i].id = suture_states[i].id;
		suture_klp_states[i].version = suture_states[i].version;
	}
	suture_klp_patch.mod = THIS_MODULE;
	suture_klp_patch.objs = suture_objects;
	suture_klp_patch.states = suture_klp_states;
	suture_klp_patch.replace = replace < 0 ? suture_patch.replace : replace;
}

static int __init suture_payload_init(void)
{
	const struct suture_at_load *at_load = (void *)(unsigned long)suture_patch.at_load;
	int err = suture_allocate();

	if (!err && suture_patch.fill_constants)
		err = ((int (*)(void))(unsigned long)suture_patch.fill_constants)();
	if (!err) {
		suture_fill();
		err = klp_enable_patch(&suture_klp_patch);
	}
	if (err)
		suture_release();
	else if (at_load)
		at_load->begin(&suture_klp_patch, &suture_klp_states[suture_patch.n_states]);
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

/* Tells debuggers which form the unwind tables have. */
#if defined(CONFIG_UNWINDER_ORC) && __has_include(<asm/orc_header.h>)
#include <asm/orc_header.h>
ORC_HEADER;
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
