// SPDX-License-Identifier: GPL-2.0-or-later
#include "bundle/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_MAX 4096
#define FILE_SIZE_MAX ((int64_t)256 << 20)
#define ALL_SIZE_MAX ((int64_t)1 << 30)

/* --- writing ------------------------------------------------------------------- */

static void free_writer(struct archive **a)
{
	archive_write_free(*a);
	*a = NULL;
}

static void free_entry(struct archive_entry **e)
{
	archive_entry_free(*e);
	*e = NULL;
}

/* Where the archive's bytes go, one piece after another. */
struct sink {
	struct error *(*put)(struct sink *s, const void *p, size_t n);
	struct strbuf *to;
	const uint8_t *expected;
	size_t left; /* of what is expected */
	struct error *error;
};

static la_ssize_t put(struct archive *a, void *data, const void *p, size_t n)
{
	struct sink *s = data;

	(void)a;
	if (!s->error)
		s->error = s->put(s, p, n);
	return s->error ? -1 : (la_ssize_t)n;
}

static struct error *append(struct sink *s, const void *p, size_t n)
{
	return strbuf_add(s->to, p, n);
}

static struct error *compare(struct sink *s, const void *p, size_t n)
{
	if (n > s->left || memcmp(s->expected, p, n) != 0)
		return error_failed("the archive is not in the form that suture writes");
	s->expected += n;
	s->left -= n;
	return NULL;
}

static struct error *failed(struct archive *a, struct sink *s, const char *what)
{
	if (s->error) {
		struct error *e = s->error;

		s->error = NULL;
		return e;
	}
	return error_failed("%s: %s", what, archive_error_string(a));
}

static struct error *pack_file(struct archive *a, struct sink *s, const struct archive_input *f)
{
	struct archive_entry *e __cleanup(free_entry) = archive_entry_new();
	size_t n = f->content->n;

	if (!e)
		return error_nomem();
	archive_entry_set_pathname(e, f->name);
	archive_entry_set_size(e, (la_int64_t)n);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0644);
	archive_entry_set_mtime(e, 0, 0);
	if (archive_write_header(a, e) != ARCHIVE_OK)
		return failed(a, s, f->name);
	if (n && archive_write_data(a, f->content->s, n) != (la_ssize_t)n)
		return failed(a, s, f->name);
	return NULL;
}

static struct error *pack(const struct archive_input *files, size_t n, struct sink *s)
{
	struct archive *a __cleanup(free_writer) = archive_write_new();

	if (!a)
		return error_nomem();
	if (archive_write_set_format_ustar(a) != ARCHIVE_OK ||
	    archive_write_open(a, s, NULL, put, NULL) != ARCHIVE_OK)
		return failed(a, s, "making a tar archive");
	for (size_t i = 0; i < n; i++)
		TRY(pack_file(a, s, &files[i]));
	if (archive_write_close(a) != ARCHIVE_OK)
		return failed(a, s, "making a tar archive");
	return NULL;
}

struct error *archive_pack(const struct archive_input *files, size_t n, struct strbuf *out)
{
	struct sink s = { .put = append, .to = out };

	return pack(files, n, &s);
}

/* --- reading ------------------------------------------------------------------- */

static void free_reader(struct archive **a)
{
	archive_read_free(*a);
	*a = NULL;
}

/* Relative, no "." or ".." or empty component, no control characters. */
static bool is_harmless(const char *name)
{
	const char *at = name;

	if (!*name || strlen(name) > 255)
		return false;
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f || *c == '\\')
			return false;
	while (at) {
		const char *slash = strchr(at, '/');
		size_t n = slash ? (size_t)(slash - at) : strlen(at);

		if (!n || at[0] == '.')
			return false;
		at = slash ? slash + 1 : NULL;
	}
	return true;
}

static int64_t size_of_all(const struct bundle_files *f)
{
	int64_t n = 0;

	vec_for_each(&f->files, it)
		n += (int64_t)it->content.n;
	return n;
}

static struct error *check_entry(struct archive_entry *e, const struct bundle_files *f)
{
	const char *name = archive_entry_pathname(e);
	int64_t size = archive_entry_size(e);

