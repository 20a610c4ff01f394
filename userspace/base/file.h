/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files and folders. Whatever writes, writes whole or not at all: into a
 * temporary name beside the target, then rename(2).
 */
#ifndef SUTURE_BASE_FILE_H
#define SUTURE_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"

/* A whole file in memory, mapped privately: the bytes may be changed, the file is not. */
struct file_map {
	uint8_t *bytes; /* NULL for an empty file */
	size_t size;
};
struct error *file_map(const char *path, struct file_map *out) __must_check;
void file_unmap(struct file_map *m);
#define __cleanup_map __cleanup(file_unmap)

/* Whether two files have the same bytes. */
struct error *file_compare(const char *a, const char *b, bool *same) __must_check;

/* Append the file's content to out. Works for files in /proc and /sys too. */
struct error *file_read(const char *path, struct strbuf *out) __must_check;
/* Create or replace the file whole; a full disk leaves the old content. */
struct error *file_write(const char *path, const void *p, size_t n, unsigned int mode) __must_check;
/* The same, and on the disk when it returns, so that it outlives a loss of power. */
struct error *file_write_durable(const char *path, const void *p, size_t n,
				 unsigned int mode) __must_check;
struct error *file_copy(const char *from, const char *to) __must_check;
bool file_exists(const char *path);
bool file_is_dir(const char *path);

/* mkdir -p; an existing path that is no folder is an error. */
struct error *dir_make(const char *path) __must_check;
/* rm -rf; symbolic links are removed, never followed. A missing path is no error. */
struct error *dir_remove(const char *path) __must_check;

/* $TMPDIR, else /dev/shm if it is in memory and has room, else /tmp. */
const char *tmpdir_usual(void);

/*
 * A temporary folder: under 'under' if that is given, else under tmpdir_usual(). The guard
 * removes it with everything in it. A process that dies by a signal it cannot catch
 * leaves it behind.
 */
struct tmpdir {
	char *path;
};
struct error *tmpdir_make(const char *under, struct tmpdir *out) __must_check;
void tmpdir_remove(struct tmpdir *d);
#define __cleanup_tmpdir __cleanup(tmpdir_remove)

/* $SUTURE_CACHE, else $XDG_CACHE_HOME/suture, else ~/.cache/suture. Allocated, absolute; made if
 * missing. */
struct error *cache_dir(char **out) __must_check;

#endif
