// SPDX-License-Identifier: GPL-2.0-or-later
/* A kernel image from a boot image in each packing, its cache, and what is refused. */
#include <elf.h>
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "snippet.h"

#include "image/backend.h"
#include "image/decompress.h"
#include "kallsyms_table.h"

#define TEXT_SIZE 4096
#define ELF_SIZE (4096 + TEXT_SIZE + sizeof(((struct table *)0)->bytes))
#define BANNER_AT 8 /* in the read-only data */

/* Two names stand twice; the second 'twin' lies at the lower address. */
static const struct table_entry symbols[] = {
	{ 0, "Atab_percpu" },
	{ TABLE_BASE, "T_text" },
	{ TABLE_BASE + 0x10, "ttwin" },
	{ TABLE_BASE + 0x40, "tonly" },
	{ TABLE_BASE + 0x40, "Talias" },
	{ TABLE_BASE + 0x80, "ttwin" },
	{ TABLE_ADDRESS + BANNER_AT, "Dlinux_banner" },
};
#define N_SYMBOLS ARRAY_SIZE(symbols)

/* A linked vmlinux without section headers: text, and read-only data with the table. */
static uint8_t *make_vmlinux(const char *banner)
{
	struct table *t __free = table_make(symbols, N_SYMBOLS, TABLE_6_1);
	uint8_t *elf = calloc(1, ELF_SIZE);
	Elf64_Ehdr h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			 .e_type = ET_EXEC,
			 .e_machine = EM_X86_64,
			 .e_version = EV_CURRENT,
			 .e_phoff = sizeof(h),
			 .e_ehsize = sizeof(h),
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = 2 };
	Elf64_Phdr p[2] = { { .p_type = PT_LOAD,
			      .p_flags = PF_R | PF_X,
			      .p_offset = 4096,
			      .p_vaddr = TABLE_BASE,
			      .p_filesz = TEXT_SIZE,
			      .p_memsz = TEXT_SIZE },
			    { .p_type = PT_LOAD,
			      .p_flags = PF_R,
			      .p_offset = 4096 + TEXT_SIZE,
			      .p_vaddr = TABLE_ADDRESS,
			      .p_filesz = sizeof(t->bytes),
			      .p_memsz = sizeof(t->bytes) + 0x2000 } };

	assert_non_null(elf);
	memcpy(elf, &h, sizeof(h));
	memcpy(elf + sizeof(h), p, sizeof(p));
	for (size_t i = 0; i < TEXT_SIZE; i++)
		elf[4096 + i] = (uint8_t)i;
	memcpy(elf + 4096 + TEXT_SIZE, t->bytes, sizeof(t->bytes));
	memcpy(elf + 4096 + TEXT_SIZE + BANNER_AT, banner, strlen(banner));
	return elf;
}

static size_t pack_gzip(const uint8_t *in, size_t n, uint8_t *out, size_t room)
{
	z_stream z = { .next_in = (uint8_t *)in, .avail_in = n };

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_out = out;
	z.avail_out = room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

static size_t pack_xz(const uint8_t *in, size_t n, uint8_t *out, size_t room)
{
	lzma_options_lzma options;
	lzma_filter filters[] = { { .id = LZMA_FILTER_X86 },
				  { .id = LZMA_FILTER_LZMA2, .options = &options },
				  { .id = LZMA_VLI_UNKNOWN } };
	size_t at = 0;

	assert_false(lzma_lzma_preset(&options, 6));
	assert_int_equal(
		lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, in, n, out, &at, room),
		LZMA_OK);
	return at;
}

static size_t pack_zstd(const uint8_t *in, size_t n, uint8_t *out, size_t room)
{
	size_t got = ZSTD_compress(out, room, in, n, 19);

	assert_false(ZSTD_isError(got));
	return got;
}

static size_t pack_lz4(const uint8_t *in, size_t n, uint8_t *out, size_t room)
{
	uint32_t head[2] = { 0x184c2102, 0 };
	int got = LZ4_compress_default((const char *)in, (char *)out + 8, (int)n, (int)room - 8);

	assert_true(got > 0);
	head[1] = (uint32_t)got;
	memcpy(out, head, sizeof(head));
	return (size_t)got + 8;
}

