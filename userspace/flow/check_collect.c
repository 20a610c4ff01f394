// SPDX-License-Identifier: GPL-2.0-or-later
/* The facts, one source after the other. What is closed stays unknown; that is no error here. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "flow/check.h"
#include "flow/check_running.h"
#include "flow/module_facts.h"
#include "livepatch/vermagic.h"
#include "probe/live_symbols.h"
#include "source/packages.h"

#define STUCK_WATCHED 3.0 /* seconds */
#define KPROBES "/sys/kernel/debug/kprobes/list"

/* The file's text, or NULL where it can't be read. */
static const char *optional(const char *path, struct strbuf *to)
{
	struct error *e __cleanup_error = file_read(path, to);

	return e ? NULL : strbuf_str(to);
}

static const char *tracefs(const char *name, struct strbuf *to)
{
	const char *at = tracefs_path();
	char path[96];

	snprintf(path, sizeof(path), "%s/%s", at ? at : "", name);
	return at ? optional(path, to) : NULL;
}

/* --- ftrace and kprobes ------------------------------------------------------------- */

/* "NAME" or "NAME [MODULE]" is a line of available_filter_functions. */
static bool is_available(const char *text, const char *object, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = text; (at = strstr(at, name)); at += n) {
		const char *rest = at + n;

		if (at != text && at[-1] != '\n')
			continue;
		if (*rest == '\n' || !*rest)
			return str_equal(object, "vmlinux") || strchr(rest, '[') == NULL;
		if (*rest == ' ' && rest[1] == '[' && str_starts(rest + 2, object) &&
		    rest[2 + strlen(object)] == ']')
			return true;
	}
	return false;
}

/* "ffffffff81234560  k  meminfo_proc_show+0x0    [FTRACE]": those that are not ours. */
static struct error *count_kprobes(const char *text, struct arena *a, struct check_function *c)
{
	size_t n = strlen(c->f->name);

	for (const char *line = text; *line;) {
		const char *end = strchrnul(line, '\n');
		const char *at = memmem(line, (size_t)(end - line), "  ", 2);

		at = at ? strpbrk(at + 2, " \n") : NULL;
		at = at && at < end ? at + strspn(at, " ") : end;
		if (!strncmp(at, c->f->name, n) && at[n] == '+') {
			c->kprobes++;
			c->kprobe = arena_printf(a, "%.*s", (int)strcspn(at, " \n"), at);
			if (!c->kprobe)
				return error_nomem();
		}
		line = *end ? end + 1 : end;
	}
	return NULL;
}

/* The running text shows them; else the list does, which takes the kernel seconds to print. */
static bool sites_are_known(const struct check_facts *f)
{
	vec_for_each(&f->functions, c)
		if (!c->sites_known && c->object_present)
			return false;
	return true;
}

static struct error *collect_hooks(struct check_facts *f, const char *kprobes)
{
	struct strbuf a __cleanup_strbuf = { 0 }, h __cleanup_strbuf = { 0 };
	const char *available =
		sites_are_known(f) ? NULL : tracefs("available_filter_functions", &a);
	const char *hooks = tracefs("enabled_functions", &h);

	vec_for_each(&f->functions, c) {
		if (!c->sites_known && available && *available) {
			c->sites_known = true;
			c->site_present = is_available(available, c->f->object, c->f->name);
		}
		c->hooks_known = hooks;
		if (hooks)
			c->hooks = hooks_parse(hooks, c->f->object, c->f->name);
		if (kprobes)
			TRY(count_kprobes(kprobes, &f->arena, c));
	}
	return NULL;
}

/* --- the running text ----------------------------------------------------------------- */

static struct error *collect_code(struct check_facts *f, const struct running_text *t,
				  const struct live_symbol *q, const char *kprobes)
{
	for (size_t i = 0; i < f->functions.n; i++)
		if (q[i].address)
			TRY(running_code(t, q[i].address, kprobes, &f->arena, &f->functions.v[i]));
	return NULL;
}

static struct error *collect_text(struct check_facts *f, const struct module_facts *m,
				  const char *kprobes)
{
	struct live_symbol *q __free = calloc(f->functions.n + RUNNING_SYMBOLS, sizeof(*q));
	struct running_text t __cleanup(running_text_close) = { .fd = -1 };
	struct error *hidden __cleanup_error = NULL, *closed __cleanup_error = NULL;
	const char *why;

	if (!q)
		return error_nomem();
	for (size_t i = 0; i < f->functions.n; i++)
		q[i] = (struct live_symbol){ .object = f->functions.v[i].f->object,
					     .name = f->functions.v[i].f->name,
					     .sympos = f->functions.v[i].f->sympos };
	/* One look at the kernel's symbols, for it takes a while. */
	running_symbols(q + f->functions.n);
	hidden = live_symbols_find(q, f->functions.n + RUNNING_SYMBOLS);
	closed = running_text_open(&t);
	why = hidden || closed ? arena_strdup(&f->arena, error_message(hidden ? hidden : closed))
			       : NULL;
	for (size_t i = 0; i < f->functions.n; i++) {
		f->functions.v[i].symbol_known = !hidden;
		f->functions.v[i].symbol_present = q[i].address;
		f->functions.v[i].text_why = why;
	}
	if (hidden || closed)
		return NULL;
	TRY(collect_code(f, &t, q, kprobes));
	return running_versions(&t, q + f->functions.n, m, f);
}

