// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kernels before 6.3 do not undo the livepatch relocations of a module that is unloaded
 * while it is patched. When it comes again they find fields that are not zero, and refuse to
 * load it. Later kernels undo them (clear_relocate_add()), but not those of a module that a
 * pre_patch callback did not let in. So that is done here: linked in where the patch has such
 * relocations.
 *
 * Called when the module goes, behind its exit function, and once it is no longer redirected, or
 * when it is not let in: nothing runs the code that is written to.
 */
#include <linux/livepatch.h>
#include <linux/memory.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <asm/text-patching.h>
#ifndef SUTURE_PAYLOAD_RECORDS_H
#include "records.h"
#endif

extern const struct suture_late_record suture_late[];
extern const struct suture_patch_record suture_patch;

void suture_forget(struct klp_object *object);

void suture_forget(struct klp_object *object)
{
	static const u8 zeroes[8];
	const struct suture_late_record *r = suture_late;
	size_t i;

	/* Alive: the patch is taken back, and never comes again in this module. */
	if (!object->mod || object->mod->state == MODULE_STATE_LIVE)
		return;
	mutex_lock(&text_mutex);
	for (i = 0; i < suture_patch.n_late; i++, r++)
		if (!strcmp((const char *)(unsigned long)r->object, object->name))
			text_poke((void *)(unsigned long)r->place, zeroes, r->size);
	mutex_unlock(&text_mutex);
}
