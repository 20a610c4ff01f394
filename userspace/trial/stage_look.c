// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's log, its taint, its memory. */
#include <stdlib.h>

#include "trial/kernel_log.h"
#include "trial/stage.h"

#define TAINT_DIE ((uint64_t)1 << 7) /* an oops or BUG: whoever ran into it was killed */

static struct error *read_taint(struct stage *s, uint64_t *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	TRY(stage_do(s, 30, &text, "cat /proc/sys/kernel/tainted"));
	*out = strtoull(strbuf_str(&text), NULL, 10);
	return NULL;
}

struct error *stage_mark_log(struct stage *s)
{
	struct strbuf log __cleanup_strbuf = { 0 };

	TRY(vm_dmesg(s->vm, &log));
	s->log_from = log.n;
	return read_taint(s, &s->taint);
}

struct error *stage_check_log(struct stage *s)
{
	struct strbuf log __cleanup_strbuf = { 0 }, bits __cleanup_strbuf = { 0 };
	const struct form_texts *allowed = subject_allowed_log(s->subject);
	const char *line;
	uint64_t taint;

	TRY(vm_dmesg(s->vm, &log));
	TRY(read_taint(s, &taint));
	if (taint & ~s->taint & TAINT_DIE)
		s->worse = OUTCOME_PANIC;
	if (log.n > s->log_from &&
	    kernel_log_complains(log.s + s->log_from, allowed ? allowed->v : NULL,
				 allowed ? allowed->n : 0, &line))
		return error_new(ERROR_VERIFY, "the kernel said: %.*s", (int)strcspn(line, "\n"),
				 line);
	TRY(kernel_taint_new(s->taint, taint, &bits));
	return bits.n ? error_new(ERROR_VERIFY, "the kernel is tainted anew: %s", bits.s) : NULL;
}

struct error *stage_sample_memory(struct stage *s, struct memory_sample *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	TRY(stage_do(s, 60, &text, "%s", MEMORY_COMMAND));
	return memory_parse(strbuf_str(&text), &s->arena, out);
}
