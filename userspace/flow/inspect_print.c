// SPDX-License-Identifier: GPL-2.0-or-later
/* A bundle on the screen: the first line is the answer, then the fix, then each payload. */
#include <string.h>

#include "base/date.h"
#include "bundle/module_signature.h"
#include "flow/inspect.h"

#define INDENT 12 /* of what follows a label */

struct page {
	struct strbuf *out;
	size_t width;
};

/* "  label     " */
static struct error *label(struct page *p, const char *name)
{
	return strbuf_printf(p->out, "%-*s", INDENT, name);
}

/* Characters, not bytes: those of UTF-8 that continue one are not counted. */
static size_t columns(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

/* Words after one another, broken where the line ends. 'at': the column before. */
static struct error *wrap(struct page *p, size_t at, size_t indent, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, " ");
		char *word __free = strndup(text, n);

		if (!word)
			return error_nomem();
		if (at > indent && at + 1 + columns(word) > p->width) {
			TRY(strbuf_printf(p->out, "\n%*s", (int)indent, ""));
			at = indent;
		} else if (at > indent) {
			TRY(strbuf_puts(p->out, " "));
			at++;
		}
		TRY(strbuf_puts(p->out, word));
		at += columns(word);
		text += n + strspn(text + n, " ");
	}
	return strbuf_puts(p->out, "\n");
}

static struct error *line(struct page *p, const char *name, const char *text)
{
	TRY(label(p, name));
	return wrap(p, INDENT, INDENT, text);
}

static struct error *names(struct page *p, const char *name, const struct bundle_names *n)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	if (!n->v.n)
		return NULL;
	vec_for_each(&n->v, it)
		TRY(strbuf_printf(&text, "%s%s", text.n ? ", " : "", *it));
	return line(p, name, strbuf_str(&text));
}

/* --- the fix ---------------------------------------------------------------------- */

/* What the fix asks of the watch over it, as fix.yaml has it. */
static struct error *print_watch(struct page *p, const struct watch_terms *t)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	if (!watch_terms_said(t))
		return NULL;
	TRY(watch_terms_print(t, &text));
	return line(p, "watch", strbuf_str(&text));
}

static struct error *print_facts(struct page *p, const struct bundle *b)
{
	const struct bundle_facts *f = &b->facts;

	if (f->title)
		TRY(line(p, "title", f->title));
	if (f->severity)
		TRY(line(p, "severity", f->severity));
	TRY(names(p, "closes", &f->cves));
	TRY(names(p, "requires", &f->requires));
	TRY(names(p, "conflicts", &f->conflicts));
	TRY(names(p, "supersedes", &f->supersedes));
	if (f->fixed_in)
		TRY(line(p, "fixed in", f->fixed_in));
	if (f->serial) {
		TRY(label(p, "serial"));
		TRY(strbuf_printf(p->out, "%llu\n", (unsigned long long)f->serial));
	}
	TRY(print_watch(p, &b->watch));
	vec_for_each(&b->fixes, fix) {
		TRY(label(p, fix == b->fixes.v ? "diffs" : ""));
		TRY(strbuf_printf(p->out, "%s, %s, sha256 %.16s\n", fix->name,
				  str_size(fix->patch->n).s, fix->digest.hex));
		if (fix->title && b->fixes.n > 1) {
			TRY(strbuf_printf(p->out, "%*s", INDENT + 2, ""));
			TRY(wrap(p, INDENT + 2, INDENT + 2, fix->title));
		}
	}
	vec_for_each(&b->metadata, part) {
		TRY(label(p, part == b->metadata.v ? "metadata" : ""));
		TRY(strbuf_printf(p->out, "%s, %s, sha256 %.16s\n", part->name,
				  str_size(part->content->n).s, part->digest.hex));
	}
	return line(p, "made by", b->tool);
}

/* --- what a payload does ------------------------------------------------------------ */

static struct error *print_function(struct page *p, const struct bundle_function *f, bool several)
{
	struct strbuf why __cleanup_strbuf = { 0 };

	TRY(strbuf_printf(p->out, "  %s", f->name));
	if (f->sympos)
		TRY(strbuf_printf(p->out, " (no. %u of its name)", f->sympos));
	if (strcmp(f->object, "vmlinux") != 0 && *f->object != '/')
		TRY(strbuf_printf(p->out, " [%s]", f->object));
	TRY(strbuf_printf(p->out, "  %llu → %llu bytes", (unsigned long long)f->old_size,
			  (unsigned long long)f->new_size));
	if (f->file)
		TRY(strbuf_printf(p->out, "  %s:%u", f->file, f->line));
	TRY(strbuf_puts(&why, f->reason ? f->reason : "no reason is told"));
	for (size_t i = 0; several && i < f->n_fixes; i++)
		TRY(strbuf_printf(&why, "%s%s", i ? ", " : "; by ", f->fixes[i]));
	TRY(strbuf_puts(p->out, "\n      "));
	return wrap(p, 6, 6, strbuf_str(&why));
}

