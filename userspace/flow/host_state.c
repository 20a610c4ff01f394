// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/host_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/str.h"

#define STATE_DIR "/var/lib/suture"

uint64_t host_uptime(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

int64_t host_time_of(uint64_t uptime)
{
	int64_t away = ((int64_t)uptime - (int64_t)host_uptime()) / 1000000;

	return uptime ? (int64_t)time(NULL) + away : 0;
}

/* --- opening -------------------------------------------------------------------------- */

static struct error *busy(const char *path)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	error_free(&(struct error *){ file_read(path, &text) });
	return error_advise(error_new(ERROR_PENDING, "another suture is at work (process %.*s)",
				      (int)strcspn(strbuf_str(&text), "\n"), strbuf_str(&text)),
			    "suture status tells what it does");
}

static struct error *take_turn(const struct host *h, const char *path)
{
	const struct host_request *r = h->request;
	double until = clock_seconds() + (r->impatient ? 0
					  : r->at_boot ? HOST_TURN_AT_BOOT
						       : HOST_TURN);

	while (flock(h->lock, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK)
			return error_errno(errno, "locking %s", path);
		if (clock_seconds() >= until)
			return busy(path);
		TRY(interrupt_check());
		poll(NULL, 0, 50);
	}
	return NULL;
}

/* The file stays: only the lock on it means something. It goes with the process, however it ends.
 */
static struct error *take_lock(struct host *h)
{
	char *path __free = str_printf("%s/lock", h->dir);
	char pid[16];
	int n;

	if (!path)
		return error_nomem();
	h->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (h->lock < 0)
		return error_errno(errno, "%s", path);
	TRY(take_turn(h, path));
	n = snprintf(pid, sizeof(pid), "%d\n", getpid());
	if (ftruncate(h->lock, 0) || pwrite(h->lock, pid, (size_t)n, 0) != n)
		return error_errno(errno, "writing %s", path);
	return NULL;
}

static struct error *open_ledger(struct host *h, const char *path, enum host_mode mode)
{
	struct error *e =
		ledger_open(path, mode == HOST_LOOK ? LEDGER_READ : LEDGER_WRITE, &h->ledger);
	enum error_kind kind = e ? error_kind(e) : 0;
	struct error *made;

	if (mode == HOST_LOOK && kind == ERROR_NOTHING)
		error_free(&e);
	if (mode != HOST_CHANGE || (kind != ERROR_NOTHING && kind != ERROR_VERIFY))
		return e;
	made = host_ledger_begin(h, path, kind == ERROR_VERIFY, error_message(e));
	error_free(&e);
	return made;
}

static struct error *open_all(enum host_mode mode, struct host *h)
{
	const char *dir = getenv("SUTURE_STATE");
	char *path __free = NULL;

	h->start = clock_seconds();
	h->dir = strdup(dir && *dir ? dir : STATE_DIR);
	path = h->dir ? str_printf("%s/ledger.db", h->dir) : NULL;
	if (!path)
		return error_nomem();
	TRY(live_kernel_read(&h->kernel));
	if (mode != HOST_LOOK && geteuid())
		return error_advise(error_failed("only root changes the kernel"), "run it as root");
	if (mode == HOST_CHANGE) {
		TRY(dir_make(h->dir));
		TRY(take_lock(h));
	}
	return open_ledger(h, path, mode);
}

struct error *host_open(const struct host_request *r, enum host_mode mode, struct host *out)
{
	struct host h __cleanup_host = HOST_CLOSED;

	h.request = r;
	h.patience = HOST_PASSING;
	TRY(open_all(mode, &h));
	if (mode == HOST_CHANGE)
		TRY_CONTEXT(host_recover(&h), "settling what was left unfinished");
	h.patience = HOST_WAY_BACK;
	*out = h;
	h = (struct host)HOST_CLOSED;
	return NULL;
}

void host_close(struct host *h)
{
	ledger_close(&h->ledger);
	close_fd(&h->lock);
	free_pointer(&h->dir);
}

void host_say(const struct host *h, const char *event, const char *patch, const char *fmt, ...)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct error *e __cleanup_error = NULL;
	struct host_event ev = { .event = event, .patch = patch };
	va_list ap;

	if (!h->request->tell)
		return;
	va_start(ap, fmt);
	e = strbuf_vprintf(&text, fmt, ap);
	va_end(ap);
	ev.text = strbuf_str(&text);
	ev.seconds = clock_seconds() - h->start;
	h->request->tell(h->request->arg, &ev);
}

/* --- a patch -------------------------------------------------------------------------- */

bool host_should_be_live(enum ledger_state s)
{
	return s == LEDGER_LIVE || s == LEDGER_PROVED || s == LEDGER_CONFIRMED || s == LEDGER_LOST;
}

bool host_is_of_processes(const struct ledger_patch *row)
{
	return row->module && str_equal(row->module, PROCESS_MODULE);
}

