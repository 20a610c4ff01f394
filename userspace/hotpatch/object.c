// SPDX-License-Identifier: GPL-2.0-or-later
/* Hotpatch objects as files; the form is told by object_file.h. */
#include "hotpatch/object.h"

#include <stdlib.h>
#include <string.h>

#include "elf/object.h"
#include "hotpatch/object_file.h"

void hotpatch_object_free(struct hotpatch_object *o)
{
	vec_free(&o->references);
	vec_free(&o->functions);
	vec_free(&o->pieces);
	vec_free(&o->symbols);
	arena_free(&o->arena);
	*o = (struct hotpatch_object){ 0 };
}

/* --- writing ------------------------------------------------------------------------- */

struct writer {
	struct object *elf;
	struct strbuf strings, references, functions, pieces, bytes;
	struct hash_map known; /* string -> offset */
};

static void writer_free(struct writer *w)
{
	object_free(&w->elf);
	strbuf_free(&w->strings);
	strbuf_free(&w->references);
	strbuf_free(&w->functions);
	strbuf_free(&w->pieces);
	strbuf_free(&w->bytes);
	hash_free(&w->known);
}

static struct error *put_string(struct writer *w, const char *s, uint32_t *out)
{
	uint64_t *at;

	*out = 0;
	if (!s)
		return NULL;
	at = hash_get(&w->known, s);
	if (at) {
		*out = (uint32_t)*at;
		return NULL;
	}
	*out = (uint32_t)w->strings.n;
	TRY(hash_put(&w->known, s, w->strings.n));
	return strbuf_add(&w->strings, s, strlen(s) + 1);
}

static struct error *put_reference(struct writer *w, const struct hotpatch_reference *r)
{
	struct hotpatch_file_reference f = { .offset = r->offset,
					     .to_offset = r->to_offset,
					     .addend = r->addend,
					     .type = r->type,
					     .part = r->part,
					     .to = r->to,
					     .to_part = r->to_part };

	TRY(put_string(w, r->symbol, &f.symbol));
	TRY(put_string(w, r->version, &f.version));
	return strbuf_add(&w->references, &f, sizeof(f));
}

static struct error *put_function(struct writer *w, const struct hotpatch_function *f)
{
	struct hotpatch_file_function to = { .old = f->old,
					     .size = f->size,
					     .room = f->room,
					     .fresh = f->fresh,
					     .fresh_size = f->fresh_size,
					     .flags = f->may_be_on_stack ? HOTPATCH_FILE_ON_STACK
									 : 0 };

	TRY(put_string(w, f->name, &to.name));
	TRY(strbuf_add(&w->bytes, f->bytes, f->size));
	return strbuf_add(&w->functions, &to, sizeof(to));
}

static struct error *put_piece(struct writer *w, const struct hotpatch_piece *p)
{
	struct hotpatch_file_piece to = { .old = p->old, .size = p->size };

	TRY(put_string(w, p->name, &to.name));
	return strbuf_add(&w->pieces, &to, sizeof(to));
}

static struct error *put_header(struct writer *w, const struct hotpatch_object *o)
{
	struct hotpatch_file h = { .version = HOTPATCH_VERSION,
				   .build_id_n = o->build_id_n,
				   .eh_frame = o->eh_frame,
				   .eh_frame_n = o->eh_frame_n,
				   .flags = o->needs_unwind ? HOTPATCH_FILE_UNWIND : 0 };
	struct section *s;

	memcpy(h.magic, HOTPATCH_MAGIC, sizeof(h.magic));
	memcpy(h.build_id, o->build_id, o->build_id_n);
	for (unsigned int i = 0; i < HOTPATCH_PARTS; i++) {
		h.size[i] = o->parts[i].size;
		h.align[i] = o->parts[i].align;
	}
	TRY(put_string(w, o->fix, &h.fix));
	TRY(put_string(w, o->pre_apply, &h.pre_apply));
	TRY(put_string(w, o->post_apply, &h.post_apply));
	TRY(put_string(w, o->pre_revert, &h.pre_revert));
	TRY(put_string(w, o->post_revert, &h.post_revert));
	return object_add_section(w->elf, ".suture.hotpatch", SHT_PROGBITS, 0, 8, &h, sizeof(h),
				  &s);
}

static struct error *put_parts(struct writer *w, const struct hotpatch_object *o)
{
	static const uint64_t flags[HOTPATCH_PARTS] = { SHF_ALLOC | SHF_EXECINSTR, SHF_ALLOC,
							SHF_ALLOC | SHF_WRITE };
	struct section *s[HOTPATCH_PARTS];
	struct symbol *symbol;

