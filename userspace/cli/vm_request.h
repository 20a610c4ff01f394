/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What "suture vm" is asked for, and where it finds the kernel. */
#ifndef SUTURE_CLI_VM_REQUEST_H
#define SUTURE_CLI_VM_REQUEST_H

#include <getopt.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/vec.h"
#include "qemu/vm.h"

struct vm_request {
	struct vm_options vm;
	VEC(const char *) files, shares, get, load;
	bool shell; /* else run */
	double timeout;
	char **command;
	int words;
	/* What the options point to. */
	char *kernel, *modules, *vmlinux, *append, *crash, *port;
};

extern const struct option vm_options[];

struct error *vm_request_parse(int argc, char **argv, struct vm_request *r) __must_check;
/*
 * From the name of the kernel to its files: a target's, or, for a distro kernel that is no
 * target, the image as the archive has it; or a file.
 */
struct error *vm_request_kernel(struct vm_request *r) __must_check;
/*
 * Where what is left of a guest goes that is not to be kept otherwise: a new folder in the cache,
 * in which the newest few stay.
 */
struct error *vm_request_crash(struct vm_request *r) __must_check;
void vm_request_free(struct vm_request *r);

#endif
