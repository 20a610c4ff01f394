// SPDX-License-Identifier: GPL-2.0-or-later
/* The device, whose words are in suture_guard.h. */
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/uaccess.h>

#include "guard.h"

static long arm(void __user *at)
{
	struct suture_guard_arm a;
	struct suture_guard_of of = { .size = sizeof(of) };
	int err;

	if (copy_from_user(&a, at, sizeof(a)))
		return -EFAULT;
	err = guard_arm(&a);
	if (err || !copy_to_user(at, &a, sizeof(a)))
		return err;
	/* Who does not know which guard it is should not have one. */
	of.id = a.id;
	memcpy(of.name, a.name, sizeof(of.name));
	guard_disarm(&of);
	return -EFAULT;
}

static long call_of(void __user *at, int (*call)(const struct suture_guard_of *of))
{
	struct suture_guard_of of;

	return copy_from_user(&of, at, sizeof(of)) ? -EFAULT : call(&of);
}

static long status(void __user *at)
{
	struct suture_guard_status s;
	int err;

	if (copy_from_user(&s, at, sizeof(s)))
		return -EFAULT;
	err = guard_status(&s);
	if (err)
		return err;
	return copy_to_user(at, &s, sizeof(s)) ? -EFAULT : 0;
}

static long device_ioctl(struct file *file, unsigned int request, unsigned long arg)
{
	void __user *at = (void __user *)arg;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	switch (request) {
	case SUTURE_GUARD_IOC_ARM:
		return arm(at);
	case SUTURE_GUARD_IOC_CONFIRM:
		return call_of(at, guard_confirm);
	case SUTURE_GUARD_IOC_DISARM:
		return call_of(at, guard_disarm);
	case SUTURE_GUARD_IOC_STATUS:
		return status(at);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = SUTURE_GUARD_DEVICE,
	.fops = &device_fops,
	.mode = 0600,
};

static int __init guard_init(void)
{
	int err;

	guard_table_init();
	err = guard_watch_init();
	if (err)
		return err;
	err = guard_signals_init();
	if (err)
		goto no_signals;
	err = register_module_notifier(&guard_module_notifier);
	if (err)
		goto no_notifier;
	err = misc_register(&device);
	if (!err)
		return 0;
	unregister_module_notifier(&guard_module_notifier);
no_notifier:
	guard_signals_exit();
no_signals:
	guard_watch_exit();
	return err;
}

/* Called only when no guard is armed, and none takes a patch back. */
static void __exit guard_exit(void)
{
	misc_deregister(&device);
	unregister_module_notifier(&guard_module_notifier);
	guard_signals_exit();
	guard_watch_exit();
	guard_table_exit();
}

module_init(guard_init);
module_exit(guard_exit);
MODULE_DESCRIPTION("takes livepatches back: no confirmation in time, an oops, a warning, a stall");
MODULE_LICENSE("GPL");
