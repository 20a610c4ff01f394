/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a process ends that is not our child: by a pidfd that is held (PIDFD_GET_INFO with
 * PIDFD_INFO_EXIT, Linux 6.15). An older kernel tells only that it has ended.
 *
 * Knowledge: include/uapi/linux/pidfd.h.
 */
#ifndef SUTURE_PROBE_PROCESS_END_H
#define SUTURE_PROBE_PROCESS_END_H

#include <stdbool.h>
#include <sys/types.h>

enum process_end {
	PROCESS_LIVES,
	PROCESS_ENDED,	 /* by itself, or by a signal that somebody sent to end it */
	PROCESS_CRASHED, /* by a signal that a fault in its code raises */
	PROCESS_GONE,	 /* how is not known */
};

/* A pidfd; -1 if it has ended, or the kernel has none. */
int process_end_open(pid_t pid);
/* '*how': the signal or the status, of the first two that are not PROCESS_LIVES. */
enum process_end process_end_read(int pidfd, int *how);

/* --- pure ---------------------------------------------------------------------------- */

/* What wait(2) has as a status. */
enum process_end process_end_of(int status, int *how);

#endif