static struct error *print_extras(struct page *p, const struct bundle_payload *b)
{
	vec_for_each(&b->callbacks, c) {
		TRY(label(p, c == b->callbacks.v ? "calls" : ""));
		TRY(strbuf_printf(p->out, "%s() as %s of %s\n", c->function, c->when, c->object));
	}
	vec_for_each(&b->states, s) {
		TRY(label(p, s == b->states.v ? "states" : ""));
		TRY(strbuf_printf(p->out, "0x%llx, version %u\n", (unsigned long long)s->id,
				  s->version));
	}
	return NULL;
}

static struct error *print_references(struct page *p, const struct bundle_payload *b)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	size_t exports = 0, n = 0;

	vec_for_each(&b->references, r)
		exports += str_equal(r->named, "export");
	TRY(strbuf_printf(&text, "%zu exported symbol%s of %s; %s %zu%s", exports,
			  exports == 1 ? "" : "s", b->process ? "its libraries" : "vmlinux",
			  b->process ? "in the file" : "by livepatch", b->references.n - exports,
			  b->references.n > exports ? ":" : ""));
	vec_for_each(&b->references, r) {
		if (str_equal(r->named, "export"))
			continue;
		TRY(strbuf_printf(&text, "%s %s", n++ ? "," : "", r->name));
		if (strcmp(r->object, "vmlinux") != 0 && !b->process)
			TRY(strbuf_printf(&text, " [%s]", r->object));
		if (r->sympos)
			TRY(strbuf_printf(&text, " (no. %u)", r->sympos));
	}
	return line(p, "refers to", strbuf_str(&text));
}

static struct error *print_remarks(struct page *p, const struct bundle_payload *b)
{
	vec_for_each(&b->overrides, o) {
		struct strbuf text __cleanup_strbuf = { 0 };

		TRY(strbuf_printf(&text, "%s:%s, because %s: %s; %s", o->code, o->where, o->reason,
				  o->what, o->left));
		TRY(line(p, "accepted", strbuf_str(&text)));
	}
	vec_for_each(&b->notes, note)
		TRY(line(p, "note", *note));
	return NULL;
}

/* --- where it is from ---------------------------------------------------------------- */

static struct error *print_provenance(struct page *p, const struct bundle_payload *b)
{
	const struct bundle_provenance *from = &b->provenance;

	TRY(line(p, "compiler", b->compiler));
	vec_for_each(&from->packages, it) {
		struct strbuf text __cleanup_strbuf = { 0 };

		TRY(label(p, it == from->packages.v ? "packages" : ""));
		TRY(strbuf_printf(&text, "%s %s, sha256 %.16s", it->name, it->version, it->sha256));
		TRY(wrap(p, INDENT, INDENT, strbuf_str(&text)));
	}
	if (!b->process) {
		TRY(label(p, "config"));
		TRY(strbuf_printf(p->out, "sha256 %.16s\n", from->config.hex));
	}
	vec_for_each(&from->sources, it) {
		TRY(label(p, it == from->sources.v ? "sources" : ""));
		TRY(strbuf_printf(p->out, "%s, sha256 %.16s → %.16s\n", it->path, it->before.hex,
				  it->after.hex));
	}
	return NULL;
}

/* What the kernel would look at; whether it has the key is not known here. */
static struct error *print_module_signature(struct page *p, const struct strbuf *module)
{
	struct module_signature s __cleanup_module_signature = { 0 };
	struct strbuf text __cleanup_strbuf = { 0 };

	TRY(module_signature_read(strbuf_str(module), module->n, &s));
	if (!s.cms_size)
		return NULL;
	TRY(strbuf_printf(&text, "signed for the kernel by %s, %s", strbuf_str(&s.signer),
			  strbuf_str(&s.digest)));
	return line(p, "", strbuf_str(&text));
}

