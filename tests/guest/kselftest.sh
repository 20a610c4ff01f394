# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# In the guest: the kernel's selftests as they were installed, by their own runner. What they
# expect of a system that the guest's has not is laid out first.
#
#	kselftest.sh [run_kselftest.sh's options]
mkdir -p /kselftest "/lib/modules/$(uname -r)/build" /bin
tar -C /kselftest -xf /kselftest.tar
ln -sf /usr/bin/bash /bin/bash
ln -sf /usr/bin/dash /bin/sh
ln -sf /usr/bin/stat /bin/stat
for name in depmod insmod lsmod modinfo modprobe rmmod; do ln -sf /usr/bin/kmod "/usr/sbin/$name"; done
ln -sf /proc/self/fd /dev/fd
ln -sf /proc/self/fd/1 /dev/stdout
ln -sf /proc/self/fd/2 /dev/stderr
export PATH=/usr/sbin:/usr/bin:/bin
cd /kselftest || exit 1
# A pipe can be opened by its name, as the runner opens its standard output.
./run_kselftest.sh "$@" 2>&1 | cat
dmesg | grep -E 'WARNING:|BUG:|Oops|general protection' >/kselftest/trouble
exit 0
