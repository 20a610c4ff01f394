// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/proof.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "probe/counter.h"
#include "probe/decide.h"
#include "probe/kprobe.h"
#include "probe/live_symbols.h"
#include "probe/running_text.h"

/* How often to look at a site that the kernel is just writing. */
#define SITE_LOOKS 1000

struct watched {
	struct proof_function f;
	uint64_t address, behind; /* the old function; where its body is counted */
	uint64_t instance;	  /* of its module, when we attached; 0 for vmlinux */
	struct counter_value old_base, new_base; /* at the mark */
	bool mark_settled;

	/* What the strings of the last result point to. */
	uint64_t named; /* the destination that destination_name names */
	char destination_name[160];
	struct decision decision;
};

struct proof {
	struct arena arena;
	struct watched *v;
	size_t n;
	struct counters *counters; /* 2i: the old body of function i; 2i + 1: the new entry */
	struct running_text text;
};

/* --- attaching ---------------------------------------------------------------- */

static struct error *copy_function(struct proof *p, const struct proof_function *f,
				   struct watched *w)
{
	w->f = (struct proof_function){
		.object = arena_strdup(&p->arena, f->object),
		.name = arena_strdup(&p->arena, f->name),
		.sympos = f->sympos,
		.patch = arena_strdup(&p->arena, f->patch),
		.new_name = arena_strdup(&p->arena, f->new_name ? f->new_name : f->name),
	};
	return w->f.object && w->f.name && w->f.patch && w->f.new_name ? NULL : error_nomem();
}

static struct error *find_old(struct proof *p)
{
	struct live_symbol *q __free = calloc(p->n, sizeof(*q));

	if (!q)
		return error_nomem();
	for (size_t i = 0; i < p->n; i++)
		q[i] = (struct live_symbol){ .object = p->v[i].f.object,
					     .name = p->v[i].f.name,
					     .sympos = p->v[i].f.sympos };
	TRY(live_symbols_find(q, p->n));
	for (size_t i = 0; i < p->n; i++) {
		if (!q[i].address)
			return live_symbol_missing(&q[i]);
		p->v[i].address = q[i].address;
		if (!str_equal(q[i].object, "vmlinux"))
			p->v[i].instance = module_instance(q[i].object);
	}
	return NULL;
}

static struct error *read_site(const struct proof *p, const struct watched *w, struct site *out)
{
	uint8_t bytes[SITE_BYTES];

	for (int look = 0; look < SITE_LOOKS; look++) {
		TRY(running_text_read(&p->text, w->address, bytes, sizeof(bytes)));
		*out = site_decode(bytes, sizeof(bytes), w->address);
		if (out->kind != SITE_BEING_WRITTEN)
			break;
	}
	return NULL;
}

static struct error *attach_behind(struct proof *p, size_t i, unsigned int behind)
{
	char where[32];

	p->v[i].behind = p->v[i].address + behind;
	snprintf(where, sizeof(where), "0x%llx", (unsigned long long)p->v[i].behind);
	return counters_attach(p->counters, 2 * i, where);
}

static struct error *attach_old(struct proof *p, size_t i)
{
	const struct watched *w = &p->v[i];
	struct site site;
	struct error *e;

	if (p->text.fd >= 0) {
		TRY(read_site(p, w, &site));
		if (site.kind == SITE_NONE)
			return error_refused("%s has no ftrace site: it can't be redirected",
					     w->f.name);
		return attach_behind(p, i, site.behind);
	}
	/* The kernel takes a probe at the beginning of an instruction only. */
	e = attach_behind(p, i, 5);
	if (error_code(e) != EILSEQ)
		return e;
	error_free(&e);
	return attach_behind(p, i, 9);
}

static struct error *attach(struct proof *p)
{
	TRY(counters_open(2 * p->n, &p->counters));
	for (size_t i = 0; i < p->n; i++)
		TRY_CONTEXT(attach_old(p, i), "watching the old %s", p->v[i].f.name);
	return proof_mark(p);
}

static struct error *prepare(const struct proof_function *f, size_t n, struct proof **out)
{
	struct proof *p __cleanup_proof = calloc(1, sizeof(*p));

	if (!p)
		return error_nomem();
	p->text.fd = -1;
	p->n = n;
	p->v = arena_array(&p->arena, n ? n : 1, sizeof(*p->v));
	if (!p->v)
		return error_nomem();
	for (size_t i = 0; i < n; i++)
		TRY(copy_function(p, &f[i], &p->v[i]));
	TRY(find_old(p));
	error_free(&(struct error *){ running_text_open(&p->text) });
	*out = take(p);
	return NULL;
}

struct error *proof_look(const struct proof_function *f, size_t n, struct proof **out)
{
	return prepare(f, n, out);
}

struct error *proof_attach(const struct proof_function *f, size_t n, struct proof **out)
{
	struct proof *p __cleanup_proof = NULL;

	TRY(prepare(f, n, &p));
	TRY(attach(p));
	*out = take(p);
	return NULL;
}

static struct error *attach_new(struct proof *p, size_t i)
{
	const struct proof_function *f = &p->v[i].f;
	struct live_symbol q = { .object = f->patch, .name = f->new_name };
	char *where __free = str_printf("%s:%s", f->patch, f->new_name);

	if (!where)
		return error_nomem();
	if (counters_attached(p->counters, 2 * i + 1))
		return NULL;
	TRY(live_symbols_find(&q, 1));
	if (q.found > 1)
		return error_refused("%u functions of the patch are named %s: which one is "
				     "counted could not be told",
				     q.found, f->new_name);
	if (!q.address)
		return live_symbol_missing(&q);
	return counters_attach(p->counters, 2 * i + 1, where);
}

