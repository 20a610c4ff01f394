// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel as a distro ships it: a boot image with a packed vmlinux, stripped, whose
 * symbols are in the table that the kernel keeps for itself (kallsyms).
 */
#include <elf.h>
#include <string.h>

#include "base/file.h"
#include "image/backend.h"
#include "image/bzimage.h"
#include "image/decompress.h"
#include "image/kallsyms.h"

static void free_bytes(struct image *img)
{
	free(img->private);
}

static const struct image_ops vmlinux_ops = { .release = free_bytes };

/* The unpacked ELF file; a vmlinux that is not packed is taken as it is. */
static struct error *unpack(const struct file_map *file, uint8_t **out, size_t *out_size)
{
	const uint8_t *payload;
	size_t n;

	if (file->size >= SELFMAG && !memcmp(file->bytes, ELFMAG, SELFMAG)) {
		*out = malloc(file->size);
		if (!*out)
			return error_nomem();
		memcpy(*out, file->bytes, file->size);
		*out_size = file->size;
		return NULL;
	}
	TRY(bzimage_payload(file->bytes, file->size, &payload, &n));
	return decompress_payload(payload, n, out, out_size);
}

static struct error *add_kallsyms(struct image *img)
{
	uint64_t lowest = UINT64_MAX, highest = 0;
	bool found = false;

	vec_for_each(&img->segments, s) {
		if (s->executable && s->address < lowest)
			lowest = s->address;
		if (s->address + s->size > highest)
			highest = s->address + s->size;
	}
	vec_for_each(&img->segments, s) {
		struct kallsyms_area area = { s->bytes, s->size, s->address, lowest, highest };

		if (!s->bytes || s->address & 7)
			continue;
		TRY(kallsyms_parse(&area, img, &found));
		if (found)
			return NULL;
	}
	return error_advise(
		error_refused("the kernel's symbol table (kallsyms) is not in the image"),
		"only kernels with CONFIG_KALLSYMS can be patched");
}

/* A symbol whose content is known tells whether addresses and bytes belong together. */
static struct error *check_banner(const struct image *img)
{
	static const char text[] = "Linux version ";
	const size_t n = sizeof(text) - 1;
	const uint8_t *bytes;
	size_t first;

	if (image_symbols_named(img, "linux_banner", &first) != 1)
		return error_failed("the image's symbol table has no linux_banner");
	bytes = image_bytes(img, img->symbols.v[img->name_order.v[first]].address, n);
	if (!bytes || memcmp(bytes, text, n))
		return error_failed("the image's symbol table does not fit its content: there is "
				    "no kernel version at linux_banner");
	return NULL;
}

static struct error *open_vmlinuz(const struct file_map *file, struct image *img)
{
	uint8_t *bytes = NULL;
	size_t size = 0;

	TRY(unpack(file, &bytes, &size));
	img->private = bytes;
	img->ops = &vmlinux_ops;
	TRY(image_add_elf(img, bytes, size, false));
	TRY(add_kallsyms(img));
	TRY(image_finish(img, false));
	return check_banner(img);
}

struct error *image_open_vmlinuz(const char *path, struct image **out)
{
	struct image *img __cleanup_image = NULL;
	struct file_map file __cleanup_map = { 0 };

	TRY(image_new("vmlinux", &img));
	TRY(file_map(path, &file));
	TRY_CONTEXT(open_vmlinuz(&file, img), "%s", path);
	*out = take(img);
	return NULL;
}
