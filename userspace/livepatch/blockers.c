// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/str.h"
#include "livepatch/blockers_work.h"

/* --- which function --------------------------------------------------------------- */

static bool is(const char *s, size_t n, const char *want)
{
	return want && strlen(want) == n && !memcmp(s, want, n);
}

/* "NAME+0x10/0x20 [MODULE]" */
static bool is_function(const char *entry, const struct blocker_function *f)
{
	size_t n = strcspn(entry, "+ ");
	const char *module = strchr(entry, '[');

	if (!is(entry, n, f->name))
		return false;
	if (!module)
		return f->object && str_equal(f->object, "vmlinux");
	n = strcspn(++module, "]");
	return is(module, n, f->object) || is(module, n, f->patch);
}

const char *blocker_pinned(const char *const *stack, size_t depth, const struct blocker_function *f,
			   size_t n)
{
	for (size_t i = 0; i < depth; i++)
		for (size_t k = 0; k < n; k++)
			if (is_function(stack[i], &f[k]))
				return stack[i];
	return NULL;
}

struct error *blockers_consider(const struct blockers_query *q, struct blocker *b,
				struct blockers *out)
{
	bool wanted;

	out->seen++;
	b->pinned = blocker_pinned(b->stack.v, b->stack.n, q->functions, q->n);
	if (q->which == BLOCKERS_WAITING)
		wanted = b->patch_state >= 0 && b->patch_state != q->wanted;
	else
		wanted = b->pinned;
	if (wanted) {
		TRY(vec_push(&out->v, *b));
		*b = (struct blocker){ 0 };
	}
	return NULL;
}

struct error *blockers_find(const struct blockers_query *q, struct blockers *out)
{
	struct blockers b __cleanup_blockers = { 0 };
	struct error *e = q->only_proc ? NULL : blockers_from_bpf(q, &b);

	if (e || q->only_proc) {
		error_free(&e);
		TRY(blockers_from_proc(q, &b));
	}
	*out = b;
	b = (struct blockers){ 0 };
	return NULL;
}

void blockers_free(struct blockers *b)
{
	vec_for_each(&b->v, it)
		vec_free(&it->stack);
	vec_free(&b->v);
	arena_free(&b->arena);
}

/* --- what is said ----------------------------------------------------------------- */

struct error *blocker_name(const struct blocker *b, struct strbuf *out)
{
	if (b->kernel_thread)
		return strbuf_printf(out, "%s (kernel thread %d)", b->comm, b->tid);
	if (b->pid == b->tid)
		return strbuf_printf(out, "%s (process %d)", b->comm, b->pid);
	return strbuf_printf(out, "%s (thread %d of process %d)", b->comm, b->tid, b->pid);
}

struct error *blocker_reason(const struct blocker *b, struct strbuf *out)
{
	if (b->on_cpu || (b->state == 'R' && !b->pinned))
		return strbuf_printf(out,
				     "runs without sleeping%s: it has no stack that could be "
				     "looked at, and is switched when it %s",
				     b->on_cpu ? "" : " or waits for a processor",
				     b->kernel_thread ? "sleeps outside of what changes"
						      : "sleeps elsewhere or leaves the kernel");
	if (b->pinned)
		return strbuf_printf(out, "%s in %.*s, which the patch changes",
				     b->state == 'R' ? "was interrupted" : "sleeps",
				     (int)strcspn(b->pinned, "+ "), b->pinned);
	if (!b->stack.n)
		return strbuf_puts(out, "has no stack that could be read");
	return strbuf_printf(out,
			     "sleeps in %.*s; nothing that changes is on its stack: the kernel "
			     "looks again within a second, or found the stack unreliable",
			     (int)strcspn(b->stack.v[0], "+ "), b->stack.v[0]);
}

void blocker_json(const struct blocker *b, struct json *j, const char *key)
{
	struct strbuf reason __cleanup_strbuf = { 0 };
	struct error *e = blocker_reason(b, &reason);

	if (e && !j->error)
		j->error = take(e);
	error_free(&e);
	json_object(j, key);
	json_i64(j, "pid", b->pid);
	json_i64(j, "tid", b->tid);
	json_string(j, "comm", b->comm);
	json_bool(j, "kernel_thread", b->kernel_thread);
	json_stringf(j, "state", "%c", b->state ? b->state : '?');
	json_bool(j, "on_cpu", b->on_cpu);
	if (b->pinned)
		json_stringf(j, "function", "%.*s", (int)strcspn(b->pinned, "+ "), b->pinned);
	else
		json_null(j, "function");
	json_string(j, "reason", strbuf_str(&reason));
	json_array(j, "stack");
	for (size_t i = 0; i < b->stack.n; i++)
		json_string(j, NULL, b->stack.v[i]);
	json_end(j);
	json_end(j);
}