/* --- functions, tasks ------------------------------------------------------------------- */

static struct error *list_functions(struct check_facts *f)
{
	vec_for_each(&f->payload->functions, it) {
		struct check_function c = { .f = it,
					    .object_present = str_equal(it->object, "vmlinux") ||
							      live_module_present(it->object) };

		/* The one that was loaded last is on top. */
		vec_for_each(&f->live.patches, p)
			if (p->enabled && !str_equal(p->name, f->payload->module) &&
			    live_patch_has(p, it->object, it->name, it->sympos))
				c.other = p->name;
		TRY(vec_push(&f->functions, c));
	}
	return NULL;
}

static struct error *collect_tasks(struct check_facts *f)
{
	size_t n = f->payload->functions.n;
	struct blocker_function *list __free = calloc(n + 1, sizeof(*list));
	struct blockers_query q = { .which = BLOCKERS_PINNED, .functions = list, .n = n };

	if (!list)
		return error_nomem();
	for (size_t i = 0; i < n; i++)
		list[i] = (struct blocker_function){ .object = f->payload->functions.v[i].object,
						     .patch = f->functions.v[i].other,
						     .name = f->payload->functions.v[i].name };
	TRY(blockers_find(&q, &f->blockers));
	f->blockers_known = true;
	return NULL;
}

/* "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-1 (2026-10-27)" */
static struct error *compare_with_fix(struct check_facts *f)
{
	const char *at = strstr(f->kernel.version, "Debian "), *version;

	if (!at || !f->bundle->facts.fixed_in)
		return NULL;
	at += strlen("Debian ");
	version = arena_printf(&f->arena, "%.*s", (int)strcspn(at, " "), at);
	if (!version)
		return error_nomem();
	f->has_fix = version_compare(version, f->bundle->facts.fixed_in) >= 0;
	return NULL;
}

static struct error *collect_payload(struct check_facts *f, struct module_facts *m)
{
	struct strbuf vermagic __cleanup_strbuf = { 0 }, list __cleanup_strbuf = { 0 };
	const char *kprobes;

	TRY(module_facts_read(f->payload->content, &f->arena, m));
	f->vermagic = m->vermagic;
	f->is_signed = m->is_signed;
	TRY(vermagic_running(&vermagic));
	f->running_vermagic = vermagic.n ? arena_strdup(&f->arena, vermagic.s) : NULL;
	f->livepatch_of_name = live_module_present(f->payload->module);
	vec_for_each(&f->payload->at_load, it)
		if (live_module_present(*it))
			TRY(vec_push(&f->at_load_present, *it));
	TRY(list_functions(f));
	if (f->root) {
		TRY(stuck_find(STUCK_WATCHED, &f->stuck));
		f->stuck_known = true;
	}
	/* Reading what ftrace and kprobes have can wait for it as well. */
	if (f->stuck.v.n || (f->stuck_known && f->stuck.cpu >= 0))
		return NULL;
	kprobes = optional(KPROBES, &list);
	TRY(collect_text(f, m, kprobes));
	TRY(collect_hooks(f, kprobes));
	return f->root ? collect_tasks(f) : NULL;
}

struct error *check_collect(const struct bundle *b, struct check_facts *f)
{
	struct module_facts m __cleanup(module_facts_free) = { 0 };

	f->bundle = b;
	f->root = geteuid() == 0;
	TRY(live_kernel_read(&f->kernel));
	TRY(live_patches_read(&f->live));
	TRY(compare_with_fix(f));
	f->payload = bundle_payload_for(b, f->kernel.release);
	return f->payload ? collect_payload(f, &m) : NULL;
}

void check_facts_free(struct check_facts *f)
{
	vec_free(&f->crc_trouble);
	vec_free(&f->known);
	vec_free(&f->stacked);
	vec_free(&f->functions);
	vec_free(&f->at_load_present);
	live_patches_free(&f->live);
	stuck_free(&f->stuck);
	blockers_free(&f->blockers);
	error_free(&f->policy);
	arena_free(&f->arena);
}
