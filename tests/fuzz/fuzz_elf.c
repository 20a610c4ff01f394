// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ELF reader: whatever it accepts must hold together as object.h promises, and what it
 * writes it must accept again.
 */
#include <stdlib.h>

#include "elf/object.h"
#include "livepatch/contents.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool so)
{
	if (!so)
		abort();
}

static void check_section(const struct object *o, const struct section *s)
{
	static volatile uint8_t sink;

	must(o->sections.v[s->index] == s);
	for (uint64_t i = 0; s->bytes && i < s->size; i += 64)
		sink = s->bytes[i];
	if (s->bytes && s->size)
		sink = s->bytes[s->size - 1];
	(void)sink;
	if (o->type != ET_REL)
		return;
	vec_for_each(&s->symbols, sym) {
		must((*sym)->section == s);
		must((*sym)->value <= s->size && (*sym)->size <= s->size - (*sym)->value);
		must(section_symbol_at(s, (*sym)->value) != NULL);
	}
	vec_for_each(&s->relocs, r) {
		must(r->symbol && o->symbols.v[r->symbol->index] == r->symbol);
		must(r == s->relocs.v || r[-1].offset <= r->offset);
		must(s->relocs.v[section_reloc_at(s, r->offset)].offset == r->offset);
		must(s->type == SHT_RELA || s->flags & SHF_COMPRESSED || r->offset < s->size);
	}
}

static void check_object(const struct object *o)
{
	vec_for_each(&o->sections, s) {
		check_section(o, *s);
		/* Relocations are found in the section they are for, not under their own name. */
		if (*(*s)->name && ((*s)->type != SHT_RELA || (*s)->flags & SHF_RELA_LIVEPATCH))
			must(object_section(o, (*s)->name) != NULL);
	}
	vec_for_each(&o->symbols, sym)
		must(strlen((*sym)->name) <= o->content.n);
}

/* Once in a while: writing is slow. */
static void check_written(const struct object *o)
{
	struct object *again __cleanup_object = NULL;
	struct error *e __cleanup_error = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/dev/shm/suture-fuzz-elf.%d", getpid());
	e = object_write(o, path);
	if (e)
		return;
	e = object_read(path, &again);
	unlink(path);
	if (e)
		abort();
	check_object(again);
}

/* As a livepatch module: what is read must lie in it. */
static void check_contents(const uint8_t *data, size_t size)
{
	struct livepatch_contents c __cleanup_contents = { 0 };
	struct error *e __cleanup_error = livepatch_contents_read(data, size, &c);

	if (e)
		return;
	vec_for_each(&c.functions, f)
		must(strlen(f->name) + strlen(f->object) < size);
	vec_for_each(&c.callbacks, f)
		must(strlen(f->function) + strlen(f->object) < size);
	vec_for_each(&c.symbols, s)
		must(strlen(s->name) + strlen(s->object) < size);
	must(strlen(c.build_id) < sizeof(c.build_id));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct object *o __cleanup_object = NULL;
	struct error *e __cleanup_error = object_parse("fuzz", data, size, &o);
	static unsigned int n;

	if (e)
		return 0;
	check_object(o);
	check_contents(data, size);
	if (o->type == ET_REL && n++ % 16 == 0)
		check_written(o);
	return 0;
}
