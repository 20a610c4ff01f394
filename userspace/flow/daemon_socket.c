// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/daemon_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"

char *daemon_socket_path(void)
{
	const char *dir = getenv("SUTURE_RUN");

	return str_printf("%s/sutured.sock", dir && *dir ? dir : "/run/suture");
}

/* -1 where nobody answers. */
static int call(const char *path)
{
	/* It answers between two rounds. */
	static const struct timeval patience = { .tv_sec = 5 };
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(at.sun_path)) {
		close_fd(&fd);
		return -1;
	}
	strcpy(at.sun_path, path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)))
		close_fd(&fd);
	return fd;
}

struct error *daemon_ask(struct arena *a, const struct json_value **out)
{
	char *path __free = daemon_socket_path();
	struct strbuf text __cleanup_strbuf = { 0 };
	int fd __closefd = path ? call(path) : -1;
	char part[4096];
	ssize_t n;

	*out = NULL;
	if (!path)
		return error_nomem();
	if (fd < 0 || send(fd, "status\n", 7, MSG_NOSIGNAL) != 7)
		return NULL;
	while ((n = recv(fd, part, sizeof(part), 0)) > 0)
		TRY(strbuf_add(&text, part, (size_t)n));
	if (n < 0 || !text.n)
		return error_failed("sutured does not answer at %s", path);
	return error_context(json_parse(text.s, text.n, a, out), "what sutured says");
}
