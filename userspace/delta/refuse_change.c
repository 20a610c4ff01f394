// SPDX-License-Identifier: GPL-2.0-or-later
/* What the two builds differ in and a livepatch can't change. */
#include "delta/private.h"

static const char *kind_of_change(const struct node *n)
{
	return n->state == STATE_NEW ? "is new" : "changed";
}

static bool is_alias_for_modpost(const char *name)
{
	return str_equal(name, "init_module") || str_equal(name, "cleanup_module") ||
	       str_starts(name, "__mod_");
}

/* As the source calls it: module_init(), MODULE_DEVICE_TABLE() and their like add a name. */
static const char *source_name(const struct node *n)
{
	if (!n->symbol || !is_alias_for_modpost(n->symbol->name))
		return node_name(n);
	vec_for_each(&n->section->symbols, it) {
		const struct symbol *s = *it;

		if (s->value == n->start && s->type == n->symbol->type &&
		    !is_alias_for_modpost(s->name))
			return s->name;
	}
	return node_name(n);
}

/*
 * Tables that the kernel, or a tool, reads when it loads the object. What is in them is of no
 * use to code that runs by then; without a code it is worth a note only.
 */
static const struct {
	const char *prefix, *code, *what;
} registries[] = {
	{ ".modinfo", NULL,
	  "the module's own description (licence, aliases, firmware, parameters)" },
	{ "__modver", NULL, "the module's version" },
	{ ".printk_index", NULL, "the index of messages" },
	{ "_ftrace_eval_map", NULL, "the names that tracers show for numbers" },
	{ "_error_injection_whitelist", NULL, "the list of functions that may be made to fail" },
	{ "_kprobe_blacklist", NULL, "the list of functions that probes must leave alone" },
	{ "__syscalls_metadata", "changed-syscall", "the description of a system call" },
	{ "__param", "changed-parameter", "the list of module parameters" },
	{ "_ftrace_ev", "changed-tracepoint", "the list of trace events" },
	{ "__tracepoints", "changed-tracepoint", "a tracepoint" },
	{ "__bpf_raw_tp", "changed-tracepoint", "the list of tracepoints for BPF" },
	{ ".static_call", "changed-static-call", "a static call" },
	{ ".BTF_ids", "changed-btf", "the list of types and functions that BPF may use" },
	{ "__trace_printk_fmt", "changed-tracepoint", "the list of trace_printk() formats" },
	{ "", "changed-registry", "a table that the kernel reads when it loads the object" },
};

static struct error *refuse_registry(struct delta *d, const struct node *n, const char *change)
{
	size_t i = 0;

	while (!str_starts(n->section->name, registries[i].prefix))
		i++;
	if (!registries[i].code)
		return add_note(d,
				"%s, %s: nothing that runs depends on it, and it stays as it was",
				registries[i].what, change);
	return add_finding(d, registries[i].code, n->section->name,
			   "leave it as it was; a livepatch can change functions only",
			   "%s (section %s) %s: it was read when the object was loaded, and is not "
			   "read again",
			   registries[i].what, n->section->name, change);
}

/* --- used once ------------------------------------------------------------------ */

static const struct {
	const char *prefix, *code, *what, *when, *advice;
} once[] = {
	{ ".exit.text", "exit-code", "exit function", "when the module is unloaded",
	  "leave it out: the fixed module brings it" },
	{ ".memexit.text", "exit-code", "exit function", "when memory is unplugged", NULL },
	{ ".exit", "exit-data", "exit data", "when the module is unloaded",
	  "leave it out: the fixed module brings it" },
	{ ".memexit", "exit-data", "exit data", "when memory is unplugged", NULL },
	{ ".init.text", "init-code", "init function", "while booting or loading",
	  "it has run already and will not run again: do its work in a callback "
	  "(SUTURE_CALLBACKS of <suture/patch.h>)" },
	{ ".meminit.text", "init-code", "init function", "while booting",
	  "it has run already and will not run again: do its work in a callback "
	  "(SUTURE_CALLBACKS of <suture/patch.h>)" },
	{ ".head.text", "init-code", "the kernel's first code", "while booting",
	  "it has run already and will not run again" },
	{ ".initcall", "init-data", "the list of init functions", "while booting",
	  "an init function that is new does not run: do its work in a callback "
	  "(SUTURE_CALLBACKS of <suture/patch.h>)" },
	{ ".con_initcall", "init-data", "the list of init functions", "while booting",
	  "an init function that is new does not run: do its work in a callback "
	  "(SUTURE_CALLBACKS of <suture/patch.h>)" },
	{ "", "init-data", "init data", "while booting or loading",
	  "it was used already and is not used again: do its work in a callback "
	  "(SUTURE_CALLBACKS of <suture/patch.h>)" },
};

