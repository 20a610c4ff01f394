// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>

#define CHUNK 16384

/* struct procmap_query of linux/fs.h, which older headers lack. */
struct query {
	uint64_t size, flags, address, start, end, vma_flags, page_size, offset, inode;
	uint32_t major, minor, name_size, build_id_size;
	uint64_t name, build_id;
};
#define QUERY _IOWR('f', 17, struct query)

/* Digits of base 16 or 10, which must be followed by 'end'; moves *at behind it. */
static bool number(char **at, unsigned int base, char end, uint64_t *out)
{
	char *p = *at;
	uint64_t n = 0;

	for (;; p++) {
		unsigned int digit;

		if (*p >= '0' && *p <= '9')
			digit = (unsigned int)(*p - '0');
		else if (base == 16 && *p >= 'a' && *p <= 'f')
			digit = (unsigned int)(*p - 'a' + 10);
		else
			break;
		if (n > (UINT64_MAX - digit) / base)
			return false;
		n = n * base + digit;
	}
	if (p == *at || *p != end)
		return false;
	*at = p + 1;
	*out = n;
	return true;
}

/* "7f1-7f2 r-xp 00001000 fe:00 1234    /usr/lib/x.so", ended by a NUL. */
static bool parse_line(char *p, struct mapping *m)
{
	uint64_t major, minor;

	if (!number(&p, 16, '-', &m->start) || !number(&p, 16, ' ', &m->end) || strlen(p) < 5 ||
	    m->start >= m->end)
		return false;
	m->read = p[0] == 'r';
	m->write = p[1] == 'w';
	m->exec = p[2] == 'x';
	m->shared = p[3] == 's';
	p += 5;
	if (!number(&p, 16, ' ', &m->offset) || !number(&p, 16, ':', &major) ||
	    !number(&p, 16, ' ', &minor) || !number(&p, 10, ' ', &m->inode))
		return false;
	m->major = (uint32_t)major;
	m->minor = (uint32_t)minor;
	m->name = p + strspn(p, " ");
	return true;
}

struct error *maps_parse(struct maps *m)
{
	m->v.n = 0;
	for (char *line = m->text.s, *end; line && *line; line = end + 1) {
		struct mapping one = { 0 };

		end = strchr(line, '\n');
		if (!end)
			return error_failed("a line without an end");
		*end = 0;
		if (!parse_line(line, &one))
			return error_failed("a line that is not understood: %s", line);
		if (m->v.n && one.start < m->v.v[m->v.n - 1].end)
			return error_failed("mappings out of order: %s", line);
		TRY(vec_push(&m->v, one));
	}
	return NULL;
}

static struct error *read_text(int fd, struct strbuf *text)
{
	for (;;) {
		ssize_t got;

		TRY(strbuf_reserve(text, CHUNK));
		got = pread(fd, text->s + text->n, CHUNK, (off_t)text->n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(errno, "reading");
		text->n += (size_t)got;
		text->s[text->n] = 0;
		if (!got)
			return NULL;
	}
}

struct error *maps_open(pid_t pid, int *fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	return *fd < 0 ? error_errno(errno, "%s", path) : NULL;
}

struct error *maps_read_open(int fd, struct maps *m)
{
	m->text.n = 0;
	m->v.n = 0;
	TRY(read_text(fd, &m->text));
	return maps_parse(m);
}

struct error *maps_read(pid_t pid, struct maps *m)
{
	int fd __closefd = -1;

	TRY(maps_open(pid, &fd));
	TRY_CONTEXT(maps_read_open(fd, m), "/proc/%d/maps", pid);
	return NULL;
}

const struct mapping *maps_at(const struct maps *m, uint64_t address)
{
	size_t low = 0, high = m->v.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (address >= m->v.v[mid].end)
			low = mid + 1;
		else
			high = mid;
	}
	return low < m->v.n && m->v.v[low].start <= address ? &m->v.v[low] : NULL;
}

enum { QUERY_EXECUTABLE = 4, QUERY_OR_NEXT = 16, QUERY_FILE = 32 };

static bool query(int fd, struct query *q, struct mapping *out)
{
	q->size = sizeof(*q);
	if (ioctl(fd, QUERY, q))
		return false;
	*out = (struct mapping){ .start = q->start,
				 .end = q->end,
				 .offset = q->offset,
				 .inode = q->inode,
				 .major = q->major,
				 .minor = q->minor,
				 .read = q->vma_flags & 1,
				 .write = q->vma_flags & 2,
				 .exec = q->vma_flags & 4,
				 .shared = q->vma_flags & 8,
				 .name = "" };
	return true;
}

bool maps_query(int fd, uint64_t address, struct mapping *out)
{
	struct query q = { .address = address };

	return query(fd, &q, out);
}

bool maps_query_code(int fd, uint64_t address, struct mapping *out, char *name, size_t size)
{
	struct query q = { .address = address,
			   .flags = QUERY_EXECUTABLE | QUERY_OR_NEXT | QUERY_FILE,
			   .name = (uintptr_t)name,
			   .name_size = (uint32_t)size };

	if (!query(fd, &q, out))
		return false;
	out->name = q.name_size ? name : "";
	return true;
}

bool maps_free_at(const struct maps *m, uint64_t start, uint64_t end)
{
	vec_for_each(&m->v, it)
		if (it->start < end && start < it->end)
			return false;
	return true;
}

void maps_free(struct maps *m)
{
	strbuf_free(&m->text);
	vec_free(&m->v);
}
