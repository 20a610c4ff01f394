// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/syscall.h>

#include "base/arena.h"
#include "base/hash.h"
#include "hotpatch/stop.h"

#define STAT_MOST 1024
#define NOT_WANTED UINT64_MAX

void processes_free(struct processes *p)
{
	vec_free(&p->v);
}

/* --- who it is ------------------------------------------------------------------------ */

/* A small file, by its path in a folder or an absolute one, ended by a NUL; false if it is gone. */
static bool read_small_at(int folder, const char *path, char *out, size_t size)
{
	int fd __closefd = openat(folder, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, out, size - 1);
	if (n <= 0)
		return false;
	out[n] = 0;
	return true;
}

static bool read_small(const char *path, char *out, size_t size)
{
	return read_small_at(AT_FDCWD, path, out, size);
}

/* What stands behind so many spaces more; or NULL. */
static const char *field_behind(const char *at, unsigned int spaces)
{
	for (; at && spaces; spaces--) {
		at = strchr(at, ' ');
		at += at != NULL;
	}
	return at;
}

/* "12 (a) b) S 1 ...": the name may hold anything, and the start is the 22nd field. */
static bool read_identity(pid_t pid, struct process *p)
{
	char path[32], stat[STAT_MOST], *open, *close;
	const char *start;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (!read_small(path, stat, sizeof(stat)))
		return false;
	open = strchr(stat, '(');
	close = strrchr(stat, ')');
	start = close ? field_behind(close, 20) : NULL;
	if (!open || !start || close < open || *start < '0' || *start > '9')
		return false;
	snprintf(p->comm, sizeof(p->comm), "%.*s", (int)(close - open - 1), open + 1);
	p->pid = pid;
	p->start = strtoull(start, NULL, 10);
	return true;
}

bool process_status_field(const char *status, const char *name, long *out)
{
	size_t n = strlen(name);

	for (const char *line = status; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, n) && line[n] == ':') {
			*out = strtol(line + n + 1, NULL, 10);
			return true;
		}
	}
	return false;
}

size_t process_threads(pid_t pid, pid_t *tids, size_t most)
{
	struct dirent *ent;
	char path[32];
	size_t n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	while (d && n < most && (ent = readdir(d)))
		if (ent->d_name[0] != '.')
			tids[n++] = atoi(ent->d_name);
	if (d)
		closedir(d);
	return n;
}

/* --- finding -------------------------------------------------------------------------- */

struct finder {
	const uint8_t *build_id;
	unsigned int n;
	struct maps maps;
	struct hash_map known;	  /* files that were read: index in 'files', or -1 */
	VEC(struct mapped) files; /* those that have the build-id, closed */
	struct arena arena;
	struct processes found;
};

static bool has_build_id(const struct finder *f, const struct mapped *file)
{
	return file->is_elf && file->build_id_n == f->n &&
	       !memcmp(file->build_id, f->build_id, f->n);
}

/*
 * One file is mapped by many: read once. What another process's mapping says of it is looked at
 * again before anything is done to a process.
 */
static struct error *know(struct finder *f, pid_t pid, const struct mapping *at, uint64_t *out)
{
	struct mapped file __cleanup_mapped = MAPPED_CLOSED;
	char key[512];
	const char *kept;
	uint64_t *known;
	struct error *e;

	snprintf(key, sizeof(key), "%x:%x:%llx:%s", at->major, at->minor,
		 (unsigned long long)at->inode, at->name);
	known = hash_get(&f->known, key);
	*out = known ? *known : NOT_WANTED;
	if (known)
		return NULL;
	e = mapped_open(pid, at, &file);
	if (e) {
		/* It has ended, or unmapped that. */
		error_free(&e);
		return NULL;
	}
	if (has_build_id(f, &file)) {
		*out = f->files.n;
		close_fd(&file.fd);
		TRY(vec_push(&f->files, file));
	}
	kept = arena_strdup(&f->arena, key);
	return kept ? hash_put(&f->known, kept, *out) : error_nomem();
}

