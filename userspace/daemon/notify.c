// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

void notify(const char *fmt, ...)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd __closefd = -1;
	char text[512];
	socklen_t size;
	va_list ap;
	int n;

	if (!path || !*path || strlen(path) >= sizeof(to.sun_path))
		return;
	strcpy(to.sun_path, path);
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	/* A name of the abstract namespace is written with an @. */
	if (*path == '@')
		to.sun_path[0] = '\0';
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || n < 0)
		return;
	/* It is a courtesy: a manager that does not listen is not our trouble. */
	n = n < (int)sizeof(text) ? n : (int)sizeof(text) - 1;
	if (sendto(fd, text, (size_t)n, MSG_NOSIGNAL, (struct sockaddr *)&to, size) < 0)
		return;
}

bool notify_has_watchdog(void)
{
	const char *micro = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	return micro && atoll(micro) > 0 && (!pid || atoll(pid) == getpid());
}

bool notify_system_stops(void)
{
	char word[32] = "";
	FILE *f = popen("systemctl is-system-running 2>/dev/null", "re");

	if (!f)
		return false;
	if (!fgets(word, sizeof(word), f))
		word[0] = '\0';
	pclose(f);
	return !strncmp(word, "stopping", 8);
}