static size_t once_row(const struct node *n)
{
	size_t i = 0;

	while (!str_starts(n->section->name, once[i].prefix))
		i++;
	return i;
}

static struct error *refuse_once(struct delta *d, const struct node *n, const char *change)
{
	size_t i = once_row(n);

	if (d->arch->process)
		return add_finding(
			d, "constructor", n->section->name,
			"do its work in a hook: a function named suture_post_apply()",
			"the list of constructors or destructors (%s) %s: the loader has "
			"read it already",
			n->section->name, change);
	if (d->private->builtin && str_starts(once[i].code, "exit"))
		return add_note(d, "%s %s %s: what is built in is never unloaded", once[i].what,
				source_name(n), change);
	return add_finding(d, once[i].code, source_name(n), once[i].advice,
			   "%s %s %s, and is used %s only", once[i].what, source_name(n), change,
			   once[i].when);
}

/* --- functions ------------------------------------------------------------------ */

static bool has_symbol(const struct node *n, const char *name)
{
	const struct section *s = n->section;

	vec_for_each(&s->symbols, it)
		if ((*it)->value == n->start && str_equal((*it)->name, name))
			return true;
	return false;
}

/*
 * Redirecting a place redirects every name it has. If one of the names is elsewhere after
 * the change (identical functions are folded, and no longer identical), that would be wrong.
 */
static const char *lost_alias(const struct node *before, const struct node *after)
{
	const struct section *s = before->section;

	vec_for_each(&s->symbols, it) {
		const struct symbol *sym = *it;

		if (sym->value == before->start && sym->type != STT_NOTYPE &&
		    !has_symbol(after, sym->name) && before->aliases)
			return sym->name;
	}
	return NULL;
}

/*
 * Every sleeping task, or every kernel thread, is in these: a transition waits until none is.
 * do_idle() is not among them: it switches its own task.
 */
static const char *const never_left[] = {
	"schedule",	     "schedule_timeout",  "io_schedule", "preempt_schedule",
	"cpu_startup_entry", "kthread",		  "kthreadd",	 "worker_thread",
	"rescuer_thread",    "smpboot_thread_fn", "rest_init",	 "ret_from_fork",
	"kthread_worker_fn",
};

static struct error *refuse_never_left(struct delta *d, const struct node *n)
{
	for (size_t i = 0; i < ARRAY_SIZE(never_left); i++)
		if (str_equal(node_name(n), never_left[i]))
			return add_finding(
				d, "never-switched", node_name(n),
				"change what it calls, or its callers",
				"%s() is on the stack of tasks that do not leave it: they "
				"can't be switched to the new code",
				node_name(n));
	return NULL;
}

/* The main loop of a kernel thread asks whether it shall stop. */
static struct error *note_thread(struct delta *d, const struct node *n)
{
	for (size_t i = 0; i < n->n_relocs; i++) {
		const char *callee = n->relocs[i].symbol->name;

		if (!str_equal(callee, "kthread_should_stop") &&
		    !str_equal(callee, "kthread_should_park") &&
		    !str_equal(callee, "kthread_freezable_should_stop"))
			continue;
		return add_note(d,
				"%s() calls %s(): if it is the main loop of a kernel thread, that "
				"thread is switched only when it leaves the function, and the "
				"transition waits for it",
				node_name(n), callee);
	}
	return NULL;
}

/* Whole folders are compiled so: lib/, and what tracing itself needs. */
static bool object_has_fentries(const struct delta *d)
{
	vec_for_each(&d->private->before.tables, t)
		if (t->special->kind == SPECIAL_FENTRIES && t->section->size)
			return true;
	return false;
}

static struct error *refuse_unredirectable(struct delta *d, const struct node *n)
{
	const char *because = "";

	if (n->because) {
		because = arena_printf(&d->arena, " (it %s)", n->because);
		if (!because)
			return error_nomem();
	}
	return add_finding(
		d, "no-fentry", node_name(n),
		"add the fixed code under another name where functions can be redirected, "
		"and call it from there",
		"%s()%s can't be redirected: %s; nor can its callers be instead, for %s",
		node_name(n), because,
		object_has_fentries(d)
			? "it has no ftrace site (notrace, or in a section that ftrace "
			  "leaves alone)"
			: "the whole object is compiled without ftrace sites, as lib/ is",
		n->why_not ? n->why_not : "they are not known");
}