static struct error *consider(struct finder *f, pid_t pid, pid_t via, const struct mapping *at)
{
	struct process p = { .via = via };
	uint64_t file;

	TRY(know(f, via, at, &file));
	if (file == NOT_WANTED || !mapped_bias(&f->files.v[file], at, &p.bias) ||
	    !read_identity(pid, &p))
		return NULL;
	vec_for_each(&f->found.v, it)
		if (it->pid == pid && it->bias == p.bias)
			return NULL;
	return vec_push(&f->found.v, p);
}

/*
 * The kernel picks the mappings that matter. False where it can't; 'none': the first thread has no
 * memory, because it has ended or is the kernel's.
 */
static bool ask(struct finder *f, pid_t pid, bool *none, struct error **e)
{
	int fd __closefd = -1;
	char path[32], name[256];
	struct mapping m;

	*none = false;
	*e = NULL;
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	for (uint64_t at = 0; maps_query_code(fd, at, &m, name, sizeof(name)) && !*e; at = m.end)
		*e = consider(f, pid, pid, &m);
	*none = errno == ESRCH;
	return errno == ENOENT || errno == ESRCH || *e;
}

static bool is_zombie(pid_t pid)
{
	char path[32], stat[STAT_MOST], *close;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	close = read_small(path, stat, sizeof(stat)) ? strrchr(stat, ')') : NULL;
	return close && !strncmp(close, ") Z", 3);
}

/* Another thread than the first, which has ended: its maps are in f->maps. 0: there is none. */
static pid_t other_thread(struct finder *f, pid_t pid)
{
	struct dirent *ent;
	char path[32];
	pid_t via = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	while (d && !via && (ent = readdir(d))) {
		pid_t tid = atoi(ent->d_name);
		struct error *e __cleanup_error =
			tid > 0 && tid != pid ? maps_read(tid, &f->maps) : NULL;

		if (tid > 0 && tid != pid && !e && f->maps.v.n)
			via = tid;
	}
	if (d)
		closedir(d);
	return via;
}

static struct error *look_at(struct finder *f, pid_t pid)
{
	struct error *e;
	pid_t via = pid;
	bool none;

	if (ask(f, pid, &none, &e)) {
		if (e || !none || !is_zombie(pid))
			return e;
		via = other_thread(f, pid);
	} else {
		e = maps_read(pid, &f->maps);
		if (!e && !f->maps.v.n && is_zombie(pid))
			via = other_thread(f, pid);
		if (e)
			via = 0;
		error_free(&e);
	}
	if (!via)
		return NULL;
	vec_for_each(&f->maps.v, m)
		if (m->exec && m->inode)
			TRY(consider(f, pid, via, m));
	return NULL;
}

static int by_pid(const void *a, const void *b)
{
	const struct process *x = a, *y = b;

	return x->pid != y->pid ? (x->pid > y->pid) - (x->pid < y->pid)
				: (x->bias > y->bias) - (x->bias < y->bias);
}

/*
 * Those of the same memory next to each other; the kernel has an order for that (kcmp(2)). Where
 * it does not tell, every memory is taken for another.
 */
static int by_memory(const void *a, const void *b)
{
	const struct process *x = a, *y = b;

	if (x->bias != y->bias)
		return (x->bias > y->bias) - (x->bias < y->bias);
	switch (syscall(SYS_kcmp, x->pid, y->pid, KCMP_VM, 0, 0)) {
	case 0:
		return 0;
	case 1:
		return -1;
	case 2:
		return 1;
	default:
		return by_pid(a, b);
	}
}

/* A stop of one would not stop the other. */
static void find_sharers(struct processes *p)
{
	vec_sort(&p->v, by_memory);
	for (size_t i = 1; i < p->v.n; i++) {
		struct process *x = &p->v.v[i - 1], *y = &p->v.v[i];

		if (x->pid != y->pid && !by_memory(x, y)) {
			x->shares = y->pid;
			y->shares = x->pid;
		}
	}
}

