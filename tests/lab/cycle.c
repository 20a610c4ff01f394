// SPDX-License-Identifier: GPL-2.0-or-later
/* One fix in the guest: before, patched, reverted, each phase counted by the proof's session. */
#include <string.h>

#include "base/clock.h"
#include "base/json_read.h"
#include "tests/lab/lab.h"

static struct error *boot(struct lab *lab)
{
	const char *load[64] = { 0 }, *files[3] = { 0 };
	struct vm_options opt = { .load = load, .files = files, .memory = 768 };
	size_t n = 0;

	vec_for_each(&lab->fixes, f)
		TRY(lab_words(lab, f->modules, load, &n, ARRAY_SIZE(load)));
	opt.kernel = lab->target->vmlinuz;
	opt.modules = lab->target->modules;
	files[0] = arena_printf(&lab->arena, "%s=/bin/suture", lab->suture);
	files[1] = arena_printf(&lab->arena, "%s=/bin/exercise", lab->exercise);
	if (!files[0] || !files[1])
		return error_nomem();
	return vm_boot(&opt, &lab->vm);
}

/* Run a line in the guest; a status other than 0 is an error that quotes what was said. */
static struct error *guest(struct lab *lab, struct strbuf *out, const char *fmt, ...)
	__printf_like(3, 4);
static struct error *guest(struct lab *lab, struct strbuf *out, const char *fmt, ...)
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
	TRY(vm_run(lab->vm, line.s, 120, said, &status));
	if (status)
		return error_failed("'%.60s...' in the guest ended with %d: %s", line.s, status,
				    strbuf_str(said));
	return NULL;
}

struct counts {
	uint64_t new_entry, old_body, missed;
	size_t exercised;
	bool redirected, all_in_place;
	const char *trouble;
};

static struct error *add_counts(struct lab *lab, const char *line, struct counts *c)
{
	const struct json_value *root, *counts;
	const char *state, *trouble;
	uint64_t v;

	TRY(json_parse(line, strlen(line), &lab->arena, &root));
	TRY(json_need_object(root, "counts", &counts));
	TRY(json_need_u64(counts, "new_entry", UINT64_MAX, &v));
	c->new_entry += v;
	TRY(json_need_u64(counts, "old_body", UINT64_MAX, &v));
	c->old_body += v;
	TRY(json_need_u64(counts, "missed", UINT64_MAX, &v));
	c->missed += v;
	TRY(json_need_string(root, "state", &state));
	TRY(json_need_string_or_null(root, "trouble", &trouble));
	if (trouble)
		c->trouble = trouble;
	c->exercised += str_equal(state, "exercised");
	c->redirected |= !str_equal(state, "not patched");
	c->all_in_place &= str_equal(state, "exercised") || str_equal(state, "in place");
	return NULL;
}

/* What the session counted since the mark, over all functions of the fix. */
static struct error *read_proof(struct lab *lab, struct counts *c)
{
	struct strbuf out __cleanup_strbuf = { 0 };
	char *rest, *line;
	int status;

	*c = (struct counts){ .all_in_place = true };
	TRY(vm_run(lab->vm, "suture verify --ask /s read --json 2>/dev/null", 60, &out, &status));
	rest = arena_strdup(&lab->arena, strbuf_str(&out));
	if (!rest)
		return error_nomem();
	while ((line = strsep(&rest, "\n")))
		if (*line == '{')
			TRY_CONTEXT(add_counts(lab, line, c), "reading the proof");
	return NULL;
}

static struct error *exercise(struct lab *lab, const struct fix *f)
{
	TRY(guest(lab, NULL, "suture verify --ask /s mark"));
	return *f->exercise ? guest(lab, NULL, "exercise %s", f->exercise) : NULL;
}

static struct error *open_session(struct lab *lab, const struct fix *f)
{
	struct strbuf words __cleanup_strbuf = { 0 };

	vec_for_each(&f->functions, fn) {
		TRY(strbuf_printf(&words, " --function %s:%s", fn->object, fn->name));
		if (fn->sympos)
			TRY(strbuf_printf(&words, ",%u", fn->sympos));
	}
	return guest(lab, NULL, "suture verify --session /s --patch %s%s </dev/null", f->module,
		     strbuf_str(&words));
}

/* Until the kernel says that every task has been switched. */
static const char wait_live[] =
	"for i in $(seq 300); do [ \"$(cat /sys/kernel/livepatch/%s/transition)\" = 0 ] && exit 0;"
	" sleep 0.1; done; exit 1";
static const char wait_gone[] =
	"echo 0 > /sys/kernel/livepatch/%s/enabled; for i in $(seq 300); do"
	" [ -e /sys/kernel/livepatch/%s ] || break; sleep 0.1; done; rmmod %s";