/* The loader has run it already, and nothing calls it again. */
static struct error *refuse_constructor(struct delta *d, const struct node *n)
{
	vec_for_each(&d->private->before.nodes, it) {
		const struct node *list = *it;

		if (list->class != CLASS_BOOT || str_starts(list->section->name, ".fini") ||
		    str_starts(list->section->name, ".dtors"))
			continue;
		for (size_t i = 0; i < list->n_relocs; i++) {
			struct target t;

			if (node_target(*it, &list->relocs[i], &t) && t.node == n->twin)
				return add_finding(d, "constructor", node_name(n),
						   "do its work in a hook: a function named "
						   "suture_post_apply()",
						   "%s() is a constructor: it has run, and will "
						   "not run again",
						   node_name(n));
		}
	}
	return NULL;
}

/* What is chosen by this function; or NULL. */
static const char *resolver_of(const struct node *n)
{
	vec_for_each(&n->twin->section->symbols, it)
		if ((*it)->type == STT_GNU_IFUNC && (*it)->value == n->twin->start)
			return (*it)->name;
	return NULL;
}

static struct error *refuse_function(struct delta *d, struct node *n)
{
	const char *name = node_name(n), *alias;

	if (d->arch->process && n->twin && resolver_of(n))
		return add_finding(d, "ifunc-resolver", name,
				   "change the functions that it chooses from",
				   "%s() chooses %s (IFUNC): it has run, and will not run again",
				   name, resolver_of(n));
	if (!n->symbol || n->symbol->type != STT_FUNC)
		return add_finding(d, "changed-asm", name, "change C functions only",
				   "assembler code in %s %s", n->section->name, kind_of_change(n));
	if (n->state == STATE_NEW || n->parent)
		return NULL;
	if (n->section->flags != n->twin->section->flags)
		TRY(add_finding(d, "section-flags", name, NULL,
				"section %s has other flags than before", n->section->name));
	alias = lost_alias(n->twin, n);
	if (alias)
		TRY(add_finding(d, "aliased-function", name,
				"make the same change to both, or make them different functions",
				"before, %s() and %s() are one piece of code; now they are not",
				name, alias));
	if (n->through_callers)
		return NULL;
	if (!node_has_fentry(n->twin))
		return refuse_unredirectable(d, n);
	if (d->arch->process)
		return refuse_constructor(d, n);
	TRY(refuse_never_left(d, n));
	return note_thread(d, n);
}

/* --- data ----------------------------------------------------------------------- */

static bool is_device_table(const struct node *n)
{
	vec_for_each(&n->section->symbols, it)
		if ((*it)->value == n->start && str_starts((*it)->name, "__mod_"))
			return true;
	return false;
}

const char *why_not_the_old(const struct node *old, const struct node *n)
{
	if (n->size > old->size)
		return "new code would reach beyond the end of the running one";
	if (n->section->align > old->section->align &&
	    n->view->in_section[n->section->index].n == 1)
		return "new code counts on an alignment that the running one may not have";
	if (n->section->flags & SHF_WRITE && !(old->section->flags & SHF_WRITE))
		return "new code may write to it, and the running one can't be written";
	return NULL;
}

static struct error *refuse_constant(struct delta *d, struct node *n, const char *why)
{
	return add_finding(d, "changed-data", source_name(n),
			   "give the new value a name of its own, and use that in the functions "
			   "that need it",
			   "constant %s changed: %s%s%s", source_name(n), why,
			   n->why_not ? "; new code can't have a copy of its own, for " : "",
			   n->why_not ? n->why_not : "");
}

/* What is in a finding if the data gets its new contents when the module is loaded; or NULL. */
static const char *how_at_load(const struct node *n)
{
	if (n->moved)
		return "all who use it use a new one";
	return n->written ? "it is written before the module runs" : NULL;
}

static struct error *refuse_data(struct delta *d, struct node *n)
{
	const char *name = source_name(n), *why, *problem;
	uint64_t at = 0;

