// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Modules that must be loaded after the patch: their data changes, or the layout of what they
 * keep in memory. Linked in only where the patch has one.
 *
 *  - Such a module is let in only while the patch is whole: enabled, and no livepatch in
 *    transition, so that all tasks run its new code from the first call on. livepatch asks
 *    before the module's parameters and init function; nothing of it has run. If the module is
 *    there before the patch, it is the patch that is not let in. Nor is a module that another
 *    livepatch patches as well, which was built for the old layout.
 *  - Data is written then; first all of it is compared with what it must be. What the payload
 *    itself has for the module begins anew, too.
 *  - While the module lives, the patch stays: writing to "enabled" is refused, and so is a
 *    livepatch that would replace this one, by a state that it can't know
 *    (Documentation/livepatch/system-state.rst).
 *
 * Knowledge: kernel/livepatch/core.c of 6.1, 6.12 and 7.2: klp_mutex is held where callbacks are
 * called, where compatibility is asked for, and in enabled_store(). fs/sysfs/file.c takes the
 * functions of an attribute from the kobject's type at each call.
 */
#include <linux/kobject.h>
#include <linux/livepatch.h>
#include <linux/memory.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <asm/text-patching.h>
#ifndef SUTURE_PAYLOAD_RECORDS_H
#include "records.h"
#endif

#define SUTURE_STATE_ID 0x7375747572656c64UL

extern const struct suture_written_record suture_written[];
extern const struct suture_patch_record suture_patch;
/* kernel/livepatch/, under klp_mutex */
extern struct klp_patch *klp_transition_patch;
extern struct list_head klp_patches;

extern const struct suture_at_load suture_at_load_calls;

/* Held around a write to "enabled", and while a module is let in. Outside of klp_mutex. */
static DEFINE_MUTEX(suture_gate);
static unsigned int suture_living;     /* modules; changes under klp_mutex */
static struct klp_state *suture_state; /* NULL: the patch is not kept yet */

/* --- the patch stays -------------------------------------------------------------- */

static struct kobj_type suture_type;
static struct sysfs_ops suture_ops;
static const struct sysfs_ops *suture_old_ops;

static ssize_t suture_store(struct kobject *kobj, struct attribute *attr, const char *text,
			    size_t n)
{
	ssize_t result = -EBUSY;

	if (strcmp(attr->name, "enabled"))
		return suture_old_ops->store(kobj, attr, text, n);
	mutex_lock(&suture_gate);
	if (READ_ONCE(suture_living))
		pr_err("%s stays: a module was loaded under it that can't run without; unload that first\n",
		       kobject_name(kobj));
	else
		result = suture_old_ops->store(kobj, attr, text, n);
	mutex_unlock(&suture_gate);
	return result;
}

static void suture_begin(struct klp_patch *patch, struct klp_state *state)
{
	suture_old_ops = patch->kobj.ktype->sysfs_ops;
	suture_ops = *suture_old_ops;
	suture_ops.store = suture_store;
	suture_type = *patch->kobj.ktype;
	suture_type.sysfs_ops = &suture_ops;
	patch->kobj.ktype = &suture_type;
	smp_store_release(&suture_state, state);
}

/* --- data ------------------------------------------------------------------------- */

static bool suture_is_expected(const struct suture_written_record *r)
{
	const u8 *place = (const u8 *)(unsigned long)r->place;
	const u8 *expected = (const u8 *)(unsigned long)r->expected;
	const u8 *known = (const u8 *)(unsigned long)r->known;
	u64 i;

	for (i = 0; i < r->size; i++)
		if ((place[i] ^ expected[i]) & known[i])
			return false;
	return true;
}

/* As text is written: also where nothing else may write. In pieces, which it can do at once. */
static bool suture_write(const struct suture_written_record *r)
{
	const u8 *contents = (const u8 *)(unsigned long)r->contents;
	u8 *place = (u8 *)(unsigned long)r->place;
	u64 i, n;

	mutex_lock(&text_mutex);
	for (i = 0; i < r->size; i += n) {
		n = min_t(u64, r->size - i, 256);
		text_poke(place + i, contents + i, n);
	}
	mutex_unlock(&text_mutex);
	return !memcmp(place, contents, r->size);
}

static bool suture_is_of(const struct suture_written_record *r, const struct klp_object *object)
{
	return !strcmp((const char *)(unsigned long)r->object, object->name);
}

static int suture_write_data(const struct klp_patch *patch, const struct klp_object *object)
{
	const struct suture_written_record *r, *end = suture_written + suture_patch.n_written;

	for (r = suture_written; r < end; r++)
		if (suture_is_of(r, object) && !suture_is_expected(r)) {
			pr_err("%s: %pS is not what this was built for\n", patch->mod->name,
			       (void *)(unsigned long)r->place);
			return -ENOEXEC;
		}
	for (r = suture_written; r < end; r++)
		if (suture_is_of(r, object) && !suture_write(r))
			return -EIO;
	return 0;
}

/* --- letting in ------------------------------------------------------------------- */

/* What others patch in the module was built for it as it was. */
static int suture_others(const struct klp_patch *patch, const struct klp_object *object)
{
	const struct klp_patch *other;
	const struct klp_object *o;

	list_for_each_entry(other, &klp_patches, list)
	{
		if (other == patch)
			continue;
		list_for_each_entry(o, &other->obj_list, node)
		{
			if (!o->name || strcmp(o->name, object->name))
				continue;
			pr_err("%s: %s can't be loaded while %s patches it, too\n",
			       patch->mod->name, object->name, other->mod->name);
			return -EBUSY;
		}
	}
	return 0;
}

static int suture_let_in(struct klp_patch *patch, struct klp_object *object)
{
	int err;

	if (!patch->enabled || klp_transition_patch || !smp_load_acquire(&suture_state)) {
		pr_err("%s: %s can't be loaded while a livepatch is in transition: load it again when that is over\n",
		       patch->mod->name, object->name);
		return -EBUSY;
	}
	err = suture_others(patch, object);
	if (!err)
		err = suture_write_data(patch, object);
	if (err)
		return err;
	WRITE_ONCE(suture_living, suture_living + 1);
	suture_state->id = SUTURE_STATE_ID;
	return 0;
}

static int suture_take(struct klp_patch *patch, struct klp_object *object)
{
	int err = -EBUSY;

	if (object->mod->state != MODULE_STATE_COMING || (!patch->enabled && !suture_state)) {
		pr_err("%s: %s is loaded, and this takes hold only when it is loaded later: unload it first\n",
		       patch->mod->name, object->name);
		return -EBUSY;
	}
	/* Somebody writes to "enabled", and waits for the mutex that is held here. */
	if (!mutex_trylock(&suture_gate)) {
		pr_err("%s: %s can't be loaded while somebody disables this: load it again\n",
		       patch->mod->name, object->name);
		return -EBUSY;
	}
	err = suture_let_in(patch, object);
	mutex_unlock(&suture_gate);
	return err;
}

static void suture_let_go(struct klp_object *object)
{
	WRITE_ONCE(suture_living, suture_living - 1);
	if (!suture_living)
		suture_state->id = 0;
}

const struct suture_at_load suture_at_load_calls = {
	.begin = suture_begin,
	.take = suture_take,
	.let_go = suture_let_go,
};
