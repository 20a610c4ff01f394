// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/door.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

static struct error *take_lock(struct door *d)
{
	char *path __free = str_printf("%s.lock", d->path);

	if (!path)
		return error_nomem();
	d->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (d->lock < 0)
		return error_errno(errno, "%s", path);
	if (!flock(d->lock, LOCK_EX | LOCK_NB))
		return NULL;
	return errno == EWOULDBLOCK ? error_new(ERROR_PENDING, "another sutured serves %s", d->path)
				    : error_errno(errno, "locking %s", path);
}

static struct error *listen_there(struct door *d)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	mode_t mask;
	int failed;

	if (strlen(d->path) >= sizeof(at.sun_path))
		return error_failed("%s is too long for a socket", d->path);
	strcpy(at.sun_path, d->path);
	d->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->listener < 0)
		return error_errno(errno, "a socket");
	/* The lock is ours: what lies there is of one that was killed. */
	unlink(d->path);
	mask = umask(0177);
	failed = bind(d->listener, (struct sockaddr *)&at, sizeof(at)) || listen(d->listener, 16);
	umask(mask);
	return failed ? error_errno(errno, "listening at %s", d->path) : NULL;
}

struct error *door_open(const char *path, struct door *out)
{
	struct door d __cleanup_door = DOOR_CLOSED;
	char *copy __free = strdup(path);

	d.path = strdup(path);
	if (!copy || !d.path)
		return error_nomem();
	TRY(dir_make(dirname(copy)));
	TRY(take_lock(&d));
	TRY(listen_there(&d));
	*out = d;
	d = (struct door)DOOR_CLOSED;
	return NULL;
}

/* A word of one line; NULL if none comes in time. */
static const char *hear(int fd, char *to, size_t room)
{
	ssize_t n = recv(fd, to, room - 1, 0);

	if (n <= 0)
		return NULL;
	to[n] = '\0';
	to[strcspn(to, "\r\n")] = '\0';
	return to;
}

static struct error *answer(const char *word, const struct audit *a, struct strbuf *out)
{
	if (str_equal(word, "status"))
		return audit_json(a, out);
	if (str_equal(word, "metrics"))
		return audit_metrics(a, out);
	return strbuf_puts(out, "status or metrics\n");
}

void door_answer(const struct door *d, const struct audit *a)
{
	static const struct timeval patience = { .tv_usec = 250000 };
	int fd __closefd = accept4(d->listener, NULL, NULL, SOCK_CLOEXEC);
	struct strbuf out __cleanup_strbuf = { 0 };
	struct error *e __cleanup_error = NULL;
	const char *word;
	char line[64];

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	word = hear(fd, line, sizeof(line));
	if (!word)
		return;
	e = answer(word, a, &out);
	for (size_t at = 0; !e && at < out.n;) {
		ssize_t n = send(fd, out.s + at, out.n - at, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		at += (size_t)n;
	}
}

void door_close(struct door *d)
{
	if (d->listener >= 0)
		unlink(d->path);
	close_fd(&d->listener);
	close_fd(&d->lock);
	free_pointer(&d->path);
}
