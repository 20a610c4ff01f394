// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t seen; /* the signal's number, or 0 */

static void note(int sig)
{
	seen = sig;
}

void interrupt_install(void)
{
	/* No SA_RESTART: a blocking call returns with EINTR and looks at 'seen'. */
	struct sigaction sa = { .sa_handler = note };

	sigemptyset(&sa.sa_mask);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	/* A reader that went away is a failed write, which unwinds like any other error. */
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
}

bool interrupted(void)
{
	return seen;
}

struct error *interrupt_check(void)
{
	if (!seen)
		return NULL;
	return error_new(ERROR_INTERRUPTED, "interrupted");
}
