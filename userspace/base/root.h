/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another root for a child: the programs of a system that is unpacked in a folder, with folders
 * of ours at the same place as here, so that a path means the same inside and outside.
 *
 *	DIR/root/{usr,etc}	seen as /usr and /etc, read-only; /bin, /lib, /lib64 and
 *					/sbin are links into /usr
 *	DIR/enter			an empty folder, where the child puts it together
 *
 * All of it is the child's own (mount_namespaces(7)): the mounts go with it, however it ends.
 * /proc and /dev are the host's, /tmp is empty, and no network can be reached. Without
 * privilege the child makes a user namespace in which it keeps its own id. It is no wall
 * against hostile programs.
 */
#ifndef SUTURE_BASE_ROOT_H
#define SUTURE_BASE_ROOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct root_bind {
	const char *path; /* absolute, a folder here; the same there */
	bool writable;
};

struct root {
	const char *dir;
	const struct root_bind *binds; /* one below another comes after it */
	size_t n;
};

/* Where a program is looked for inside. */
#define ROOT_PATH "/usr/sbin:/usr/bin:/sbin:/bin"

/*
 * For a child that has one thread and will exec: enter the root. Returns 0, or an errno with
 * *step saying what failed; the child must then exit.
 */
int root_enter(const struct root *r, const char **step);

/* That a child could enter a root: an error with advice where the system forbids it. */
struct error *root_check(void) __must_check;

#endif
