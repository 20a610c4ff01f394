// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/newcomers.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "bpf/libbpf_log.h"
#include "bpf/newcomer.skel.h"
#include "probe/newcomers_warden.h"

#define BPF_FS "/sys/fs/bpf"
#define BPF_FS_MAGIC 0xcafe4a11
#define LIST BPF_FS "/suture_newcomers" /* who stands still, for one that comes after us */

/* As bpf/newcomer.bpf.c has it. */
struct news {
	uint64_t start;
	uint32_t pid, tid;
};

struct newcomers {
	struct newcomer_bpf *bpf;
	struct bpf_link *link;
	struct ring_buffer *ring;
	newcomer_list *to; /* while the ring is read */
	bool full;	   /* there was no memory for one of them */
	pid_t warden;
	int pipe;
};

static int held_fd(const struct newcomers *n)
{
	return bpf_map__fd(n->bpf->maps.held);
}

/* --- the list that outlives us ---------------------------------------------------------- */

/* What a sutured left that was killed together with its warden. */
static void settle_left(void)
{
	int fd __closefd = bpf_obj_get(LIST);
	unsigned int n = fd < 0 ? 0 : warden_sweep(fd, WARDEN_ORPHANED);

	if (n)
		log_warn("%u process%s stood still that an earlier sutured had stopped: continued",
			 n, n == 1 ? "" : "es");
	unlink(LIST);
}

static void keep_list(struct newcomers *n)
{
	struct statfs fs;

	if (!statfs(BPF_FS, &fs) && (unsigned long)fs.f_type == BPF_FS_MAGIC &&
	    !bpf_obj_pin(held_fd(n), LIST))
		return;
	log_debug("no BPF file system at " BPF_FS ": the list of stopped processes ends with us");
}

/* --- its life --------------------------------------------------------------------------- */

static int on_news(void *arg, void *data, size_t size)
{
	struct newcomers *n = arg;
	const struct news *it = data;
	struct error *e __cleanup_error = NULL;

	if (size < sizeof(*it) || !n->to)
		return 0;
	e = vec_push(n->to, (struct newcomer){ .pid = (pid_t)it->pid,
					       .tid = (pid_t)it->tid,
					       .start = it->start });
	n->full |= e != NULL;
	return 0;
}

static struct error *load(struct newcomers *n)
{
	int err;

	libbpf_log();
	n->bpf = newcomer_bpf__open();
	if (!n->bpf)
		return error_errno(errno, "opening the BPF program");
	err = newcomer_bpf__load(n->bpf);
	if (err)
		return error_errno(-err, "loading the BPF program that stops newcomers");
	n->ring = ring_buffer__new(bpf_map__fd(n->bpf->maps.news), on_news, n, NULL);
	return n->ring ? NULL : error_errno(errno, "the BPF program's ring buffer");
}

/* The warden comes before the link: it must not hold what stops processes. */
static struct error *start(struct newcomers *n)
{
	n->bpf->bss->self = (uint32_t)getpid();
	n->warden =
		warden_begin(held_fd(n), (volatile uint64_t *)&n->bpf->bss->heartbeat, &n->pipe);
	if (n->warden < 0)
		return error_errno(errno, "starting the warden");
	n->link = bpf_program__attach(n->bpf->progs.map_file);
	return n->link ? NULL : error_errno(errno, "attaching to security_mmap_file()");
}

static struct error *try_on_ourselves(struct newcomers *n)
{
	int fd __closefd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct newcomer_name name;

	if (fd < 0)
		return error_errno(errno, "/proc/self/exe");
	return newcomers_learn(n, fd, &name);
}

struct error *newcomers_open(struct newcomers **out)
{
	struct newcomers *n __cleanup_newcomers = calloc(1, sizeof(*n));

	if (!n)
		return error_nomem();
	n->pipe = -1;
	TRY(load(n));
	settle_left();
	TRY(start(n));
	TRY(try_on_ourselves(n));
	keep_list(n);
	*out = take(n);
	return NULL;
}