struct packing {
	size_t (*pack)(const uint8_t *in, size_t n, uint8_t *out, size_t room);
	bool size_appended;
};
static const struct packing gzip = { pack_gzip, false };
static const struct packing xz = { pack_xz, true };
static const struct packing zstd = { pack_zstd, true };
static const struct packing lz4 = { pack_lz4, true };

struct boot_image {
	uint8_t *bytes;
	size_t size;
};

static struct boot_image make_boot_image(const struct packing *how, const char *banner)
{
	uint8_t *elf __free = make_vmlinux(banner);
	const size_t room = ELF_SIZE * 2, start = 5 * 512 + 100;
	struct boot_image b = { calloc(1, start + room), 0 };
	uint32_t offset = 100, length, size = ELF_SIZE;

	assert_non_null(b.bytes);
	length = (uint32_t)how->pack(elf, ELF_SIZE, b.bytes + start, room - 4);
	if (how->size_appended) {
		memcpy(b.bytes + start + length, &size, 4);
		length += 4;
	}
	b.bytes[0x1fe] = 0x55;
	b.bytes[0x1ff] = 0xaa;
	memcpy(b.bytes + 0x202, "HdrS\x0f\x02", 6);
	memcpy(b.bytes + 0x248, &offset, 4);
	memcpy(b.bytes + 0x24c, &length, 4);
	b.size = start + length + 10;
	return b;
}

static struct error *open_boot_image(const struct boot_image *b, struct image **out)
{
	struct tmpdir dir __cleanup_tmpdir = { 0 };
	char *path __free = NULL;

	ok(tmpdir_make(NULL, &dir));
	path = str_printf("%s/vmlinuz", dir.path);
	ok(file_write(path, b->bytes, b->size, 0644));
	return image_open_vmlinuz(path, out);
}

static void check_image(const struct image *img)
{
	const struct image_symbol *s;
	size_t first;

	assert_string_equal(img->name, "vmlinux");
	assert_int_equal(img->symbols.n, N_SYMBOLS);
	assert_int_equal(image_symbols_named(img, "twin", &first), 2);
	s = &img->symbols.v[img->name_order.v[first]];
	assert_int_equal(s->address, TABLE_BASE + 0x10);
	assert_int_equal(image_sympos(s), 1);
	assert_int_equal(image_sympos(&img->symbols.v[img->name_order.v[first + 1]]), 2);
	assert_int_equal(image_symbols_named(img, "only", &first), 1);
	assert_int_equal(image_sympos(&img->symbols.v[img->name_order.v[first]]), 0);
	assert_int_equal(image_symbols_named(img, "twi", &first), 0);
	assert_int_equal(image_symbols_named(img, "zzz", &first), 0);
	assert_int_equal(image_symbols_at(img, TABLE_BASE + 0x40, &first), 2);
	assert_non_null(image_symbol_named_at(img, "alias", TABLE_BASE + 0x40));
	assert_null(image_symbol_named_at(img, "alias", TABLE_BASE + 0x10));
	assert_string_equal(image_symbol_covering(img, TABLE_BASE + 0x7f)->name, "alias");
	assert_int_equal(image_bytes(img, TABLE_BASE + 0x123, 1)[0], 0x23);
	assert_non_null(image_bytes(img, TABLE_BASE + TEXT_SIZE - 1, 1));
	assert_null(image_bytes(img, TABLE_BASE + TEXT_SIZE - 1, 2));
	assert_null(image_bytes(img, TABLE_BASE - 1, 1));
}

static void check_packing(const struct packing *how)
{
	struct boot_image b = make_boot_image(how, "Linux version 6.1");
	struct image *img __cleanup_image = NULL;

	ok(open_boot_image(&b, &img));
	check_image(img);
	free(b.bytes);
}

static void test_a_kernel_packed_with_gzip_is_read(void **state)
{
	(void)state;
	check_packing(&gzip);
}

static void test_a_kernel_packed_with_xz_and_the_x86_filter_is_read(void **state)
{
	(void)state;
	check_packing(&xz);
}

