// SPDX-License-Identifier: GPL-2.0-or-later
#include "trial/blockers.h"

/* Is the line's function ("at NAME+0x10/0x20 [module]") one that the patch redirects? */
static bool is_redirected(const char *at, const struct bundle_payload *p)
{
	size_t n = strcspn(at, "+ \n");

	vec_for_each(&p->functions, f)
		if (strlen(f->name) == n && !memcmp(f->name, at, n))
			return true;
	return false;
}

/* The first redirected function of the stack that begins at 'lines'; NULL if there is none. */
static const char *pinning(const char *lines, const struct bundle_payload *p)
{
	while (str_starts(lines, "at ")) {
		if (is_redirected(lines + 3, p))
			return lines + 3;
		lines += strcspn(lines, "\n");
		lines += *lines == '\n';
	}
	return NULL;
}

/* "task TID COMM", with the stack behind it. */
static struct error *explain_task(const char *line, const char *end, const struct bundle_payload *p,
				  struct strbuf *out)
{
	const char *tid = line + strlen("task "), *comm = tid + strcspn(tid, " \n");
	const char *in = pinning(*end ? end + 1 : end, p);

	comm += *comm == ' ';
	TRY(strbuf_printf(out, "%s%.*s (task %.*s)", out->n ? "\n" : "", (int)(end - comm), comm,
			  (int)strcspn(tid, " \n"), tid));
	return in ? strbuf_printf(out, " is in %.*s", (int)strcspn(in, "+ \n"), in)
		  : strbuf_puts(out, " can't be switched");
}

struct error *blockers_explain(const char *said, const struct bundle_payload *p, struct strbuf *out)
{
	while (*said) {
		const char *end = strchrnul(said, '\n');

		if (str_starts(said, "task "))
			TRY(explain_task(said, end, p, out));
		else if (str_starts(said, "at "))
			TRY(strbuf_printf(out, "\n    %.*s", (int)(end - said - 3), said + 3));
		said = *end ? end + 1 : end;
	}
	return out->n ? NULL
		      : strbuf_puts(out, "no task is told as waiting: a CPU's idle task, or "
					 "one that was switched meanwhile");
}
