// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who is at it, and when. The audit login (proc(5), loginuid) is the kernel's word and can't be
 * changed once it is set; SUDO_USER is only sudo's, taken where there is no other.
 */
#include "ledger/stamp.h"

#include <pwd.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

#define NO_LOGIN 4294967295u /* (uid_t)-1: nobody logged in */

static uint64_t microseconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* A file's first line; "" if it can't be read. */
static struct error *first_line(const char *path, struct arena *a, const char **out)
{
	struct strbuf b __cleanup_strbuf = { 0 };
	struct error *e = file_read(path, &b);

	error_free(&e);
	if (b.s)
		b.s[strcspn(b.s, "\n")] = '\0';
	*out = arena_strdup(a, strbuf_str(&b));
	return *out ? NULL : error_nomem();
}

static struct error *find_login(struct arena *a, const char **out)
{
	const char *line, *sudo = getenv("SUDO_USER");
	struct passwd *user;
	uint64_t id = NO_LOGIN;
	struct error *e __cleanup_error = NULL;

	TRY(first_line("/proc/self/loginuid", a, &line));
	e = str_u64(line, &id);
	*out = NULL;
	if (!e && id != NO_LOGIN) {
		user = getpwuid((uid_t)id);
		*out = user ? arena_strdup(a, user->pw_name)
			    : arena_printf(a, "%llu", (unsigned long long)id);
		return *out ? NULL : error_nomem();
	}
	if (!sudo || !*sudo)
		return NULL;
	*out = arena_strdup(a, sudo);
	return *out ? NULL : error_nomem();
}

struct error *ledger_stamp_event(struct ledger_event *e, struct arena *a)
{
	const char *tty = ttyname(STDIN_FILENO);

	TRY(first_line("/proc/sys/kernel/random/boot_id", a, &e->boot));
	TRY(find_login(a, &e->login));
	e->time = (int64_t)microseconds(CLOCK_REALTIME);
	e->uptime = microseconds(CLOCK_BOOTTIME);
	if (!e->actor)
		e->actor = "person";
	e->uid = getuid();
	e->pid = (uint64_t)getpid();
	if (!tty)
		return NULL;
	e->tty = arena_strdup(a, tty);
	return e->tty ? NULL : error_nomem();
}
