// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "qemu/unnamed.h"

#define PAGE 4096u
#define BLOCK (256 * PAGE)
#define TAIL_MAX (256u << 20)

static const char magic[16] = "suture vm snap1";

struct trailer {
	char magic[16];
	uint64_t ram, state, console, log;
	uint64_t ram_hash, rest_hash;
	uint64_t own_hash; /* of all before */
};

static uint64_t own_hash(const struct trailer *t)
{
	return hash_bytes(t, offsetof(struct trailer, own_hash), 0);
}

static struct error *read_at(int fd, void *to, size_t n, uint64_t at)
{
	for (size_t done = 0; done < n;) {
		ssize_t k = pread(fd, (char *)to + done, n - done, (off_t)(at + done));

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return k ? error_errno(errno, "reading") : error_failed("it is cut off");
		done += (size_t)k;
	}
	return NULL;
}

static struct error *write_at(int fd, const void *from, size_t n, uint64_t at)
{
	for (size_t done = 0; done < n;) {
		ssize_t k = pwrite(fd, (const char *)from + done, n - done, (off_t)(at + done));

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return error_errno(k ? errno : ENOSPC, "writing");
		done += (size_t)k;
	}
	return NULL;
}

static bool is_zero(const uint8_t *page)
{
	return !page[0] && !memcmp(page, page + 1, PAGE - 1);
}

/*
 * Go through the pages from 'at' on that are not zero, a run of them at a time: add them to the
 * hash and, if to is a file, write them there.
 */
static struct error *take_block(const uint8_t *block, size_t n, uint64_t at, int to, uint64_t *hash)
{
	for (size_t i = 0; i < n;) {
		size_t end = i;

		while (end < n && !is_zero(block + end))
			end += PAGE;
		if (end > i) {
			*hash = hash_bytes(block + i, end - i, *hash ^ (at + i));
			if (to >= 0)
				TRY(write_at(to, block + i, end - i, at + i));
		}
		i = end + PAGE;
	}
	return NULL;
}

/* The hash is the same wherever the holes are: blocks begin at multiples of their size. */
static struct error *walk_memory(int from, uint64_t size, int to, uint64_t *hash)
{
	uint8_t *block __free = malloc(BLOCK);
	uint64_t at = 0;

	if (!block)
		return error_nomem();
	*hash = 0;
	while (at < size) {
		off_t data = lseek(from, (off_t)at, SEEK_DATA);
		size_t n;

		if ((data < 0 && errno == ENXIO) || data >= (off_t)size)
			break;
		if (data > (off_t)at)
			at = (uint64_t)data - (uint64_t)data % BLOCK;
		n = size - at < BLOCK ? (size_t)(size - at) : BLOCK;
		TRY(interrupt_check());
		TRY(read_at(from, block, n, at));
		TRY(take_block(block, n, at, to, hash));
		at += n;
	}
	return NULL;
}

static struct error *write_parts(int fd, const struct snapshot_parts *p)
{
	struct strbuf tail __cleanup_strbuf = { 0 };
	struct stat st;
	struct trailer t = { .ram = p->ram_size, .console = p->console->n, .log = p->log->n };
	char *state __free = NULL;

	if (fstat(p->state, &st) < 0)
		return error_errno(errno, "the emulator's state");
	t.state = (uint64_t)st.st_size;
	if (!t.state || t.state > TAIL_MAX)
		return error_failed("the emulator's state has %s", str_size(t.state).s);
	state = malloc((size_t)t.state);
	if (!state)
		return error_nomem();
	TRY(read_at(p->state, state, (size_t)t.state, 0));
	TRY(strbuf_add(&tail, state, (size_t)t.state));
	TRY(strbuf_add(&tail, p->console->s, p->console->n));
	TRY(strbuf_add(&tail, p->log->s, p->log->n));
	memcpy(t.magic, magic, sizeof(magic));
	t.rest_hash = hash_bytes(tail.s, tail.n, 0);
	TRY(walk_memory(p->ram, t.ram, fd, &t.ram_hash));
	t.own_hash = own_hash(&t);
	TRY(strbuf_add(&tail, &t, sizeof(t)));
	return write_at(fd, tail.s, tail.n, t.ram);
}

struct error *snapshot_write(const char *path, const struct snapshot_parts *parts)
{
	char *dir __free = strndup(path, (size_t)(strrchr(path, '/') - path));
	struct unnamed file __cleanup_unnamed = UNNAMED_NONE;

	if (!dir)
		return error_nomem();
	TRY(unnamed_make(dir, &file));
	TRY_CONTEXT(write_parts(file.fd, parts), "%s", path);
	return unnamed_publish(&file, path);
}

/* What is wrong with it is an error; only its own words are believed before the hash is right. */
static struct error *check(int fd, uint64_t ram_size, struct trailer *t, char **rest)
{
	uint64_t hash;
	struct stat st;
	size_t n;

	if (fstat(fd, &st) < 0)
		return error_errno(errno, "reading");
	if ((uint64_t)st.st_size < ram_size + sizeof(*t))
		return error_failed("it is cut off");
	TRY(read_at(fd, t, sizeof(*t), (uint64_t)st.st_size - sizeof(*t)));
	if (memcmp(t->magic, magic, sizeof(magic)) || t->own_hash != own_hash(t))
		return error_failed("it has no end");
	if (t->ram != ram_size || t->state > TAIL_MAX || t->console > TAIL_MAX ||
	    t->log > TAIL_MAX ||
	    (uint64_t)st.st_size != ram_size + t->state + t->console + t->log + sizeof(*t))
		return error_failed("its sizes contradict one another");
	n = (size_t)(t->state + t->console + t->log);
	*rest = malloc(n + 1);
	if (!*rest)
		return error_nomem();
	TRY(read_at(fd, *rest, n, ram_size));
	TRY(walk_memory(fd, ram_size, -1, &hash));
	if (hash != t->ram_hash || hash_bytes(*rest, n, 0) != t->rest_hash)
		return error_failed("its checksum is wrong");
	return NULL;
}

struct error *snapshot_open(const char *path, uint64_t ram_size, struct snapshot *out, bool *found)
{
	struct snapshot s __cleanup_snapshot = SNAPSHOT_NONE;
	struct error *e __cleanup_error = NULL;
	char *rest __free = NULL;
	struct trailer t;

	*found = false;
	s.fd = open(path, O_RDWR | O_CLOEXEC);
	if (s.fd < 0)
		return errno == ENOENT ? NULL : error_errno(errno, "%s", path);
	e = check(s.fd, ram_size, &t, &rest);
	TRY(interrupt_check());
	if (e) {
		log_verbose("%s is broken and is made again: %s", path, error_message(e));
		unlink(path);
		return NULL;
	}
	TRY(strbuf_add(&s.console, rest + t.state, (size_t)t.console));
	TRY(strbuf_add(&s.log, rest + t.state + t.console, (size_t)t.log));
	s.state = ram_size;
	futimens(s.fd, NULL);
	*out = s;
	s = SNAPSHOT_NONE;
	*found = true;
	return NULL;
}

void snapshot_close(struct snapshot *s)
{
	close_fd(&s->fd);
	strbuf_free(&s->console);
	strbuf_free(&s->log);
}