	for (unsigned int i = 0; i < HOTPATCH_PARTS; i++)
		TRY(object_add_section(w->elf, hotpatch_part_names[i], SHT_PROGBITS, flags[i],
				       o->parts[i].align, o->parts[i].bytes, o->parts[i].n, &s[i]));
	vec_for_each(&o->symbols, it)
		TRY(object_add_symbol(w->elf, it->name, STT_FUNC, STB_LOCAL, s[HOTPATCH_CODE],
				      it->offset, it->size, &symbol));
	return NULL;
}

static struct error *put_table(struct writer *w, const char *name, const struct strbuf *b)
{
	struct section *s;

	return object_add_section(w->elf, name, SHT_PROGBITS, 0, 8, b->s, b->n, &s);
}

struct error *hotpatch_object_write(const struct hotpatch_object *o, const char *path)
{
	struct writer w __cleanup(writer_free) = { 0 };

	TRY_CONTEXT(hotpatch_object_check(o), "%s", path);
	TRY(object_new(path, EM_X86_64, &w.elf));
	TRY(strbuf_add(&w.strings, "", 1));
	TRY(put_parts(&w, o));
	vec_for_each(&o->references, r)
		TRY(put_reference(&w, r));
	vec_for_each(&o->functions, f)
		TRY(put_function(&w, f));
	vec_for_each(&o->pieces, p)
		TRY(put_piece(&w, p));
	TRY(put_header(&w, o));
	TRY(put_table(&w, ".suture.references", &w.references));
	TRY(put_table(&w, ".suture.functions", &w.functions));
	TRY(put_table(&w, ".suture.pieces", &w.pieces));
	TRY(put_table(&w, ".suture.bytes", &w.bytes));
	TRY(put_table(&w, ".suture.strings", &w.strings));
	return object_write(w.elf, path);
}

/* --- reading ------------------------------------------------------------------------- */

struct reader {
	const struct object *elf;
	struct hotpatch_object *o;
	const char *strings;
	uint64_t strings_n;
	const uint8_t *bytes;
	uint64_t bytes_n;
};

/* A table of ours: 'n' entries of that size. */
static struct error *table(const struct reader *r, const char *name, uint64_t size,
			   const uint8_t **out, uint64_t *n)
{
	const struct section *s = object_section(r->elf, name);

	if (!s)
		return error_failed("it has no section %s", name);
	if ((s->size && !s->bytes) || s->size % size)
		return error_failed("section %s is no table", name);
	*out = s->bytes;
	*n = s->size / size;
	return NULL;
}

static struct error *string(const struct reader *r, uint32_t at, const char **out)
{
	*out = NULL;
	if (!at)
		return NULL;
	if (at >= r->strings_n)
		return error_failed("a name lies outside of .suture.strings");
	*out = arena_strdup(&r->o->arena, r->strings + at);
	return *out ? NULL : error_nomem();
}

static struct error *read_parts(const struct reader *r, const struct hotpatch_file *h)
{
	for (unsigned int i = 0; i < HOTPATCH_PARTS; i++) {
		struct hotpatch_part *p = &r->o->parts[i];
		const struct section *s = object_section(r->elf, hotpatch_part_names[i]);

		if (!s || (s->size && !s->bytes))
			return error_failed("it has no section %s", hotpatch_part_names[i]);
		if (s->relocs.n)
			return error_failed("section %s has relocations of another kind", s->name);
		p->n = s->size;
		p->size = h->size[i];
		p->align = h->align[i];
		p->bytes = arena_dup(&r->o->arena, s->bytes ? s->bytes : (const uint8_t *)"",
				     s->size ? s->size : 1);
		if (!p->bytes)
			return error_nomem();
	}
	return NULL;
}

static struct error *read_symbols(const struct reader *r)
{
	const struct section *s = object_section(r->elf, hotpatch_part_names[HOTPATCH_CODE]);

	vec_for_each(&s->symbols, it) {
		struct hotpatch_symbol to = { .offset = (*it)->value, .size = (*it)->size };

		if ((*it)->type != STT_FUNC)
			continue;
		to.name = arena_strdup(&r->o->arena, (*it)->name);
		if (!to.name)
			return error_nomem();
		TRY(vec_push(&r->o->symbols, to));
	}
	return NULL;
}

static struct error *read_header(struct reader *r)
{
	const struct section *s = object_section(r->elf, ".suture.hotpatch");
	struct hotpatch_file h;

	if (!s || !s->bytes || s->size != sizeof(h))
		return error_failed("it is no hotpatch object");
	memcpy(&h, s->bytes, sizeof(h));
	if (memcmp(h.magic, HOTPATCH_MAGIC, sizeof(h.magic)) || h.version != HOTPATCH_VERSION)
		return error_failed("it is a hotpatch object of another version");
	if (h.build_id_n > sizeof(h.build_id))
		return error_failed("its build-id has %u bytes", h.build_id_n);
	memcpy(r->o->build_id, h.build_id, h.build_id_n);
	r->o->build_id_n = h.build_id_n;
	r->o->eh_frame = h.eh_frame;
	r->o->eh_frame_n = h.eh_frame_n;
	if (h.flags & ~HOTPATCH_FILE_UNWIND)
		return error_failed("it has flags that are not known");
	r->o->needs_unwind = h.flags & HOTPATCH_FILE_UNWIND;
	TRY(read_parts(r, &h));
	TRY(string(r, h.fix, &r->o->fix));
	TRY(string(r, h.pre_apply, &r->o->pre_apply));
	TRY(string(r, h.post_apply, &r->o->post_apply));
	TRY(string(r, h.pre_revert, &r->o->pre_revert));
	return string(r, h.post_revert, &r->o->post_revert);
}