static struct error *print_files(struct page *p, const struct bundle_payload *b)
{
	if (b->process) {
		TRY(line(p, "file", b->file));
		TRY(label(p, ""));
		TRY(strbuf_printf(p->out, "build-id %s\n", b->build_id));
		TRY(label(p, "object"));
		return strbuf_printf(p->out, "%s.hotpatch, %s, sha256 %.16s\n", b->module,
				     str_size(b->content->n).s, b->digest.hex);
	}
	TRY(label(p, "module"));
	TRY(strbuf_printf(p->out, "%s.ko, %s, sha256 %.16s\n", b->module, str_size(b->content->n).s,
			  b->digest.hex));
	TRY(label(p, ""));
	TRY(strbuf_printf(p->out, "build-id %s\n", b->build_id));
	TRY(print_module_signature(p, b->content));
	if (b->replace)
		TRY(line(p, "", "takes the place of all other livepatches"));
	vec_for_each(&b->at_load, module) {
		TRY(label(p, module == b->at_load.v ? "at load" : ""));
		TRY(strbuf_printf(p->out, "%s must be loaded after it\n", *module));
	}
	if (b->debug.content) {
		TRY(label(p, "debug"));
		TRY(strbuf_printf(p->out, "%s.ko.debug, %s\n", b->module,
				  str_size(b->debug.content->n).s));
	}
	if (b->guard.content) {
		TRY(label(p, "guard"));
		TRY(strbuf_printf(p->out, "suture_guard.ko, %s\n",
				  str_size(b->guard.content->n).s));
	}
	return NULL;
}

static struct error *print_payload(struct page *p, const struct bundle *b,
				   const struct bundle_payload *payload)
{
	TRY(strbuf_printf(p->out, "\n%s (%s)\n", payload->target, payload->version));
	TRY(print_files(p, payload));
	TRY(label(p, "redirects"));
	TRY(strbuf_printf(p->out, "%zu function%s\n", payload->functions.n,
			  payload->functions.n == 1 ? "" : "s"));
	vec_for_each(&payload->functions, f)
		TRY(print_function(p, f, b->fixes.n > 1));
	TRY(print_extras(p, payload));
	TRY(print_references(p, payload));
	TRY(print_remarks(p, payload));
	return print_provenance(p, payload);
}

/* --- who signed it ------------------------------------------------------------------- */

static struct error *print_signature(struct page *p, const struct judged_signature *s)
{
	const struct statement *said = s->fact.statement;
	struct strbuf text __cleanup_strbuf = { 0 };

	TRY(strbuf_printf(&text, "%s by %s", date_text(said->time).s,
			  s->fact.key ? s->fact.key->name : "a key that is not known here"));
	TRY(strbuf_printf(&text, " (%s%.16s)%s%s", s->fact.key ? "" : "sha256 ", said->key.hex,
			  said->who ? ", who says to be " : "", said->who ? said->who : ""));
	if (said->kind == STATEMENT_APPROVAL) {
		TRY(strbuf_printf(&text, ", until %s, for ", date_text(said->expires).s));
		for (size_t i = 0; i < said->scope.n; i++)
			TRY(strbuf_printf(&text, "%s, ", said->scope.patterns[i]));
		TRY(strbuf_printf(&text, "%sbecause: %s",
				  said->scope.n ? "" : "every host and kernel, ", said->reason));
	}
	TRY(strbuf_printf(&text, ": %s", signature_worth_text(s->worth)));
	return line(p, said->kind == STATEMENT_APPROVAL ? "approved" : "signed", strbuf_str(&text));
}

static struct error *print_judgement(struct page *p, const struct bundle *b,
				     const struct judgement *j, const char *unjudged)
{
	TRY(label(p, "digest"));
	TRY(strbuf_printf(p->out, "sha256 %s\n", b->digest.hex));
	if (!j)
		return line(p, "this host", unjudged);
	vec_for_each(&j->signatures, s)
		TRY(print_signature(p, s));
	TRY(line(p, "this host", j->accepted ? "its trust accepts it" : "does not accept it"));
	vec_for_each(&j->findings, f)
		if (f->refuses || !j->signatures.n)
			TRY(line(p, "", f->what));
	return NULL;
}

struct error *inspect_print(const struct bundle *b, const char *path, const struct judgement *j,
			    const char *unjudged, size_t width, struct strbuf *out)
{
	struct strbuf first __cleanup_strbuf = { 0 };
	struct page p = { out, width };
	bool process = b->payloads.n && b->payloads.v[0].process;

	TRY(strbuf_printf(&first,
			  "%s: %s, for %zu %s%s: sound; each digest and each %s is as its "
			  "manifest says",
			  path, b->name, b->payloads.n, process ? "program" : "kernel",
			  b->payloads.n == 1 ? "" : "s", process ? "object" : "module"));
	TRY(wrap(&p, 0, 0, strbuf_str(&first)));
	TRY(print_facts(&p, b));
	TRY(print_judgement(&p, b, j, unjudged));
	vec_for_each(&b->payloads, payload)
		TRY(print_payload(&p, b, payload));
	return NULL;
}
