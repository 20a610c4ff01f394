// SPDX-License-Identifier: GPL-2.0-or-later
/* A library with a function: built with -DLIBRARY; without it, a program that loads one by name. */
#include "tests/hotpatch/apart.h"

#ifdef LIBRARY
static int calls;

APART int version(int x)
{
	calls++;
	return x + 1;
}
#else
#include <dlfcn.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	void *lib = dlopen(argc > 1 ? argv[1] : "", RTLD_NOW);
	int (*version)(int) = lib ? (int (*)(int))dlsym(lib, "version") : NULL;
	int last = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (version) {
		int v = version(0);

		if (v != last) {
			printf("%d\n", v);
			fflush(stdout);
		}
		last = v;
		usleep(2000);
	}
	return 1;
}
#endif
