// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/blockers_text.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define PF_KTHREAD 0x00200000

/* The letters of fs/proc/array.c for the bits of task_struct.__state. */
static char state_letter(unsigned int state)
{
	static const struct {
		unsigned int bit;
		char letter;
	} letters[] = {
		{ 0x01, 'S' }, { 0x02, 'D' }, { 0x04, 'T' }, { 0x08, 't' }, { 0x40, 'P' },
	};

	if (state == 0x402) /* TASK_IDLE */
		return 'I';
	for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
		if (state & letters[i].bit)
			return letters[i].letter;
	return 'R';
}

static struct error *parse_task(const char *line, const char *end, struct arena *a,
				struct blocker *b)
{
	unsigned int flags, state;
	int on_cpu, at = 0;

	if (sscanf(line, "task %d %d %u %u %d %d %n", &b->tid, &b->pid, &flags, &state,
		   &b->patch_state, &on_cpu, &at) != 6 ||
	    !at || line + at > end)
		return error_failed("the task iterator prints what is not understood: %.*s",
				    (int)(end - line), line);
	b->kernel_thread = flags & PF_KTHREAD;
	b->on_cpu = on_cpu;
	b->state = state_letter(state);
	b->comm = arena_printf(a, "%.*s", (int)(end - line - at), line + at);
	return b->comm ? NULL : error_nomem();
}

static struct error *parse(const char *text, const struct blockers_query *q, struct blocker *b,
			   struct blockers *out)
{
	while (*text) {
		const char *end = strchrnul(text, '\n');

		if (str_starts(text, "task ")) {
			if (b->tid)
				TRY(blockers_consider(q, b, out));
			vec_free(&b->stack);
			*b = (struct blocker){ 0 };
			TRY(parse_task(text, end, &out->arena, b));
		} else {
			const char *entry =
				arena_printf(&out->arena, "%.*s", (int)(end - text), text);

			if (!entry)
				return error_nomem();
			TRY(vec_push(&b->stack, entry));
		}
		text = *end ? end + 1 : end;
	}
	return b->tid ? blockers_consider(q, b, out) : NULL;
}

struct error *blockers_parse(const char *text, const struct blockers_query *q, struct blockers *out)
{
	struct blocker b = { 0 };
	struct error *e = parse(text, q, &b, out);

	vec_free(&b.stack);
	return e;
}
