// SPDX-License-Identifier: GPL-2.0-or-later
/* Who keeps the deadline: the guard in the kernel where its module is to be had, else a process. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

#include "base/file.h"
#include "base/str.h"
#include "flow/host_state.h"
#include "livepatch/guard.h"
#include "livepatch/load.h"

#define STALL_MS 10000

struct error *host_guard_arm(const struct host *h, const char *module, const char *guard_ko,
			     double seconds, enum host_guard_kind *out)
{
	struct guard_request r = { .patch = module,
				   .within_ms = (uint64_t)(seconds * 1000),
				   .flags = GUARD_USUAL,
				   .stall_ms = STALL_MS };
	struct guard g __cleanup_guard = GUARD_CLOSED;
	struct error *e __cleanup_error = NULL;
	uint64_t id;

	*out = GUARD_NONE;
	if (!guard_present() && guard_ko)
		e = load_insert(guard_ko, NULL);
	if (e)
		host_say(h, "guard", module, "the guard's module can't be loaded: %s",
			 error_message(e));
	if (!guard_present())
		return NULL;
	TRY(guard_open(&g));
	/* What is left of an earlier one of that name. */
	error_free(&(struct error *){ guard_disarm(&g, module, 0) });
	TRY(guard_arm(&g, &r, &id));
	*out = GUARD_KERNEL;
	return NULL;
}

struct error *host_guard_confirm(const char *module)
{
	struct guard g __cleanup_guard = GUARD_CLOSED;
	struct guard_list list = { 0 };
	struct error *e;

	if (!guard_present())
		return NULL;
	TRY(guard_open(&g));
	e = guard_status(&g, &list);
	if (!e && guard_of(&list, module))
		e = guard_confirm(&g, module, 0);
	vec_free(&list);
	return e;
}

void host_guard_disarm(const char *module)
{
	struct guard g __cleanup_guard = GUARD_CLOSED;
	struct error *e __cleanup_error = NULL;

	if (!guard_present())
		return;
	e = guard_open(&g);
	if (!e)
		error_free(&(struct error *){ guard_disarm(&g, module, 0) });
}

/* --- a process ------------------------------------------------------------------------ */

static char *duty_file(const char *dir, const char *name)
{
	return str_printf("%s/guard.%s", dir, name);
}

/*
 * The lock on it is the sign that somebody keeps the deadline, and goes with him. The file stays:
 * who waits for the lock must wait at the same file.
 */
static int open_duty(const char *path)
{
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

/* Its file is written to once nothing is to be kept any more, or goes with the state folder. */
void host_guard_dismiss(const struct host *h, const char *name)
{
	char *path __free = duty_file(h->dir, name);
	int fd __closefd = path ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
	ssize_t n = fd >= 0 ? write(fd, "\n", 1) : 0;

	/* Who is not told goes at his deadline, and finds nothing to do. */
	(void)n;
}

/* Its file has grown since, or is no more. */
static bool is_dismissed(int duty, off_t size)
{
	struct stat now;

	return fstat(duty, &now) || !now.st_nlink || now.st_size != size;
}

static bool wait_for_either(struct pollfd fds[2])
{
	char events[4096];

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return true;
	if (fds[1].revents & POLLIN && read(fds[1].fd, events, sizeof(events)) < 0)
		fds[1].fd = -1; /* which poll(2) passes over */
	return fds[0].revents;
}

/* False: dismissed before. */
static bool sleep_until(uint64_t deadline, int duty, const char *path)
{
	struct itimerspec at = { .it_value = { .tv_sec = (time_t)(deadline / 1000000),
					       .tv_nsec = (long)(deadline % 1000000) * 1000 } };
	int timer __closefd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);
	int seen __closefd = inotify_init1(IN_CLOEXEC);
	struct pollfd fds[] = { { .fd = timer, .events = POLLIN },
				{ .fd = seen, .events = POLLIN } };
	struct stat began;

	if (fstat(duty, &began) || timer < 0 ||
	    timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL))
		return true;
	/* Where nothing can be seen the deadline alone ends it. */
	if (seen >= 0 && inotify_add_watch(seen, path, IN_MODIFY | IN_ATTRIB) < 0)
		fds[1].fd = -1;
	while (!wait_for_either(fds))
		if (is_dismissed(duty, began.st_size))
			return false;
	return true;
}

/* Opening the host settles what is overdue: that is all there is to do (recover.h). */
static void keep_deadline(uint64_t deadline, int duty, const char *path)
{
	static const struct host_request nothing = { 0 };

	if (!sleep_until(deadline + 1000, duty, path))
		return;
	for (int tries = 0; tries < 600; tries++) {
		struct host h __cleanup_host = HOST_CLOSED;
		struct error *e __cleanup_error = host_open(&nothing, HOST_CHANGE, &h);

		if (!e || error_kind(e) != ERROR_PENDING)
			break;
		sleep(1);
	}
}

/* Never returns. Nothing of the ledger that the parent has open is touched. */
static void on_duty(int duty, const char *path, int lock, uint64_t deadline)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	for (int fd = 0; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
	/* Else the host would stay locked for as long as the deadline lasts. */
	close(lock);
	/* One of an earlier apply may have it still. */
	while (flock(duty, LOCK_EX) && errno == EINTR)
		;
	keep_deadline(deadline, duty, path);
	_exit(0);
}

struct error *host_guard_process(const struct host *h, const char *name, uint64_t deadline)
{
	char *path __free = duty_file(h->dir, name);
	int duty __closefd = path ? open_duty(path) : -1;
	pid_t pid;

	if (!path)
		return error_nomem();
	if (duty < 0)
		return error_errno(errno, "%s", path);
	if (flock(duty, LOCK_EX | LOCK_NB) && errno != EWOULDBLOCK)
		return error_errno(errno, "locking %s/guard.%s", h->dir, name);
	pid = fork();
	if (pid < 0)
		return error_errno(errno, "starting the process that keeps the deadline");
	if (!pid)
		on_duty(duty, path, h->lock, deadline);
	return NULL;
}

static bool process_on_duty(const char *dir, const char *name)
{
	char *path __free = duty_file(dir, name);
	int fd __closefd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
}

/* --- looking -------------------------------------------------------------------------- */

static struct error *look_at_kernel(const char *module, struct arena *a, enum host_guard_kind *kind,
				    const char **said)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct guard g __cleanup_guard = GUARD_CLOSED;
	struct guard_list list = { 0 };
	const struct suture_guard_status *s;
	struct error *e;

	TRY(guard_open(&g));
	e = guard_status(&g, &list);
	s = e ? NULL : guard_of(&list, module);
	if (s && (s->state == SUTURE_GUARD_WAITING || s->state == SUTURE_GUARD_ON_DUTY))
		*kind = GUARD_KERNEL;
	else if (s)
		e = guard_sentence(s, &text);
	if (!e && text.n) {
		*said = arena_strdup(a, text.s);
		e = *said ? NULL : error_nomem();
	}
	vec_free(&list);
	return e;
}

struct error *host_guard_look(const char *dir, const char *name, const char *module,
			      struct arena *a, enum host_guard_kind *kind, const char **said)
{
	*kind = GUARD_NONE;
	*said = NULL;
	if (process_on_duty(dir, name))
		*kind = GUARD_PROCESS;
	return guard_present() && !geteuid() && module ? look_at_kernel(module, a, kind, said)
						       : NULL;
}
