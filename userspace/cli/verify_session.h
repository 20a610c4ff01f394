/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A proof that lives in the background between the phases of a test or a rollout, and is asked
 * over a unix socket: a line in, text out, first the exit code in a line of its own.
 */
#ifndef SUTURE_CLI_VERIFY_SESSION_H
#define SUTURE_CLI_VERIFY_SESSION_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"
#include "probe/proof.h"

struct verify_format {
	bool json;
	enum proof_state require;
};

/* Read all functions into a table or JSON lines; the error says what is not as required. */
struct error *verify_read(struct proof *p, const struct verify_format *f,
			  struct strbuf *out) __must_check;

/*
 * Attach and serve in a child process. The parent returns once the session can be asked, or
 * with the child's error.
 */
struct error *verify_session(const struct proof_function *functions, size_t n,
			     const char *path) __must_check;
/* Ask a session; prints its answer. */
struct error *verify_ask(const char *path, const char *command,
			 const struct verify_format *f) __must_check;

#endif
