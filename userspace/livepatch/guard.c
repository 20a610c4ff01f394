// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"

/* --- requests and answers ------------------------------------------------------- */

static struct error *put_name(const char *patch, char out[SUTURE_GUARD_NAME])
{
	size_t n = strlen(patch);

	if (!n || n >= SUTURE_GUARD_NAME || strchr(patch, '/'))
		return error_usage("'%s' is no name of a livepatch", patch);
	memcpy(out, patch, n + 1);
	return NULL;
}

static struct error *put_time(const char *what, uint64_t ms, bool wanted, uint32_t *out)
{
	if (!wanted && ms)
		return error_usage("%s was given, but not the flag it is for", what);
	if (wanted && (ms < SUTURE_GUARD_LEAST_MS || ms > SUTURE_GUARD_MOST_MS))
		return error_usage("%s must be between %d ms and 7 days", what,
				   SUTURE_GUARD_LEAST_MS);
	*out = (uint32_t)ms;
	return NULL;
}

struct error *guard_fill(const struct guard_request *r, struct suture_guard_arm *out)
{
	struct suture_guard_arm a = { .size = sizeof(a),
				      .version = SUTURE_GUARD_VERSION,
				      .flags = r->flags };

	TRY(put_name(r->patch, a.name));
	if (r->flags & ~SUTURE_GUARD_FLAGS)
		return error_usage("the guard has no flags 0x%x", r->flags & ~SUTURE_GUARD_FLAGS);
	TRY(put_time("the time for a confirmation", r->within_ms, true, &a.deadline_ms));
	TRY(put_time("the time of a stall", r->stall_ms, r->flags & SUTURE_GUARD_ON_STALL,
		     &a.stall_ms));
	TRY(put_time("the time before force", r->force_ms, r->flags & SUTURE_GUARD_FORCE,
		     &a.force_ms));
	*out = a;
	return NULL;
}

static const struct {
	int err;
	enum error_kind kind;
	const char *what, *advice;
} meanings[] = {
	{ EPERM, ERROR_FAILED, "only root may do this (CAP_SYS_ADMIN)",
	  "run it as root, outside of containers" },
	{ EACCES, ERROR_FAILED, "only root may do this", "run it as root, outside of containers" },
	{ EEXIST, ERROR_FAILED, "the patch has a guard on duty already",
	  "confirm or disarm that one first" },
	{ ENOSPC, ERROR_FAILED, "all places for guards are taken",
	  "disarm guards of patches that were taken back" },
	{ ENOENT, ERROR_FAILED, "the patch has no guard", "suture status shows which have one" },
	{ ESTALE, ERROR_FAILED, "the guard of this patch was armed by somebody else since",
	  "look at suture status before you decide about that one" },
	{ ETIME, ERROR_VERIFY, "too late: the guard has decided to take the patch back",
	  "suture status, and the kernel's log, say why and how far it is" },
	{ ENODEV, ERROR_FAILED, "the patch is not there",
	  "what was never loaded can't be confirmed" },
	{ ENOTTY, ERROR_FAILED, "this guard does not know the request: it is of another version",
	  "unload suture_guard and load the one that came with this suture" },
	{ EINVAL, ERROR_FAILED, "the guard refuses the request: it may be of another version",
	  "unload suture_guard and load the one that came with this suture" },
};

struct error *guard_error(int err, const char *doing, const char *patch)
{
	const char *gap = patch ? " of " : "";

	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
		if (meanings[i].err == err)
			return error_advise(error_new(meanings[i].kind, "%s the guard%s%s: %s",
						      doing, gap, patch ? patch : "",
						      meanings[i].what),
					    "%s", meanings[i].advice);
	return error_errno(err, "%s the guard%s%s", doing, gap, patch ? patch : "");
}

/* --- the device ------------------------------------------------------------------ */

bool guard_present(void)
{
	return file_exists(GUARD_PATH);
}

struct error *guard_open(struct guard *out)
{
	int fd = open(GUARD_PATH, O_RDWR | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENXIO))
		return error_advise(
			error_failed("there is no guard in this kernel: " GUARD_PATH " is missing"),
			"load suture_guard.ko: the bundle has it for its kernel, "
			"`make guard` builds it");
	if (fd < 0)
		return guard_error(errno, "opening", NULL);
	out->fd = fd;
	return NULL;
}

void guard_close(struct guard *g)
{
	if (g->fd >= 0)
		close(g->fd);
	g->fd = -1;
}

struct error *guard_arm(const struct guard *g, const struct guard_request *r, uint64_t *id)
{
	struct suture_guard_arm a;

	TRY(guard_fill(r, &a));
	if (ioctl(g->fd, SUTURE_GUARD_IOC_ARM, &a))
		return guard_error(errno, "arming", r->patch);
	*id = a.id;
	return NULL;
}

static struct error *ask(const struct guard *g, unsigned long request, const char *doing,
			 const char *patch, uint64_t id)
{
	struct suture_guard_of of = { .size = sizeof(of), .id = id };

	TRY(put_name(patch, of.name));
	return ioctl(g->fd, request, &of) ? guard_error(errno, doing, patch) : NULL;
}

