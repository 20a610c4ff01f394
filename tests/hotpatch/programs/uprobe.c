// SPDX-License-Identifier: GPL-2.0-or-later
/* uprobe FILE OFFSET: a probe of the kernel's there, until input ends. Says "attached". */
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct perf_event_attr a = { .size = sizeof(a), .sample_period = 1 };
	FILE *f = fopen("/sys/bus/event_source/devices/uprobe/type", "r");

	if (argc < 3 || !f || fscanf(f, "%u", &a.type) != 1)
		return 2;
	fclose(f);
	a.uprobe_path = (uint64_t)argv[1];
	a.probe_offset = strtoull(argv[2], NULL, 0);
	if (syscall(SYS_perf_event_open, &a, -1, 0, -1, 0) < 0)
		return 2;
	puts("attached");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
