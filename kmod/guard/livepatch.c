// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What livepatch offers to no module is in the hands of root through sysfs. The same functions are
 * called here, but no file is opened, no path is looked up, and nothing is allocated: at the time
 * when it counts, only livepatch itself must still work.
 *
 * Knowledge: kernel/livepatch/core.c of 6.1, 6.12 and 7.2. enabled_store() takes klp_mutex and
 * answers EINVAL for a patch that is disabled, so it may be called as long as struct klp_patch is
 * there: that is memory of its module. sysfs keeps the object in a folder's node, the attribute in
 * a file's (fs/sysfs/dir.c, file.c).
 */
#include <linux/kernfs.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sysfs.h>

#include "guard.h"

#define PATCHED 1 /* task_struct.patch_state; its name differs between kernels */

/* With a reference; NULL: there is none of this name, or it goes. */
struct module *guard_module_get(const char *name)
{
	struct kobject *kobj = kset_find_obj(THIS_MODULE->mkobj.kobj.kset, name);
	struct module *module = NULL;

	if (!kobj)
		return NULL;
	/* Code that is built in has an object as well, and no module. */
	module = container_of(kobj, struct module_kobject, kobj)->mod;
	if (module && (module->state != MODULE_STATE_LIVE || !try_module_get(module)))
		module = NULL;
	kobject_put(kobj);
	return module;
}

static struct attribute *find_attribute(struct kernfs_node *folder, const char *name)
{
	struct kernfs_node *node = kernfs_find_and_get(folder, name);
	struct attribute *attribute = NULL;

	if (node && kernfs_type(node) == KERNFS_FILE)
		attribute = node->priv;
	kernfs_put(node);
	return attribute;
}

static int find_in(struct kernfs_node *folder, struct module *module, struct guard_patch *out)
{
	struct kobject *kobj = folder->priv;
	struct guard_patch p = {
		.klp = container_of(kobj, struct klp_patch, kobj),
		.enabled = find_attribute(folder, "enabled"),
		.transition = find_attribute(folder, "transition"),
		.force = find_attribute(folder, "force"),
	};

	if (!p.enabled || !p.transition || !p.force || p.klp->mod != module)
		return -ENODEV;
	*out = p;
	return 0;
}

/* The caller has a reference to the module. */
int guard_patch_find(struct module *module, struct guard_patch *out)
{
	struct kernfs_node *all = kernfs_find_and_get(kernel_kobj->sd, "livepatch");
	struct kernfs_node *folder = all ? kernfs_find_and_get(all, module->name) : NULL;
	int err = -ENODEV;

	if (folder && kernfs_type(folder) == KERNFS_DIR)
		err = find_in(folder, module, out);
	kernfs_put(folder);
	kernfs_put(all);
	return err;
}

bool guard_patch_enabled(const struct guard_patch *p)
{
	return READ_ONCE(p->klp->enabled);
}

bool guard_patch_in_transition(const struct guard_patch *p, char *page)
{
	struct kobject *kobj = &p->klp->kobj;

	return kobj->ktype->sysfs_ops->show(kobj, p->transition, page) > 0 && page[0] == '1';
}

static int write(const struct guard_patch *p, struct attribute *attribute, const char *text)
{
	struct kobject *kobj = &p->klp->kobj;
	ssize_t n = kobj->ktype->sysfs_ops->store(kobj, attribute, text, 1);

	return n < 0 ? (int)n : 0;
}

int guard_patch_disable(const struct guard_patch *p)
{
	return write(p, p->enabled, "0");
}

int guard_patch_force(const struct guard_patch *p)
{
	return write(p, p->force, "1");
}

void guard_patch_pinned(const struct guard *g, struct guard_pinned *out)
{
	struct guard_pinned found = { 0 };
	struct task_struct *p, *t;

	rcu_read_lock();
	for_each_process_thread(p, t)
	{
		unsigned long where;

		if (READ_ONCE(t->patch_state) != PATCHED)
			continue;
		/* Rather one of which it is known what it does. */
		where = found.where ? 0 : guard_stack_find(t, NULL, g->module);
		if (!found.n++ || where) {
			found.pid = task_pid_nr(t);
			found.where = where;
			strscpy(found.comm, t->comm, sizeof(found.comm));
		}
	}
	rcu_read_unlock();
	*out = found;
}