struct error *host_is_still(struct host *h, const char *name, uint64_t seq, bool *out)
{
	const struct ledger_patch *row = NULL;
	struct arena arena = { 0 };
	struct error *e = ledger_patch(h->ledger, name, &arena, &row);

	*out = !e && row && row->seq == seq;
	arena_free(&arena);
	return e;
}

static struct error *find_row(struct host *h, const char *name, struct host_patch *p)
{
	struct ledger_patches all = { 0 };

	if (h->ledger)
		TRY(ledger_patches(h->ledger, &p->arena, &all));
	for (size_t i = 0; i < all.n; i++) {
		const struct ledger_patch *row = &all.v[i];

		if (str_equal(row->name, name) ||
		    (row->module && !host_is_of_processes(row) && str_equal(row->module, name)))
			p->row = row;
	}
	return p->row ? NULL
		      : error_advise(error_failed("suture has applied no patch %s here", name),
				     "suture status lists them");
}

struct error *host_patch_find(struct host *h, const char *name, struct host_patch *out)
{
	struct host_patch p __cleanup_host_patch = { 0 };
	struct error *unread __cleanup_error = NULL;

	TRY(find_row(h, name, &p));
	if (p.row->path)
		unread = bundle_open(p.row->path, &p.bundle);
	if (p.bundle)
		p.payload = bundle_payload_for(p.bundle, h->kernel.release);
	p.trouble = unread ? arena_strdup(&p.arena, error_message(unread)) : NULL;
	*out = p;
	p = (struct host_patch){ 0 };
	return NULL;
}

void host_patch_free(struct host_patch *p)
{
	bundle_free(&p->bundle);
	arena_free(&p->arena);
}

/* --- what is kept --------------------------------------------------------------------- */

static struct error *keep_guard(const struct bundle_payload *p, const char *dir, char **out)
{
	char *path __free = NULL;

	if (!p->guard.content)
		return NULL;
	path = str_printf("%s/suture_guard.ko", dir);
	if (!path)
		return error_nomem();
	TRY(bundle_extract_file(&p->guard, path));
	*out = take(path);
	return NULL;
}

struct error *host_keep(const struct host *h, const char *path, const struct bundle *b,
			const struct bundle_payload *p, char **kept, char **module, char **guard)
{
	char *dir __free = str_printf("%s/bundles/%s", h->dir, b->digest.hex);
	char *file __free = dir ? str_printf("%s.suture", dir) : NULL;
	char *ko __free = dir && p ? str_printf("%s/%s.ko", dir, p->module) : NULL;
	struct strbuf bytes __cleanup_strbuf = { 0 };

	if (!file || (p && !ko))
		return error_nomem();
	TRY(dir_make(dir));
	TRY(file_read(path, &bytes));
	TRY(file_write_durable(file, bytes.s, bytes.n, 0600));
	if (p)
		TRY(bundle_extract(p, ko));
	if (p)
		TRY(keep_guard(p, dir, guard));
	*kept = take(file);
	*module = take(ko);
	return NULL;
}

static bool is_needed(const struct host *h, const char *digest)
{
	struct arena a = { 0 };
	struct ledger_patches all = { 0 };
	struct error *e __cleanup_error = ledger_patches(h->ledger, &a, &all);
	bool needed = e;

	for (size_t i = 0; i < all.n; i++)
		needed |= all.v[i].bundle && str_equal(all.v[i].bundle, digest) &&
			  (host_should_be_live(all.v[i].state) || all.v[i].confirmed ||
			   all.v[i].state == LEDGER_APPLYING || all.v[i].state == LEDGER_REVERTING);
	arena_free(&a);
	return needed;
}

void host_forget(const struct host *h, const char *digest)
{
	char *dir __free = digest ? str_printf("%s/bundles/%s", h->dir, digest) : NULL;
	char *file __free = dir ? str_printf("%s.suture", dir) : NULL;

	if (!file || is_needed(h, digest))
		return;
	error_free(&(struct error *){ dir_remove(dir) });
	unlink(file);
}

/* What is called after no bundle that is needed: also half of a file, of whoever was killed. */
struct error *host_sweep(const struct host *h)
{
	char *bundles __free = str_printf("%s/bundles", h->dir);
	struct error *e = NULL;
	struct dirent *ent;
	DIR *d;

	if (!bundles)
		return error_nomem();
	d = opendir(bundles);
	while (d && !e && (ent = readdir(d))) {
		char digest[2 * DIGEST_BYTES + 1], *path __free = NULL;

		snprintf(digest, sizeof(digest), "%.64s", ent->d_name);
		if (str_equal(ent->d_name, ".") || str_equal(ent->d_name, "..") ||
		    is_needed(h, digest))
			continue;
		path = str_printf("%s/%s", bundles, ent->d_name);
		e = path ? dir_remove(path) : error_nomem();
	}
	if (d)
		closedir(d);
	return e;
}