	if (!name || !is_harmless(name))
		return error_failed("a file in it has a name that is not allowed");
	if (archive_entry_filetype(e) != AE_IFREG || archive_entry_hardlink(e) ||
	    archive_entry_symlink(e))
		return error_failed("%s is no plain file", name);
	if (!archive_entry_size_is_set(e) || size < 0 || size > FILE_SIZE_MAX)
		return error_failed("%s is too large", name);
	if (archive_find(f, name))
		return error_failed("%s is in it twice", name);
	if (f->files.n >= FILES_MAX)
		return error_failed("there are more than %d files in it", FILES_MAX);
	if (size > ALL_SIZE_MAX - size_of_all(f))
		return error_failed("what is in it is too large");
	return NULL;
}

static struct error *unpack_content(struct archive *a, struct archive_file *f, size_t size)
{
	char block[65536];
	la_ssize_t n;

	while ((n = archive_read_data(a, block, sizeof(block))) > 0) {
		if ((size_t)n > size - f->content.n)
			return error_failed("%s is longer than it says", f->name);
		TRY(strbuf_add(&f->content, block, (size_t)n));
	}
	if (n < 0)
		return error_failed("%s: %s", f->name, archive_error_string(a));
	if (f->content.n != size)
		return error_failed("%s is cut off", f->name);
	return NULL;
}

static struct error *unpack_entry(struct archive *a, struct archive_entry *e,
				  struct bundle_files *out)
{
	TRY(check_entry(e, out));
	/* Before its content: the other forms may say in few bytes that it is long. */
	if (archive_format(a) != ARCHIVE_FORMAT_TAR_USTAR)
		return error_failed("%s has a header that is not plain ustar",
				    archive_entry_pathname(e));
	TRY(vec_push(&out->files, (struct archive_file){ 0 }));
	out->files.v[out->files.n - 1].name = strdup(archive_entry_pathname(e));
	if (!out->files.v[out->files.n - 1].name)
		return error_nomem();
	return unpack_content(a, &out->files.v[out->files.n - 1], (size_t)archive_entry_size(e));
}

/* A tar file ends with two blocks of zeroes and is padded with zeroes to a whole record. */
#define RECORD 10240
static struct error *check_end(struct archive *a, const uint8_t *bytes, size_t n)
{
	int64_t end = archive_filter_bytes(a, 0);

	if (end < 0 || (uint64_t)end > n || n % 512 || n < 1024)
		return error_failed("the archive is cut off");
	for (size_t i = n - 1024; i < n; i++)
		if (bytes[i])
			return error_failed("the archive is cut off, or something follows it");
	for (size_t i = (size_t)end; i < n; i++)
		if (bytes[i])
			return error_failed("something follows the archive's end");
	return n % RECORD ? error_failed("the archive is cut off") : NULL;
}

/* Whatever the reader passed over would be missing here. */
static struct error *check_form(const struct bundle_files *f, const void *bytes, size_t n)
{
	struct archive_input *files __free = calloc(f->files.n + 1, sizeof(*files));
	struct sink s = { .put = compare, .expected = bytes, .left = n };

	if (!files)
		return error_nomem();
	for (size_t i = 0; i < f->files.n; i++)
		files[i] = (struct archive_input){ f->files.v[i].name, &f->files.v[i].content };
	return pack(files, f->files.n, &s);
}

struct error *archive_unpack(const void *bytes, size_t n, struct bundle_files *out)
{
	struct archive *a __cleanup(free_reader) = archive_read_new();
	struct bundle_files f __cleanup_files = { 0 };
	struct archive_entry *e;
	int status;

	if (!a)
		return error_nomem();
	if (archive_read_support_format_tar(a) != ARCHIVE_OK ||
	    archive_read_open_memory(a, bytes, n) != ARCHIVE_OK)
		return error_failed("it is no tar archive: %s", archive_error_string(a));
	while ((status = archive_read_next_header(a, &e)) == ARCHIVE_OK)
		TRY(unpack_entry(a, e, &f));
	if (status != ARCHIVE_EOF)
		return error_failed("it is no sound tar archive: %s", archive_error_string(a));
	TRY(check_end(a, bytes, n));
	TRY(check_form(&f, bytes, n));
	*out = f;
	f = (struct bundle_files){ 0 };
	return NULL;
}

void archive_files_free(struct bundle_files *f)
{
	vec_for_each(&f->files, it) {
		free(it->name);
		strbuf_free(&it->content);
	}
	vec_free(&f->files);
}

const struct strbuf *archive_find(const struct bundle_files *f, const char *name)
{
	vec_for_each(&f->files, it)
		if (it->name && str_equal(it->name, name))
			return &it->content;
	return NULL;
}
