// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/service_check.h"

#include <stdio.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/subprocess.h"

#define SECONDS 5.0

/* What it said last, without what would break a line. */
static void note_output(struct service_check *c, int status, struct strbuf *out)
{
	const char *last;

	while (out->n && (unsigned char)out->s[out->n - 1] <= ' ')
		out->s[--out->n] = '\0';
	last = out->n ? strrchr(out->s, '\n') : NULL;
	last = last ? last + 1 : strbuf_str(out);
	snprintf(c->why, sizeof(c->why), "status %d%s%.100s", status, *last ? ": " : "", last);
	for (char *at = c->why; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = ' ';
}

static struct error *run_once(struct service_check *c, const char *command, bool *well)
{
	struct strbuf out __cleanup_strbuf = { 0 };
	struct subprocess p = { .argv = subprocess_words("/bin/sh", "-c", command),
				.timeout = SECONDS,
				.out = &out,
				.err = &out };
	struct error *e = subprocess_run(&p);

	*well = !e && !p.status;
	if (e && (error_kind(e) == ERROR_INTERRUPTED || interrupted()))
		return e;
	if (e)
		snprintf(c->why, sizeof(c->why), "%.150s", error_message(e));
	else if (p.status)
		note_output(c, p.status, &out);
	error_free(&e);
	return NULL;
}

struct error *service_check_run(struct service_check *c, bool *well)
{
	*well = true;
	for (size_t i = 0; *well && i < SERVICE_CHECKS; i++) {
		if (!c->command[i])
			continue;
		TRY(run_once(c, c->command[i], well));
		if (!*well)
			TRY(run_once(c, c->command[i], well));
	}
	return NULL;
}
