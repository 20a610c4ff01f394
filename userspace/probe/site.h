/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ftrace site of an x86-64 function: five bytes behind an optional ENDBR64, or what is left
 * of one, that are a nop, or a call while someone hooks the function (arch/x86/kernel/ftrace.c).
 * Pure.
 */
#ifndef SUTURE_PROBE_SITE_H
#define SUTURE_PROBE_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum site_kind {
	SITE_NONE, /* no such site: the function cannot be redirected */
	SITE_NOP,  /* nobody hooks it */
	SITE_CALL, /* leads to 'destination' */
	/*
	 * So does this: a BPF trampoline that is the only hook (FTRACE_OPS_FL_JMP, 6.19), or the
	 * code of a function that has no site. ftrace knows.
	 */
	SITE_JUMPED,
	SITE_BEING_WRITTEN, /* a breakpoint while the kernel changes it: look again */
};

/* The bytes that are needed. */
#define SITE_BYTES 16

struct site {
	enum site_kind kind;
	unsigned int offset; /* of the site in the function: 0, or 4 behind ENDBR64 */
	unsigned int behind; /* offset of the first instruction behind it */
	uint64_t destination;
};

/* Decode the first n bytes of a function at 'address'. */
struct site site_decode(const uint8_t *bytes, size_t n, uint64_t address);

#endif