	if (n->state == STATE_NEW || (n->renewed && !n->moved) || (n->written && n->because))
		return NULL;
	why = explain_difference(d, n->twin, n, &at);
	if (!why)
		return error_nomem();
	if (is_device_table(n))
		TRY(add_finding(d, "device-table", name,
				"the driver is registered with the table that it has: bind new "
				"devices by hand through sysfs (new_id), or wait for the fixed "
				"module",
				"the table %s, by which devices are matched, changed: %s", name,
				why));
	else if (d->arch->process && section_is_written(n->section))
		TRY(add_finding(d, "changed-data", name,
				"the running variable keeps its value: set it from a hook (a "
				"function named suture_pre_apply()), or use a new variable",
				"variable %s changed: %s", name, why));
	else if (section_is_written(n->section))
		TRY(add_finding(d, "changed-data", name,
				"the running variable keeps its value: set it from a callback "
				"(SUTURE_CALLBACKS of <suture/patch.h>), or use a new variable",
				"variable %s changed: %s", name, why));
	else
		TRY(refuse_constant(d, n, why));
	finding_at_load(d, how_at_load(n));
	problem = n->moved ? NULL : why_not_the_old(n->twin, n);
	return problem ? finding_stands(d, problem) : NULL;
}

static struct error *refuse_percpu(struct delta *d, struct node *n)
{
	if (n->state == STATE_CHANGED && !why_not_the_old(n->twin, n))
		return refuse_data(d, n);
	if (d->arch->process)
		return add_finding(
			d, "thread-local", node_name(n),
			"keep it in memory that is allocated where it is first needed",
			"variable %s of each thread %s: its place was given out when the "
			"program was loaded",
			node_name(n), kind_of_change(n));
	return add_finding(d, "per-cpu", node_name(n),
			   "use an array indexed by CPU, or memory from alloc_percpu()",
			   "per-CPU variable %s %s: its place was given out at boot", node_name(n),
			   kind_of_change(n));
}

static struct error *refuse_change(struct delta *d, struct node *n)
{
	switch (n->class) {
	case CLASS_TEXT:
		return refuse_function(d, n);
	case CLASS_DATA:
		return refuse_data(d, n);
	case CLASS_PERCPU:
		return refuse_percpu(d, n);
	case CLASS_BOOT:
	case CLASS_BOOT_TEXT:
		return refuse_once(d, n, kind_of_change(n));
	case CLASS_REGISTRY:
		return is_export_section(n->section) ? NULL
						     : refuse_registry(d, n, kind_of_change(n));
	case CLASS_EXTRA:
		if (n->state == STATE_NEW)
			return NULL;
		return add_finding(d, "changed-extra", node_name(n),
				   "let the fix add all callbacks and states that it wants",
				   "%s was there before the fix, and changed", node_name(n));
	case CLASS_UNKNOWN:
		return add_finding(d, "unknown-section", n->section->name, NULL,
				   "section %s %s, and is not known", n->section->name,
				   kind_of_change(n));
	default:
		return NULL;
	}
}

static struct error *refuse_removal(struct delta *d, struct node *n)
{
	switch (n->class) {
	case CLASS_BOOT:
	case CLASS_BOOT_TEXT:
		return refuse_once(d, n, "was removed");
	case CLASS_REGISTRY:
		return is_export_section(n->section) ? NULL : refuse_registry(d, n, "was removed");
	case CLASS_UNKNOWN:
		return add_finding(d, "unknown-section", n->section->name, NULL,
				   "section %s was removed, and is not known", n->section->name);
	default:
		return NULL;
	}
}

/*
 * A name must not have moved from one piece of code to another: GCC folds functions that
 * are identical, and a fix may make them so, or different.
 */
static struct error *refuse_moved_names(struct delta *d)
{
	vec_for_each(&d->before->symbols, it) {
		const struct symbol *old = *it, *new;
		struct node *n = d->private->before.of_symbol[old->index], *m;

		if (!n || n->class != CLASS_TEXT || old->type != STT_FUNC || n->numbered)
			continue;
		new = object_symbol(d->after, old->name);
		m = new ? d->private->after.of_symbol[new->index] : NULL;
		if (m && m->class == CLASS_TEXT && n->twin != m)
			TRY(add_finding(d, "aliased-function", old->name,
					"make the functions differ, or change both alike",
					"%s() shares its code with %s(), before or after only",
					old->name, n->twin ? node_name(n->twin) : node_name(m)));
	}
	return NULL;
}

struct error *refuse_changes(struct delta *d)
{
	size_t had = 0;

	vec_for_each(&d->private->after.nodes, it) {
		if ((*it)->state != STATE_SAME)
			TRY(refuse_change(d, *it));
		place_findings(d, had, *it);
		had = d->findings.n;
	}
	vec_for_each(&d->private->before.nodes, it) {
		if (!(*it)->twin)
			TRY(refuse_removal(d, *it));
		place_findings(d, had, *it);
		had = d->findings.n;
	}
	return refuse_moved_names(d);
}
