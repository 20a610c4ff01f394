// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The list has a line a file: "SIZE SECONDS NANOSECONDS MODE PATH". A file is taken for
 * unchanged as make takes it, by size and time of change, and not by its bytes.
 */
#include "source/mirror.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/interrupt.h"
#include "base/str.h"
#include "base/vec.h"

/* One line of the old list; strings lie in its text. */
struct known {
	const char *facts, *path;
	bool seen;
};

struct run {
	const struct mirror *m;
	struct strbuf text; /* of the old list */
	VEC(struct known) known;
	struct hash_map of_path;
	struct strbuf list; /* the new one */
	struct mirror_changes changes;
};

static void run_free(struct run *r)
{
	strbuf_free(&r->text);
	vec_free(&r->known);
	hash_free(&r->of_path);
	strbuf_free(&r->list);
}

static void close_fts(FTS **f)
{
	if (*f)
		fts_close(*f);
	*f = NULL;
}

/* Split "FACTS PATH": the facts are four words. */
static struct error *take_line(struct run *r, char *line)
{
	char *path = line;

	for (int words = 0; path && words < 4; words++) {
		path = strchr(path, ' ');
		path = path ? path + 1 : NULL;
	}
	if (!path)
		return NULL; /* not ours: as if the file were new */
	path[-1] = '\0';
	TRY(vec_push(&r->known, (struct known){ .facts = line, .path = path }));
	return hash_put(&r->of_path, path, r->known.n - 1);
}

static struct error *read_list(struct run *r)
{
	char *save = NULL;

	if (!file_exists(r->m->list))
		return NULL;
	TRY(file_read(r->m->list, &r->text));
	for (char *line = r->text.n ? strtok_r(r->text.s, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		TRY(take_line(r, line));
	return NULL;
}

static struct error *copy_link(const char *from, const char *to)
{
	char where[4096];
	ssize_t n = readlink(from, where, sizeof(where) - 1);

	if (n < 0)
		return error_errno(errno, "%s", from);
	where[n] = '\0';
	if (unlink(to) && errno != ENOENT)
		return error_errno(errno, "%s", to);
	return symlink(where, to) ? error_errno(errno, "%s", to) : NULL;
}

static struct error *copy_bytes(int in, const char *from, int out, const char *to)
{
	char buffer[65536];
	ssize_t n;

	while ((n = read(in, buffer, sizeof(buffer)))) {
		if (n < 0)
			return error_errno(errno, "reading %s", from);
		for (ssize_t done = 0, k; done < n; done += k) {
			k = write(out, buffer + done, (size_t)(n - done));
			if (k < 0)
				return error_errno(errno, "writing %s", to);
		}
	}
	return NULL;
}

/*
 * Programs stay programs, and make sees what is newer than what. Read, not mapped: somebody
 * may be editing the file. In place: until the list is there, the copy counts for nothing.
 */
static struct error *copy_file(const struct run *r, const FTSENT *ent, const char *to)
{
	const struct stat *st = ent->fts_statp;
	const struct timespec times[2] = { st->st_mtim, st->st_mtim };
	int in __closefd = -1, out __closefd = -1;

	if (r->m->put)
		return r->m->put(ent->fts_path, to);
	in = open(ent->fts_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (in < 0)
		return error_errno(errno, "%s", ent->fts_path);
	if (unlink(to) && errno != ENOENT)
		return error_errno(errno, "%s", to);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (st->st_mode & 0777) | S_IWUSR);
	if (out < 0)
		return error_errno(errno, "creating %s", to);
	TRY(copy_bytes(in, ent->fts_path, out, to));
	if (futimens(out, times))
		return error_errno(errno, "%s", to);
	return NULL;
}

static bool is_source(const char *path)
{
	return str_ends(path, ".c") || str_ends(path, ".h");
}

/* Only where something comes into it. */
static struct error *make_folder(const char *to)
{
	char *folder __free = strdup(to);

	if (!folder)
		return error_nomem();
	*strrchr(folder, '/') = '\0';
	return file_is_dir(folder) ? NULL : dir_make(folder);
}

static struct error *take_file(struct run *r, const FTSENT *ent, const char *path)
{
	const struct stat *st = ent->fts_statp;
	char *facts __free = str_printf("%lld %lld %ld %o", (long long)st->st_size,
					(long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
					(unsigned int)st->st_mode);
	uint64_t *at = hash_get(&r->of_path, path);
	struct known *old = at ? &r->known.v[*at] : NULL;
	char *to __free = str_printf("%s/%s", r->m->copy, path);

	if (!facts || !to)
		return error_nomem();
	if (strchr(path, '\n'))
		return error_refused("a file's name has a line break: %s", ent->fts_path);
	TRY(strbuf_printf(&r->list, "%s %s\n", facts, path));
	if (old)
		old->seen = true;
	if (old && str_equal(old->facts, facts))
		return NULL;
	r->changes.files++;
	r->changes.other += !old || !is_source(path);
	TRY(make_folder(to));
	if (S_ISLNK(st->st_mode))
		return copy_link(ent->fts_path, to);
	return copy_file(r, ent, to);
}

static struct error *take_entry(struct run *r, FTS *walk, FTSENT *ent)
{
	size_t skip = strlen(r->m->origin);
	const char *path = ent->fts_path + skip + (ent->fts_path[skip] == '/');

	switch (ent->fts_info) {
	case FTS_D:
		if (*path && !r->m->wants(path, true)) {
			fts_set(walk, ent, FTS_SKIP);
			return NULL;
		}
		return interrupt_check();
	case FTS_F:
	case FTS_SL:
	case FTS_SLNONE:
		return r->m->wants(path, false) ? take_file(r, ent, path) : NULL;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		/* Gone since its folder was read: the next update sees it so. */
		if (ent->fts_errno == ENOENT)
			return NULL;
		return error_errno(ent->fts_errno, "reading %s", ent->fts_path);
	default:
		return NULL;
	}
}

static struct error *remove_gone(struct run *r)
{
	vec_for_each(&r->known, k) {
		char *path __free = k->seen ? NULL : str_printf("%s/%s", r->m->copy, k->path);

		if (k->seen)
			continue;
		if (!path)
			return error_nomem();
		r->changes.files++;
		r->changes.other++;
		if (unlink(path) && errno != ENOENT && errno != ENOTDIR)
			return error_errno(errno, "removing %s", path);
	}
	return NULL;
}

struct error *mirror_update(const struct mirror *m, struct mirror_changes *changes)
{
	char *const roots[] = { (char *)m->origin, NULL };
	FTS *walk __cleanup(close_fts) = NULL;
	struct run r __cleanup(run_free) = { .m = m };
	FTSENT *ent;

	TRY(read_list(&r));
	if (unlink(m->list) && errno != ENOENT)
		return error_errno(errno, "%s", m->list);
	walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (!walk)
		return error_errno(errno, "reading %s", m->origin);
	while ((ent = fts_read(walk)))
		TRY(take_entry(&r, walk, ent));
	if (errno)
		return error_errno(errno, "reading %s", m->origin);
	TRY(remove_gone(&r));
	TRY(file_write(m->list, strbuf_str(&r.list), r.list.n, 0644));
	changes->files += r.changes.files;
	changes->other += r.changes.other;
	return NULL;
}