static struct error *look_at_all(struct finder *f)
{
	DIR *d = opendir("/proc");
	struct error *e = NULL;
	struct dirent *ent;

	if (!d)
		return error_errno(errno, "/proc");
	while (!e && (ent = readdir(d)))
		if (ent->d_name[0] >= '0' && ent->d_name[0] <= '9')
			e = look_at(f, atoi(ent->d_name));
	closedir(d);
	return e;
}

static struct error *find_end(struct finder *f, struct error *e, struct processes *out)
{
	maps_free(&f->maps);
	vec_free(&f->files);
	hash_free(&f->known);
	arena_free(&f->arena);
	if (e) {
		processes_free(&f->found);
		return e;
	}
	find_sharers(&f->found);
	vec_sort(&f->found.v, by_pid);
	*out = f->found;
	return NULL;
}

struct error *process_find(const uint8_t *build_id, unsigned int n, struct processes *out)
{
	struct finder f = { .build_id = build_id, .n = n };

	return find_end(&f, look_at_all(&f), out);
}

struct error *process_find_among(const uint8_t *build_id, unsigned int n, const pid_t *pids,
				 size_t n_pids, struct processes *out)
{
	struct finder f = { .build_id = build_id, .n = n };
	struct error *e = NULL;

	for (size_t i = 0; i < n_pids && !e; i++)
		e = look_at(&f, pids[i]);
	return find_end(&f, e, out);
}

/* --- what stands in the way ------------------------------------------------------------ */

static struct error *traced_by(long tracer)
{
	char path[32], comm[32] = "";

	snprintf(path, sizeof(path), "/proc/%ld/comm", tracer);
	if (read_small(path, comm, sizeof(comm)))
		comm[strcspn(comm, "\n")] = 0;
	return error_refused("it is traced by process %ld (%s)", tracer, comm);
}

pid_t process_uninterruptible(DIR *tasks)
{
	char path[32], stat[STAT_MOST];
	struct dirent *ent;

	rewinddir(tasks);
	while ((ent = readdir(tasks))) {
		const char *close;

		snprintf(path, sizeof(path), "%.12s/stat", ent->d_name);
		if (ent->d_name[0] == '.' || !read_small_at(dirfd(tasks), path, stat, sizeof(stat)))
			continue;
		close = strrchr(stat, ')');
		if (close && !strncmp(close, ") D", 3))
			return atoi(ent->d_name);
	}
	return 0;
}

static bool has_uninterruptible(pid_t pid)
{
	char path[32];
	bool has;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	if (!d)
		return false;
	has = process_uninterruptible(d);
	closedir(d);
	return has;
}

/* A vfork child soon has a memory of its own. */
static struct error *shares(const struct process *p)
{
	if (has_uninterruptible(p->pid) || has_uninterruptible(p->shares))
		return error_new(
			ERROR_PENDING,
			"it shares its memory with process %d, until that executes or ends",
			p->shares);
	return error_refused("it shares its memory with process %d", p->shares);
}

struct process_vector process_vector_read(pid_t via)
{
	struct process_vector v = { 0 };
	const struct {
		uint64_t type, *to;
	} wanted[] = {
		{ AT_PHDR, &v.phdr },
		{ AT_PHNUM, &v.phnum },
		{ AT_SYSINFO_EHDR, &v.vdso },
		{ AT_BASE, &v.loader },
	};
	int fd __closefd = -1;
	uint64_t pairs[128];
	char path[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/auxv", via);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, pairs, sizeof(pairs)) / (ssize_t)sizeof(*pairs);
	for (ssize_t i = 0; i + 1 < n && pairs[i]; i += 2)
		for (size_t k = 0; k < ARRAY_SIZE(wanted); k++)
			if (pairs[i] == wanted[k].type)
				*wanted[k].to = pairs[i + 1];
	return v;
}

struct error *process_obstacle(const struct process *p, const struct process_vector *v)
{
	char path[32], status[4096];
	long n;

