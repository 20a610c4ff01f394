// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/load.h"

#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "livepatch/kernel_said.h"
#include "livepatch/live.h"

#define LOOK_MS 20

/* --- what went wrong -------------------------------------------------------------- */

static const struct meaning {
	int err;
	enum error_kind kind;
	const char *what, *advice;
} meanings[] = {
	{ ENOKEY, ERROR_POLICY, "the kernel demands a module signature, and has not this one's key",
	  "sign the modules with a key of the kernel's: suture sign --module-key" },
	{ EKEYREJECTED, ERROR_POLICY, "the kernel rejects the module's signature",
	  "sign the modules with a key of the kernel's: suture sign --module-key" },
	{ EBADMSG, ERROR_POLICY, "the module's signature is damaged",
	  "get the bundle again, from where it was signed" },
	{ EPERM, ERROR_POLICY, "the kernel lets no module in: lockdown, or kernel.modules_disabled",
	  "a reboot ends kernel.modules_disabled; under lockdown modules must be signed" },
	{ ENOEXEC, ERROR_REFUSED, "the module was not built for this kernel",
	  "build it for this kernel: suture build --target kernel:RELEASE" },
	{ ENOENT, ERROR_REFUSED, "the module refers to a symbol that this kernel has not",
	  "build it for this kernel: suture build --target kernel:RELEASE" },
	{ EEXIST, ERROR_FAILED, "a module of that name is loaded already",
	  "suture status tells what it is" },
	{ EBUSY, ERROR_REFUSED, "something in the kernel is in its way",
	  "suture check tells what hooks these functions" },
	{ EINVAL, ERROR_REFUSED,
	  "livepatch does not take it: a function it patches is not there, or another patch's "
	  "state is newer",
	  "suture check tells what else is live" },
	{ ENOMEM, ERROR_FAILED, "the kernel has no memory for it", NULL },
};

/* The last lines that the kernel said, in one. */
static struct error *add_said(struct error *e, const char *said)
{
	size_t n = strlen(said);

	while (n && said[n - 1] == '\n')
		n--;
	if (!n)
		return e;
	/* Not more than the last three. */
	for (size_t at = n, lines = 0; at-- > 0;)
		if (said[at] == '\n' && ++lines == 3) {
			n -= at + 1;
			said += at + 1;
			break;
		}
	return error_advise(e, "the kernel's log: %.*s", (int)n, said);
}

struct error *load_explain(int err, const char *module, const char *said)
{
	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++) {
		const struct meaning *m = &meanings[i];
		struct error *e;

		if (m->err != err)
			continue;
		e = add_said(
			error_new(m->kind, "loading %s: %s (%s)", module, m->what, strerror(err)),
			said);
		return m->advice ? error_advise(e, "%s", m->advice) : e;
	}
	return add_said(error_errno(err, "loading %s", module), said);
}

/* --- the module loader ------------------------------------------------------------ */

static void no_log(void *data, int priority, const char *file, int line, const char *fn,
		   const char *format, va_list args)
{
	(void)data, (void)priority, (void)file, (void)line, (void)fn, (void)format, (void)args;
}

static int insert(const char *ko, const char *parameters)
{
	/* No configuration: what modprobe.d says is not meant for livepatches. */
	static const char *const none[] = { NULL };
	struct kmod_ctx *ctx = kmod_new(NULL, (const char *const *)none);
	struct kmod_module *m = NULL;
	int err;

	if (!ctx)
		return -ENOMEM;
	kmod_set_log_fn(ctx, no_log, NULL);
	err = kmod_module_new_from_path(ctx, ko, &m);
	if (!err)
		err = kmod_module_insert_module(m, 0, parameters);
	if (m)
		kmod_module_unref(m);
	kmod_unref(ctx);
	return err;
}

struct error *load_insert(const char *ko, const char *parameters)
{
	struct kernel_said log __cleanup_said = kernel_said_begin();
	struct strbuf said __cleanup_strbuf = { 0 };
	const char *slash = strrchr(ko, '/');
	int err = insert(ko, parameters);

	if (!err)
		return NULL;
	error_free(&(struct error *){ kernel_said_read(&log, &said) });
	return load_explain(-err, slash ? slash + 1 : ko, strbuf_str(&said));
}

struct error *load_remove(const char *module, double seconds)
{
	double until = clock_seconds() + seconds;

	while (syscall(SYS_delete_module, module, O_NONBLOCK)) {
		if (errno == ENOENT)
			return NULL;
		if ((errno != EAGAIN && errno != EBUSY) || clock_seconds() > until)
			return error_errno(errno, "unloading %s", module);
		poll(NULL, 0, LOOK_MS);
	}
	return NULL;
}

/* --- sysfs ------------------------------------------------------------------------ */

static struct error *write_attribute(const char *patch, const char *name, const char *value)
{
	char *path __free = str_printf("/sys/kernel/livepatch/%s/%s", patch, name);
	int fd __closefd = -1;

	if (!path)
		return error_nomem();
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return error_errno(errno, "writing %s to %s", value, path);
	return NULL;
}

struct error *load_disable(const char *patch)
{
	struct kernel_said log __cleanup_said = kernel_said_begin();
	struct strbuf said __cleanup_strbuf = { 0 };
	struct error *e = write_attribute(patch, "enabled", "0");

	if (!e)
		return NULL;
	error_free(&(struct error *){ kernel_said_read(&log, &said) });
	return add_said(error_context(e, "taking %s back", patch), strbuf_str(&said));
}

struct error *load_force(const char *patch)
{
	return error_context(write_attribute(patch, "force", "1"), "forcing %s", patch);
}

static bool is_live(const struct live_flags *f)
{
	return f->enabled && !f->transition;
}

static bool is_gone(const struct live_flags *f)
{
	return !f->present;
}

static struct error *await(const char *patch, bool (*over)(const struct live_flags *),
			   bool (*failed)(const struct live_flags *), double seconds,
			   load_watch *watch, void *arg, bool *done)
{
	double start = clock_seconds();

	*done = false;
	for (;;) {
		double elapsed = clock_seconds() - start;
		struct live_flags f;

		TRY(live_flags_read(patch, &f));
		if (over(&f)) {
			*done = true;
			return NULL;
		}
		if (failed && failed(&f))
			return error_failed("%s was taken back by somebody else", patch);
		if (elapsed > seconds)
			return NULL;
		if (watch)
			TRY(watch(arg, elapsed));
		poll(NULL, 0, LOOK_MS);
	}
}

static bool is_taken_back(const struct live_flags *f)
{
	return !f->present || !f->enabled;
}

struct error *load_await_enabled(const char *patch, double seconds, load_watch *watch, void *arg,
				 bool *done)
{
	return await(patch, is_live, is_taken_back, seconds, watch, arg, done);
}

struct error *load_await_gone(const char *patch, double seconds, load_watch *watch, void *arg,
			      bool *done)
{
	return await(patch, is_gone, NULL, seconds, watch, arg, done);
}