struct error *proof_attach_new(struct proof *p)
{
	for (size_t i = 0; i < p->n; i++)
		TRY_CONTEXT(attach_new(p, i), "watching the new %s", p->v[i].f.name);
	return NULL;
}

/* --- reading ------------------------------------------------------------------ */

/* Another enabled patch that replaces the same function, if any. */
static struct error *find_other(const struct proof_function *f, char *out, size_t room)
{
	DIR *d = opendir("/sys/kernel/livepatch");
	struct error *e = NULL;
	struct dirent *ent;

	out[0] = '\0';
	while (d && !e && (ent = readdir(d))) {
		struct patch_state s = { 0 };

		if (ent->d_name[0] == '.' || str_equal(ent->d_name, f->patch))
			continue;
		e = patch_state_read(ent->d_name, f->object, f->name, f->sympos, &s);
		if (s.enabled && s.lists_function)
			snprintf(out, room, "%s", ent->d_name);
	}
	if (d)
		closedir(d);
	return e;
}

static struct error *name_destination(struct watched *w, const struct site *s)
{
	if (s->kind != SITE_CALL && s->kind != SITE_JUMPED) {
		w->named = 0;
		w->destination_name[0] = '\0';
	} else if (w->named != s->destination) {
		TRY(live_symbol_name(s->destination, w->destination_name,
				     sizeof(w->destination_name)));
		w->named = s->destination;
	}
	return NULL;
}

static struct error *count(struct proof *p, size_t i, struct proof_count *out)
{
	struct watched *w = &p->v[i];
	struct counter_value old, new;

	*out = (struct proof_count){ 0 };
	if (!p->counters)
		return NULL;
	TRY(counters_read(p->counters, 2 * i, &old));
	TRY(counters_read(p->counters, 2 * i + 1, &new));
	out->old_body = old.executions - w->old_base.executions;
	out->new_entry = new.executions - w->new_base.executions;
	out->missed = old.missed - w->old_base.missed + new.missed - w->new_base.missed;
	return NULL;
}

/* Probes die with the module they sit in, and do not come back with it. */
static struct error *check_module(const struct watched *w)
{
	uint64_t now = w->instance ? module_instance(w->f.object) : 0;

	if (!now || now == w->instance)
		return NULL;
	return error_advise(error_failed("the module %s was loaded anew since the probes were "
					 "attached",
					 w->f.object),
			    "begin a new session");
}

static struct error *observe(struct proof *p, size_t i, char *other, size_t room,
			     struct observation *o)
{
	struct watched *w = &p->v[i];
	const struct proof_function *f = &w->f;
	struct error *closed __cleanup_error = NULL, *hidden __cleanup_error = NULL;
	struct error *unread __cleanup_error = NULL;

	TRY(check_module(w));
	TRY(patch_state_read(f->patch, f->object, f->name, f->sympos, &o->patch));
	TRY(find_other(f, other, room));
	o->other_patch = *other ? other : NULL;
	if (p->text.fd >= 0)
		closed = read_site(p, w, &o->site);
	o->site_known = p->text.fd >= 0 && !closed;
	TRY(name_destination(w, &o->site));
	o->leads_to_bpf = str_starts(w->destination_name, "bpf_trampoline");
	hidden = hooks_read(f->object, f->name, &o->hooks);
	o->hooks_known = !hidden;
	o->uncounted = !p->counters;
	if (o->uncounted)
		return count(p, i, &o->count);
	o->new_watched = counters_attached(p->counters, 2 * i + 1);
	o->mark_settled = w->mark_settled;
	unread = kprobe_state(w->behind, &o->old_probe);
	if (unread)
		o->old_probe = KPROBE_UNKNOWN;
	return count(p, i, &o->count);
}

struct error *proof_mark(struct proof *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct watched *w = &p->v[i];
		const struct proof_function *f = &w->f;
		struct patch_state s;

		/* First the claim: what is counted from here on came after it. */
		TRY(patch_state_read(f->patch, f->object, f->name, f->sympos, &s));
		w->mark_settled = s.enabled && s.lists_function && !s.transition;
		TRY(counters_read(p->counters, 2 * i, &w->old_base));
		TRY(counters_read(p->counters, 2 * i + 1, &w->new_base));
	}
	return NULL;
}

struct error *proof_read(struct proof *p, size_t i, struct proof_result *out)
{
	struct watched *w = &p->v[i];
	struct observation o = { 0 };
	char other[256];

	TRY_CONTEXT(observe(p, i, other, sizeof(other), &o), "reading the proof for %s", w->f.name);
	w->decision = proof_decide(&o);
	*out = (struct proof_result){
		.state = w->decision.state,
		.present = o.patch.present,
		.enabled = o.patch.enabled,
		.transition = o.patch.transition,
		.site_known = o.site_known,
		.site_redirected = o.site.kind == SITE_CALL && !o.leads_to_bpf,
		.site = w->address + o.site.offset,
		.destination = o.site.destination,
		.destination_name = w->destination_name,
		.registered = o.hooks.livepatch || o.hooks.redirects,
		.direct = o.hooks.direct,
		.count = o.count,
		.trouble = w->decision.trouble[0] ? w->decision.trouble : NULL,
	};
	return NULL;
}

size_t proof_size(const struct proof *p)
{
	return p->n;
}

const struct proof_function *proof_function_at(const struct proof *p, size_t i)
{
	return &p->v[i].f;
}

void proof_detach(struct proof **at)
{
	struct proof *p = take(*at);

	if (!p)
		return;
	counters_close(&p->counters);
	running_text_close(&p->text);
	arena_free(&p->arena);
	free(p);
}
