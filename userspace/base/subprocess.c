// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One poll loop serves any number of children: their output pipes, their pidfds
 * (pidfd_open(2), Linux 5.3), their deadlines.
 */
#include "base/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "base/vec.h"

struct child {
	struct subprocess *p;
	pid_t pid; /* 0: not running */
	int pidfd, out, err;
	double started;
};

static void child_init(struct child *c, struct subprocess *p)
{
	*c = (struct child){ .p = p, .pidfd = -1, .out = -1, .err = -1 };
}

static void child_close(struct child *c)
{
	close_fd(&c->pidfd);
	close_fd(&c->out);
	close_fd(&c->err);
}

/* End the whole group now, and wait for its leader. */
static void child_kill(struct child *c)
{
	if (c->pid) {
		kill(-c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
		c->pid = 0;
	}
	child_close(c);
}

/*
 * End what still runs. SIGTERM and a second first: compilers and make remove their
 * temporary files then. Every pidfd becomes readable when its leader has ended.
 */
static void end_all(struct child *c, size_t n)
{
	double deadline = clock_seconds() + 1;
	size_t i;

	for (i = 0; i < n; i++)
		if (c[i].pid)
			kill(-c[i].pid, SIGTERM);
	for (i = 0; i < n; i++) {
		struct pollfd ended = { .fd = c[i].pidfd, .events = POLLIN };
		double left = deadline - clock_seconds();

		if (c[i].pid && c[i].pidfd >= 0)
			while (left > 0 && poll(&ended, 1, (int)(left * 1000) + 1) < 0 &&
			       errno == EINTR)
				left = deadline - clock_seconds();
		child_kill(&c[i]);
	}
}

static int input_fd(const char *input)
{
	size_t left = input ? strlen(input) : 0;
	int fd;

	if (!input)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	fd = (int)syscall(SYS_memfd_create, "stdin", 1u /* MFD_CLOEXEC */);
	while (fd >= 0 && left) {
		ssize_t n = write(fd, input, left);

		if (n < 0) {
			close(fd);
			return -1;
		}
		input += n;
		left -= (size_t)n;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

/* What went wrong between fork and exec, sent up a pipe. */
struct start_failure {
	int code; /* errno */
	int in_cwd;
	int in_root;
	char step[64]; /* of root_enter() */
};

/* In the child. False: *f says why not. */
static bool enter(const struct subprocess *p, struct start_failure *f)
{
	const char *step = "";

	if (!p->root)
		return true;
	f->code = root_enter(p->root, &step);
	f->in_root = 1;
	snprintf(f->step, sizeof(f->step), "%s", step);
	setenv("PATH", ROOT_PATH, 1);
	/* New credentials may have taken it away. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return !f->code;
}

/* In the child, at its end. */
static void fail_start(int fail, const struct start_failure *f)
{
	if (write(fail, f, sizeof(*f)) < 0)
		_exit(126);
	_exit(127);
}

/* In the child. */
static void child_exec(const struct subprocess *p, pid_t parent, int in, int out, int err, int fail)
{
	struct start_failure f = { 0 };
	char *path = getenv("PATH");

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	dup2(in, 0);
	if (!p->inherit) {
		dup2(out, 1);
		dup2(err, 2);
	}
	if (p->clear_env) {
		clearenv();
		if (path)
			setenv("PATH", path, 1);
	}
	for (const char *const *e = p->env; e && *e; e++)
		putenv((char *)*e);
	if (!enter(p, &f))
		fail_start(fail, &f);
	f = (struct start_failure){ 0 };
	if (!p->cwd || !chdir(p->cwd))
		execvp(p->argv[0], (char *const *)p->argv);
	else
		f.in_cwd = 1;
	f.code = errno;
	fail_start(fail, &f);
}

static struct error *make_pipe(int *read_end, int *write_end)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) < 0)
		return error_errno(errno, "pipe");
	*read_end = fd[0];
	*write_end = fd[1];
	return NULL;
}

/* The pipes for the child's output; our ends never block, as strangers may hold theirs open. */
static struct error *output_pipes(struct child *c, int *out, int *err)
{
	TRY(make_pipe(&c->out, out));
	fcntl(c->out, F_SETFL, O_NONBLOCK);
	if (c->p->out == c->p->err) {
		*err = fcntl(*out, F_DUPFD_CLOEXEC, 0);
		return *err < 0 ? error_errno(errno, "pipe") : NULL;
	}
	TRY(make_pipe(&c->err, err));
	fcntl(c->err, F_SETFL, O_NONBLOCK);
	return NULL;
}

static struct error *not_started(const struct subprocess *p, struct start_failure f)
{
	if (f.in_root)
		return error_errno(f.code, "entering %s for %s: %s", p->root->dir, p->argv[0],
				   f.step);
	if (f.in_cwd)
		return error_errno(f.code, "starting %s in %s", p->argv[0], p->cwd);
	if (f.code == ENOENT && !strchr(p->argv[0], '/'))
		return error_failed("%s: no such program; is its package installed?", p->argv[0]);
	return error_errno(f.code, "starting %s", p->argv[0]);
}

static struct error *child_start(struct child *c)
{
	struct subprocess *p = c->p;
	int in __closefd = input_fd(p->input);
	int out __closefd = -1, err __closefd = -1, fail __closefd = -1, failed __closefd = -1;
	pid_t parent = getpid();
	struct start_failure f;
	ssize_t n;

	if (in < 0)
		return error_errno(errno, "starting %s", p->argv[0]);
	TRY(make_pipe(&failed, &fail));
	if (!p->inherit)
		TRY(output_pipes(c, &out, &err));
	c->started = clock_seconds();
	fflush(NULL);
	c->pid = fork();
	if (c->pid < 0) {
		c->pid = 0;
		return error_errno(errno, "starting %s", p->argv[0]);
	}
	if (!c->pid)
		child_exec(p, parent, in, out, err, fail);
	setpgid(c->pid, c->pid);
	close_fd(&fail);
	do {
		n = read(failed, &f, sizeof(f));
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof(f)) {
		child_kill(c);
		return not_started(p, f);
	}
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	if (c->pidfd < 0)
		return error_errno(errno, "watching %s", p->argv[0]);
	return NULL;
}

/* What a pipe holds now, at most a block; closes it at its end. *more: there may be more. */
static struct error *drain(int *fd, struct strbuf *to, bool *more)
{
	char block[16384];
	ssize_t n = read(*fd, block, sizeof(block));

	*more = n > 0 || (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return NULL;
	if (n <= 0) {
		close_fd(fd);
		return NULL;
	}
	return to ? strbuf_add(to, block, (size_t)n) : NULL;
}

/* The last of the output. A stranger (a daemon that left the group) may hold the pipe open. */
static struct error *drain_rest(int *fd, struct strbuf *to)
{
	bool more = *fd >= 0;

	while (more)
		TRY(drain(fd, to, &more));
	close_fd(fd);
	return NULL;
}

/*
 * The leader has ended. What is left of its group is ended before the leader is waited for,
 * while the group's number cannot be anybody else's.
 */
static struct error *child_end(struct child *c)
{
	int status;

	kill(-c->pid, SIGKILL);
	while (waitpid(c->pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(errno, "waiting for %s", c->p->argv[0]);
	c->pid = 0;
	c->p->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	c->p->seconds = clock_seconds() - c->started;
	close_fd(&c->pidfd);
	TRY(drain_rest(&c->out, c->p->out));
	TRY(drain_rest(&c->err, c->p->err));
	return NULL;
}

static struct error *child_timed_out(struct child *c, double now, double *wait)
{
	double left;

	if (c->p->timeout <= 0)
		return NULL;
	left = c->started + c->p->timeout - now;
	if (left <= 0)
		return error_failed("%s: no end after %s", c->p->argv[0],
				    str_duration(c->p->timeout).s);
	if (left < *wait)
		*wait = left;
	return NULL;
}

/* Wait for anything to happen to the running children, and serve it. */
static struct error *serve(struct child *c, size_t n, size_t *running)
{
	struct pollfd fds[3 * 64];
	double wait = 3600, now = clock_seconds();
	size_t i, k = 0;
	bool more;

	for (i = 0; i < n; i++) {
		if (!c[i].pid)
			continue;
		TRY(child_timed_out(&c[i], now, &wait));
		fds[k++] = (struct pollfd){ .fd = c[i].pidfd, .events = POLLIN };
		fds[k++] = (struct pollfd){ .fd = c[i].out, .events = POLLIN };
		fds[k++] = (struct pollfd){ .fd = c[i].err, .events = POLLIN };
	}
	/* A signal between the check and poll() must not be slept over: look again each second. */
	TRY(interrupt_check());
	if (poll(fds, k, wait < 1 ? (int)(wait * 1000) + 1 : 1000) < 0 && errno != EINTR)
		return error_errno(errno, "poll");
	TRY(interrupt_check());
	progress_tick();
	for (i = 0, k = 0; i < n; i++) {
		if (!c[i].pid)
			continue;
		if (fds[k + 1].revents && c[i].out >= 0)
			TRY(drain(&c[i].out, c[i].p->out, &more));
		if (fds[k + 2].revents && c[i].err >= 0)
			TRY(drain(&c[i].err, c[i].p->err, &more));
		if (fds[k].revents) {
			TRY(child_end(&c[i]));
			--*running;
		}
		k += 3;
	}
	return NULL;
}

static struct error *run_all(struct child *slots, struct subprocess *p, size_t n, size_t jobs)
{
	size_t started = 0, running = 0, i;

	while (started < n || running) {
		for (i = 0; i < jobs && started < n; i++) {
			if (slots[i].pid)
				continue;
			child_init(&slots[i], &p[started++]);
			TRY(child_start(&slots[i]));
			running++;
		}
		TRY(serve(slots, jobs, &running));
	}
	return NULL;
}

struct error *subprocess_run_all(struct subprocess *p, size_t n, unsigned int jobs)
{
	struct child slots[64];
	struct error *e;
	size_t i;

	if (!jobs)
		jobs = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	if (jobs > ARRAY_SIZE(slots))
		jobs = ARRAY_SIZE(slots);
	for (i = 0; i < jobs; i++)
		child_init(&slots[i], NULL);
	e = run_all(slots, p, n, jobs);
	end_all(slots, jobs);
	return e;
}

struct error *subprocess_run(struct subprocess *p)
{
	return subprocess_run_all(p, 1, 1);
}

/* The last lines of a text, at most four of them. */
static const char *tail(const char *s)
{
	const char *p = s + strlen(s);
	int lines = 0;

	while (p > s && lines < 5) {
		if (*--p == '\n' && p[1])
			lines++;
	}
	return *p == '\n' ? p + 1 : p;
}

struct error *subprocess_check(struct subprocess *p)
{
	struct strbuf err __cleanup_strbuf = { 0 };
	bool own = !p->err && !p->inherit;
	const char *said;
	struct error *e;

	if (own)
		p->err = &err;
	e = subprocess_run(p);
	said = p->err ? tail(strbuf_str(p->err)) : "";
	if (!e && p->status)
		e = error_failed("%s ended with status %d%s%s", p->argv[0], p->status,
				 *said ? ":\n" : "", said);
	if (own)
		p->err = NULL;
	return e;
}
