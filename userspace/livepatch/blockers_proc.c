// SPDX-License-Identifier: GPL-2.0-or-later
/* All tasks through /proc, one after the other: works everywhere, is a moving picture. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "livepatch/blockers_work.h"

#define PF_KTHREAD 0x00200000

/* A file of a task that may be gone by now: false. */
static bool task_file(const char *task, const char *name, struct strbuf *out)
{
	struct error *e __cleanup_error = NULL;
	char path[96];

	snprintf(path, sizeof(path), "%s/%s", task, name);
	strbuf_free(out);
	e = file_read(path, out);
	return !e;
}

/* "12 (a) b) S 1 ..." (proc(5)): the name may hold anything. */
static bool read_stat(const char *text, struct arena *a, struct blocker *b)
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	unsigned int flags;

	if (!open || !close || close < open ||
	    sscanf(close + 1, " %c %*d %*d %*d %*d %*d %u", &b->state, &flags) != 2)
		return false;
	b->kernel_thread = flags & PF_KTHREAD;
	b->comm = arena_printf(a, "%.*s", (int)(close - open - 1), open + 1);
	return b->comm;
}

/* "[<0>] kswapd+0x1f0/0x380" */
static struct error *read_stack(const char *text, struct arena *a, struct blocker *b)
{
	while (*text) {
		const char *end = strchrnul(text, '\n'),
			   *at = memchr(text, ']', (size_t)(end - text));
		const char *entry;

		at = at ? at + 1 + strspn(at + 1, " ") : text;
		entry = arena_printf(a, "%.*s", (int)(end - at), at);
		if (!entry)
			return error_nomem();
		if (*entry)
			TRY(vec_push(&b->stack, entry));
		text = *end ? end + 1 : end;
	}
	return NULL;
}

static struct error *look_at(const struct blockers_query *q, const char *pid, const char *tid,
			     struct blockers *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct blocker b = { .pid = atoi(pid), .tid = atoi(tid), .patch_state = -1 };
	char task[64];
	struct error *e = NULL;

	snprintf(task, sizeof(task), "/proc/%.16s/task/%.16s", pid, tid);
	if (task_file(task, "patch_state", &text))
		b.patch_state = atoi(strbuf_str(&text));
	/* Most are switched at once: those need no more. */
	if (q->which == BLOCKERS_WAITING && (b.patch_state < 0 || b.patch_state == q->wanted)) {
		out->seen++;
		return NULL;
	}
	if (!task_file(task, "stat", &text) || !read_stat(strbuf_str(&text), &out->arena, &b))
		return NULL;
	if (task_file(task, "stack", &text))
		e = read_stack(strbuf_str(&text), &out->arena, &b);
	if (!e)
		e = blockers_consider(q, &b, out);
	vec_free(&b.stack);
	return e;
}

static struct error *look_at_threads(const struct blockers_query *q, const char *pid,
				     struct blockers *out)
{
	struct error *e = NULL;
	struct dirent *ent;
	char path[40];
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%.16s/task", pid);
	d = opendir(path);
	while (d && !e && (ent = readdir(d)))
		if (ent->d_name[0] != '.')
			e = look_at(q, pid, ent->d_name, out);
	if (d)
		closedir(d);
	return e;
}

struct error *blockers_from_proc(const struct blockers_query *q, struct blockers *out)
{
	DIR *d = opendir("/proc");
	struct error *e = NULL;
	struct dirent *ent;

	if (!d)
		return error_errno(errno, "/proc");
	out->source = "/proc";
	while (!e && (ent = readdir(d)))
		if (ent->d_name[0] >= '0' && ent->d_name[0] <= '9')
			e = look_at_threads(q, ent->d_name, out);
	closedir(d);
	return e;
}
