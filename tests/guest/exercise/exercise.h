/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small, harmless programs for a test VM that make the kernel run one patched function a
 * known number of times. Each is a row of a table, so that a new fix of the corpus is a
 * new row. They run as root in a guest that is thrown away afterwards.
 */
#ifndef TESTS_GUEST_EXERCISE_H
#define TESTS_GUEST_EXERCISE_H

struct exercise {
	const char *name;
	/* 0, or -1 with errno set: it could not be done. Says nothing on success. */
	int (*run)(unsigned int times);
};

/* Ends with an empty row. */
extern const struct exercise exercises_files[], exercises_memory[], exercises_sockets[],
	exercises_links[], exercises_algorithms[], exercises_devices[], exercises_images[],
	exercises_fuse[], exercises_machines[], exercises_limits[];

/* Say what failed, with errno, and return -1. */
int failed(const char *what);

#endif