static struct error *read_references(const struct reader *r)
{
	struct hotpatch_file_reference f;
	const uint8_t *rows = NULL;
	uint64_t n = 0;

	TRY(table(r, ".suture.references", sizeof(f), &rows, &n));
	TRY(vec_reserve(&r->o->references, n));
	for (uint64_t i = 0; i < n; i++) {
		struct hotpatch_reference to = { 0 };

		memcpy(&f, rows + i * sizeof(f), sizeof(f));
		if (f.part >= HOTPATCH_PARTS || f.to_part >= HOTPATCH_PARTS ||
		    f.to > HOTPATCH_TO_TLS)
			return error_failed("reference %lu is of no known kind", (unsigned long)i);
		to.part = f.part;
		to.offset = f.offset;
		to.type = f.type;
		to.to = f.to;
		to.to_part = f.to_part;
		to.to_offset = f.to_offset;
		to.addend = f.addend;
		TRY(string(r, f.symbol, &to.symbol));
		TRY(string(r, f.version, &to.version));
		TRY(vec_push(&r->o->references, to));
	}
	return NULL;
}

static struct error *read_functions(const struct reader *r)
{
	struct hotpatch_file_function f;
	const uint8_t *rows = NULL;
	uint64_t n = 0, at = 0;

	TRY(table(r, ".suture.functions", sizeof(f), &rows, &n));
	for (uint64_t i = 0; i < n; i++) {
		struct hotpatch_function to = { 0 };

		memcpy(&f, rows + i * sizeof(f), sizeof(f));
		if (f.size > r->bytes_n - at)
			return error_failed("the old bytes of function %lu are missing",
					    (unsigned long)i);
		to.old = f.old;
		to.size = f.size;
		to.room = f.room;
		to.fresh = f.fresh;
		to.fresh_size = f.fresh_size;
		to.may_be_on_stack = f.flags & HOTPATCH_FILE_ON_STACK;
		to.bytes = arena_dup(&r->o->arena, r->bytes + at, f.size ? f.size : 1);
		if (!to.bytes)
			return error_nomem();
		at += f.size;
		TRY(string(r, f.name, &to.name));
		TRY(vec_push(&r->o->functions, to));
	}
	return at == r->bytes_n ? NULL : error_failed("there are more old bytes than functions");
}

static struct error *read_pieces(const struct reader *r)
{
	struct hotpatch_file_piece f;
	const uint8_t *rows = NULL;
	uint64_t n = 0;

	TRY(table(r, ".suture.pieces", sizeof(f), &rows, &n));
	for (uint64_t i = 0; i < n; i++) {
		struct hotpatch_piece to;

		memcpy(&f, rows + i * sizeof(f), sizeof(f));
		to.old = f.old;
		to.size = f.size;
		TRY(string(r, f.name, &to.name));
		TRY(vec_push(&r->o->pieces, to));
	}
	return NULL;
}

static struct error *read_all(struct reader *r)
{
	const uint8_t *strings = NULL;

	TRY(table(r, ".suture.strings", 1, &strings, &r->strings_n));
	TRY(table(r, ".suture.bytes", 1, &r->bytes, &r->bytes_n));
	r->strings = (const char *)strings;
	if (!r->strings_n || strings[r->strings_n - 1])
		return error_failed("section .suture.strings does not end");
	if (!r->bytes)
		r->bytes = (const uint8_t *)"";
	TRY(read_header(r));
	TRY(read_symbols(r));
	TRY(read_references(r));
	TRY(read_functions(r));
	TRY(read_pieces(r));
	return hotpatch_object_check(r->o);
}

struct error *hotpatch_object_read(const void *bytes, uint64_t n, struct hotpatch_object *out)
{
	struct hotpatch_object o __cleanup_hotpatch = { 0 };
	struct object *elf __cleanup_object = NULL;
	struct reader r = { .o = &o };

	TRY(object_parse("the hotpatch object", bytes, n, &elf));
	if (elf->type != ET_REL || elf->machine != EM_X86_64)
		return error_failed("it is no relocatable object for x86-64");
	r.elf = elf;
	TRY(read_all(&r));
	*out = o;
	o = (struct hotpatch_object){ 0 };
	return NULL;
}
