// SPDX-License-Identifier: GPL-2.0-or-later
#include "trial/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "trial/event.h"
#include "trial/play.h"

#define TIDY_UP 20.0 /* seconds that an interrupted worker has */

/* --- in the worker ------------------------------------------------------------------ */

struct telling {
	const char *kernel;
	int to;
};

static struct error *tell(void *arg, const struct phase_result *r)
{
	struct telling *t = arg;
	struct strbuf line __cleanup_strbuf = { 0 };
	size_t sent = 0;

	TRY(event_write(t->kernel, r, &line));
	while (sent < line.n) {
		ssize_t n = write(t->to, line.s + sent, line.n - sent);

		if (n < 0 && errno != EINTR)
			return error_errno(errno, "telling a result");
		sent += n > 0 ? (size_t)n : 0;
	}
	return NULL;
}

/*
 * A process group of its own: what kills the parent's group gets the worker only through the
 * parent's death, and it can tidy up.
 */
static void be_worker(const struct trial_options *opt, const struct trial_kernel *k,
		      const char *logs, pid_t parent, int results, int messages)
{
	struct telling t = { .kernel = k->name, .to = results };
	struct error *e __cleanup_error = NULL;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	dup2(null, 0);
	dup2(null, 1);
	dup2(messages, 2);
	e = play(opt, k, logs, tell, &t);
	if (e)
		fprintf(stderr, "%s\n", error_message(e));
	fflush(stderr);
	_exit(e ? (int)error_kind(e) : 0);
}

/* --- in its parent ------------------------------------------------------------------ */

struct error *worker_start(const struct trial_options *opt, const struct trial_kernel *k,
			   const char *logs, struct worker *out)
{
	struct worker w __cleanup_worker = { .results = -1, .messages = -1 };
	pid_t parent = getpid();
	int fd[2];

	w.messages = memfd_create("messages", MFD_CLOEXEC);
	if (w.messages < 0 || pipe2(fd, O_CLOEXEC) < 0)
		return error_errno(errno, "starting a worker");
	w.results = fd[0];
	fflush(NULL);
	w.pid = fork();
	if (!w.pid) {
		close(fd[0]);
		be_worker(opt, k, logs, parent, fd[1], w.messages);
	}
	close(fd[1]);
	if (w.pid < 0) {
		w.pid = 0;
		return error_errno(errno, "starting a worker");
	}
	*out = w;
	w = (struct worker){ .results = -1, .messages = -1 };
	return NULL;
}

void worker_end(struct worker *w)
{
	double until = clock_seconds() + TIDY_UP;
	int pidfd __closefd = -1;

	if (w->pid) {
		pidfd = (int)syscall(SYS_pidfd_open, w->pid, 0);
		kill(w->pid, SIGTERM);
	}
	while (w->pid) {
		struct pollfd p = { .fd = pidfd, .events = POLLIN };

		if (waitpid(w->pid, NULL, WNOHANG))
			w->pid = 0;
		else if (clock_seconds() > until)
			kill(w->pid, SIGKILL);
		else
			poll(&p, 1, 200);
	}
	close_fd(&w->results);
	close_fd(&w->messages);
}
