// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel log, read from /dev/kmsg (Documentation/ABI/testing/dev-kmsg). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "qemu/guest/guest.h"

/* "6,339,5140900,-;text\n KEY=value\n" becomes "[    5.140900] text\n". */
static size_t log_line(char *record, char *to, size_t room)
{
	char *text = strchr(record, ';'), *end;
	unsigned long long us = 0;
	int n;

	if (!text || sscanf(record, "%*u,%*u,%llu", &us) != 1)
		return 0;
	text++;
	end = strchr(text, '\n');
	if (end)
		*end = '\0';
	n = snprintf(to, room, "[%5llu.%06llu] %s\n", us / 1000000, us % 1000000, text);
	return n < 0 || (size_t)n >= room ? 0 : (size_t)n;
}

/* Send what the kernel has logged; at most one frame at a time unless all is wanted. */
void send_log(bool all)
{
	static char record[8193], lines[65536];
	size_t n = 0;
	ssize_t k;

	while (guest.kmsg >= 0) {
		k = read(guest.kmsg, record, sizeof(record) - 1);
		if (k < 0 && (errno == EPIPE || errno == EINTR))
			continue; /* overwritten before it was read */
		if (k <= 0)
			break;
		record[k] = '\0';
		n += log_line(record, lines + n, sizeof(lines) - n);
		if (n < sizeof(lines) - sizeof(record))
			continue;
		send_large(FRAME_LOG, 0, lines, n);
		n = 0;
		if (!all)
			return;
	}
	if (n)
		send_large(FRAME_LOG, 0, lines, n);
}
