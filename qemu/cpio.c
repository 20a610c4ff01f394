// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/cpio.h"

#include <sys/stat.h>

enum { SEEN_FOLDER = 1, SEEN_OTHER = 2 };

struct header {
	unsigned int mode, links, major, minor;
};

static struct error *pad(struct cpio *c)
{
	static const char zeroes[4];

	return strbuf_add(&c->bytes, zeroes, -c->bytes.n & 3);
}

static struct error *entry(struct cpio *c, const char *path, const struct header *h,
			   const void *bytes, size_t size)
{
	if (size > UINT32_MAX)
		return error_failed("%s: too large for an initramfs", path);
	TRY(strbuf_printf(&c->bytes, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
			  ++c->entries, h->mode, 0u, 0u, h->links, 0u, (unsigned int)size, 0u, 0u,
			  h->major, h->minor, (unsigned int)strlen(path) + 1, 0u));
	TRY(strbuf_add(&c->bytes, path, strlen(path) + 1));
	TRY(pad(c));
	TRY(strbuf_add(&c->bytes, bytes, size));
	return pad(c);
}

static const char *relative(const char *path)
{
	while (*path == '/')
		path++;
	return path;
}

static struct error *note(struct cpio *c, const char *path, uint64_t what)
{
	char *name = arena_strdup(&c->names, path);

	return name ? hash_put(&c->seen, name, what) : error_nomem();
}

static struct error *folder(struct cpio *c, const char *path)
{
	const struct header h = { .mode = S_IFDIR | 0755, .links = 2 };
	const uint64_t *seen = hash_get(&c->seen, path);

	if (seen && *seen == SEEN_FOLDER)
		return NULL;
	if (seen)
		return error_failed("/%s is in the initramfs already, and is no folder", path);
	TRY(note(c, path, SEEN_FOLDER));
	return entry(c, path, &h, NULL, 0);
}

static struct error *parents(struct cpio *c, const char *path)
{
	char *copy __free = strdup(path);

	if (!copy)
		return error_nomem();
	for (char *p = strchr(copy, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		TRY(folder(c, copy));
		*p = '/';
	}
	return NULL;
}

static struct error *add(struct cpio *c, const char *path, const struct header *h,
			 const void *bytes, size_t size)
{
	path = relative(path);
	if (!*path)
		return error_failed("the initramfs cannot have a file without a name");
	if (hash_get(&c->seen, path))
		return error_failed("/%s is in the initramfs already", path);
	TRY(parents(c, path));
	TRY(note(c, path, SEEN_OTHER));
	return entry(c, path, h, bytes, size);
}

struct error *cpio_dir(struct cpio *c, const char *path)
{
	path = relative(path);
	if (!*path)
		return NULL;
	TRY(parents(c, path));
	return folder(c, path);
}

struct error *cpio_file(struct cpio *c, const char *path, unsigned int mode, const void *bytes,
			size_t size)
{
	const struct header h = { .mode = S_IFREG | (mode & 07777), .links = 1 };

	return add(c, path, &h, bytes, size);
}

struct error *cpio_symlink(struct cpio *c, const char *path, const char *to)
{
	const struct header h = { .mode = S_IFLNK | 0777, .links = 1 };

	return add(c, path, &h, to, strlen(to));
}

struct error *cpio_device(struct cpio *c, const char *path, unsigned int mode, unsigned int major,
			  unsigned int minor)
{
	const struct header h = {
		.mode = S_IFCHR | (mode & 07777), .links = 1, .major = major, .minor = minor
	};

	return add(c, path, &h, NULL, 0);
}

bool cpio_has(const struct cpio *c, const char *path)
{
	return hash_get(&c->seen, relative(path));
}

struct error *cpio_end(struct cpio *c)
{
	const struct header h = { .links = 1 };

	return entry(c, "TRAILER!!!", &h, NULL, 0);
}

void cpio_free(struct cpio *c)
{
	strbuf_free(&c->bytes);
	hash_free(&c->seen);
	arena_free(&c->names);
	c->entries = 0;
}