/* What stood in the kernel's log since 'from' that should not. */
static struct error *check_log(struct lab *lab, size_t from)
{
	static const char *const bad[] = { "BUG:", "WARNING:", "Oops", "general protection",
					   "Call Trace" };
	struct strbuf log __cleanup_strbuf = { 0 };

	TRY(vm_dmesg(lab->vm, &log));
	for (size_t i = 0; i < ARRAY_SIZE(bad) && log.n > from; i++) {
		const char *at = strstr(log.s + from, bad[i]);

		if (at)
			return error_failed("the kernel said: %.*s", (int)strcspn(at, "\n"), at);
	}
	return NULL;
}

static struct error *judge_live(struct fix *f, const struct counts *c)
{
	f->new_entry = c->new_entry;
	f->old_body = c->old_body;
	f->missed = c->missed;
	f->called = c->exercised;
	f->state = c->exercised ? "exercised" : c->all_in_place ? "in place" : "lost";
	if (!c->all_in_place)
		return error_failed("not in place: %s",
				    c->trouble ? c->trouble : "no reason given");
	if (c->old_body || c->missed)
		return error_failed("the old code ran, or a probe missed hits");
	if (f->expect == LIVE && (!c->exercised || !f->before))
		return error_failed("nobody called it");
	return NULL;
}

static struct error *take_back(struct lab *lab, struct fix *f)
{
	struct counts c;

	TRY(guest(lab, NULL, wait_gone, f->module, f->module, f->module));
	TRY(exercise(lab, f));
	TRY(read_proof(lab, &c));
	f->after = c.old_body;
	if (c.redirected || c.new_entry)
		return error_failed("it is still there after the revert");
	if (f->expect == LIVE && !c.old_body)
		return error_failed("the old code does not run again");
	f->reverted = true;
	return NULL;
}

static struct error *load(struct lab *lab, struct fix *f, const char *at)
{
	double started = clock_seconds();

	TRY_CONTEXT(guest(lab, NULL, "insmod %s 2>&1", at), "loading");
	TRY_CONTEXT(guest(lab, NULL, wait_live, f->module), "waiting for the transition");
	f->transition = clock_seconds() - started;
	return NULL;
}

/* The module comes after its patch and goes before it: there is no old code to count. */
static struct error *at_load_cycle(struct lab *lab, struct fix *f, const char *at)
{
	struct counts c;

	TRY(load(lab, f, at));
	TRY_CONTEXT(vm_load(lab->vm, f->words), "loading the module");
	TRY_CONTEXT(open_session(lab, f), "attaching");
	TRY_CONTEXT(exercise(lab, f), "patched");
	TRY(read_proof(lab, &c));
	TRY(judge_live(f, &c));
	TRY(guest(lab, NULL, "suture verify --ask /s quit; rmmod %s 2>&1", f->words));
	TRY_CONTEXT(guest(lab, NULL, wait_gone, f->module, f->module, f->module), "reverting");
	f->reverted = true;
	return guest(lab, NULL, "rm -f %s /s", at);
}

static struct error *live_cycle(struct lab *lab, struct fix *f, const char *at)
{
	struct counts c;

	TRY_CONTEXT(open_session(lab, f), "attaching");
	TRY(exercise(lab, f));
	TRY(read_proof(lab, &c));
	f->before = c.old_body;
	TRY(load(lab, f, at));
	TRY(guest(lab, NULL, "suture verify --ask /s attach-new"));
	TRY_CONTEXT(exercise(lab, f), "patched");
	TRY(read_proof(lab, &c));
	TRY(judge_live(f, &c));
	TRY_CONTEXT(take_back(lab, f), "reverting");
	return guest(lab, NULL, "suture verify --ask /s quit; rm -f %s /s", at);
}

static struct error *cycle(struct lab *lab, struct fix *f)
{
	struct strbuf log __cleanup_strbuf = { 0 };
	char *at = arena_printf(&lab->arena, "/%s.ko", f->module);

	if (!at)
		return error_nomem();
	TRY(vm_dmesg(lab->vm, &log));
	TRY(vm_put(lab->vm, f->payload, at));
	TRY(f->expect == AT_LOAD ? at_load_cycle(lab, f, at) : live_cycle(lab, f, at));
	return check_log(lab, log.n);
}

struct error *lab_cycle(struct lab *lab, struct fix *f)
{
	struct error *e;

	if (!lab->vm)
		TRY_CONTEXT(boot(lab), "booting");
	e = cycle(lab, f);
	if (e)
		vm_stop(&lab->vm);
	else
		f->done = true;
	return e;
}
