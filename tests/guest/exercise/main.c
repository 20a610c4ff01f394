// SPDX-License-Identifier: GPL-2.0-or-later
/* exercise NAME [TIMES]: exit status 0 done, 1 could not be done, 2 usage. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exercise.h"

static const struct exercise *const tables[] = {
	exercises_files,      exercises_memory,	 exercises_sockets, exercises_links,
	exercises_algorithms, exercises_devices, exercises_images,  exercises_fuse,
	exercises_machines,   exercises_limits,
};

int failed(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return -1;
}

static const struct exercise *find(const char *name)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct exercise *e = tables[i]; e->name; e++)
			if (!strcmp(e->name, name))
				return e;
	return NULL;
}

int main(int argc, char **argv)
{
	const struct exercise *e = argc > 1 ? find(argv[1]) : NULL;
	long times = argc > 2 ? strtol(argv[2], NULL, 10) : 1;

	if (!e || times < 1 || times > 100000) {
		fprintf(stderr, "usage: exercise NAME [TIMES]; one of:");
		for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
			for (e = tables[i]; e->name; e++)
				fprintf(stderr, " %s", e->name);
		fputc('\n', stderr);
		return 2;
	}
	return e->run((unsigned int)times) ? 1 : 0;
}
