// SPDX-License-Identifier: GPL-2.0-or-later
/* /proc/wound says how often it was read, and the sum of that. */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "seen_by_m.h"
#include "seen_by_pwd.h"
#include "wound.h"

MODULE_INFO(seen_itself, __FILE__);

static struct wound_count count;
static DEFINE_MUTEX(lock);

unsigned long wound_sum(void)
{
	return count.sum;
}
EXPORT_SYMBOL_GPL(wound_sum);

static int wound_show(struct seq_file *m, void *v)
{
	mutex_lock(&lock);
	wound_add(&count, count.reads + 1);
	seq_printf(m, "%lu %lu %lu\n", count.reads, count.sum, wound_mean(&count));
	mutex_unlock(&lock);
	return 0;
}

static int __init wound_init(void)
{
	return proc_create_single("wound", 0444, NULL, wound_show) ? 0 : -ENOMEM;
}
module_init(wound_init);

static void __exit wound_exit(void)
{
	remove_proc_entry("wound", NULL);
}
module_exit(wound_exit);

MODULE_DESCRIPTION("Modules outside of a kernel's tree, to be patched by a test");
MODULE_LICENSE("GPL");