static void test_a_kernel_packed_with_zstd_is_read(void **state)
{
	(void)state;
	check_packing(&zstd);
}

static void test_a_kernel_packed_with_lz4_is_read(void **state)
{
	(void)state;
	check_packing(&lz4);
}

static void test_a_damaged_or_cut_off_payload_is_an_error(void **state)
{
	static const struct packing *const all[] = { &gzip, &xz, &zstd, &lz4 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct boot_image b = make_boot_image(all[i], "Linux version 6.1");
		struct image *img __cleanup_image = NULL;
		struct boot_image cut = { b.bytes, b.size - 100 };
		uint32_t huge = 0x7fffffff;

		expect_error(open_boot_image(&cut, &img), "cut off");
		memcpy(b.bytes + b.size - 14, &huge, 4);
		expect_error(open_boot_image(&b, &img), "impossible size");
		huge = ELF_SIZE - 1;
		memcpy(b.bytes + b.size - 14, &huge, 4);
		expect_error(open_boot_image(&b, &img), "damaged");
		huge = ELF_SIZE;
		memcpy(b.bytes + b.size - 14, &huge, 4);
		memset(b.bytes + 5 * 512 + 100 + 40, 0xa5, 200);
		expect_error(open_boot_image(&b, &img), all[i] == &lz4 ? "" : "damaged");
		assert_null(img);
		free(b.bytes);
	}
}

static void test_a_packing_that_is_not_read_is_refused_by_name(void **state)
{
	struct boot_image b = make_boot_image(&xz, "Linux version 6.1");
	struct image *img __cleanup_image = NULL;
	struct error *e __cleanup_error = NULL;

	(void)state;
	memcpy(b.bytes + 5 * 512 + 100, "BZh9", 4);
	e = open_boot_image(&b, &img);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
	assert_non_null(strstr(error_message(e), "bzip2"));
	free(b.bytes);
}

/* Whose unpacked size nobody tells: zeroes shrink a thousandfold. */
static void test_a_packed_file_is_unpacked_whatever_its_size(void **state)
{
	static const size_t sizes[] = { 1, 4096, 1 << 20 };
	static const struct packing *const all[] = { &gzip, &xz, &zstd };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes) * ARRAY_SIZE(all); i++) {
		const struct packing *how = all[i / ARRAY_SIZE(sizes)];
		size_t n = sizes[i % ARRAY_SIZE(sizes)], packed, got = 0;
		uint8_t *in __free = calloc(1, n), *out __free = NULL;
		uint8_t *room __free = malloc(n + 4096);
		struct error *e;

		assert_non_null(in);
		assert_non_null(room);
		in[n - 1] = 7;
		packed = how->pack(in, n, room, n + 4096);
		ok(decompress_file(room, packed, &out, &got));
		assert_int_equal(got, n);
		assert_memory_equal(in, out, n);
		free(take(out));
		e = decompress_file(room, packed - 5, &out, &got);
		assert_non_null(e);
		assert_null(out);
		error_free(&e);
	}
}

static void test_a_file_that_is_not_packed_is_left_alone(void **state)
{
	uint8_t *out = NULL;
	size_t got = 0;

	(void)state;
	ok(decompress_file((const uint8_t *)"\177ELF....", 8, &out, &got));
	assert_null(out);
}

static void test_what_is_no_boot_image_is_an_error(void **state)
{
	struct boot_image b = make_boot_image(&gzip, "Linux version 6.1");
	struct image *img __cleanup_image = NULL;

	(void)state;
	b.bytes[0x202] = 'X';
	expect_error(open_boot_image(&b, &img), "no x86 boot image");
	b.size = 100;
	expect_error(open_boot_image(&b, &img), "no x86 boot image");
	b.size = 0;
	expect_error(open_boot_image(&b, &img), "no x86 boot image");
	free(b.bytes);
}

static void test_symbols_that_do_not_fit_the_content_are_an_error(void **state)
{
	struct boot_image b = make_boot_image(&gzip, "Xinux version 6.1");
	struct image *img __cleanup_image = NULL;

	(void)state;
	expect_error(open_boot_image(&b, &img), "linux_banner");
	free(b.bytes);
}

