// SPDX-License-Identifier: GPL-2.0-or-later
/* The folders in debugfs; testbed.h says what is in them. */
#include <linux/debugfs.h>
#include <linux/module.h>

#include "testbed.h"

static struct testbed_fault *const faults[] = {
	&testbed_wrong_result, &testbed_wrong_errno, &testbed_uncalled,	  &testbed_oops,
	&testbed_warn,	       &testbed_loop,	     &testbed_hang,	  &testbed_sleep_locked,
	&testbed_leak,	       &testbed_slow,	     &testbed_static_key, &testbed_per_cpu,
	&testbed_tracepoint,   &testbed_parked,	     &testbed_namesake_a, &testbed_namesake_b,
	&testbed_cold,
};

static struct dentry *folder;

long testbed_call(struct testbed_fault *f, long n)
{
	long result = f->call(n);

	atomic_inc(&f->calls);
	WRITE_ONCE(f->n, n);
	WRITE_ONCE(f->result, result);
	return result;
}

static int call_set(void *data, u64 n)
{
	long result = testbed_call(data, (long)n);

	return result < 0 ? (int)result : 0;
}

static int call_get(void *data, u64 *result)
{
	const struct testbed_fault *f = data;

	*result = (u64)READ_ONCE(f->result);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(call_fops, call_get, call_set, "%lld\n");

static int knob_set(void *data, u64 value)
{
	struct testbed_fault *f = data;

	if (value > U32_MAX)
		return -ERANGE;
	WRITE_ONCE(f->fault, (u32)value);
	if (f == &testbed_static_key)
		testbed_switch(value);
	return 0;
}

static int knob_get(void *data, u64 *value)
{
	*value = testbed_knob((struct testbed_fault *)data);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(knob_fops, knob_get, knob_set, "%llu\n");

static void add(struct testbed_fault *f)
{
	struct dentry *dir = debugfs_create_dir(f->name, folder);

	debugfs_create_file("fault", 0600, dir, f, &knob_fops);
	debugfs_create_file("call", 0600, dir, f, &call_fops);
	debugfs_create_u32("rate", 0600, dir, &f->rate);
	debugfs_create_atomic_t("calls", 0400, dir, &f->calls);
}

static int __init testbed_begin(void)
{
	int err = testbed_parked_start();
	size_t i;

	if (err)
		return err;
	err = testbed_rate_start(faults, ARRAY_SIZE(faults));
	if (err) {
		testbed_parked_stop();
		return err;
	}
	folder = debugfs_create_dir("suture_testbed", NULL);
	for (i = 0; i < ARRAY_SIZE(faults); i++)
		add(faults[i]);
	return 0;
}

static void __exit testbed_end(void)
{
	debugfs_remove(folder);
	testbed_rate_stop();
	testbed_parked_stop();
}

module_init(testbed_begin);
module_exit(testbed_end);
MODULE_DESCRIPTION("known faults, for tests of suture");
MODULE_LICENSE("GPL");
