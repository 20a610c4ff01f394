// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/kprobe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/str.h"
#include "probe/hooks.h"

static struct error *open_events(int *out)
{
	const char *tracefs = tracefs_path();
	char path[96];

	if (!tracefs)
		return error_advise(error_failed("tracefs with kprobe_events is not there"),
				    "run as root; mount -t tracefs tracefs /sys/kernel/tracing");
	snprintf(path, sizeof(path), "%s/kprobe_events", tracefs);
	*out = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	return *out < 0 ? error_errno(errno, "%s", path) : NULL;
}

static struct error *command(const char *words)
{
	int fd __closefd = -1;

	TRY(open_events(&fd));
	if (write(fd, words, strlen(words)) < 0)
		return error_errno(errno, "kprobe_events: '%s'", words);
	return NULL;
}

struct kprobe_name kprobe_name(unsigned int number)
{
	struct kprobe_name name;

	snprintf(name.s, sizeof(name.s), "p%d_%u", (int)getpid(), number);
	return name;
}

/*
 * "p:suture/p123_0 0xffff..." or "r4096:...": remove it if process 123 is no more. One in use
 * stays.
 */
static void remove_if_stale(const char *line)
{
	struct error *e __cleanup_error = NULL;
	char event[128], words[160];
	int pid;

	if (sscanf(line, "%*[pr0-9]:%127s", event) != 1 ||
	    sscanf(event, KPROBE_GROUP "/p%d_", &pid) != 1)
		return;
	if (!kill(pid, 0) || errno != ESRCH)
		return;
	snprintf(words, sizeof(words), "-:%s", event);
	e = command(words);
}

struct error *kprobe_remove_stale(void)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	int fd __closefd = -1;
	char path[96];
	char *at, *line;

	TRY(open_events(&fd));
	snprintf(path, sizeof(path), "%s/kprobe_events", tracefs_path());
	TRY(file_read(path, &text));
	at = text.s;
	while ((line = strsep(&at, "\n")))
		remove_if_stale(line);
	return NULL;
}

static struct error *add(const char *kind, const struct kprobe_name *event, const char *where)
{
	char words[512];
	int n = snprintf(words, sizeof(words), "%s:" KPROBE_GROUP "/%s %s", kind, event->s, where);

	if (n < 0 || (size_t)n >= sizeof(words))
		return error_failed("a probe's place is too long: %s", where);
	return command(words);
}

struct error *kprobe_add(const struct kprobe_name *event, const char *where)
{
	return add("p", event, where);
}

struct error *kprobe_add_return(const struct kprobe_name *event, const char *where)
{
	return add("r4096", event, where);
}

struct error *kprobe_remove(const struct kprobe_name *event)
{
	struct error *e;
	char words[64];

	snprintf(words, sizeof(words), "-:" KPROBE_GROUP "/%s", event->s);
	e = command(words);
	if (error_code(e) == ENOENT)
		error_free(&e);
	return e;
}

bool kprobe_profile_parse(const char *text, const char *event, struct kprobe_counts *out)
{
	while (*text) {
		unsigned long long hits, missed;
		char name[128];

		if (sscanf(text, "%127s %llu %llu", name, &hits, &missed) == 3 &&
		    str_equal(name, event)) {
			*out = (struct kprobe_counts){ hits, missed };
			return true;
		}
		text = strchrnul(text, '\n');
		text += *text == '\n';
	}
	return false;
}

struct error *kprobe_counts(const struct kprobe_name *event, struct kprobe_counts *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	const char *tracefs = tracefs_path();
	char path[96];

	if (!tracefs)
		return error_failed("tracefs is not mounted any more");
	snprintf(path, sizeof(path), "%s/kprobe_profile", tracefs);
	TRY(file_read(path, &text));
	if (!kprobe_profile_parse(strbuf_str(&text), event->s, out))
		return error_failed("the kernel has lost the probe %s", event->s);
	return NULL;
}

enum kprobe_state kprobe_list_parse(const char *text, uint64_t address)
{
	bool found = false;

	while (*text) {
		const char *end = strchrnul(text, '\n');
		const char *flags = memchr(text, '[', (size_t)(end - text));
		char *after;

		/* ADDRESS  k  SYMBOL+0xOFFSET  [MODULE] [GONE] [DISABLED] [OPTIMIZED] [FTRACE] */
		if (strtoull(text, &after, 16) == address && after != text) {
			found = true;
			for (; flags && flags < end; flags++)
				if (str_starts(flags, "[GONE]") || str_starts(flags, "[DISABLED]"))
					return KPROBE_OFF;
		}
		text = *end ? end + 1 : end;
	}
	return found ? KPROBE_ARMED : KPROBE_OFF;
}

struct error *kprobe_state(uint64_t address, enum kprobe_state *out)
{
	struct strbuf enabled __cleanup_strbuf = { 0 }, list __cleanup_strbuf = { 0 };

	TRY(file_read("/sys/kernel/debug/kprobes/enabled", &enabled));
	TRY(file_read("/sys/kernel/debug/kprobes/list", &list));
	*out = strbuf_str(&enabled)[0] == '1' ? kprobe_list_parse(strbuf_str(&list), address)
					      : KPROBE_OFF;
	return NULL;
}

void kprobe_settle(void)
{
	struct strbuf unused __cleanup_strbuf = { 0 };
	struct error *closed __cleanup_error = NULL;

	/* It begins five ticks later; who reads the blacklist needs the mutex. */
	poll(NULL, 0, 100);
	closed = file_read("/sys/kernel/debug/kprobes/blacklist", &unused);
}