	if (p->pid == getpid())
		return error_refused("it is this process itself");
	snprintf(path, sizeof(path), "/proc/%d/status", p->pid);
	if (!read_small(path, status, sizeof(status)))
		return error_new(ERROR_NOTHING, "it has ended");
	if (strstr(status, "\nState:\tZ") && p->via == p->pid)
		return error_new(ERROR_NOTHING, "it has ended, and waits for its parent");
	if (p->bias && v->loader == p->bias)
		return error_refused("the file is its loader, which is not patched");
	if (p->shares && !syscall(SYS_kcmp, p->pid, p->shares, KCMP_VM, 0, 0))
		return shares(p);
	if (process_status_field(status, "TracerPid", &n) && n)
		return traced_by(n);
	if (process_status_field(status, "Seccomp", &n) && n == 1)
		return error_refused("its seccomp mode is strict: mapping memory would kill it");
	return NULL;
}

/* --- held open ------------------------------------------------------------------------ */

/* The mapping that shows the bias, of a file that has the build-id. */
static struct error *find_file(struct opened *o, const uint8_t *build_id, unsigned int n)
{
	vec_for_each(&o->maps.v, m) {
		struct mapped file __cleanup_mapped = MAPPED_CLOSED;
		struct error *e __cleanup_error = NULL;
		uint64_t bias;

		if (!m->exec || !m->inode)
			continue;
		e = mapped_open(o->process.via, m, &file);
		if (e || !file.is_elf || file.build_id_n != n ||
		    memcmp(file.build_id, build_id, n) || !mapped_bias(&file, m, &bias) ||
		    bias != o->process.bias)
			continue;
		if (m->shared)
			return error_refused("its code is mapped shared: a write would reach the "
					     "file");
		o->file = file;
		file.fd = -1;
		o->at = m->start;
		o->low = o->file.low + bias;
		o->high = o->file.high + bias;
		return NULL;
	}
	return error_new(ERROR_NOTHING, "it no longer has the file mapped there");
}

static struct error *open_it(const struct process *p, const uint8_t *build_id, unsigned int n,
			     const struct memory_watch *watch, struct opened *o)
{
	struct process now;

	o->process = *p;
	TRY(memory_open(p->pid, p->via, watch, &o->memory));
	TRY(maps_open(p->via, &o->query));
	if (!read_identity(p->pid, &now) || now.start != p->start)
		return error_new(ERROR_NOTHING, "it has ended, and another has its number");
	TRY(maps_read_open(o->query, &o->maps));
	return find_file(o, build_id, n);
}

struct error *process_open(const struct process *p, const uint8_t *build_id, unsigned int n,
			   const struct memory_watch *watch, struct opened *out)
{
	struct opened o __cleanup_opened = OPENED_CLOSED;

	TRY(open_it(p, build_id, n, watch, &o));
	*out = o;
	o = (struct opened)OPENED_CLOSED;
	return NULL;
}

struct error *process_stop(struct opened *o, struct stop **out)
{
	if (!o->stop) {
		struct stop *s __free = calloc(1, sizeof(*s));

		if (!s)
			return error_nomem();
		TRY(stop_open(&o->memory, s));
		o->stop = take(s);
	}
	/* The process may have moved since. */
	o->stop->memory = &o->memory;
	*out = o->stop;
	return NULL;
}

void process_close(struct opened *o)
{
	if (o->stop)
		stop_close(o->stop);
	free_pointer(&o->stop);
	free_pointer(&o->place);
	close_fd(&o->query);
	memory_close(&o->memory);
	mapped_close(&o->file);
	maps_free(&o->maps);
}
