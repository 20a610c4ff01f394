// SPDX-License-Identifier: GPL-2.0-or-later
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "flow/tend.h"
#include "flow/welcome.h"

#define FILES_MOST 1024 /* as bpf/newcomer.bpf.c has room for */

bool welcome_can_give(const struct process_patch *p)
{
	vec_for_each(&p->parts, part) {
		const struct hotpatch_object *o = &part->object;

		if (o->needs_unwind || o->pre_apply || o->post_apply)
			return false;
	}
	return true;
}

static bool is_of(const struct welcome_file *f, const struct hotpatch_object *o)
{
	return f->build_id_n == o->build_id_n && !memcmp(f->build_id, o->build_id, o->build_id_n);
}

static struct error *add(struct welcome *w, const struct process_part *part, int fd,
			 const struct stat *was)
{
	struct welcome_file f = { .part = part, .was = *was };

	if (w->files.n == FILES_MOST)
		return error_failed("too many files to watch for newcomers");
	f.build_id_n = part->object.build_id_n;
	memcpy(f.build_id, part->object.build_id, f.build_id_n);
	TRY(newcomers_learn(w->newcomers, fd, &f.name));
	vec_for_each(&w->files, it)
		if (it->name.inode == f.name.inode && it->name.device == f.name.device &&
		    is_of(it, &part->object)) {
			it->was = was->st_ino ? *was : it->was;
			return NULL;
		}
	return vec_push(&w->files, f);
}

/* --- where a system has it ---------------------------------------------------------------- */

static bool is_known(const struct welcome *w, const struct process_part *part,
		     const struct stat *now)
{
	vec_for_each(&w->files, f)
		if (is_of(f, &part->object) && f->was.st_ino == now->st_ino &&
		    f->was.st_dev == now->st_dev &&
		    !memcmp(&f->was.st_ctim, &now->st_ctim, sizeof(now->st_ctim)))
			return true;
	return false;
}

static bool has_build_id(int fd, const struct hotpatch_object *o)
{
	Elf *elf;
	const void *id;
	ssize_t n;
	bool has;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	n = elf ? dwelf_elf_gnu_build_id(elf, &id) : -1;
	has = n == (ssize_t)o->build_id_n && !memcmp(id, o->build_id, o->build_id_n);
	elf_end(elf);
	return has;
}

static struct error *learn_path(struct welcome *w, const struct process_part *part)
{
	const char *path = part->payload->file;
	int fd __closefd = -1;
	struct stat now;

	if (!path || *path != '/' || stat(path, &now) || !S_ISREG(now.st_mode) ||
	    is_known(w, part, &now))
		return NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &now) || !S_ISREG(now.st_mode) || !has_build_id(fd, &part->object))
		return NULL;
	return add(w, part, fd, &now);
}

/* --- where a process has it from ------------------------------------------------------------ */

static struct error *learn_row(struct welcome *w, const struct process_part *part,
			       struct process_row *row)
{
	static const struct stat nowhere;
	struct opened o __cleanup_opened = OPENED_CLOSED;
	struct error *e __cleanup_error = process_open(&row->process, part->object.build_id,
						       part->object.build_id_n, NULL, &o);

	if (e)
		return NULL;
	row->learned = true;
	return add(w, part, o.file.fd, &nowhere);
}

static struct error *learn_patch(struct welcome *w, struct process_patch *p)
{
	vec_for_each(&p->parts, part)
		TRY(learn_path(w, part));
	vec_for_each(&p->rows, row)
		if (!row->learned)
			TRY(learn_row(w, &p->parts.v[row->part], row));
	return NULL;
}

/* --- all ------------------------------------------------------------------------------------- */

static const struct process_part *wanted_by(const struct tending *t, const struct welcome_file *f)
{
	vec_for_each(&t->v, one) {
		if (!one->bundle || !welcome_can_give(&one->processes))
			continue;
		vec_for_each(&one->processes.parts, part)
			if (is_of(f, &part->object))
				return part;
	}
	return NULL;
}

static struct error *watch(struct welcome *w)
{
	VEC(struct newcomer_name) names = { 0 };
	struct error *e = NULL;

	vec_for_each(&w->files, f)
		if (!e)
			e = vec_push(&names, f->name);
	if (!e)
		e = newcomers_watch(w->newcomers, names.v, names.n);
	vec_free(&names);
	return e;
}

struct error *welcome_learn(struct welcome *w, struct tending *t)
{
	size_t kept = 0;

	vec_for_each(&w->files, f)
		if ((f->part = wanted_by(t, f)))
			w->files.v[kept++] = *f;
	w->files.n = kept;
	vec_for_each(&t->v, one)
		if (one->bundle && welcome_can_give(&one->processes))
			TRY(learn_patch(w, &one->processes));
	return watch(w);
}