/* --- the cache -------------------------------------------------------------------- */

struct cache_file {
	struct tmpdir dir;
	char *path;
	struct strbuf content;
};

static int make_cache(void **state)
{
	struct boot_image b = make_boot_image(&gzip, "Linux version 6.1");
	struct cache_file *c = calloc(1, sizeof(*c));
	struct image *img __cleanup_image = NULL;

	assert_non_null(c);
	ok(open_boot_image(&b, &img));
	free(b.bytes);
	ok(tmpdir_make(NULL, &c->dir));
	c->path = str_printf("%s/image", c->dir.path);
	ok(image_write_cache(img, c->path));
	ok(file_read(c->path, &c->content));
	*state = c;
	return 0;
}

static int drop_cache(void **state)
{
	struct cache_file *c = *state;

	free(c->path);
	tmpdir_remove(&c->dir);
	strbuf_free(&c->content);
	free(c);
	return 0;
}

static void test_an_image_from_the_cache_is_the_same(void **state)
{
	struct cache_file *c = *state;
	struct image *img __cleanup_image = NULL;

	ok(image_open_cache(c->path, &img));
	check_image(img);
	assert_int_equal(img->segments.n, 3);
	assert_null(img->segments.v[2].bytes);
	assert_int_equal(img->segments.v[2].size, 0x2000);
	assert_true(img->segments.v[0].executable);
	assert_false(img->segments.v[1].executable);
}

static void test_a_cache_that_is_cut_off_is_an_error(void **state)
{
	struct cache_file *c = *state;

	for (size_t n = 0; n < c->content.n; n += n < 600 ? 13 : 4001) {
		struct image *img __cleanup_image = NULL;
		struct error *e __cleanup_error = NULL;

		ok(file_write(c->path, c->content.s, n, 0644));
		e = image_open_cache(c->path, &img);
		assert_non_null(e);
		assert_null(img);
	}
}

static void test_a_cache_with_one_wrong_byte_in_its_tables_is_an_error(void **state)
{
	struct cache_file *c = *state;

	for (size_t n = 0; n < 4 * 40 + N_SYMBOLS * 36; n += 7) {
		struct image *img __cleanup_image = NULL;
		struct error *e __cleanup_error = NULL;

		c->content.s[n] ^= 0x10;
		ok(file_write(c->path, c->content.s, c->content.n, 0644));
		c->content.s[n] ^= 0x10;
		e = image_open_cache(c->path, &img);
		assert_non_null(e);
		assert_null(img);
	}
}

static void test_a_cache_of_another_version_is_told_from_a_damaged_one(void **state)
{
	struct cache_file *c = *state;
	struct image *img __cleanup_image = NULL;

	c->content.s[15]++;
	ok(file_write(c->path, c->content.s, c->content.n, 0644));
	expect_error(image_open_cache(c->path, &img), "another version");
}

#define with_cache(f) cmocka_unit_test_setup_teardown(f, make_cache, drop_cache)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_kernel_packed_with_gzip_is_read),
		cmocka_unit_test(test_a_kernel_packed_with_xz_and_the_x86_filter_is_read),
		cmocka_unit_test(test_a_kernel_packed_with_zstd_is_read),
		cmocka_unit_test(test_a_kernel_packed_with_lz4_is_read),
		cmocka_unit_test(test_a_damaged_or_cut_off_payload_is_an_error),
		cmocka_unit_test(test_a_packing_that_is_not_read_is_refused_by_name),
		cmocka_unit_test(test_a_packed_file_is_unpacked_whatever_its_size),
		cmocka_unit_test(test_a_file_that_is_not_packed_is_left_alone),
		cmocka_unit_test(test_what_is_no_boot_image_is_an_error),
		cmocka_unit_test(test_symbols_that_do_not_fit_the_content_are_an_error),
		with_cache(test_an_image_from_the_cache_is_the_same),
		with_cache(test_a_cache_that_is_cut_off_is_an_error),
		with_cache(test_a_cache_with_one_wrong_byte_in_its_tables_is_an_error),
		with_cache(test_a_cache_of_another_version_is_told_from_a_damaged_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
