// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runtime constants: values that the kernel writes into the instructions of its own image once
 * it has booted (asm/runtime-const.h), as the highest user address is. Nothing does that in a
 * module: code of a patch would go on with the placeholder. So before the patch is enabled,
 * while nobody can run its code, each such instruction gets the value that the kernel's own
 * instructions have now. They must agree; what is not as expected makes the patch not load.
 *
 * Linked in only where a patch has such instructions.
 */
#include <linux/memory.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <asm/text-patching.h>
#ifndef SUTURE_PAYLOAD_RECORDS_H
#include "records.h"
#endif

extern const struct suture_constant_record suture_constants[];
extern const struct suture_patch_record suture_patch;

int suture_fill_constants(void);

static u64 suture_read(const void *place, u64 size)
{
	u64 value = 0;

	memcpy(&value, place, size);
	return value;
}

/*
 * What the kernel's own code has. A place is passed over if its instruction does not begin as
 * it did in the image: somebody's probe lies over it.
 */
static int suture_live_value(const struct suture_constant_record *r, u64 *value)
{
	bool known = false;
	size_t i;

	for (i = 0; i < SUTURE_CONSTANT_SOURCES; i++) {
		const u8 *place = (const u8 *)(unsigned long)r->sources[i].place;
		u64 found;

		if (!place || suture_read(place - SUTURE_CONSTANT_LEAD, SUTURE_CONSTANT_LEAD) !=
				      r->sources[i].lead)
			continue;
		found = suture_read(place, r->size);
		if (known && found != *value)
			return -EINVAL;
		*value = found;
		known = true;
	}
	if (!known)
		return -EBUSY;
	return r->never && *value == r->placeholder ? -ENODATA : 0;
}

static int suture_fill_constant(const struct suture_constant_record *r)
{
	void *place = (void *)(unsigned long)r->place;
	u64 value = 0;
	int err = suture_live_value(r, &value);

	if (!err && suture_read(place, r->size) != r->placeholder)
		err = -EINVAL;
	if (err) {
		pr_err("no value for a runtime constant at %pS: %d\n", place, err);
		return err;
	}
	mutex_lock(&text_mutex);
	text_poke(place, &value, r->size);
	mutex_unlock(&text_mutex);
	return suture_read(place, r->size) == value ? 0 : -EIO;
}

int suture_fill_constants(void)
{
	int err = 0;
	u64 i;

	for (i = 0; !err && i < suture_patch.n_constants; i++)
		err = suture_fill_constant(&suture_constants[i]);
	return err;
}
