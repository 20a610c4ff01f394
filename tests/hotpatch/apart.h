/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A function that stands by itself: not inlined, not cloned, nothing of it known to its callers. */
#ifdef __clang__
#define APART __attribute__((noinline))
#else
#define APART __attribute__((noipa))
#endif
