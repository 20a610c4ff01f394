/* SPDX-License-Identifier: GPL-2.0-or-later WITH Linux-syscall-note */
/*
 * /dev/suture_guard: a dead man's switch for livepatches. Armed before a patch is loaded, it takes
 * the patch back from inside of the kernel unless somebody confirms it in time, and at once when
 * something goes wrong in or below its functions. docs/GUARD.md says what it can't do.
 *
 *	ARM		from now on the patch of this name is guarded, whether it is there already
 *or comes later
 *	CONFIRM		the patch may stay: no deadline any more, and no guard, unless asked to stay
 *	DISARM		the guard goes; the patch is what it is. A patch that was taken back is not
 *			let in again before that, or before it is armed anew
 *	STATUS		one guard, by index; ENOENT behind the last one
 *
 * Each is for CAP_SYS_ADMIN, in the first user namespace. What is reserved must be 0 and is read as
 * 0; flags that are not known are refused (EINVAL), so that nobody believes in a watch that is not
 * kept. Names end with a 0. 'size' is that of the whole structure, and is checked.
 *
 *	EPERM		not allowed
 *	EINVAL		a field that makes no sense
 *	EEXIST		ARM: the patch has a guard on duty
 *	ENOSPC		ARM: SUTURE_GUARD_MOST guards are there
 *	ENOENT		CONFIRM, DISARM, STATUS: no such guard
 *	ESTALE		CONFIRM, DISARM: the guard of this patch is another one than 'id'
 *	ETIME		CONFIRM: too late, the patch is being taken back, or was
 *	ENODEV		CONFIRM: the patch is not there, or somebody else disabled it
 */
#ifndef SUTURE_GUARD_H
#define SUTURE_GUARD_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define SUTURE_GUARD_DEVICE "suture_guard"
#define SUTURE_GUARD_VERSION 1
#define SUTURE_GUARD_NAME 64  /* bytes, with the 0 */
#define SUTURE_GUARD_WHERE 96 /* bytes, with the 0 */
#define SUTURE_GUARD_COMM 16
#define SUTURE_GUARD_MOST 32

/* What takes the patch back beside the deadline. "Its code" is the patch's, or what it called. */
#define SUTURE_GUARD_ON_OOPS (1U << 0)	   /* an oops in its code */
#define SUTURE_GUARD_ON_WARN (1U << 1)	   /* a warning, or a report of KASAN or KFENCE, in it */
#define SUTURE_GUARD_ON_STALL (1U << 2)	   /* a task does not come out of it: stall_ms */
#define SUTURE_GUARD_ON_ANY_OOPS (1U << 3) /* an oops anywhere */
#define SUTURE_GUARD_ON_ANY_HANG (1U << 4) /* the kernel's hung-task or soft-lockup signal */
/* How it does its duty. */
#define SUTURE_GUARD_STAY (1U << 8)  /* confirmed, it goes on watching, without a deadline */
#define SUTURE_GUARD_FORCE (1U << 9) /* may force the way back after force_ms: the last resort */

#define SUTURE_GUARD_FLAGS                                                         \
	(SUTURE_GUARD_ON_OOPS | SUTURE_GUARD_ON_WARN | SUTURE_GUARD_ON_STALL |     \
	 SUTURE_GUARD_ON_ANY_OOPS | SUTURE_GUARD_ON_ANY_HANG | SUTURE_GUARD_STAY | \
	 SUTURE_GUARD_FORCE)

/* Times are in milliseconds of a clock that stands still while the machine sleeps. */
#define SUTURE_GUARD_LEAST_MS 100
#define SUTURE_GUARD_MOST_MS (7U * 24 * 3600 * 1000)

enum suture_guard_state {
	SUTURE_GUARD_WAITING = 1, /* armed; the patch is not there yet */
	SUTURE_GUARD_ON_DUTY,	  /* armed; it is there */
	SUTURE_GUARD_REVERTING,	  /* it is being taken back; pinned_* say who is in the way */
	SUTURE_GUARD_REVERTED,	  /* it was; not a task is left in it */
	SUTURE_GUARD_GONE,	  /* somebody else disabled or removed it */
};

enum suture_guard_reason {
	SUTURE_GUARD_NO_REASON,
	SUTURE_GUARD_DEADLINE,
	SUTURE_GUARD_OOPS,
	SUTURE_GUARD_WARN,
	SUTURE_GUARD_STALL,
	SUTURE_GUARD_HANG,
};

struct suture_guard_arm {
	__u32 size;
	__u32 version; /* SUTURE_GUARD_VERSION */
	char name[SUTURE_GUARD_NAME];
	__u32 flags;
	__u32 deadline_ms;
	__u32 stall_ms; /* with ON_STALL; else 0 */
	__u32 force_ms; /* with FORCE; else 0 */
	__u64 id;	/* out: of this guard, never 0, never twice */
	__u64 reserved[4];
};

/* CONFIRM and DISARM */
struct suture_guard_of {
	__u32 size;
	__u32 reserved0;
	char name[SUTURE_GUARD_NAME];
	__u64 id; /* 0: whichever it is */
	__u64 reserved[4];
};

struct suture_guard_status {
	__u32 size;
	__u32 index; /* in: 0, 1, ... */
	__u64 id;
	char name[SUTURE_GUARD_NAME];
	__u32 state;  /* enum suture_guard_state */
	__u32 reason; /* enum suture_guard_reason: what took it back */
	__u32 flags;
	__u32 deadline_ms; /* that is left; 0: none */
	__u64 armed_ms;	   /* since it was armed */
	__u64 fired_ms;	   /* since 'reason' */
	__u64 took_ms;	   /* from 'reason' until the last task was out */
	/* What 'reason' was: a task, and a place in its code ("function+0x12/0x40 [module]"). */
	__s32 pid; /* of the thread; 0: none */
	char comm[SUTURE_GUARD_COMM];
	char where[SUTURE_GUARD_WHERE];
	/* The way back: how often livepatch was asked for it, and its last error. */
	__u32 attempts;
	__u32 error;
	__u32 forced;
	/* While it is reverting: tasks that still have the new code, and one of them. */
	__u32 pinned;
	__s32 pinned_pid;
	char pinned_comm[SUTURE_GUARD_COMM];
	char pinned_where[SUTURE_GUARD_WHERE]; /* "": it runs, or its stack can't be read */
	__u32 asking; /* 1: the call that takes it back has not returned: livepatch's lock is held
		       */
	__u32 reserved0;
	__u64 reserved[4];
};

#define SUTURE_GUARD_IOC 0xb7
#define SUTURE_GUARD_IOC_ARM _IOWR(SUTURE_GUARD_IOC, 1, struct suture_guard_arm)
#define SUTURE_GUARD_IOC_CONFIRM _IOW(SUTURE_GUARD_IOC, 2, struct suture_guard_of)
#define SUTURE_GUARD_IOC_DISARM _IOW(SUTURE_GUARD_IOC, 3, struct suture_guard_of)
#define SUTURE_GUARD_IOC_STATUS _IOWR(SUTURE_GUARD_IOC, 4, struct suture_guard_status)

#endif
