// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/verify_session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/json.h"

/* --- what is shown ------------------------------------------------------------ */

static const char *yes_no(bool known, bool yes)
{
	return !known ? "unread" : yes ? "yes" : "no";
}

static struct error *add_row(const struct proof_function *f, const struct proof_result *r,
			     struct strbuf *out)
{
	char name[160], pos[16] = "";

	if (f->sympos)
		snprintf(pos, sizeof(pos), ",%u", f->sympos);
	snprintf(name, sizeof(name), "%s%s%s%s", str_equal(f->object, "vmlinux") ? "" : f->object,
		 str_equal(f->object, "vmlinux") ? "" : ":", f->name, pos);
	TRY(strbuf_printf(out, "%-32s %-11s %-9s %-10s %10llu %10llu %8llu\n", name,
			  proof_state_name(r->state), yes_no(r->site_known, r->site_redirected),
			  yes_no(true, r->registered), (unsigned long long)r->count.new_entry,
			  (unsigned long long)r->count.old_body,
			  (unsigned long long)r->count.missed));
	if (r->trouble)
		TRY(strbuf_printf(out, "    %s\n", r->trouble));
	return NULL;
}

static struct error *add_json(const struct proof_function *f, const struct proof_result *r,
			      struct strbuf *out)
{
	struct json j = json_begin_compact(out);

	proof_json(f, r, &j);
	return json_finish(&j);
}

/* How bad is it, against what is required? The exit code; 0 for well. */
static enum error_kind shortfall(enum proof_state state, enum proof_state require)
{
	if (state == PROOF_LOST)
		return ERROR_VERIFY;
	if (require == PROOF_NOT_PATCHED)
		return state == PROOF_NOT_PATCHED ? 0 : ERROR_VERIFY;
	if (state == PROOF_NOT_PATCHED)
		return ERROR_VERIFY;
	return require == PROOF_EXERCISED && state != PROOF_EXERCISED ? ERROR_PENDING : 0;
}

struct error *verify_read(struct proof *p, const struct verify_format *f, struct strbuf *out)
{
	enum error_kind worst = 0;
	const char *name = NULL, *state = NULL;

	if (!f->json)
		TRY(strbuf_printf(out, "%-32s %-11s %-9s %-10s %10s %10s %8s\n", "FUNCTION",
				  "STATE", "TEXT", "REGISTERED", "NEW", "OLD", "MISSED"));
	for (size_t i = 0; i < proof_size(p); i++) {
		const struct proof_function *fn = proof_function_at(p, i);
		struct proof_result r;
		enum error_kind kind;

		TRY(proof_read(p, i, &r));
		TRY(f->json ? add_json(fn, &r, out) : add_row(fn, &r, out));
		kind = shortfall(r.state, f->require);
		/* 5 (lost) is worse than 6 (inconclusive). */
		if (kind && worst != ERROR_VERIFY) {
			worst = kind;
			name = fn->name;
			state = proof_state_name(r.state);
		}
	}
	return worst ? error_new(worst, "%s is %s", name, state) : NULL;
}

/* --- the session's side ------------------------------------------------------- */

static struct error *address_of(const char *path, struct sockaddr_un *out)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(out->sun_path))
		return error_usage("%s: too long for a socket", path);
	strcpy(out->sun_path, path);
	return NULL;
}

static struct error *obey(struct proof *p, const char *line, struct strbuf *out, bool *over)
{
	struct verify_format f = { .json = strstr(line, " json") != NULL };
	const char *require = strstr(line, "require=");
	size_t n = strcspn(line, " ");

	f.require = require && require[8] >= '0' && require[8] <= '9'
			    ? (enum proof_state)(require[8] - '0')
			    : PROOF_IN_PLACE;
	if (n == 4 && !memcmp(line, "mark", n))
		return proof_mark(p);
	if (n == 10 && !memcmp(line, "attach-new", n))
		return proof_attach_new(p);
	if (n == 4 && !memcmp(line, "read", n))
		return verify_read(p, &f, out);
	if (n == 4 && !memcmp(line, "quit", n)) {
		*over = true;
		return NULL;
	}
	return error_usage("a session knows mark, attach-new, read and quit, not '%.*s'", (int)n,
			   line);
}

static struct error *answer(struct proof *p, int fd, bool *over)
{
	struct strbuf out __cleanup_strbuf = { 0 }, all __cleanup_strbuf = { 0 };
	struct error *e __cleanup_error = NULL;
	char line[256];
	ssize_t n = recv(fd, line, sizeof(line) - 1, 0);
	size_t sent = 0;

