// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who is about to run code of one of these files? Asked where the kernel maps a file to be
 * executed: a program at its exec, a library at the start or at dlopen. Who does is stopped
 * (SIGSTOP) before it comes back to user space, so none of that code has run, and is noted.
 *
 * Nobody is stopped whom nobody would let go again: only while the heart of the reader beats.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <linux/ptrace.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define PROT_EXEC 4
#define SIGSTOP 19
#define FILES_MOST 1024
#define HELD_MOST 8192

/* The fields that are used; where they are is filled in from the running kernel's types. */
struct super_block {
	unsigned int s_dev;
} __attribute__((preserve_access_index));
struct inode {
	unsigned long i_ino;
	struct super_block *i_sb;
} __attribute__((preserve_access_index));
struct file {
	struct inode *f_inode;
} __attribute__((preserve_access_index));
struct task_struct {
	unsigned int ptrace;
	__u64 start_boottime;
	struct task_struct *group_leader;
} __attribute__((preserve_access_index));

struct newcomer_file {
	__u64 inode, device;
};

struct newcomer_held {
	__u64 start;	/* of the process, ns since boot */
	__u64 since;	/* it was stopped, CLOCK_MONOTONIC in ns */
	__u64 released; /* it was let go; 0: not yet */
};

struct newcomer_news {
	__u64 start;
	__u32 pid, tid;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct newcomer_file);
	__type(value, __u32);
	__uint(max_entries, FILES_MOST);
} files SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, struct newcomer_held);
	__uint(max_entries, HELD_MOST);
} held SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} news SEC(".maps");

/* A heart that did not beat for so long does not beat any more. */
const volatile __u64 beat_most = 5000000000;

__u64 heartbeat;     /* CLOCK_MONOTONIC in ns; 0: stop nobody */
__u32 self;	     /* the reader, who is never stopped */
__u32 learning;	     /* he maps a file to learn what the kernel calls it */
__u64 learned_inode; /* it is called so */
__u64 learned_device;
__u64 stopped, passed; /* how many; passed: they should have been, and were not */

static __always_inline int stop(__u32 pid, __u32 tid)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct newcomer_held now = { .since = bpf_ktime_get_ns() };
	struct newcomer_held *before = bpf_map_lookup_elem(&held, &pid);
	struct newcomer_news *n;

	now.start = BPF_CORE_READ(task, group_leader, start_boottime);
	if (before && before->start == now.start && !before->released)
		return 0;
	/* Its tracer would see a signal that nobody sent; or it is in our own hands just now. */
	if (BPF_CORE_READ(task, ptrace))
		return -1;
	n = bpf_ringbuf_reserve(&news, sizeof(*n), 0);
	if (!n)
		return -1;
	/* Noted first: whom nobody knows, nobody lets go. */
	if (bpf_map_update_elem(&held, &pid, &now, BPF_ANY) || bpf_send_signal(SIGSTOP)) {
		bpf_map_delete_elem(&held, &pid);
		bpf_ringbuf_discard(n, 0);
		return -1;
	}
	n->start = now.start;
	n->pid = pid;
	n->tid = tid;
	bpf_ringbuf_submit(n, 0);
	return 0;
}

SEC("kprobe/security_mmap_file")
int BPF_KPROBE(map_file, struct file *file, unsigned long prot)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct newcomer_file key = { 0 };

	if (!file || !(prot & PROT_EXEC))
		return 0;
	key.inode = BPF_CORE_READ(file, f_inode, i_ino);
	key.device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	if (id >> 32 == self) {
		if (learning) {
			learned_inode = key.inode;
			learned_device = key.device;
		}
		learning = 0;
		return 0;
	}
	if (!bpf_map_lookup_elem(&files, &key))
		return 0;
	if (bpf_ktime_get_ns() - heartbeat > beat_most || stop(id >> 32, (__u32)id))
		__sync_fetch_and_add(&passed, 1);
	else
		__sync_fetch_and_add(&stopped, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
