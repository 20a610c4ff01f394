// SPDX-License-Identifier: GPL-2.0-or-later
/* Running the reproducer, and saying whether it gave what it should. */
#include "base/clock.h"
#include "base/interrupt.h"
#include "fix/reproducer.h"
#include "trial/stage.h"

#define SHOWN 200 /* bytes of what it printed */

/* 'word' in single quotes. */
static struct error *add_quoted(struct strbuf *out, const char *word)
{
	TRY(strbuf_puts(out, " '"));
	for (; *word; word++)
		TRY(*word == '\'' ? strbuf_puts(out, "'\\''") : strbuf_add(out, word, 1));
	return strbuf_puts(out, "'");
}

char *stage_reproducer_words(struct stage *s)
{
	const struct form_texts *arguments = &s->subject->reproducer.arguments;
	struct strbuf line __cleanup_strbuf = { 0 };
	struct error *e __cleanup_error = strbuf_puts(&line, REPRODUCER);

	for (size_t i = 0; i < arguments->n && !e; i++)
		e = add_quoted(&line, arguments->v[i]);
	return e ? NULL : arena_strdup(&s->arena, line.s);
}

/* What it gave, in its own words: the first line that it printed. */
static struct error *add_words(const struct strbuf *said, struct strbuf *told)
{
	const char *text = strbuf_str(said);
	size_t n = strcspn(text, "\n");

	return n ? strbuf_printf(told, ", '%.*s'", (int)(n > SHOWN ? SHOWN : n), text) : NULL;
}

static struct error *compare(const struct fix_run *expected, int status, const struct strbuf *said,
			     enum run_ended *ended, struct strbuf *told)
{
	size_t before = told->n;

	TRY(fix_run_judge(expected, (unsigned int)status, strbuf_str(said), told));
	*ended = told->n > before ? RUN_OTHERWISE : RUN_AS_EXPECTED;
	if (*ended == RUN_AS_EXPECTED)
		TRY(strbuf_printf(told, "exit status %d", status));
	return add_words(said, told);
}

struct error *stage_reproduce(struct stage *s, const struct fix_run *expected,
			      enum run_ended *ended, struct strbuf *told)
{
	struct strbuf said __cleanup_strbuf = { 0 };
	const char *words = stage_reproducer_words(s);
	struct error *e __cleanup_error = NULL;
	double start = clock_seconds();
	int status = 0;

	if (!words)
		return error_nomem();
	e = vm_run(s->vm, words, s->subject->reproducer.timeout, &said, &status);
	s->run_seconds = clock_seconds() - start;
	if (!e)
		return compare(expected, status, &said, ended, told);
	TRY(interrupt_check());
	*ended = vm_state(s->vm) == VM_RUNNING ? RUN_LATE : RUN_CRASHED;
	return strbuf_puts(told, error_message(e));
}