struct error *guard_confirm(const struct guard *g, const char *patch, uint64_t id)
{
	return ask(g, SUTURE_GUARD_IOC_CONFIRM, "confirming to", patch, id);
}

struct error *guard_disarm(const struct guard *g, const char *patch, uint64_t id)
{
	struct suture_guard_of of = { .size = sizeof(of), .id = id };

	TRY(put_name(patch, of.name));
	if (!ioctl(g->fd, SUTURE_GUARD_IOC_DISARM, &of))
		return NULL;
	if (errno == ENOENT)
		return error_new(ERROR_NOTHING, "%s has no guard", patch);
	return guard_error(errno, "disarming", patch);
}

/* --- status ----------------------------------------------------------------------- */

struct error *guard_status(const struct guard *g, struct guard_list *out)
{
	struct guard_list list = { 0 };
	struct error *e = NULL;

	for (uint32_t i = 0; !e && i < SUTURE_GUARD_MOST; i++) {
		struct suture_guard_status s = { .size = sizeof(s), .index = i };

		if (!ioctl(g->fd, SUTURE_GUARD_IOC_STATUS, &s))
			e = vec_push(&list, s);
		else if (errno == ENOENT)
			break;
		else
			e = guard_error(errno, "asking", NULL);
	}
	if (e) {
		vec_free(&list);
		return e;
	}
	*out = list;
	return NULL;
}

const struct suture_guard_status *guard_of(const struct guard_list *list, const char *patch)
{
	vec_for_each(list, s)
		if (str_equal(s->name, patch))
			return s;
	return NULL;
}

const char *guard_state_name(uint32_t state)
{
	static const char *const names[] = { [SUTURE_GUARD_WAITING] = "waiting",
					     [SUTURE_GUARD_ON_DUTY] = "on duty",
					     [SUTURE_GUARD_REVERTING] = "reverting",
					     [SUTURE_GUARD_REVERTED] = "reverted",
					     [SUTURE_GUARD_GONE] = "gone" };

	return state && state < ARRAY_SIZE(names) ? names[state] : "unknown";
}

const char *guard_reason_name(uint32_t reason)
{
	static const char *const names[] = {
		[SUTURE_GUARD_NO_REASON] = "none", [SUTURE_GUARD_DEADLINE] = "deadline",
		[SUTURE_GUARD_OOPS] = "oops",	   [SUTURE_GUARD_WARN] = "warning",
		[SUTURE_GUARD_STALL] = "stall",	   [SUTURE_GUARD_HANG] = "hang"
	};

	return reason < ARRAY_SIZE(names) ? names[reason] : "unknown";
}

static struct error *say_task(const char *before, int pid, const char *comm, const char *where,
			      struct strbuf *out)
{
	if (!pid)
		return NULL;
	TRY(strbuf_printf(out, "%s%s (%d)", before, comm, pid));
	return where[0] ? strbuf_printf(out, " in %s", where) : NULL;
}

static struct error *say_reason(const struct suture_guard_status *s, struct strbuf *out)
{
	if (s->reason == SUTURE_GUARD_DEADLINE)
		return strbuf_puts(out, "nobody confirmed in time");
	TRY(strbuf_puts(out, guard_reason_name(s->reason)));
	return say_task(" of ", s->pid, s->comm, s->where, out);
}

static struct error *say_obstacle(const struct suture_guard_status *s, struct strbuf *out)
{
	if (s->pinned) {
		TRY(say_task("; pinned by ", s->pinned_pid, s->pinned_comm, s->pinned_where, out));
		if (s->pinned > 1)
			TRY(strbuf_printf(out, " and %u more", s->pinned - 1));
	}
	if (s->asking)
		TRY(strbuf_puts(out, "; livepatch has not answered yet"));
	if (s->error)
		TRY(strbuf_printf(out, "; %s after %u attempts", strerror((int)s->error),
				  s->attempts));
	return NULL;
}

struct error *guard_sentence(const struct suture_guard_status *s, struct strbuf *out)
{
	switch (s->state) {
	case SUTURE_GUARD_WAITING:
	case SUTURE_GUARD_ON_DUTY:
		TRY(strbuf_puts(out, guard_state_name(s->state)));
		if (s->deadline_ms)
			return strbuf_printf(out, ", confirm within %s",
					     str_duration(s->deadline_ms / 1e3).s);
		return strbuf_puts(out, ", confirmed");
	case SUTURE_GUARD_REVERTING:
		TRY(strbuf_puts(out, "being taken back: "));
		TRY(say_reason(s, out));
		return say_obstacle(s, out);
	case SUTURE_GUARD_REVERTED:
		TRY(strbuf_printf(out, "taken back in %s%s: ", str_duration(s->took_ms / 1e3).s,
				  s->forced ? ", forced" : ""));
		return say_reason(s, out);
	case SUTURE_GUARD_GONE:
		return strbuf_puts(out, "somebody else disabled it");
	default:
		return strbuf_puts(out, "in a state that this suture does not know");
	}
}
