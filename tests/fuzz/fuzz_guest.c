// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What comes from a guest and from a running kernel: frames on a serial line, and the texts of
 * proc, tracefs and debugfs. The first byte chooses the reader.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "probe/hooks.h"
#include "probe/kprobe.h"
#include "probe/live_symbols.h"
#include "probe/site.h"
#include "qemu/console.h"
#include "qemu/frame.h"
#include "qemu/libraries.h"
#include "qemu/modules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever comes, a whole frame behind it is found. */
static void frames(const uint8_t *p, size_t n)
{
	static struct frame_reader r;
	uint8_t whole[FRAME_HEADER + 8];
	uint32_t found = 0;
	struct frame f;
	size_t step = n ? p[0] % 64 + 1 : 1;

	memset(&r, 0, sizeof(r));
	for (size_t at = 0; at < n; at += step) {
		size_t room, k = n - at < step ? n - at : step;
		uint8_t *to = frame_space(&r, &room);

		if (room < k)
			abort();
		memcpy(to, p + at, k);
		frame_received(&r, k);
		while (frame_read(&r, &f))
			if (f.length > FRAME_PAYLOAD_MAX)
				abort();
	}
	/* A header that announces more than follows must not hide them for ever. */
	for (unsigned int i = 0; i < 2 * FRAME_MAX / sizeof(whole) && !found; i++) {
		size_t room, k = frame_write(whole, FRAME_PONG, 0xfeed, "pong", 4);
		uint8_t *to = frame_space(&r, &room);

		if (room < k)
			abort();
		memcpy(to, whole, k);
		frame_received(&r, k);
		while (frame_read(&r, &f))
			found |= f.id == 0xfeed;
	}
	if (!found)
		abort();
}

static void files_of_the_guest(const char *text)
{
	struct module_list modules __cleanup_modules = { 0 };
	struct library_list libraries __cleanup_libraries = { 0 };
	struct error *e = modules_order(text, "a", &modules);

	error_free(&e);
	e = libraries_parse(text, &libraries);
	error_free(&e);
}

static void console(const char *text)
{
	struct strbuf line __cleanup_strbuf = { 0 }, tail __cleanup_strbuf = { 0 };
	struct error *e = console_tail(text, 8, &tail);

	error_free(&e);
	console_panicked(text, &line);
}

static void kernel_texts(const char *text)
{
	struct live_symbol q[2] = { { .object = "vmlinux", .name = "f" },
				    { .object = "m", .name = "f", .sympos = 2 } };
	struct kprobe_counts counts;

	live_symbols_answer(text, q, 2);
	hooks_parse(text, "vmlinux", "f");
	hooks_parse(text, "m", "f");
	kprobe_profile_parse(text, "p1_0", &counts);
	kprobe_list_parse(text, 0xffffffff81000005);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	if (!text)
		return 0;
	switch (data[0] % 4) {
	case 0:
		frames(data + 1, size - 1);
		site_decode(data + 1, size - 1, 0xffffffff81000000);
		break;
	case 1:
		files_of_the_guest(text);
		break;
	case 2:
		console(text);
		break;
	case 3:
		kernel_texts(text);
		break;
	}
	free(text);
	return 0;
}
