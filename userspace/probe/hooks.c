// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/hooks.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/str.h"

#define HANDLER "klp_ftrace_handler"

const char *tracefs_path(void)
{
	static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		char file[64];

		snprintf(file, sizeof(file), "%s/kprobe_events", places[i]);
		if (file_exists(file))
			return places[i];
	}
	return NULL;
}

/* Does the line "NAME [MODULE] (2) R I ..." belong to the function? Returns what follows. */
static const char *belongs(const char *line, const char *end, const char *object, const char *name)
{
	size_t n = strcspn(line, " \t\n");
	const char *at = line + n;

	if (strlen(name) != n || memcmp(line, name, n))
		return NULL;
	while (at < end && *at == ' ')
		at++;
	if (*at != '[')
		return str_equal(object, "vmlinux") ? at : NULL;
	n = strcspn(++at, "]\n");
	if (strlen(object) != n || memcmp(at, object, n))
		return NULL;
	return at[n] == ']' ? at + n + 1 : NULL;
}

static bool within(const char *at, const char *end, const char *word)
{
	const char *found = strstr(at, word);

	return found && found + strlen(word) <= end;
}

static void add(struct hooks *h, const char *at, const char *end)
{
	const char *flags = strchr(at, ')');

	h->listed = true;
	if (*at == '(')
		h->count += (unsigned int)strtoul(at + 1, NULL, 10);
	h->livepatch |= within(at, end, HANDLER);
	for (flags = flags && flags < end ? flags + 1 : end; flags < end; flags++) {
		if (*flags == '\t' || *flags == '-')
			break; /* the flags are over */
		h->redirects |= *flags == 'I';
		h->direct |= *flags == 'D';
	}
}

struct hooks hooks_parse(const char *text, const char *object, const char *name)
{
	struct hooks h = { .empty = true };
	bool ours = false;

	while (*text) {
		const char *end = strchrnul(text, '\n');

		/* A line that begins with a tab goes on with the function before. */
		if (*text == '\t') {
			if (ours)
				h.livepatch |= within(text, end, HANDLER);
		} else {
			const char *rest = belongs(text, end, object, name);

			h.empty = false;
			ours = rest;
			if (rest)
				add(&h, rest, end);
		}
		text = *end ? end + 1 : end;
	}
	return h;
}

struct error *hooks_read(const char *object, const char *name, struct hooks *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	const char *tracefs = tracefs_path();
	char path[96];

	if (!tracefs)
		return error_advise(error_failed("tracefs is not mounted"),
				    "mount -t tracefs tracefs /sys/kernel/tracing");
	snprintf(path, sizeof(path), "%s/enabled_functions", tracefs);
	TRY(file_read(path, &text));
	*out = hooks_parse(strbuf_str(&text), object, name);
	return NULL;
}
