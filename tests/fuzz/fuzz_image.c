// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Images from hostile bytes. The first byte chooses: a kernel's symbol table, a cached image, a
 * boot image, or a module, which is also bound to itself.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/hash.h"
#include "bind/binding.h"
#include "image/backend.h"
#include "image/kallsyms.h"

#define TABLE_ADDRESS 0xffffffff82000000ULL

static void drop(struct error *e)
{
	error_free(&e);
}

/* Ask everything that can be asked. */
static void use(const struct image *img)
{
	const struct reloc_kind *kind = &img->arch->reloc_kinds[0];
	struct placement p;
	size_t first;

	vec_for_each(&img->symbols, s) {
		struct image_target t;

		if (!image_symbols_named(img, s->name, &first) ||
		    !image_symbols_at(img, s->address, &first) ||
		    !image_symbol_named_at(img, s->name, s->address) ||
		    !image_symbol_covering(img, s->address))
			abort();
		image_sympos(s);
		image_refers(img, s->address, kind, &t);
		image_next_field(img, s->address, s->address + 64);
		drop(binding_by_name(img, s->name, &p));
	}
	vec_for_each(&img->segments, s) {
		const uint8_t *last = image_bytes(img, s->address + s->size - 1, 1);

		if (s->bytes && s->size && *last == 1 && image_bytes(img, s->address, s->size + 1))
			abort();
	}
}

static void table(const uint8_t *data, size_t size)
{
	struct kallsyms_area area = { data, size, TABLE_ADDRESS, 0xffffffff81000000ULL,
				      0xffffffff84000000ULL };
	struct image *img __cleanup_image = NULL;
	bool found;

	drop(image_new("vmlinux", &img));
	if (img)
		drop(kallsyms_parse(&area, img, &found));
	if (img && img->symbols.n) {
		drop(image_finish(img, false));
		use(img);
	}
}

/* A file with these bytes, by a name that can be opened. */
static int put_file(const uint8_t *data, size_t size, char path[32])
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

/* The digest keeps accidents out, not enemies: make it right. See image/cache.c. */
static void cache(const uint8_t *data, size_t size)
{
	struct image *img __cleanup_image = NULL;
	uint8_t *copy __free = malloc(size + 1);
	uint64_t tables, text, digest, file_size = size;
	uint32_t counts[2];
	int fd __closefd = -1;
	char path[32];

	if (!copy || size < 56)
		return;
	memcpy(copy, data, size);
	memcpy(counts, copy + 24, 8);
	memcpy(&text, copy + 32, 8);
	memcpy(copy + 40, &file_size, 8);
	tables = 56 + counts[0] * 32ULL + counts[1] * 36ULL;
	if (tables <= size && text <= size - tables) {
		digest = hash_bytes(copy + 24, tables + text - 24, 0);
		memcpy(copy + 16, &digest, 8);
	}
	fd = put_file(copy, size, path);
	drop(image_open_cache(path, &img));
	if (img) {
		/* Sortedness of names is not checked: only the addresses can be relied on. */
		vec_for_each(&img->symbols, s) {
			size_t first, n = image_symbols_named(img, s->name, &first);

			if (n > img->name_order.n || first > img->name_order.n - n)
				abort();
		}
	}
}

static void boot_image(const uint8_t *data, size_t size)
{
	struct image *img __cleanup_image = NULL;
	int fd __closefd = -1;
	char path[32];

	fd = put_file(data, size, path);
	drop(image_open_vmlinuz(path, &img));
	drop(image_open_elf(path, "vmlinux", &img));
}

static void module(const uint8_t *data, size_t size)
{
	struct text_index *index __cleanup_text_index = NULL;
	struct binding *b __cleanup_binding = NULL, *blind __cleanup_binding = NULL;
	struct object *o __cleanup_object = NULL;
	struct image *img __cleanup_image = NULL;
	struct bind_options opt = { 0 };
	int fd __closefd = -1;
	char path[32];

	fd = put_file(data, size, path);
	drop(image_open_module(path, &img));
	drop(object_parse("fuzz.o", data, size, &o));
	if (!img || !o)
		return;
	use(img);
	drop(binding_compute(o, img, NULL, &b));
	drop(text_index_build(img, &index));
	opt.withhold_names = index;
	drop(binding_compute(o, img, &opt, &blind));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const uint8_t *, size_t) = { table, cache, boot_image,
								    module };
	uint8_t *copy;

	if (size < 1)
		return 0;
	/* Exactly as large, so that a byte read too far is seen; and aligned. */
	copy = malloc(size > 1 ? size - 1 : 1);
	if (!copy)
		return 0;
	memcpy(copy, data + 1, size - 1);
	readers[data[0] % 4](copy, size - 1);
	free(copy);
	return 0;
}