void newcomers_close(struct newcomers **at)
{
	/* Until who was noted is stopped, too. */
	static const struct timespec moment = { .tv_nsec = 25000000 };
	struct newcomers *n = take(*at);

	if (!n)
		return;
	if (n->bpf && n->bpf->bss)
		n->bpf->bss->heartbeat = 0;
	bpf_link__destroy(n->link);
	if (n->link) {
		nanosleep(&moment, NULL);
		warden_sweep(held_fd(n), WARDEN_ORPHANED);
		unlink(LIST);
	}
	warden_end(n->warden, &n->pipe);
	ring_buffer__free(n->ring);
	newcomer_bpf__destroy(n->bpf);
	free(n);
}

/* --- files ------------------------------------------------------------------------------ */

struct error *newcomers_learn(struct newcomers *n, int fd, struct newcomer_name *out)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *at;
	int err;

	__atomic_store_n(&n->bpf->bss->learning, 1, __ATOMIC_SEQ_CST);
	at = mmap(NULL, page, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	err = errno;
	if (at != MAP_FAILED)
		munmap(at, page);
	/* A file system that allows no code is asked, too, and says no only afterwards. */
	if (__atomic_exchange_n(&n->bpf->bss->learning, 0, __ATOMIC_SEQ_CST))
		return at == MAP_FAILED
			       ? error_errno(err, "mapping a file")
			       : error_failed("the BPF program does not see what this process maps "
					      "(another PID namespace, or it is not called)");
	*out = (struct newcomer_name){ n->bpf->bss->learned_inode, n->bpf->bss->learned_device };
	return NULL;
}

static bool is_among(const struct newcomer_name *name, const struct newcomer_name *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (names[i].inode == name->inode && names[i].device == name->device)
			return true;
	return false;
}

struct error *newcomers_watch(struct newcomers *n, const struct newcomer_name *names, size_t count)
{
	int files = bpf_map__fd(n->bpf->maps.files);
	struct newcomer_name key, next;
	uint32_t one = 1;
	bool more = !bpf_map_get_next_key(files, NULL, &next);

	while (more) {
		key = next;
		more = !bpf_map_get_next_key(files, &key, &next);
		if (!is_among(&key, names, count))
			bpf_map_delete_elem(files, &key);
	}
	for (size_t i = 0; i < count; i++)
		if (bpf_map_update_elem(files, &names[i], &one, BPF_ANY))
			return error_errno(errno, "the list of watched files");
	return NULL;
}

/* --- who comes -------------------------------------------------------------------------- */

struct error *newcomers_beat(struct newcomers *n)
{
	__atomic_store_n(&n->bpf->bss->heartbeat, warden_now(), __ATOMIC_SEQ_CST);
	if (!waitpid(n->warden, NULL, WNOHANG))
		return NULL;
	n->warden = 0;
	return error_failed("its warden has ended");
}

int newcomers_fd(const struct newcomers *n)
{
	return ring_buffer__epoll_fd(n->ring);
}

struct error *newcomers_take(struct newcomers *n, newcomer_list *out)
{
	n->to = out;
	n->full = false;
	ring_buffer__consume(n->ring);
	n->to = NULL;
	return n->full ? error_nomem() : NULL;
}

bool newcomers_hold(const struct newcomers *n, pid_t pid)
{
	uint32_t key = (uint32_t)pid;
	struct newcomer_held h;

	return !bpf_map_lookup_elem(held_fd(n), &key, &h) && !h.released;
}

void newcomers_let_go(struct newcomers *n, const struct newcomer *one)
{
	uint32_t pid = (uint32_t)one->pid;
	struct newcomer_held h;

	if (bpf_map_lookup_elem(held_fd(n), &pid, &h) || h.start != one->start)
		return;
	/* Noted before it is done: from then on the process may be stopped anew. */
	h.released = warden_now();
	bpf_map_update_elem(held_fd(n), &pid, &h, BPF_EXIST);
	if (!one->stays && warden_is_same(one->pid, one->start))
		warden_continue(one->pid);
}

void newcomers_count(const struct newcomers *n, uint64_t *stopped, uint64_t *passed)
{
	*stopped = n->bpf->bss->stopped;
	*passed = n->bpf->bss->passed;
}
