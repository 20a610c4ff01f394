// SPDX-License-Identifier: GPL-2.0-or-later
/* /proc/scar says what /proc/wound's readers were told, all together. */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "wound.h"

static int scar_show(struct seq_file *m, void *v)
{
	char *rest;

	/* With a BUG_ON() in a header of the kernel's. */
	if (!seq_get_buf(m, &rest))
		return -ENOMEM;
	seq_printf(m, "sum %lu\n", wound_sum() * 2); /* the fault: it should not be doubled */
	return 0;
}

static int __init scar_init(void)
{
	return proc_create_single("scar", 0444, NULL, scar_show) ? 0 : -ENOMEM;
}
module_init(scar_init);

static void __exit scar_exit(void)
{
	remove_proc_entry("scar", NULL);
}
module_exit(scar_exit);

MODULE_DESCRIPTION("A module in a subfolder, to be patched by a test");
MODULE_LICENSE("GPL");
