// SPDX-License-Identifier: GPL-2.0-or-later
/* Booting the guest of a scene, and talking to it. */
#include "trial/stage.h"

#include "trial/blockers.h"
#include "trial/second.h"

extern const char trial_agent[], trial_agent_end[];

/* --- what goes in ------------------------------------------------------------------ */

static struct error *put_bytes(struct stage *s, const char *name, const void *p, size_t n,
			       const char *to)
{
	char *path = arena_printf(&s->arena, "%s/%s", s->dir.path, name);

	if (!path)
		return error_nomem();
	TRY(file_write(path, p, n, 0755));
	return vm_put(s->vm, path, to);
}

static struct error *put_second(struct stage *s)
{
	char *name __free = strdup(s->payload->module);
	struct strbuf bytes __cleanup_strbuf = { 0 };

	if (!name)
		return error_nomem();
	TRY(second_make(s->payload->content, name, &bytes));
	return put_bytes(s, "second.ko", bytes.s, bytes.n, SECOND);
}

static struct error *fill(struct stage *s)
{
	TRY(put_bytes(s, "patch.ko", s->payload->content->s, s->payload->content->n, MODULE));
	return s->scene == SCENE_REPLACE ? put_second(s) : NULL;
}

/* --- booting ------------------------------------------------------------------------ */

static struct error *describe(struct stage *s, struct vm_options *opt, const char **files)
{
	char *agent = arena_printf(&s->arena, "%s/agent", s->dir.path);
	size_t n = 0;

	if (!agent)
		return error_nomem();
	TRY(file_write(agent, trial_agent, (size_t)(trial_agent_end - trial_agent), 0755));
	files[n++] = arena_printf(&s->arena, "%s=" AGENT, agent);
	if (s->scene == SCENE_LIFE || s->scene == SCENE_MODULE) /* those that prove */
		files[n++] = arena_printf(&s->arena, "%s=/bin/suture", s->suture);
	if (s->reproducer)
		files[n++] = arena_printf(&s->arena, "%s=" REPRODUCER, s->reproducer);
	*opt = (struct vm_options){
		.kernel = s->target->vmlinuz,
		.modules = s->target->modules,
		.files = files,
		.append = s->kernel->append,
		.cpus = s->kernel->cpus,
		.memory = s->kernel->memory,
		.keep = arena_printf(&s->arena, "%s/%s", s->keep, scene_name(s->scene)),
	};
	while (n && files[n - 1])
		n--;
	return n || !opt->keep ? error_nomem() : NULL;
}

struct error *stage_boot(struct stage *s, enum scene scene)
{
	const char *files[4] = { 0 };
	struct vm_options opt;

	vm_stop(&s->vm);
	s->scene = scene;
	s->worse = OUTCOME_PASS;
	TRY(describe(s, &opt, files));
	TRY(vm_boot(&opt, &s->vm));
	TRY(fill(s));
	TRY(stage_load_modules(s));
	return stage_mark_log(s);
}

void stage_close(struct stage *s)
{
	vm_stop(&s->vm);
	tmpdir_remove(&s->dir);
	strbuf_free(&s->seen);
	arena_free(&s->arena);
}

/* --- talking ------------------------------------------------------------------------ */

struct error *stage_run(struct stage *s, double timeout, struct strbuf *out, int *status,
			const char *fmt, ...)
{
	struct strbuf line __cleanup_strbuf = { 0 }, own __cleanup_strbuf = { 0 };
	struct error *e;
	va_list ap;

	va_start(ap, fmt);
	e = strbuf_vprintf(&line, fmt, ap);
	va_end(ap);
	return e ? e : vm_run(s->vm, line.s, timeout, out ? out : &own, status);
}

struct error *stage_do(struct stage *s, double timeout, struct strbuf *out, const char *fmt, ...)
{
	struct strbuf line __cleanup_strbuf = { 0 }, own __cleanup_strbuf = { 0 };
	struct strbuf *said = out ? out : &own;
	struct error *e;
	int status = 0;
	va_list ap;

	va_start(ap, fmt);
	e = strbuf_vprintf(&line, fmt, ap);
	va_end(ap);
	TRY(e);
	TRY(vm_run(s->vm, line.s, timeout, said, &status));
	return status ? error_failed("in the guest, '%s' ended with %d: %s", line.s, status,
				     strbuf_str(said))
		      : NULL;
}

/* "error ERRNO TEXT" is the last line of what the agent said. */
static struct error *agent_refused(const char *said)
{
	const char *at = strstr(said, "error ");
	int n;

	if (!at)
		return error_failed("the agent in the guest failed: %s", said);
	at += strlen("error ");
	at += strspn(at, "0123456789");
	at += *at == ' ';
	n = (int)strcspn(at, "\n");
	return error_new(ERROR_VERIFY, "%.*s", n, at);
}

static struct error *agent_late(struct stage *s, const struct strbuf *said)
{
	struct strbuf who __cleanup_strbuf = { 0 };

	TRY(blockers_explain(strbuf_str(said), s->payload, &who));
	return error_new(ERROR_VERIFY, "the transition did not end within %.0f s: %s",
			 stage_number(said, "late"), who.s);
}

struct error *stage_agent(struct stage *s, double timeout, struct strbuf *out, const char *fmt, ...)
{
	struct strbuf own __cleanup_strbuf = { 0 }, line __cleanup_strbuf = { 0 };
	struct strbuf *said = out ? out : &own;
	int status = 0;
	struct error *e;
	va_list ap;

	va_start(ap, fmt);
	e = strbuf_vprintf(&line, fmt, ap);
	va_end(ap);
	TRY(e);
	TRY(stage_run(s, timeout, said, &status, AGENT " %s", line.s));
	if (!status)
		return NULL;
	return status == 2 ? agent_late(s, said) : agent_refused(strbuf_str(said));
}

double stage_number(const struct strbuf *said, const char *word)
{
	size_t n = strlen(word);
	double found = 0;

	for (const char *at = strbuf_str(said); *at; at = strchrnul(at, '\n'), at += *at == '\n')
		if (!strncmp(at, word, n) && at[n] == ' ')
			found = strtod(at + n, NULL);
	return found;
}
