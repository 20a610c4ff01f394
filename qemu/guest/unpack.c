// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A cpio archive (newc, as qemu/cpio.c writes it) that comes in pieces of any size, unpacked as it
 * comes. What is there already is replaced; a symbolic link is never followed for the last part
 * of a name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qemu/guest/guest.h"

#define HEADER 110

static struct {
	char at[4096]; /* the folder that names are relative to */
	char header[HEADER + 1];
	char name[4096], path[2 * 4096], link[4096];
	size_t have; /* bytes of this entry so far, with padding */
	size_t name_size, size;
	mode_t mode;
	int fd;
	bool over; /* the trailer has come */
} in = { .fd = -1 };

static size_t padded(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

static uint32_t field(unsigned int i)
{
	char digits[9] = "";

	memcpy(digits, in.header + 6 + 8 * i, 8);
	return (uint32_t)strtoul(digits, NULL, 16);
}

void unpack_begin(const char *at)
{
	if (in.fd >= 0)
		close(in.fd);
	in.fd = -1;
	in.have = 0;
	in.over = false;
	in.path[0] = '\0';
	snprintf(in.at, sizeof(in.at), "%s", at);
}

const char *unpack_path(void)
{
	return *in.path ? in.path : in.at;
}

/* Names from the header; 0 or an errno. */
static int read_header(void)
{
	if (memcmp(in.header, "070701", 6))
		return EBADMSG;
	in.mode = (mode_t)field(1);
	in.size = field(6);
	in.name_size = field(11);
	if (!in.name_size || in.name_size > sizeof(in.name))
		return ENAMETOOLONG;
	if (S_ISLNK(in.mode) && in.size >= sizeof(in.link))
		return ENAMETOOLONG;
	return 0;
}

/* The name is complete: make what it names, but for a link, whose content comes yet. */
static int open_entry(void)
{
	in.name[in.name_size - 1] = '\0';
	in.over = !strcmp(in.name, "TRAILER!!!");
	if (in.over)
		return 0;
	snprintf(in.path, sizeof(in.path), "%s/%s", in.at, in.name);
	if (S_ISDIR(in.mode)) {
		if (mkdir(in.path, in.mode & 07777) < 0 && errno != EEXIST)
			return errno;
		return 0;
	}
	if (unlink(in.path) < 0 && errno != ENOENT)
		return errno;
	if (!S_ISREG(in.mode))
		return S_ISLNK(in.mode) ? 0 : ENOTSUP;
	in.fd = open(in.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return in.fd < 0 ? errno : 0;
}

static int close_entry(void)
{
	int err = 0;

	if (in.fd >= 0) {
		if (fchmod(in.fd, in.mode & 07777) < 0)
			err = errno;
		if (close(in.fd) < 0)
			err = errno;
		in.fd = -1;
	} else if (S_ISLNK(in.mode) && !in.over) {
		in.link[in.size] = '\0';
		if (symlink(in.link, in.path) < 0)
			err = errno;
	}
	in.have = 0;
	return err;
}

static int write_all(const uint8_t *p, size_t n)
{
	while (n) {
		ssize_t k = write(in.fd, p, n);

		if (k < 0 && errno != EINTR)
			return errno;
		if (k > 0) {
			p += k;
			n -= (size_t)k;
		}
	}
	return 0;
}

/* Content from offset 'at' on. */
static int take_content(const uint8_t *p, size_t n, size_t at)
{
	if (in.fd >= 0)
		return write_all(p, n);
	if (S_ISLNK(in.mode))
		memcpy(in.link + at, p, n);
	return 0;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Take some of the n bytes, as many as belong together; *taken says how many. */
static int step(const uint8_t *p, size_t n, size_t *taken)
{
	size_t name_end, content, end;
	int err;

	if (in.have < HEADER) {
		*taken = smaller(n, HEADER - in.have);
		memcpy(in.header + in.have, p, *taken);
		in.have += *taken;
		return in.have == HEADER ? read_header() : 0;
	}
	name_end = HEADER + in.name_size;
	content = padded(name_end);
	end = content + padded(in.size);
	if (in.have < content) {
		*taken = smaller(n, content - in.have);
		for (size_t i = 0; i < *taken; i++)
			if (in.have + i < name_end)
				in.name[in.have + i - HEADER] = (char)p[i];
		in.have += *taken;
		err = in.have == content ? open_entry() : 0;
	} else if (in.have < content + in.size) {
		*taken = smaller(n, content + in.size - in.have);
		err = take_content(p, *taken, in.have - content);
		in.have += *taken;
	} else {
		*taken = smaller(n, end - in.have);
		in.have += *taken;
		err = 0;
	}
	return !err && in.have >= content && in.have == end ? close_entry() : err;
}

int unpack_bytes(const uint8_t *p, size_t n)
{
	int err = 0;

	while (n && !err && !in.over) {
		size_t taken = 0;

		err = step(p, n, &taken);
		p += taken;
		n -= taken;
	}
	return err;
}

int unpack_end(void)
{
	int fd = in.fd;

	in.fd = -1;
	if (fd >= 0)
		close(fd);
	return in.over ? 0 : EBADMSG;
}
