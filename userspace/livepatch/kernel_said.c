// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/kernel_said.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define RECORD_MAX 8192

struct kernel_said kernel_said_begin(void)
{
	struct kernel_said k = { .fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC) };

	if (k.fd >= 0 && lseek(k.fd, 0, SEEK_END) < 0)
		close_fd(&k.fd);
	return k;
}

int kernel_said_text(const char *record, size_t n, const char **text)
{
	const char *at = memchr(record, ';', n), *end;

	if (!at)
		return -1;
	at++;
	end = memchr(at, '\n', n - (size_t)(at - record));
	*text = at;
	return (int)((end ? end : record + n) - at);
}

struct error *kernel_said_read(struct kernel_said *k, struct strbuf *out)
{
	char record[RECORD_MAX];
	const char *text;
	ssize_t n;
	int length;

	while (k->fd >= 0) {
		n = read(k->fd, record, sizeof(record));
		if (n < 0 && errno == EPIPE) /* overtaken: the next read goes on behind the gap */
			continue;
		if (n <= 0)
			break;
		length = kernel_said_text(record, (size_t)n, &text);
		if (length >= 0)
			TRY(strbuf_printf(out, "%.*s\n", length, text));
	}
	return NULL;
}

void kernel_said_end(struct kernel_said *k)
{
	close_fd(&k->fd);
}