	if (n <= 0)
		return NULL;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	e = obey(p, line, &out, over);
	TRY(strbuf_printf(&all, "%d\n%s\n", e ? (int)error_kind(e) : 0, e ? error_message(e) : ""));
	TRY(strbuf_add(&all, out.s, out.n));
	while (sent < all.n) {
		n = send(fd, all.s + sent, all.n - sent, MSG_NOSIGNAL);
		if (n <= 0)
			return NULL; /* who asked is gone */
		sent += (size_t)n;
	}
	return NULL;
}

static struct error *serve(struct proof *p, int listener)
{
	bool over = false;

	while (!over) {
		struct pollfd w = { .fd = listener, .events = POLLIN };
		int fd __closefd = -1;

		TRY(interrupt_check());
		if (poll(&w, 1, 1000) <= 0)
			continue;
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			TRY(answer(p, fd, &over));
	}
	return NULL;
}

static void leave_terminal(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	for (int fd = 0; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
}

static struct error *listen_at(const char *path, int *out)
{
	struct sockaddr_un to;

	TRY(address_of(path, &to));
	*out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*out < 0)
		return error_advise(error_errno(errno, "a unix socket"),
				    "a session needs a kernel with CONFIG_UNIX");
	unlink(path);
	if (bind(*out, (struct sockaddr *)&to, sizeof(to)) < 0 || listen(*out, 8) < 0)
		return error_errno(errno, "%s", path);
	return NULL;
}

static struct error *be_session(const struct proof_function *functions, size_t n, const char *path,
				int ready)
{
	struct proof *p __cleanup_proof = NULL;
	int listener __closefd = -1;
	struct error *e;

	e = proof_attach(functions, n, &p);
	if (!e)
		e = listen_at(path, &listener);
	if (e) {
		dprintf(ready, "%d\n%s", (int)error_kind(e), error_message(e));
		return e;
	}
	leave_terminal();
	dprintf(ready, "0\n");
	close(ready);
	e = serve(p, listener);
	unlink(path);
	return e;
}

/* The parent's side: the child is ready, or says what went wrong. */
static struct error *await_session(int ready)
{
	struct strbuf said __cleanup_strbuf = { 0 };
	char block[512], *message;
	ssize_t n;

	while ((n = read(ready, block, sizeof(block))) > 0)
		TRY(strbuf_add(&said, block, (size_t)n));
	TRY(interrupt_check());
	message = said.s ? strchr(said.s, '\n') : NULL;
	if (!message)
		return error_failed("the session ended at once");
	return atoi(said.s) ? error_new((enum error_kind)atoi(said.s), "%s", message + 1) : NULL;
}

struct error *verify_session(const struct proof_function *functions, size_t n, const char *path)
{
	struct error *e __cleanup_error = NULL;
	int ready[2];
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return error_errno(errno, "pipe");
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return error_errno(errno, "fork");
	if (!pid) {
		close(ready[0]);
		e = be_session(functions, n, path, ready[1]);
		_exit(e ? (int)error_kind(e) : 0);
	}
	close(ready[1]);
	e = await_session(ready[0]);
	close(ready[0]);
	return take(e);
}

/* --- the asker's side --------------------------------------------------------- */

struct error *verify_ask(const char *path, const char *command, const struct verify_format *f)
{
	int fd __closefd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct strbuf said __cleanup_strbuf = { 0 };
	char block[4096], line[256], *message, *rest;
	struct sockaddr_un to;
	ssize_t n;
	int code;

	TRY(address_of(path, &to));
	if (fd < 0)
		return error_errno(errno, "socket");
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return error_advise(error_errno(errno, "asking the session %s", path),
				    "suture verify --session %s begins one", path);
	snprintf(line, sizeof(line), "%s require=%d%s\n", command, (int)f->require,
		 f->json ? " json" : "");
	if (send(fd, line, strlen(line), MSG_NOSIGNAL) < 0)
		return error_errno(errno, "asking the session %s", path);
	while ((n = recv(fd, block, sizeof(block), 0)) > 0)
		TRY(strbuf_add(&said, block, (size_t)n));
	message = said.s ? strchr(said.s, '\n') : NULL;
	rest = message ? strchr(message + 1, '\n') : NULL;
	if (!rest)
		return error_failed("the session %s ended without an answer", path);
	*rest++ = '\0';
	fputs(rest, stdout);
	code = atoi(said.s);
	return code ? error_new((enum error_kind)code, "%s", message + 1) : NULL;
}
